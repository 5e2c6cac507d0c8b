"""The house of these tests: five services in which something has happened."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.contracts.known import Known
from tests.contracts.lived import live
from tests.journeys.road import Road, road


@pytest_asyncio.fixture(scope="module")
async def lived(topics: str, database: str, keys: Path) -> AsyncIterator[tuple[Road, Known]]:
    async with road(topics, database, keys) as built:
        await built.appoint()
        yield built, await live(built)
