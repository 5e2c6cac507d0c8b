"""A house that reads from Kafka in a group of its own."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest_asyncio

from shared.messaging import topics
from tests.shared.messaging.ledger import House, house


@pytest_asyncio.fixture
async def road(database: str, keys: Path, kafka: str) -> AsyncIterator[House]:
    await topics.create(kafka, 6, 1)
    built = await house(database, keys, emits=False)
    built.work.consumer = f"test-{uuid4()}"
    yield built
    await built.pool.close()
