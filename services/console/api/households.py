"""GET /v1/households?region=&q=: households by number or by the beginning of a masked name, within one's own area.

No name stands in an address: of what is asked for only what is really used is kept (`used`), and the page's addresses
hold that alone.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Depends, Query

from services.console.console import Console
from services.console.projections.household import SQL
from shared.access.tokens import Caller
from shared.domain.division import pad, trim
from shared.domain.identity import Identity, identify
from shared.service import Service
from shared.web import cursor
from shared.web.callers import allowed, scoped
from shared.web.problems import refuse

PAGE_MAX = 200
Q_MAX = 64
Q = "A household number or its beginning, or the first sign of a name. Addresses are kept: send no whole name."
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
        q: Annotated[str, Query(max_length=Q_MAX, description=Q)] = "",
        after: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
    ) -> dict[str, Any]:
        found = await search(console, caller, region, q, after, limit)
        return {"items": [_shown(row) for row in found.rows], "total": found.total, "next": found.next}

    return routes


async def search(console: Console, caller: Caller, region: str | None, q: str, after: str | None, limit: int) -> Found:
    """A page of households. Raises Refused (422) for a region or a cursor that is none."""
    first, last = _bounds(region if region else caller.region)
    wanted = re.sub(r"([\\%_])", r"\\\1", used(q))
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


def used(q: str) -> str:
    """Of what somebody searches for as much as is used: a number, or the first sign of a name, as masked names show it.

    A person's own number is no household's: stars stand for it, which nothing begins with.
    """
    words = q.replace("\x00", "").split()
    if not words:
        return ""
    text = words[0]
    if re.search("[0-9]", text):
        text = re.sub(r"[^\x00-\x7f]{2,}$", "", text)  # 3组王守信: the group's number, and a name behind it.
    if is_of_a_person(text):
        return STARS
    if re.search("[0-9]", text):
        return text
    name = re.search(r"^[^\W_]|(?![\x00-\x7f])[^\W_]", text)
    return name[0] if name else text


STARS = "****"
PHONE = re.compile(r"(?:\+?86)?1[3-9][0-9]{9}")
"""No household's number: those begin with a division's code, in Anhui 34, or with letters."""


def is_of_a_person(text: str) -> bool:
    """Whether it is a phone number or an ID number, which the register refuses as a household's number."""
    plain = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text))
    return PHONE.fullmatch(plain) is not None or isinstance(identify(plain, date.max), Identity)


def _shown(row: asyncpg.Record) -> dict[str, Any]:
    return {**dict(row), "household_id": str(row["household_id"])}
