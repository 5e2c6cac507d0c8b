"""Databases for tests: fresh, migrated ones, copied from one template of the session."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from urllib.parse import urlsplit

import asyncpg

numbers = count(1)


@asynccontextmanager
async def fresh(postgres: str, name: str, template: str | None = None) -> AsyncIterator[str]:
    """A database of this name for as long as the block lasts. Yields the administrator's DSN on it."""
    await execute(postgres, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await execute(postgres, f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
    yield urlsplit(postgres)._replace(path=f"/{name}").geturl()
    await execute(postgres, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def next_name() -> str:
    return f"shouwang_test_{next(numbers)}"


async def execute(dsn: str, *statements: str) -> None:
    """Each by itself, as the administrator."""
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
