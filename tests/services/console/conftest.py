"""One scene a module: real workflow and console; the other services answered by the scene."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.services.console.scene import Scene, scene


@pytest_asyncio.fixture(scope="module")
async def village(topics: str, database: str, keys: Path) -> AsyncIterator[Scene]:
    async with scene(topics, database, keys) as built:
        yield built
