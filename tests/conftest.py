"""Fixtures of the whole session: the two servers, the keys, and a migrated database for each test module."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests import databases, servers

TEMPLATE = "shouwang_test_template"


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """Bootstrap address of the session's one broker; tests take topics and groups of their own names."""
    with servers.kafka() as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """DSN of the administrator of the session's one server."""
    with servers.postgres() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def keys() -> Iterator[Path]:
    """A folder of key files, one a session: roles belong to the whole server, their passwords to the keys."""
    from shared.crypto import create_keys

    folder = Path(tempfile.mkdtemp(prefix="shouwang-keys-"))
    create_keys(folder)
    yield folder
    shutil.rmtree(folder)


@pytest_asyncio.fixture(scope="session")
async def template(postgres: str, keys: Path) -> AsyncIterator[str]:
    """A database brought from empty to this code's state once, which each module's is copied from."""
    from deploy.prepare import prepare_postgres

    async with databases.fresh(postgres, TEMPLATE) as dsn:
        await prepare_postgres(dsn, keys, is_demo=True, is_own=True)  # everybody in the tests is invented
        yield TEMPLATE


@pytest_asyncio.fixture(scope="module")
async def database(postgres: str, template: str) -> AsyncIterator[str]:
    """Administrator's DSN of a fresh, migrated database of this module."""
    async with databases.fresh(postgres, databases.next_name(), template) as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module")
async def topics(kafka: str) -> str:
    """The session's broker with every topic of ours empty: a module's fresh database begins at fresh logs."""
    from tests.topics import renew

    await renew(kafka)
    return kafka
