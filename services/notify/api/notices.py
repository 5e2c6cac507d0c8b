"""/v1/notices: what one has been told; for the township and above also who in its area was told, without the words.

A household's own messages are for the farmer's page (role system), and for whoever was told of that household. What is
listed to its own receiver is delivered by that.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from services.notify.api import BODY_BYTES_MAX
from services.notify.delivery import delivered
from services.notify.household import PREFIX, person_of
from services.notify.reading import NOT_FOUND, READ, Ask
from shared.access.tokens import Caller
from shared.messaging.faults import Refused
from shared.messaging.unit_of_work import UnitOfWork
from shared.postgres import queries
from shared.service import Service
from shared.web import cursor
from shared.web.call import called, decided_and_emitted, received
from shared.web.callers import allowed, scoped

SQL = queries(__file__)

LIMIT_MAX = 200
OVERSEERS = frozenset({"township", "county", "city", "province", "auditor", "steward", "system"})
"""They see that somebody of their area was told, never in which words: a notice is its receiver's own."""

Reader = Annotated[Caller, Depends(allowed("notice.read"))]


def router(service: Service, work: UnitOfWork, showing: UnitOfWork) -> APIRouter:
    """`work` marks as read, under the caller's scope; `showing` as delivered."""
    routes = APIRouter()

    @routes.get("/v1/notices")
    async def notices(
        caller: Reader,
        state: Literal["sent", "read"] | None = None,
        mine: bool = False,
        person: Annotated[str | None, Query(pattern=r"^household:[0-9a-f-]{36}$")] = None,
        after: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 50,
    ) -> dict[str, Any]:
        if person is not None:
            return await _of_household(service, caller, _household(person), showing)
        is_own = mine or caller.role not in OVERSEERS
        if is_own and caller.officer_id is None:
            return {"items": [], "next": None}
        created_at, notice_id = cursor.read(after, cursor.NEWEST)
        about = (state, created_at, notice_id, limit)
        async with scoped(service.api, caller) as connection:
            if is_own:
                rows = await connection.fetch(SQL.own, caller.officer_id, *about)
            else:
                rows = await connection.fetch(SQL.of_area, *about)
            ways = await _ways_out(connection, rows)
        if is_own:
            await delivered(showing, rows)
        items = [_shown(row, is_own, ways) for row in rows]
        return {
            "items": items,
            "next": cursor.packed(rows[-1]["created_at"], rows[-1]["notice_id"]) if len(rows) == limit else None,
        }

    @routes.get("/v1/notices/unread-count")
    async def unread_count(caller: Reader) -> dict[str, int]:
        async with scoped(service.api, caller) as connection:
            return {"unread": await connection.fetchval(SQL.unread, caller.officer_id)}

    @routes.get("/v1/notices/household/{household_id}")
    async def of_household(household_id: UUID, caller: Reader) -> dict[str, Any]:
        return await _of_household(service, caller, household_id, showing)

    @routes.post("/v1/notices/{notice_id}/read")
    async def read(notice_id: UUID, request: Request, caller: Reader) -> JSONResponse:
        body = await received(request, BODY_BYTES_MAX)
        if caller.officer_id is None:
            raise Refused(NOT_FOUND)
        asked = Ask(notice_id, caller.officer_id)
        return await called(work, request, caller, READ, asked, body, decided_and_emitted)

    return routes


async def _of_household(service: Service, caller: Caller, household_id: UUID, showing: UnitOfWork) -> dict[str, Any]:
    """What the household was told, newest first. Raises Refused (404) for whoever was told nothing of it.

    `system` asks for the farmer's page: what it shows is delivered. An officer who looks delivers nothing.
    """
    async with scoped(service.api, caller) as connection:
        if caller.role != "system" and not await connection.fetchval(SQL.is_told_of, household_id, caller.officer_id):
            raise Refused(NOT_FOUND)
        rows = await connection.fetch(SQL.own, person_of(household_id), None, *cursor.NEWEST, LIMIT_MAX)
        ways = await _ways_out(connection, rows)
    if caller.role == "system":
        await delivered(showing, rows)
    return {"items": [_shown(row, True, ways) for row in rows], "next": None}


def _household(person: str) -> UUID:
    try:
        return UUID(person.removeprefix(PREFIX))
    except ValueError:
        raise Refused(NOT_FOUND) from None


async def _ways_out(connection: asyncpg.Connection, rows: Sequence[asyncpg.Record]) -> dict[UUID, list[dict[str, Any]]]:
    """Notice → what became of it by each carrier that leaves the house; no address is in it."""
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in await connection.fetch(SQL.ways_out, [row["notice_id"] for row in rows]):
        found.setdefault(row["notice_id"], []).append({name: row[name] for name in _WAY})
    return found


_BARE = (
    "notice_id", "case_id", "household_id", "task_id", "officer_id", "office", "step", "hop", "round", "branch",
    "hop_step", "level", "due_at", "carrier", "state", "created_at", "delivered_at", "read_at", "acted_at",
    "escalated_at", "region", "grid",
)  # fmt: skip
_WAY = ("carrier", "state", "tries", "cause", "due_at", "sent_at")


def _shown(row: asyncpg.Record, is_own: bool, ways: Mapping[UUID, list[dict[str, Any]]]) -> dict[str, Any]:
    shown = {name: row[name] for name in _BARE} | {"dispatches": ways.get(row["notice_id"], [])}
    if is_own:
        shown |= {
            "title": {"zh": row["title_zh"], "en": row["title_en"]},
            "text": {"zh": row["text_zh"], "en": row["text_en"]},
            "link": row["link"],
        }
    return shown
