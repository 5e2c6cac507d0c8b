"""One line to the person at the shell."""

import contextlib


def say(line: str) -> None:
    """At once, also into a pipe; a reader that has gone away stops nothing."""
    with contextlib.suppress(OSError):
        print(line, flush=True)
