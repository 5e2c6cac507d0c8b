"""Wait for a condition, never for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

POLL_SECONDS = 0.02


async def until(condition: Callable[[], Any], timeout: float = 10.0, what: str = "") -> Any:
    """The first true answer of `condition`, plain or async; AssertionError after `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        answer = condition()
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer:
            return answer
        if time.monotonic() > end:
            name = what or getattr(condition, "__name__", "condition")
            raise AssertionError(f"not within {timeout:g} s: {name}; last answer: {answer!r}")
        await asyncio.sleep(POLL_SECONDS)


async def covers(found: Callable[[], Awaitable[set[str]]], wanted: set[str]) -> bool:
    """Whether everything that is wanted is among what was found."""
    return wanted <= await found()
