"""A house for each module of journeys, with what its services log."""

import io
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from shared.telemetry import configure_logging
from tests.journeys.road import Road, road


@pytest.fixture(scope="module")
def log() -> Iterator[io.StringIO]:
    """Everything that the five services log, as they log it in production."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    configure_logging("journey", "journey-0", "info")
    written = io.StringIO()
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield written
    root.handlers, root.level = before, level


@pytest_asyncio.fixture(scope="module")
async def walk(topics: str, database: str, keys: Path, log: io.StringIO) -> AsyncIterator[Road]:
    """Five services, an appointed village, no household yet."""
    async with road(topics, database, keys) as built:
        await built.appoint()
        yield built
