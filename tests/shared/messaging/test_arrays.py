"""Columns reach PostgreSQL as they did before the driver was told what an array is."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from asyncpg.protocol import protocol

from shared.messaging import arrays

ID = UUID("6f1e4f6e-0d0a-4a57-8f57-3a1c3a5f0001")
COLUMNS: dict[str, Any] = {
    "text[]": ["a", None, "", "汉", "{x}"], "uuid[]": [ID, None],
    "bigint[]": [1, None, -(2**63)], "bool[]": (True, None),
    "date[]": [date(2026, 11, 27)], "timestamptz[]": [datetime(2026, 11, 27, tzinfo=UTC)],
    "bytea[]": [b"", b"\x00", None],
    "jsonb[]": ['{"a": [1, 2]}', None], "int[]": [], "int[][]": [[1, 2], [3, 4]],
}  # fmt: skip


@pytest.fixture
def before() -> Iterator[None]:
    """The driver as it comes."""
    names = ("IterableABC", "SizedABC")
    kept = {name: vars(protocol)[name] for name in names}
    yield
    vars(protocol).update(kept)


async def test_a_column_is_the_same_array_as_before(before: None, database: str) -> None:
    connection = await asyncpg.connect(database)
    found = []
    for is_mended in (False, True):
        if is_mended:
            arrays.ask_plainly()
        found.append([await connection.fetchval(f"SELECT $1::{kind}", given) for kind, given in COLUMNS.items()])
        assert await connection.fetchval("SELECT 2 = ANY ($1::int[])", {2, 3})
        with pytest.raises(asyncpg.DataError):
            await connection.fetchval("SELECT $1::text[]", "no array")
    await connection.close()
    assert found[0] == found[1] == [list(given) for given in COLUMNS.values()]
