"""GET /v1/complaints: for the independent handler of the township, the county or the city; each sight audited."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from services.intake import complaint
from services.intake.vault import Vault
from shared import audit
from shared.access.tokens import Caller
from shared.service import Service
from shared.web import cursor
from shared.web.callers import allowed, scoped, who

PAGE_MAX = 100


def router(service: Service, vault: Vault) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/complaints")
    async def complaints(
        caller: Annotated[Caller, Depends(allowed("complaint.read"))],
        after: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
    ) -> dict[str, Any]:
        async with scoped(service.api, caller) as connection:
            rows = await connection.fetch(
                complaint.SQL.list, *cursor.read(after, cursor.NEWEST), caller.officer_id, limit
            )
            for row in rows:
                id_ = str(row["complaint_id"])
                entry = audit.Entry(who(caller), caller.role, "complaint.read", id_, region=row["region"])
                await audit.write(connection, entry)
        last = rows[-1] if len(rows) == limit else None
        return {
            "items": [complaint.shown_complaint(row, vault) for row in rows],
            "next": cursor.packed(last["received_at"], last["complaint_id"]) if last else None,
        }

    return routes
