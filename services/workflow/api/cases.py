"""/v1/cases: one case with its places, path, history and what was told."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from services.workflow import desk
from services.workflow.api import own_branch
from shared.access.roles import grade
from shared.access.tokens import Caller
from shared.service import Service
from shared.web.callers import allowed, scoped
from shared.web.problems import refuse


def router(service: Service) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/cases/{case_id}")
    async def case(case_id: UUID, caller: Annotated[Caller, Depends(allowed("case.read"))]) -> dict[str, Any]:
        async with scoped(service.api, caller) as connection:
            found = await desk.whole_case(connection, case_id, grade(caller), own_branch(caller))
        if found is None:
            raise refuse(404, "not_found", "There is no such case in your area.")
        return found

    return routes
