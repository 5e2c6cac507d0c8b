"""Notify on the session's PostgreSQL, empty for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.services.notify.house import Post, post_office


@pytest_asyncio.fixture
async def office(database: str, keys: Path) -> AsyncIterator[Post]:
    built = await post_office(database, keys)
    yield built
    await built.worker.close()
    await built.api.close()
