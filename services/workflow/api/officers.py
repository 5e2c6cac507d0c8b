"""/v1/officers and /v1/grids: who is responsible where; a bulk upload by a steward, the county or the demo."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from services.workflow.body import received, traceparent_of, understood
from services.workflow.office import SQL, UPLOAD, Register, Upload
from shared.access.roles import Role
from shared.access.tokens import Caller
from shared.messaging.answers import Answer
from shared.messaging.batch import Report
from shared.messaging.room import Input
from shared.messaging.unit_of_work import UnitOfWork
from shared.service import Service
from shared.web.callers import allowed, row_scope, scoped, slot

UPLOAD_BYTES_MAX = 4 * 1024 * 1024
"""A county's register of officers in one call."""
LIMIT_MAX = 1000

Reader = Annotated[Caller, Depends(allowed("officer.read"))]
Region = Annotated[str, Query(pattern=r"^\d{0,12}$")]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
Short = Annotated[str | None, Query(max_length=64)]


def router(service: Service, work: UnitOfWork) -> APIRouter:
    routes = APIRouter()

    @routes.post("/v1/officers")
    async def upload(request: Request, caller: Annotated[Caller, Depends(allowed("officer.write"))]) -> JSONResponse:
        body = await received(request, UPLOAD_BYTES_MAX)
        given = Upload(caller, understood(Register, body))
        asked = Input(topic=UPLOAD, key="", sequence=None, body=given, traceparent=traceparent_of(request))
        _, answer = await work.call([asked], row_scope(caller), slot(request, caller, body, _counted))
        assert answer is not None, "a call with a slot has an answer"
        return JSONResponse(answer.body, answer.status)

    @routes.get("/v1/officers")
    async def officers(
        caller: Reader,
        office: Short = None,
        grid: Short = None,
        role: Role | None = None,
        region: Region = "",
        after: Annotated[str, Query(max_length=130)] = "",
        limit: Limit = 200,
    ) -> dict[str, Any]:
        officer, _, at = after.partition("~")
        async with scoped(service.api, caller) as connection:
            rows = await connection.fetch(SQL.list, officer, at, office, grid, role, region, limit)
        items = [_officer(dict(row)) for row in rows]
        following = f"{items[-1]['officer_id']}~{items[-1]['office_id']}" if len(items) == limit else None
        return {"items": items, "next": following}

    @routes.get("/v1/grids")
    async def grids(
        caller: Annotated[Caller, Depends(allowed("grid.read"))],
        region: Region = "",
        after: Annotated[str, Query(max_length=64)] = "",
        limit: Limit = 200,
    ) -> dict[str, Any]:
        async with scoped(service.api, caller) as connection:
            rows = await connection.fetch(SQL.list_grids, after, region, limit)
        items = [dict(row) for row in rows]
        return {"items": items, "next": items[-1]["grid"] if len(items) == limit else None}

    return routes


def _officer(row: dict[str, Any]) -> dict[str, Any]:
    zh, en = row.pop("name_zh"), row.pop("name_en")
    return row | {"office_name": {"zh": zh, "en": en} if zh else None}


def _counted(report: Report) -> Answer:
    return Answer(200, report.decided[0].decision.answer)
