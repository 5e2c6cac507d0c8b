"""GET /v1/households?region=&q=: households by number or by the beginning of a masked name, within one's own area."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Depends, Query

from services.console.console import Console
from services.console.projections.household import SQL
from shared.access.tokens import Caller
from shared.domain.division import pad, trim
from shared.service import Service
from shared.web import cursor
from shared.web.callers import allowed, scoped
from shared.web.problems import refuse

PAGE_MAX = 200
Q_MAX = 64
FIRST = ("", cursor.NIL)


@dataclass(frozen=True, slots=True)
class Found:
    rows: list[asyncpg.Record]
    total: int
    next: str | None


def routes(console: Console, service: Service) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/households")
    async def households(
        caller: Annotated[Caller, Depends(allowed("timeline.read"))],
        region: Annotated[str | None, Query(max_length=12)] = None,
        q: Annotated[str, Query(max_length=Q_MAX)] = "",
        after: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
    ) -> dict[str, Any]:
        found = await search(console, caller, region, q, after, limit)
        return {"items": [_shown(row) for row in found.rows], "total": found.total, "next": found.next}

    return routes


async def search(console: Console, caller: Caller, region: str | None, q: str, after: str | None, limit: int) -> Found:
    """A page of households. Raises Refused (422) for a region or a cursor that is none."""
    first, last = _bounds(region if region else caller.region)
    wanted = _prefix(q)
    async with scoped(console.api, caller) as connection:
        rows = list(await connection.fetch(SQL.search, first, last, wanted, *cursor.read(after, FIRST), limit))
        total = await connection.fetchval(SQL.count, first, last, wanted)
    end = rows[-1] if len(rows) == limit else None
    return Found(rows, total, cursor.packed(end["household_no"], end["household_id"]) if end else None)


def _bounds(region: str) -> tuple[str, str]:
    if not region:
        return "0" * 12, "9" * 12
    try:
        prefix = trim(pad(region))
    except ValueError:
        raise refuse(422, "region", "A region is a division code of 2, 4, 6, 9 or 12 digits.") from None
    return prefix.ljust(12, "0"), prefix.ljust(12, "9")


def _prefix(q: str) -> str:
    """What a name or a number begins with, safe for LIKE; a whole name finds its masked form's first character."""
    text = q.strip().replace("\x00", "")
    if re.fullmatch(r"[\u3400-\u9fff·]{2,}", text):
        text = text[0]
    return re.sub(r"([\\%_])", r"\\\1", text)


def _shown(row: asyncpg.Record) -> dict[str, Any]:
    return {**dict(row), "household_id": str(row["household_id"])}
