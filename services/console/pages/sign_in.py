"""/sign-in: in a demo one chooses an officer; outside one an issuer of the office must be configured. /sign-out."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.console import Console
from services.console.frame import local_address, region_name, to
from services.console.session import FORM_COOKIE, Officer, check_csrf
from shared.access.roles import ONE_GRID

ORDER = ("approver", "reviewer", "handler", None)
OFFICES = ("city", "county", "department", "township")
"""Kinds of offices in the list, beside the villages."""
POSTS = ("leader", "worker", "deputy", "member")


@dataclass(frozen=True, slots=True)
class Village:
    """A village's people: those of its office, and by group those of its grids."""

    name: str
    office: tuple[Officer, ...]
    groups: tuple[tuple[str, tuple[tuple[Officer, str], ...]], ...]

    @property
    def number(self) -> int:
        return len(self.office) + sum(len(people) for _, people in self.groups)


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/sign-in")
    async def sign_in(request: Request) -> Response:
        if console.sessions.issuer is None:
            return console.frame.page(request, None, "sign_in.html", has_issuer=False)
        back = local_address(request.query_params.get("to", "/queues"))
        # A form of nobody yet: its token stands in a cookie of its own (double submit).
        csrf = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)
        answer = console.frame.page(
            request, None, "sign_in.html", has_issuer=True, csrf=csrf, back=back, **grouped(await console.in_post())
        )
        answer.set_cookie(FORM_COOKIE, csrf, httponly=True, samesite="strict", secure=request.url.scheme == "https")
        return answer

    @routes.post("/sign-in")
    async def enter(request: Request) -> Response:
        form = await request.form()
        check_csrf(request.cookies.get(FORM_COOKIE, ""), form.get("csrf"))
        wanted = form.get("officer_id")
        officer = next(
            (one for one in map(Officer.of_row, await console.in_post()) if one and one.officer_id == wanted), None
        )
        if console.sessions.issuer is None or officer is None:
            return to("/sign-in")
        answer = to(local_address(form.get("to") or "/queues"))
        await console.sessions.begin(officer, answer, is_secure=request.url.scheme == "https")
        return answer

    @routes.post("/sign-out")
    async def leave(request: Request) -> Response:
        viewer = await console.viewer(request)
        check_csrf(viewer.csrf, (await request.form()).get("csrf"))
        answer = to("/sign-in")
        await console.sessions.end(request, answer)
        return answer

    return routes


def grouped(rows: Sequence[Any]) -> dict[str, Any]:
    """Officers for the page: the offices by kind, and each village with its groups. Pure."""
    people = [(officer, row) for row in rows if (officer := Officer.of_row(row))]
    offices = {
        kind: tuple(sorted((one for one, row in people if row["office_kind"] == kind), key=_rank)) for kind in OFFICES
    }
    codes = dict.fromkeys(one.region for one, row in people if row["office_kind"].startswith("village"))
    return {"offices": offices, "villages": tuple(_village(code, people) for code in codes)}


def _village(code: str, people: Sequence[tuple[Officer, Any]]) -> Village:
    here = [(one, row) for one, row in people if one.region == code]
    groups: dict[str, list[tuple[Officer, str]]] = {}
    for one, row in sorted(here, key=lambda pair: (pair[1]["grid"] or "", POSTS.index(pair[1]["post"]))):
        if one.role in ONE_GRID:
            groups.setdefault(one.grid.rpartition("-")[2].lstrip("0") or "0", []).append((one, row["post"]))
    office = tuple(sorted((one for one, _ in here if one.role not in ONE_GRID), key=_rank))
    return Village(region_name(code), office, tuple((name, tuple(found)) for name, found in groups.items()))


def _rank(one: Officer) -> tuple[str, int, str]:
    return one.role, ORDER.index(one.capacity) if one.capacity in ORDER else len(ORDER), one.officer_id
