"""Builds the console: the only file that does. Group `console`, the tail for open pages, pages and calls."""

import httpx
from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from services.console.api import API, conservation
from services.console.api.shapes import SHAPES
from services.console.console import Console
from services.console.frame import Frame, Guard, local_address, static_files
from services.console.live import Live
from services.console.neighbours import Neighbours
from services.console.pages import PAGES
from services.console.projections import SUBSCRIBERS
from services.console.session import NotYours, Sessions, SignInNeeded
from shared.access.tokens import Issuer
from shared.policy import load
from shared.service import Service
from shared.settings import Settings
from shared.web.problems import problem


async def build(settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> Service:
    """The console of these settings. `transport` stands for the other services where only pages are tested."""
    service = await Service.open(settings)
    service.stream("console", SUBSCRIBERS)
    live = Live(settings.kafka, f"console-live-{settings.instance}")
    service.every("live", live.run)
    neighbours = Neighbours(settings, service.http, transport)
    service.closers.append(neighbours.close)
    service.every("boundaries", conservation.looking(neighbours, service))
    # Without a demo nobody signs in with a local key: an issuer of the office must be configured.
    issuer = Issuer(service.keys.token_private) if settings.is_demo else None
    console = Console(
        api=service.api,
        sessions=Sessions(service.api, issuer),
        frame=Frame(load(settings.policy), settings.is_demo, static_files(settings.assets)),
        neighbours=neighbours,
        live=live,
        is_demo=settings.is_demo,
        account=lambda token: conservation.account(neighbours, service, token),
    )
    service.include(*(routes(console, service) for routes in API), *(routes(console) for routes in PAGES))
    service.shapes = SHAPES
    service.http.add_middleware(Guard, frame=console.frame)
    service.http.add_exception_handler(SignInNeeded, _to_sign_in)
    service.http.add_exception_handler(NotYours, _not_yours)
    return service


async def _to_sign_in(request: Request, _: Exception) -> Response:
    """A page leads to the sign-in and back; what a page asks for in place moves the whole page; events end."""
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"HX-Redirect": "/sign-in"})
    if "text/event-stream" in request.headers.get("accept", ""):
        return Response(status_code=204)
    back = f"?to={local_address(str(request.url.path))}" if request.method == "GET" and request.url.path != "/" else ""
    return RedirectResponse(f"/sign-in{back}", 303)


async def _not_yours(_: Request, __: Exception) -> JSONResponse:
    return problem(403, "not_yours", "This form is no longer valid: open the page again.")
