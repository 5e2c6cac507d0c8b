"""GET /v1/households, GET /v1/households/{id}, POST /v1/households/{id}/unmask: masked unless one's own task is open.

An officer with an open task at an office that the caller acts for needs no reason; anybody else types one. Every
sight of a household leaves an audit row, in the transaction of the sight.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from services.intake import household, task
from services.intake.task import OpenTask
from services.intake.vault import Vault
from shared import audit
from shared.access.roles import grade
from shared.access.tokens import Caller
from shared.service import Service
from shared.web.callers import allowed, scoped, who
from shared.web.problems import refuse

Reason = Annotated[str, Field(min_length=3, max_length=500)]


class Unmask(BaseModel):
    """`task_id` of an open task, or a `reason`; with neither, an open task of the caller's is looked for."""

    task_id: UUID | None = None
    reason: Reason | None = None


def router(service: Service, vault: Vault) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/households")
    async def list_(
        caller: Annotated[Caller, Depends(allowed("household.read"))],
        region: Annotated[str, Query(pattern=r"^(\d{2}|\d{4}|\d{6}|\d{9}|\d{12})?$")] = "",
        q: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
        after: Annotated[str, Query(max_length=64)] = "",
        limit: Annotated[int, Query(ge=1, le=household.PAGE_MAX)] = 50,
    ) -> dict[str, Any]:
        if "\x00" in f"{q}{after}":
            raise refuse(422, "invalid", "A search holds no NUL.")
        async with scoped(service.api, caller) as connection:
            items = await household.masked_list(connection, region, q, after, limit)
        return {"items": items, "next": items[-1]["household_no"] if len(items) == limit else None}

    @routes.get("/v1/households/{id}")
    async def one(id: UUID, caller: Annotated[Caller, Depends(allowed("household.read"))]) -> dict[str, Any]:
        async with scoped(service.api, caller) as connection:
            found = await household.masked(connection, id, grade(caller))
            if found is None:
                raise refuse(404, "not_found", "There is no such household in your area.")
            entry = audit.Entry(who(caller), caller.role, "household.read", str(id), region=found["region"])
            await audit.write(connection, entry)
        return found

    @routes.post("/v1/households/{id}/unmask")
    async def unmask(
        id: UUID, body: Unmask, caller: Annotated[Caller, Depends(allowed("household.unmask"))]
    ) -> dict[str, Any]:
        async with scoped(service.api, caller) as connection:
            found = await household.unmasked(connection, id, vault)
            if found is None:
                raise refuse(404, "not_found", "There is no such household in your area.")
            purpose = _purpose(body, await task.tasks_of(connection, id), caller)
            entry = audit.Entry(
                who(caller), caller.role, "household.unmask", str(id), purpose, found["region"],
                {"members": len(found["members"])},
            )  # fmt: skip
            await audit.write(connection, entry)
        return found

    return routes


def _purpose(body: Unmask, tasks: list[OpenTask], caller: Caller) -> str:
    """What the name is seen for. Raises Refused where it is for nothing."""
    own = [one for one in tasks if task.is_for(one, caller)]
    if body.task_id is not None:
        own = [one for one in own if one.task_id == body.task_id]
    if own:
        return f"task:{own[0].task_id}"
    if body.reason is not None:
        return body.reason
    if body.task_id is not None:
        raise refuse(403, "not_your_task", "This task is not open at an office of yours: give a reason.")
    errors = ({"field": "reason", "code": "missing", "message": "Say for what the name is needed."},)
    raise refuse(422, "reason_needed", "Without an open task of yours a reason is needed.", errors)
