"""One house for all journeys: started once, walked by each."""

import io
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from shared.telemetry import configure_logging
from tests import databases
from tests.journeys.road import Road, road
from tests.topics import renew


@pytest.fixture(scope="package")
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


@pytest_asyncio.fixture(scope="package")
async def journey_database(postgres: str, template: str) -> AsyncIterator[str]:
    async with databases.fresh(postgres, databases.next_name(), template) as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="package")
async def walk(kafka: str, journey_database: str, keys: Path, log: io.StringIO) -> AsyncIterator[Road]:
    """Five services, an appointed village, no household yet."""
    await renew(kafka)
    async with road(kafka, journey_database, keys) as built:
        await built.appoint()
        yield built
