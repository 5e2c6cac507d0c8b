"""A disk of a server's own: a file with ext4 on it, mounted. It can be filled, and its power can be cut.

The power cut is the file system's own (EXT4_IOC_SHUTDOWN without flushing its log): whatever was not yet on the disk is
gone, and the next mount begins with the journal. Root alone can do it.
"""

import fcntl
import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

DISK_BYTES = 900_000_000
SHUTDOWN, WITHOUT_FLUSHING = 0x8004587D, 2
BALLAST, UNFLUSHED = "ballast", "unflushed"
BLOCK = b"\x5a" * 1_000_000


@dataclass
class Disk:
    image: Path
    place: Path

    def make(self) -> None:
        """Raises OSError or CalledProcessError where this machine cannot."""
        with self.image.open("wb") as file:
            file.truncate(DISK_BYTES)
        _run("mkfs.ext4", "-q", "-F", "-m", "0", str(self.image))
        self.place.mkdir(parents=True, exist_ok=True)
        self.mount()
        self.place.chmod(0o711)

    def mount(self) -> None:
        _run("mount", "-o", "loop", str(self.image), str(self.place))

    def unmount(self) -> None:
        if self.place.is_mount():
            _run("umount", str(self.place))

    def fill(self) -> None:
        """To the last block."""
        with (self.place / BALLAST).open("wb", buffering=0) as file:
            try:
                while file.write(BLOCK):
                    os.fsync(file.fileno())
            except OSError:
                return

    def free(self) -> None:
        (self.place / BALLAST).unlink(missing_ok=True)

    def cut_power(self) -> None:
        """From now on every access fails. A byte that nobody flushed is written before, as a witness."""
        (self.place / UNFLUSHED).write_bytes(b"x")
        folder = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUTDOWN, struct.pack("I", WITHOUT_FLUSHING))
        finally:
            os.close(folder)

    def has_lost_what_was_not_flushed(self) -> bool:
        witness = self.place / UNFLUSHED
        return not witness.exists() or not witness.read_bytes()


def why_not() -> str | None:
    """Why this machine cannot have such disks, None where it can try."""
    if os.geteuid():
        return "only root mounts a disk"
    missing = [name for name in ("mkfs.ext4", "mount", "umount") if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} is not here"
    return None if Path("/dev/loop-control").exists() else "there are no loop devices"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
