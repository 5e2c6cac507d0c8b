"""Fixtures of the whole session: the two servers, the keys, and a migrated database for each test module."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from tests import servers

TEMPLATE = "shouwang_test_template"
numbers = count(1)


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
    from shared.postgres import migrate

    await _drop(postgres, TEMPLATE)
    await _execute(postgres, f"CREATE DATABASE {TEMPLATE}")
    await migrate(_on(postgres, TEMPLATE), keys)
    yield TEMPLATE
    await _drop(postgres, TEMPLATE)


@pytest_asyncio.fixture(scope="module")
async def database(postgres: str, template: str) -> AsyncIterator[str]:
    """Administrator's DSN of a fresh, migrated database of this module."""
    name = f"shouwang_test_{next(numbers)}"
    await _drop(postgres, name)
    await _execute(postgres, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _on(postgres, name)
    await _drop(postgres, name)


@pytest_asyncio.fixture(scope="module")
async def topics(kafka: str) -> str:
    """The session's broker with every topic of ours empty: a module's fresh database begins at fresh logs."""
    from tests.topics import renew

    await renew(kafka)
    return kafka


def _on(dsn: str, database: str) -> str:
    return urlsplit(dsn)._replace(path=f"/{database}").geturl()


async def _drop(dsn: str, name: str) -> None:
    await _execute(dsn, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
