"""/households: find a household by its number or by how its name begins, within one's own area.

What is typed comes by POST and is cut to what is used before it stands in an address: browsers and proxies keep those.
"""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.api.households import Q_MAX, search, used
from services.console.console import Console
from services.console.frame import query, region_name, to
from services.console.posted import form_of, text_of

ROWS_MAX = 50


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/households")
    async def households(request: Request) -> Response:
        viewer = await console.viewer(request, "timeline.read")
        given = request.query_params
        q = used(given.get("q", "")[:Q_MAX])
        if any(one != q for one in given.getlist("q")):
            return to(_address(q, region=given.get("region"), after=given.get("after")))
        found = await search(console, viewer.caller, given.get("region"), q, given.get("after"), ROWS_MAX)
        return console.frame.page(request, viewer, "households.html", found=found, q=q, region_name=region_name)

    @routes.post("/households")
    async def find(request: Request) -> Response:
        viewer = await console.viewer(request, "timeline.read")
        return to(_address(used(text_of(await form_of(request, viewer), "q", Q_MAX))))

    return routes


def _address(q: str, **more: str | None) -> str:
    told = query({"q": q, **more})
    return f"/households?{told}" if told else "/households"
