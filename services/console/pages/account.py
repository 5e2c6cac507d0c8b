"""/account: conservation on a page: at every boundary emitted = applied + waiting + under way."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.console import Console


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/account")
    async def account(request: Request) -> Response:
        viewer = await console.viewer(request, "conservation.read")
        answer = await console.account(console.token(viewer))
        return console.frame.page(request, viewer, "account.html", account=answer)

    return routes
