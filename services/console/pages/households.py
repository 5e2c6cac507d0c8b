"""/households: find a household by its number or by how its name begins, within one's own area."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.api.households import Q_MAX, search
from services.console.console import Console
from services.console.frame import region_name

ROWS_MAX = 50


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/households")
    async def households(request: Request) -> Response:
        viewer = await console.viewer(request, "timeline.read")
        given = request.query_params
        q = given.get("q", "")[:Q_MAX].strip()
        found = await search(console, viewer.caller, given.get("region"), q, given.get("after"), ROWS_MAX)
        return console.frame.page(request, viewer, "households.html", found=found, q=q, region_name=region_name)

    return routes
