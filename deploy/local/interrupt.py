"""Ctrl-C, a closed terminal and `./shouwang down` mean the same: stop in order, and only where it is safe."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Shield:
    """Turns SIGINT, SIGTERM and SIGHUP into KeyboardInterrupt, put off while a `with shield:` runs."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self.is_up = False
        self.is_asked = False
        self.before = {number: signal.signal(number, self._asked) for number in self.SIGNALS}

    def __enter__(self) -> None:
        self.is_up = True

    def __exit__(self, *error: object) -> None:
        self.is_up = False
        if self.is_asked:
            raise KeyboardInterrupt

    def close(self) -> None:
        """From here on nothing interrupts: what stops, stops in order."""
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def restore(self) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _asked(self, number: int, frame: FrameType | None) -> None:
        self.is_asked = True
        if not self.is_up:
            raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[Shield]:
    shield = Shield()
    try:
        yield shield
    finally:
        shield.restore()
