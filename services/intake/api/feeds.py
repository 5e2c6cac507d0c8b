"""GET /v1/feeds: each department's account, over HTTP, Kafka and files alike, and whether it has fallen silent."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from services.intake import feed
from shared.access.tokens import Caller
from shared.policy import Policy
from shared.service import Service
from shared.web.callers import allowed


def router(service: Service, policy: Policy) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/feeds")
    async def feeds(
        caller: Annotated[Caller, Depends(allowed("feed.read"))], since: date | None = None
    ) -> dict[str, Any]:
        """`since` counts what came on that day and later; what is parked and who is silent is told as it is now."""
        sums = await feed.read_sums(service.worker, caller, since)
        return {"items": feed.accounts(sums, caller, policy), "as_of": sums.now, "next": None}

    return routes
