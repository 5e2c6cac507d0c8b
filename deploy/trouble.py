"""What stops a command and can be mended by the person at the shell: one sentence that ends in the remedy."""

import errno


class Trouble(Exception):
    """Shown as it stands, without a traceback; the command ends with exit code 1."""


def of_disk(error: OSError) -> Trouble:
    """The sentence for a file that could not be read or written."""
    place = f" at {error.filename}" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Trouble(f"The disk is full{place}: free 1 GB or more, or take another disk with --data DIR.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return Trouble(f"No permission{place}: make it yours (chown), or take a folder of your own with --data DIR.")
    if error.errno == errno.EROFS:
        return Trouble(f"Only reading is allowed{place}: take a folder on a writable disk with --data DIR.")
    return Trouble(f"{error.strerror or error}{place}: check the disk, then start again.")
