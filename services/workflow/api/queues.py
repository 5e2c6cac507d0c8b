"""/v1/queues: exact counts, by hop, office, level, lateness and state; the parts add up to the total.

/v1/queues/late-on-the-way: what is late and has no task, because its hop has not taken it in yet.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from services.workflow import queues as counts
from services.workflow.api import own_branch
from shared.access.tokens import Caller
from shared.service import Service
from shared.web.callers import allowed, scoped

LIMIT_MAX = 200


def router(service: Service) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/queues")
    async def queues(caller: Annotated[Caller, Depends(allowed("queue.read"))]) -> dict[str, Any]:
        async with scoped(service.api, caller) as connection:
            return await counts.counted(connection, own_branch(caller))

    @routes.get("/v1/queues/late-on-the-way")
    async def late_on_the_way(
        caller: Annotated[Caller, Depends(allowed("queue.read"))],
        limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 100,
    ) -> dict[str, Any]:
        async with scoped(service.api, caller) as connection:
            return {"items": await counts.late_on_its_way(connection, limit, own_branch(caller)), "next": None}

    return routes
