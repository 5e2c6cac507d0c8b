"""/v1/tasks: the desk, one task whole, a claim, a decision."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from services.workflow import desk
from services.workflow.api import own_branch
from services.workflow.deciding import CLAIM, DECIDE, Answer, Ask
from services.workflow.desk import Filters
from shared.access.roles import grade
from shared.access.tokens import Caller
from shared.contracts.types import Hop, Level
from shared.messaging.unit_of_work import UnitOfWork
from shared.service import Service
from shared.web import cursor
from shared.web.call import called, decided, decided_and_emitted, received, understood
from shared.web.callers import allowed, scoped, who
from shared.web.problems import refuse

LIMIT_MAX = 200
FIRST = (cursor.LONG_AGO, 0, cursor.NIL)

Reader = Annotated[Caller, Depends(allowed("task.read"))]
Short = Annotated[str | None, Query(max_length=64)]


def router(service: Service, work: UnitOfWork) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/tasks")
    async def tasks(
        caller: Reader,
        hop: Hop | None = None,
        office: Short = None,
        state: Literal["open", "decided", "cancelled"] = "open",
        household: Short = None,
        level: Level | None = None,
        lateness: Literal["normal", "due", "overdue", "supervised"] | None = None,
        mine: bool = False,
        after: Annotated[str | None, Query(max_length=300)] = None,
        limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 50,
    ) -> dict[str, Any]:
        household_id, household_no = _household(household)
        filters = Filters(
            state, hop, office, household_id, household_no, level, lateness, who(caller) if mine else None,
            own_branch(caller),
        )  # fmt: skip
        begin = cursor.read(after, FIRST, desk.RANK_MAX)
        async with scoped(service.api, caller) as connection:
            items, last = await desk.listed(connection, filters, begin, limit)
        return {"items": items, "next": cursor.packed(*last) if last else None}

    @routes.get("/v1/tasks/{task_id}")
    async def task(task_id: UUID, caller: Reader) -> dict[str, Any]:
        async with scoped(service.api, caller) as connection:
            found = await desk.whole(connection, task_id, who(caller), grade(caller), own_branch(caller))
        if found is None:
            raise refuse(404, "not_found", "There is no such task in your area.")
        return found

    @routes.post("/v1/tasks/{task_id}/claim")
    async def claim(
        task_id: UUID, request: Request, caller: Annotated[Caller, Depends(allowed("task.claim"))]
    ) -> JSONResponse:
        body = await received(request)
        return await called(work, request, caller, CLAIM, Ask(task_id, caller, who(caller)), body, decided)

    @routes.post("/v1/tasks/{task_id}/decisions")
    async def decisions(
        task_id: UUID, request: Request, caller: Annotated[Caller, Depends(allowed("task.decide"))]
    ) -> JSONResponse:
        body = await received(request)
        ask = Ask(task_id, caller, who(caller), understood(Answer, body))
        return await called(work, request, caller, DECIDE, ask, body, decided_and_emitted)

    return routes


def _household(given: str | None) -> tuple[UUID | None, str | None]:
    """A household by its UUID, or by its number."""
    try:
        return (UUID(given), None) if given else (None, None)
    except ValueError:
        return None, given
