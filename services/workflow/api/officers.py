"""/v1/officers, /v1/offices, /v1/grids, /v1/leaves: who is responsible where, who is away, who stands in.

A bulk upload by a steward, the county or the demo; a grid's worker and deputy, and leave, by township and county.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse

from services.workflow import grid as grids_room
from services.workflow import leave as leaves_room
from services.workflow.grid import PUT_GRID, Change, Holders
from services.workflow.leave import END, ENTER, End, Enter, LeaveGiven
from services.workflow.office import SQL, UPLOAD, Register, Upload
from shared.access.roles import Role, may
from shared.access.tokens import Caller
from shared.contracts.officer import OfficeKind
from shared.domain.calendar import day_of
from shared.messaging.unit_of_work import UnitOfWork
from shared.policy import load
from shared.service import Service
from shared.web import cursor
from shared.web.call import called, decided, decided_and_emitted, received, understood
from shared.web.callers import REGISTER_MAX, allowed, scoped, who

LIMIT_MAX = 1000

Reader = Annotated[Caller, Depends(allowed("officer.read"))]
Writer = Annotated[Caller, Depends(allowed("officer.write"))]
GridReader = Annotated[Caller, Depends(allowed("grid.read"))]
GridWriter = Annotated[Caller, Depends(allowed("grid.write"))]
Region = Annotated[str, Query(pattern=r"^\d{0,12}$")]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
Short = Annotated[str | None, Query(max_length=64)]
After = Annotated[str | None, Query(max_length=200)]
Flag = Literal["no_worker", "no_deputy", "too_large", "too_small"]
GridId = Annotated[str, Path(pattern=r"^\d{12}-[0-9A-Za-z]{1,8}$")]


def router(service: Service, work: UnitOfWork) -> APIRouter:
    routes = APIRouter()

    @routes.post("/v1/officers")
    async def upload(request: Request, caller: Writer) -> JSONResponse:
        body = await received(request, REGISTER_MAX)
        asked = Upload(caller, understood(Register, body))
        return await called(work, request, caller, UPLOAD, asked, body, decided)

    @routes.put("/v1/grids/{grid}")
    async def change_grid(request: Request, grid: GridId, caller: GridWriter) -> JSONResponse:
        body = await received(request)
        asked = Change(caller, grid, understood(Holders, body))
        return await called(work, request, caller, PUT_GRID, asked, body, decided_and_emitted)

    @routes.post("/v1/leaves")
    async def enter_leave(request: Request, caller: Writer) -> JSONResponse:
        body = await received(request)
        asked = Enter(caller, who(caller), understood(LeaveGiven, body))
        return await called(work, request, caller, ENTER, asked, body, decided_and_emitted)

    @routes.post("/v1/leaves/{leave_id}/ends")
    async def end_leave(request: Request, leave_id: UUID, caller: Writer) -> JSONResponse:
        body = await received(request)
        asked = End(caller, who(caller), leave_id)
        return await called(work, request, caller, END, asked, body, decided_and_emitted)

    _people(routes, service)
    _grids(routes, service)
    return routes


def _people(routes: APIRouter, service: Service) -> None:
    @routes.get("/v1/officers")
    async def officers(
        caller: Reader,
        office: Short = None,
        grid: Short = None,
        officer: Short = None,
        role: Role | None = None,
        region: Region = "",
        on: date | None = None,
        ever: bool = False,
        after: After = None,
        limit: Limit = 200,
    ) -> dict[str, Any]:
        """Who is in post today, or `on` a day; with `ever` every stay that there was and will be."""
        last, at, start = cursor.read(after, ("", "", date.min))
        async with scoped(service.api, caller) as connection:
            rows = await connection.fetch(
                SQL.list, last, at, start, office, grid, role, region, ever, limit, on, officer
            )
        items = [_named(dict(row), "office_name") for row in rows]
        return _page(items, limit, "officer_id", "office_id", "since")

    @routes.get("/v1/offices")
    async def offices(
        caller: Reader,
        kind: Annotated[list[OfficeKind] | None, Query()] = None,
        region: Region = "",
        office: Short = None,
        after: After = None,
        limit: Limit = 200,
    ) -> dict[str, Any]:
        """Offices, the highest first, with how many are in post there and how many of them are away."""
        place, last = cursor.read(after, ("", ""))
        async with scoped(service.api, caller) as connection:
            rows = await connection.fetch(SQL.list_offices, place, last, kind, region, limit, office)
        return _page([_named(dict(row), "name") for row in rows], limit, "place", "office_id")

    @routes.get("/v1/leaves")
    async def leaves(
        caller: Reader, officer: Short = None, region: Region = "", ever: bool = False, after: After = None,
        limit: Limit = 200,
    ) -> dict[str, Any]:  # fmt: skip
        """Leave under way or to come; with `ever` what is over too. The reason is told to whoever may enter it."""
        since, id_ = cursor.read(after, (date.min, cursor.NIL))
        async with scoped(service.api, caller) as connection:
            rows = await connection.fetch(leaves_room.SQL.list, officer, ever, region, since, id_, limit)
        items = [dict(row) for row in rows]
        if not may(caller, "officer.write"):
            for one in items:
                one.pop("reason_code")
        return _page(items, limit, "since", "leave_id")


def _grids(routes: APIRouter, service: Service) -> None:
    policy = load(service.settings.policy)

    @routes.get("/v1/grids")
    async def grids(
        caller: GridReader,
        region: Region = "",
        grid: Short = None,
        flag: Flag | None = None,
        after: After = None,
        limit: Limit = 200,
    ) -> dict[str, Any]:
        """Grids with their households, who holds their posts, who is away, and what needs a hand; exact sums beside."""
        [last] = cursor.read(after, ("",))
        async with scoped(service.api, caller) as connection:
            today = day_of(await connection.fetchval(grids_room.SQL.now))
            least, target, most = (int(policy.value(name, on=today).value) for name in grids_room.SIZES)
            rows = await connection.fetch(grids_room.SQL.list, last, region, limit, grid, least, most, flag)
            sums = await connection.fetchrow(grids_room.SQL.sums, region, least, most)
        items = [_named(dict(row), "office_name") for row in rows]
        sizes = {"least": least, "target": target, "most": most}
        return _page(items, limit, "grid") | {"sizes": sizes, "sums": dict(sums or {})}


def _page(items: list[dict[str, Any]], limit: int, *keys: str) -> dict[str, Any]:
    following = cursor.packed(*(items[-1][key] for key in keys)) if len(items) == limit else None
    return {"items": items, "next": following}


def _named(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The row with an office's two names under one."""
    shown = {key: value for key, value in row.items() if key not in ("name_zh", "name_en")}
    return shown | {name: {"zh": row["name_zh"], "en": row["name_en"]} if row["name_zh"] else None}
