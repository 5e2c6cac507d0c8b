"""How far a long step is: one bar on a terminal, a few plain lines in a pipe."""

import sys
from collections.abc import Callable
from typing import TextIO

Progress = Callable[[str, int, int], None]
"""Called as progress(what, done, total), any number of times a step, lastly with done == total."""

WIDTH = 30
LINES_IN_A_PIPE = 4
"""A step says itself at most this often in a pipe, so that a log is not flooded."""


def quiet(what: str, done: int, total: int) -> None:
    """For callers that show nothing."""


def shown(stream: TextIO | None = None) -> Progress:
    """A Progress that writes to `stream` (standard error unless given)."""
    out = stream or sys.stderr
    return _bar(out) if out.isatty() else _lines(out)


def _bar(out: TextIO) -> Progress:
    def progress(what: str, done: int, total: int) -> None:
        filled = WIDTH * done // max(total, 1)
        end = "\n" if done >= total else ""
        out.write(f"\r\x1b[K  {what} [{'#' * filled}{'.' * (WIDTH - filled)}] {done}/{total}{end}")
        out.flush()

    return progress


def _lines(out: TextIO) -> Progress:
    said: dict[str, int] = {}

    def progress(what: str, done: int, total: int) -> None:
        step = LINES_IN_A_PIPE * done // max(total, 1)
        if said.get(what) == step:
            return
        said[what] = step
        out.write(f"  {what}: {done} of {total}\n")
        out.flush()

    return progress
