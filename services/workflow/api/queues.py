"""/v1/queues: exact counts, by hop, office, level, lateness and state; the parts add up to the total."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from services.workflow import queues as counts
from shared.access.tokens import Caller
from shared.service import Service
from shared.web.callers import allowed, scoped


def router(service: Service) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/queues")
    async def queues(caller: Annotated[Caller, Depends(allowed("queue.read"))]) -> dict[str, Any]:
        department = caller.department if caller.role == "department" else None
        async with scoped(service.api, caller) as connection:
            return await counts.counted(connection, department)

    return routes
