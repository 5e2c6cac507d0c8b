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
OFFICES = ("city", "county", "department")
"""Kinds of offices that are always in the list, before the chosen township's and village's."""
POSTS = ("leader", "worker", "deputy", "member")
PLACES_MAX = 60
"""Places found by a name; who gets more writes more of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A township or a village that one may choose."""

    code: str
    name: str
    is_chosen: bool


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/sign-in")
    async def sign_in(request: Request) -> Response:
        if not await console.sessions.has_issuer():
            return console.frame.page(request, None, "sign_in.html", has_issuer=False)
        asked = request.query_params
        back = local_address(asked.get("to", "/queues"))
        # A form of nobody yet: its token stands in a cookie of its own (double submit).
        csrf = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)
        answer = console.frame.page(
            request,
            None,
            "sign_in.html",
            has_issuer=True,
            csrf=csrf,
            back=back,
            **listed(await console.in_post(), asked.get("place", ""), asked.get("q", "").strip()),
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
        if officer is None or not await console.sessions.has_issuer():
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


def listed(rows: Sequence[Any], place: str, asked: str) -> dict[str, Any]:
    """Officers for the page: those of the city, the county, its departments, one township and one village in it.

    `place` is a township's or a village's code; where it has nobody, the first is shown. `asked` is a part of a name
    and finds places beside. A county's whole list would weigh over a megabyte. Pure.
    """
    people = [(officer, row) for row in rows if (officer := Officer.of_row(row))]
    villages = sorted({one.region for one, row in people if row["office_kind"].startswith("village")})
    townships = sorted(
        {one.region for one, row in people if row["office_kind"] == "township"} | {v[:9] for v in villages}
    )
    township = next((one for one in townships if one == place[:9]), townships[0] if townships else "")
    here = [one for one in villages if one[:9] == township]
    village = next((one for one in here if one == place), here[0] if here else "")
    found = [one for one in (*townships, *villages) if asked and asked in region_name(one)]
    return {
        "offices": {kind: _office(people, kind) for kind in OFFICES},
        "townships": _places(townships, township),
        "township_name": region_name(township),
        "township": tuple(one for one in _office(people, "township") if one.region == township),
        "villages": _places(here, village),
        "village": tuple(sorted((one for one, _ in _of(people, village) if one.role not in ONE_GRID), key=_rank)),
        "groups": _groups(_of(people, village)),
        "asked": asked,
        "found": _places(found[:PLACES_MAX], ""),
    }


def _office(people: Sequence[tuple[Officer, Any]], kind: str) -> tuple[Officer, ...]:
    return tuple(sorted((one for one, row in people if row["office_kind"] == kind), key=_rank))


def _places(codes: Sequence[str], chosen: str) -> tuple[Place, ...]:
    return tuple(Place(code, region_name(code), code == chosen) for code in codes)


def _of(people: Sequence[tuple[Officer, Any]], village: str) -> list[tuple[Officer, Any]]:
    return [(one, row) for one, row in people if one.region == village and row["office_kind"].startswith("village")]


def _groups(here: Sequence[tuple[Officer, Any]]) -> tuple[tuple[str, tuple[tuple[Officer, str], ...]], ...]:
    """A village's people by the number of their group, its leader first."""
    groups: dict[str, list[tuple[Officer, str]]] = {}
    for one, row in sorted(here, key=lambda pair: (pair[1]["grid"] or "", POSTS.index(pair[1]["post"]))):
        if one.role in ONE_GRID:
            groups.setdefault(one.grid.rpartition("-")[2].lstrip("0") or "0", []).append((one, row["post"]))
    return tuple((name, tuple(found)) for name, found in groups.items())


def _rank(one: Officer) -> tuple[str, int, str]:
    return one.role, ORDER.index(one.capacity) if one.capacity in ORDER else len(ORDER), one.officer_id
