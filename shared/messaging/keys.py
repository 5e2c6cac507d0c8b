"""Key rows: the locks, the numbers and the small state per key."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from shared.contracts.topics import TOPIC
from shared.postgres import queries

SQL = queries(__file__)


@dataclass(slots=True)
class KeyRow:
    """A locked key row. Changed in memory, written once at the end of the transaction."""

    key: str
    applied: list[int]
    emitted: list[int]
    waiting: int
    merged_into: str | None
    digest: bytes | None
    is_changed: bool = False

    def applied_number(self, topic: str) -> int:
        return _at(self.applied, TOPIC[topic].number)

    def apply(self, topic: str, sequence: int) -> None:
        """On, never back: what is told again (`restore.py`) has its number behind it."""
        _set(self.applied, TOPIC[topic].number, max(sequence, self.applied_number(topic)))
        self.is_changed = True

    def next_emitted(self, topic: str) -> int:
        number = TOPIC[topic].number
        sequence = _at(self.emitted, number) + 1
        _set(self.emitted, number, sequence)
        self.is_changed = True
        return sequence

    def put_digest(self, digest: bytes) -> None:
        self.digest = digest
        self.is_changed = True

    def wait(self, change: int) -> None:
        self.waiting += change
        self.is_changed = True


def _at(numbers: Sequence[int | None], number: int) -> int:
    return (numbers[number - 1] or 0) if len(numbers) >= number else 0


def _set(numbers: list[int], number: int, value: int) -> None:
    numbers.extend([0] * (number - len(numbers)))
    numbers[number - 1] = value


async def lock(connection: asyncpg.Connection, keys: Iterable[str]) -> tuple[dict[str, KeyRow], datetime]:
    """Lock the rows of `keys`, made if new, in sorted order; then read civil now, once for the transaction."""
    rows = await connection.fetch(SQL.lock, sorted(set(keys)))
    if not rows:
        return {}, await connection.fetchval(SQL.now)
    found = {
        key: KeyRow(key, applied, emitted, waits, merged_into, digest)
        for key, applied, emitted, waits, merged_into, digest, _ in rows
    }
    return found, rows[0]["now"]


async def lock_as_person(connection: asyncpg.Connection, keys: Iterable[str]) -> tuple[dict[str, KeyRow], datetime]:
    """The same for a person's call: through `lock_keys`, which shows the last emitted numbers alone."""
    rows = await connection.fetch(SQL.lock_as_person, sorted(set(keys)))
    if not rows:
        return {}, await connection.fetchval(SQL.now)
    return {row["key"]: KeyRow(row["key"], [], list(row["emitted"]), 0, row["merged_into"], None) for row in rows}, max(
        row["now"] for row in rows
    )


def key_columns(rows: Iterable[KeyRow]) -> tuple[list[Any], ...]:
    """key, applied, emitted, waiting, digest of the rows that have changed."""
    changed = [row for row in rows if row.is_changed]
    return (
        [row.key for row in changed],
        [_literal(row.applied) for row in changed],
        [_literal(row.emitted) for row in changed],
        [row.waiting for row in changed],
        [row.digest for row in changed],
    )


async def merge(connection: asyncpg.Connection, homes: Mapping[str, str]) -> None:
    """Key → the key that its records are about from now on."""
    await connection.execute(SQL.merge, list(homes), list(homes.values()))


def _literal(numbers: list[int | None] | list[int]) -> str:
    """An array as text: arrays of arrays of different lengths do not pass as one parameter."""
    told = [number or 0 for number in numbers] if None in numbers else numbers
    return f"{{{str(told)[1:-1]}}}"
