"""/v1/supervisions: what the office above asks of a late one, its answers and closures. /v1/deadlines/unfired."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from services.workflow import alarm, supervision
from services.workflow.api import own_branch
from services.workflow.supervision import ANSWER, CLOSE, Letter, Writing
from shared.access.tokens import Caller
from shared.messaging.unit_of_work import UnitOfWork
from shared.service import Service
from shared.web import cursor
from shared.web.call import called, decided, received, understood
from shared.web.callers import allowed, scoped, who

LIMIT_MAX = 200
FIRST = (cursor.LONG_AGO, cursor.NIL)

Short = Annotated[str | None, Query(max_length=64)]


def router(service: Service, work: UnitOfWork) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/supervisions")
    async def supervisions(
        caller: Annotated[Caller, Depends(allowed("supervision.read"))],
        state: Literal["open", "answered", "closed"] | None = None,
        office: Short = None,
        after: Annotated[str | None, Query(max_length=100)] = None,
        limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 50,
    ) -> dict[str, Any]:
        begin = cursor.read(after, FIRST)
        async with scoped(service.api, caller) as connection:
            items = await supervision.supervisions_of(
                connection, caller, state, office, begin, limit, own_branch(caller)
            )
        last = items[-1] if len(items) == limit else None
        return {"items": items, "next": cursor.packed(last["opened_at"], last["supervision_id"]) if last else None}

    @routes.post("/v1/supervisions/{supervision_id}/answers")
    async def answers(
        supervision_id: UUID, request: Request, caller: Annotated[Caller, Depends(allowed("supervision.answer"))]
    ) -> JSONResponse:
        return await _write(work, request, caller, ANSWER, supervision_id)

    @routes.post("/v1/supervisions/{supervision_id}/closures")
    async def closures(
        supervision_id: UUID, request: Request, caller: Annotated[Caller, Depends(allowed("supervision.close"))]
    ) -> JSONResponse:
        return await _write(work, request, caller, CLOSE, supervision_id)

    @routes.get("/v1/deadlines/unfired")
    async def unfired(caller: Annotated[Caller, Depends(allowed("deadline.read"))]) -> dict[str, Any]:
        async with scoped(service.api, caller) as connection:
            [watched] = await connection.fetch(alarm.SQL.watched)
            items = await alarm.untold(connection)
        return {"as_of": watched["as_of"], "watched": watched["count"], "items": items}

    return routes


async def _write(work: UnitOfWork, request: Request, caller: Caller, topic: str, supervision_id: UUID) -> JSONResponse:
    body = await received(request)
    ask = Letter(supervision_id, caller, who(caller), understood(Writing, body).text)
    return await called(work, request, caller, topic, ask, body, decided)
