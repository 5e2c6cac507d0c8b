"""Told to stop while it still comes up: a process has nothing in hand then, and ends as one that was told to.

Loading a service takes a second. A SIGTERM within it would end the process with a signal's code, which whoever
watches over it takes for a crash.
"""

import os
import signal
from types import FrameType


def end_when_told() -> None:
    """From here on SIGTERM ends this process with 0, until its own loop hears it (`shared.service`)."""
    signal.signal(signal.SIGTERM, _end)


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(0)  # an exception would be another one by the time it has left what is being loaded
