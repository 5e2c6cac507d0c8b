"""Rows for `json_populate_recordset`: many rows, arrays and all, as one parameter; and several statements as one.

A statement is a way there and back under a household's lock, and its price on both sides hardly asks what it writes.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import asyncpg
import msgspec


def packed(rows: Sequence[Any]) -> str:
    """Frozen records or dictionaries as JSON."""
    return msgspec.json.encode(rows).decode()


Statements = Mapping[str, str]
"""By name, in the order in which they stand; each takes the rows of its name as $1, by `json_populate_recordset`."""


async def written(connection: asyncpg.Connection, statements: Statements, rows: Mapping[str, Sequence[Any]]) -> None:
    """Carry out, as one, those of these statements that have rows."""
    parts = tuple((name, len(rows[name]) == 1) for name in statements if rows.get(name))
    if parts:
        packs = (packed(rows[name][0] if is_one else rows[name]) for name, is_one in parts)
        await connection.execute(_as_one(tuple(statements.items()), parts), *packs)


@cache
def _as_one(statements: tuple[tuple[str, str], ...], parts: tuple[tuple[str, bool], ...]) -> str:
    """PostgreSQL carries out the parts of one statement in any order; `after(x)` in one makes it wait for all of x.

    One row is told as one: of a set it expects a hundred, and would read a small table whole to find them.
    """
    texts, names = dict(statements), {name for name, _ in parts}

    def awaited(found: re.Match[str]) -> str:
        return f"(SELECT count(*) FROM {found[1]}) >= 0" if found[1] in names else "true"

    told = []
    for at, (name, is_one) in enumerate(parts, 1):
        text = re.sub(r"after[(](.*?)[)]", awaited, texts[name]).replace("$1", f"${at}")
        told.append(f"{name} AS (\n{text.replace('populate_recordset', 'populate_record') if is_one else text}\n)")
    return f"WITH {', '.join(told)} SELECT"
