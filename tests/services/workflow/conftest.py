"""Workflow's desk on the session's PostgreSQL, empty for each module."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.services.workflow.house import Desk, opened_desk


@pytest_asyncio.fixture(scope="module")
async def desk(database: str, keys: Path) -> AsyncIterator[Desk]:
    built = await opened_desk(database, keys)
    yield built
    await built.close()
