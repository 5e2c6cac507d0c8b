"""A house for each module of journeys, with what its services log."""

import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.journeys.road import Road, road
from tests.logs import logged_by


@pytest.fixture(scope="module")
def log() -> Iterator[io.StringIO]:
    """Everything that the five services log, as they log it in production."""
    with logged_by("journey") as written:
        yield written


@pytest_asyncio.fixture(scope="module")
async def walk(topics: str, database: str, keys: Path, log: io.StringIO) -> AsyncIterator[Road]:
    """Five services, an appointed village, no household yet."""
    async with road(topics, database, keys) as built:
        await built.appoint()
        yield built
