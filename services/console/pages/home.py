"""What stands behind every page: static files, the language switch, and where `/` leads."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.console.console import Console
from services.console.frame import local_address, static_answer, to
from services.console.session import LANGUAGES, keep_language
from shared.web.problems import refuse


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/static/{name}")
    async def static(name: str, v: str | None = None) -> Response:
        path = console.frame.files.get(name)
        if path is None:
            raise refuse(404, "not_found", "There is no such file.")
        return static_answer(path, v is not None)

    @routes.get("/favicon.ico")
    async def favicon() -> Response:
        return static_answer(console.frame.files["mark.svg"], False)

    @routes.get("/")
    async def home(request: Request) -> Response:
        return to("/queues" if await console.sessions.find(request) else "/sign-in")

    @routes.get("/language/{code}")
    async def language(code: str, to_: Annotated[str, Query(alias="to")] = "/") -> Response:
        """A preference, not a state: a link may set it. It leads back to an address of this site alone."""
        answer = to(local_address(to_))
        if code in LANGUAGES:
            keep_language(answer, code)
        return answer

    return routes
