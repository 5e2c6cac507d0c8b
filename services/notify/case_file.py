"""A case as notify knows it, from the database and back: one query a table. The rules stand in `telling.py`."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from uuid import UUID

import asyncpg
import orjson

from services.notify.dispatch import Dispatch
from services.notify.notice import Notice
from services.notify.occasion import Occasion
from services.notify.telling import CaseFile
from shared.messaging.room import Decided
from shared.postgres import queries

SQL = queries(__file__)


async def read_files(connection: asyncpg.Connection, case_ids: Iterable[UUID]) -> dict[UUID, CaseFile]:
    """Case → its file, an empty one for a case that is new here. Call it under the households' locks."""
    ids = sorted(set(case_ids))
    files = {case_id: CaseFile() for case_id in ids}
    for row in await connection.fetch(SQL.occasions, ids):
        found = occasion(row)
        files[found.case_id].occasions[found.occasion_id] = found
    told: dict[UUID, set[UUID]] = {}
    for row in await connection.fetch(SQL.told, ids):
        told.setdefault(row["case_id"], set()).add(row["notice_id"])
    return {id_: CaseFile(file.occasions, frozenset(told.get(id_, ()))) for id_, file in files.items()}


def occasion(row: asyncpg.Record) -> Occasion:
    values = {one.name: row[one.name] for one in fields(Occasion)}
    return Occasion(**values | {"concerns": tuple(row["concerns"]), "is_green": bool(row["is_green"])})


def notice_of(row: asyncpg.Record) -> Notice:
    """A row of `notices`, whatever else was selected with it."""
    return Notice(**{one.name: row[one.name] for one in fields(Notice)})


async def write_files(connection: asyncpg.Connection, decided: Sequence[Decided]) -> None:
    """The last word on each occasion, the notices, and their ways out."""
    rows = [row for one in decided for row in one.decision.rows]
    occasions = {row.occasion_id: row for row in rows if isinstance(row, Occasion)}
    notices = [row for row in rows if isinstance(row, Notice)]
    dispatches = [row for row in rows if isinstance(row, Dispatch)]
    if occasions:
        await connection.execute(SQL.put_occasions, _packed(list(occasions.values())))
    if notices:
        await connection.execute(SQL.add_notices, _packed(notices))
    if dispatches:
        await connection.execute(SQL.add_dispatches, _packed(dispatches))


async def read_told(connection: asyncpg.Connection, notice_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Which of these notices exist."""
    rows = await connection.fetch(SQL.exist, sorted(set(notice_ids)))
    return frozenset(row["notice_id"] for row in rows)


def _packed(rows: Sequence[Occasion] | Sequence[Notice] | Sequence[Dispatch]) -> str:
    """asyncpg's UUID is a class of its own, which orjson does not know; `asdict` would copy it all deeply."""
    return orjson.dumps(rows, default=str).decode()
