"""intake running on the session's servers, once a module, with empty topics and an empty database.

After each module every boundary has to foot, whatever was sent, refused, parked and replayed in it.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.services.intake.county import County, county


@pytest_asyncio.fixture(scope="module")
async def desk(database: str, topics: str, keys: Path) -> AsyncIterator[County]:
    async with county(topics, database, keys) as built:
        yield built
        await built.is_conserved()
