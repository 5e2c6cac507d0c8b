"""/people: grids and offices of one's area, who is responsible, who is away; assign a worker, enter and end a leave.

Method 6, kept by township, county and steward. Workflow decides and holds the history; this page reads and writes it
with the viewer's own token. Forms work without scripts.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from services.console.console import Console
from services.console.frame import one_of, to
from services.console.neighbours import Answer
from services.console.posted import form_of, kept_key
from services.console.session import Viewer
from services.console.way import name_of
from services.console.wording import Words
from shared.access.roles import ACTS_AT, ROLES
from shared.domain.division import trim
from shared.web.problems import refuse

ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
ROWS_MAX, PEOPLE_MAX = 50, 400
FLAGS = ("no_worker", "no_deputy", "too_large", "too_small")
KINDS = ("province", "city", "county", "department", "township", "village_committee")
"""Offices in the list; the groups are the grids above it."""
LEAVE_REASONS = ("annual", "sick", "family", "training", "seconded", "other")
SAID = {"saved": True, "entered": True, "entered_alone": False, "ended": True, "unchanged": True}
"""What is said after an act, and whether it is good news."""


@dataclass(frozen=True, slots=True)
class Given:
    """What came with a form that did not succeed, to be shown again."""

    posted: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    said: str = ""


FRESH = Given()


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/people")
    async def people(request: Request) -> Response:
        return await _people(console, request, await console.viewer(request, "grid.write"))

    @routes.get("/people/grids/{grid}")
    async def grid(request: Request, grid: str) -> Response:
        return await _grid(console, request, await console.viewer(request, "grid.write"), grid)

    @routes.post("/people/grids/{grid}")
    async def assign(request: Request, grid: str) -> Response:
        viewer = await console.viewer(request, "grid.write")
        posted = _entries(await form_of(request, viewer))
        body = {post: posted.get(post) or None for post in ("worker", "deputy")}
        answer = await console.neighbours.put(
            "workflow", f"/v1/grids/{_plain(grid)}", console.token(viewer), body, kept_key(posted)
        )
        if answer.is_fine:
            return to(f"/people/grids/{grid}?said={'saved' if answer.body['changed'] else 'unchanged'}")
        return await _grid(console, request, viewer, grid, _again(console, viewer, posted, answer), answer.page_status)

    @routes.get("/people/offices/{office}")
    async def office(request: Request, office: str) -> Response:
        return await _office(console, request, await console.viewer(request, "grid.write"), office)

    @routes.get("/people/officers/{officer}")
    async def officer(request: Request, officer: str) -> Response:
        return await _officer(console, request, await console.viewer(request, "grid.write"), officer)

    @routes.post("/people/officers/{officer}/leaves")
    async def leave(request: Request, officer: str) -> Response:
        viewer = await console.viewer(request, "officer.write")
        posted = _entries(await form_of(request, viewer))
        missing = [name for name in ("since", "until", "reason_code") if not posted.get(name)]
        if missing:
            text = console.frame.words(viewer.language)("people.wrong.missing")
            given = Given(posted, dict.fromkeys(missing, text), "refused")
            return await _officer(console, request, viewer, officer, given, 422)
        body: dict[str, Any] = {name: posted[name] for name in ("since", "until", "reason_code")}
        body |= {"officer_id": _plain(officer), "deputy_id": posted.get("deputy_id") or None}
        answer = await console.neighbours.post(
            "workflow", "/v1/leaves", console.token(viewer), body, kept_key(posted)
        )  # fmt: skip
        if answer.is_fine:
            return to(f"/people/officers/{officer}?said={'entered' if answer.body['stand_ins'] else 'entered_alone'}")
        given = _again(console, viewer, posted, answer)
        return await _officer(console, request, viewer, officer, given, answer.page_status)

    @routes.post("/people/leaves/{leave_id}/ends")
    async def end(request: Request, leave_id: UUID) -> Response:
        viewer = await console.viewer(request, "officer.write")
        await form_of(request, viewer)
        answer = await console.neighbours.post("workflow", f"/v1/leaves/{leave_id}/ends", console.token(viewer), {})
        if not answer.is_fine:
            return _cannot(console, request, viewer, answer)
        return to(f"/people/officers/{answer.body['officer_id']}?said=ended")

    return routes


# ── showing ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def _people(console: Console, request: Request, viewer: Viewer) -> Response:
    asked = request.query_params
    flag = one_of(asked, "flag", FLAGS)
    grids, offices, leaves = await asyncio.gather(
        _get(console, viewer, "/v1/grids", limit=ROWS_MAX, flag=flag, after=asked.get("after")),
        _get(console, viewer, "/v1/offices", limit=ROWS_MAX, kind=list(KINDS)),
        _get(console, viewer, "/v1/leaves", limit=ROWS_MAX),
    )
    bad = next((one for one in (grids, offices, leaves) if not one.is_fine), None)
    if bad is not None:
        return _cannot(console, request, viewer, bad)
    words = console.frame.words(viewer.language)
    found, away = grids.body["items"], leaves.body["items"]
    named = await console.officers(
        [
            *(one[name] for one in found for name in ("worker", "deputy", "named_deputy")),
            *(one["deputy_id"] for one in away),
        ]
    )
    sums = grids.body["sums"]
    return console.frame.page(
        request, viewer, "people.html", sums=sums, in_order=sums["grids"] - sums["flagged"], sizes=grids.body["sizes"],
        rows=[_grid_row(one, named, words) for one in found], next=grids.body["next"], flag=flag, flags=FLAGS,
        offices=[_office_row(one, words) for one in offices.body["items"]],
        leaves=[_leave_row(one, named, words) for one in away], after=asked.get("after"),
    )  # fmt: skip


async def _grid(
    console: Console, request: Request, viewer: Viewer, grid: str, given: Given = FRESH, status: int = 200
) -> Response:
    id_ = _plain(grid)
    grids, people, stays = await asyncio.gather(
        _get(console, viewer, "/v1/grids", grid=id_, limit=1),
        _get(console, viewer, "/v1/officers", region=id_[:12], ever=True, limit=PEOPLE_MAX),
        _get(console, viewer, "/v1/officers", grid=id_, ever=True, limit=PEOPLE_MAX),
    )
    bad = next((one for one in (grids, people, stays) if not one.is_fine), None)
    if bad is not None or not grids.body["items"]:
        return _cannot(console, request, viewer, bad or Answer(404, {"code": "not_found"}))
    words = console.frame.words(viewer.language)
    [row] = grids.body["items"]
    named = await console.officers([row["worker"], row["deputy"], row["named_deputy"]])
    return console.frame.page(
        request, viewer, "people_grid.html", status, grid=_grid_row(row, named, words), sizes=grids.body["sizes"],
        choices=_choices(people.body["items"], words, ACTS_AT["village_group"]), given=given,
        chosen={post: given.posted.get(post, row[post] or "") for post in ("worker", "deputy")},
        history=_history([one for one in stays.body["items"] if one["post"] in ("worker", "deputy")], words),
        **_said(request, given),
    )  # fmt: skip


async def _office(console: Console, request: Request, viewer: Viewer, office: str) -> Response:
    offices, people = await asyncio.gather(
        _get(console, viewer, "/v1/offices", office=_plain(office), limit=1),
        _get(console, viewer, "/v1/officers", office=_plain(office), limit=PEOPLE_MAX),
    )
    bad = next((one for one in (offices, people) if not one.is_fine), None)
    if bad is not None or not offices.body["items"]:
        return _cannot(console, request, viewer, bad or Answer(404, {"code": "not_found"}))
    words = console.frame.words(viewer.language)
    named = await console.officers([one["deputy_id"] for one in people.body["items"]])
    return console.frame.page(
        request, viewer, "people_office.html", office=_office_row(offices.body["items"][0], words),
        people=[one | {"deputy": name_of(one["deputy_id"], named)} for one in people.body["items"]],
    )  # fmt: skip


async def _officer(
    console: Console, request: Request, viewer: Viewer, officer: str, given: Given = FRESH, status: int = 200
) -> Response:
    id_ = _plain(officer)
    stays, leaves = await asyncio.gather(
        _get(console, viewer, "/v1/officers", officer=id_, ever=True, limit=PEOPLE_MAX),
        _get(console, viewer, "/v1/leaves", officer=id_, ever=True, limit=PEOPLE_MAX),
    )
    bad = next((one for one in (stays, leaves) if not one.is_fine), None)
    if bad is not None or not stays.body["items"]:
        return _cannot(console, request, viewer, bad or Answer(404, {"code": "not_found"}))
    words = console.frame.words(viewer.language)
    person = max(stays.body["items"], key=lambda one: (one["until"] is None, one["since"]))
    beside = await _get(console, viewer, "/v1/officers", **_beside(person), limit=PEOPLE_MAX)
    may = _stand_in_roles(str(person["role"]))
    others = [one for one in beside.body["items"] if _could(one, person)] if beside.is_fine else []
    named = await console.officers([one["deputy_id"] for one in leaves.body["items"]])
    return console.frame.page(
        request, viewer, "people_officer.html", status, person=person, office=words.of(person["office_name"]),
        leaves=[_leave_row(one, named, words) for one in reversed(leaves.body["items"])],
        choices=_choices(others, words, may), given=given, reasons=LEAVE_REASONS,
        history=_history(stays.body["items"], words), **_said(request, given),
    )  # fmt: skip


def _beside(person: Mapping[str, Any]) -> dict[str, Any]:
    """Where a stand-in is looked for: the village of a village's people, the same office above it."""
    region = str(person["region"])
    return {"region": region} if len(trim(region)) == 12 else {"office": person["office_id"]}


def _stand_in_roles(role: str) -> set[str]:
    """Who acts wherever this role does."""
    acts = {hop for hop, roles in ACTS_AT.items() if role in roles}
    return {one for one in ROLES if acts <= {hop for hop, roles in ACTS_AT.items() if one in roles}} if acts else {role}


def _could(one: Mapping[str, Any], person: Mapping[str, Any]) -> bool:
    """Whether to offer somebody as a stand-in: another one, of the same grid or of none, who signs if this one does."""
    is_near = one["grid"] in (None, person["grid"])
    signs = person["capacity"] != "approver" or one["capacity"] == "approver"
    return one["officer_id"] != person["officer_id"] and is_near and signs


def _grid_row(one: Mapping[str, Any], named: Mapping[str, Any], words: Words) -> dict[str, Any]:
    stands_in = one["named_deputy"] or (one["deputy"] if not one["deputy_away_until"] else None)
    return {
        **one, "name": words.of(one["office_name"]) or one["grid"], "worker_name": name_of(one["worker"], named),
        "deputy_name": name_of(one["deputy"], named), "stands_in": name_of(stands_in, named),
    }  # fmt: skip


def _office_row(one: Mapping[str, Any], words: Words) -> dict[str, Any]:
    return {**one, "title": words.of(one["name"])}


def _leave_row(one: Mapping[str, Any], named: Mapping[str, Any], words: Words) -> dict[str, Any]:
    return {
        **one,
        "deputy": name_of(one["deputy_id"], named),
        "reason": words.code("leave_reason", one.get("reason_code")),
    }


def _history(stays: Sequence[Mapping[str, Any]], words: Words) -> list[dict[str, Any]]:
    """Stays, the newest first; one that ended on its first day never held."""
    held = [one for one in stays if one["until"] is None or one["until"] > one["since"]]
    rows = [{**one, "office": words.of(one["office_name"])} for one in held]
    return sorted(rows, key=lambda one: (one["until"] is None, one["since"]), reverse=True)


def _choices(people: Sequence[Mapping[str, Any]], words: Words, roles: Any) -> list[tuple[str, str]]:
    """(id, masked name · role · office), each person once by the latest stay."""
    latest: dict[str, Mapping[str, Any]] = {}
    for one in sorted(people, key=lambda one: (one["until"] is None, one["since"])):
        if one["role"] in roles:
            latest[one["officer_id"]] = one
    return [(id_, _told(one, words)) for id_, one in sorted(latest.items(), key=lambda pair: _place(pair[1]))]


def _told(one: Mapping[str, Any], words: Words) -> str:
    return f"{one['display_name']} · {words.code('role', one['role'])} · {words.of(one['office_name'])}"


def _place(one: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(one["office_id"]), str(one["role"]), str(one["officer_id"])


# ── calling ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def _get(console: Console, viewer: Viewer, path: str, **query: Any) -> Answer:
    return await console.neighbours.get("workflow", path, console.token(viewer), **query)


def _entries(given: FormData) -> dict[str, str]:
    return {name: value.strip()[:100] for name, value in given.items() if isinstance(value, str)}


def _plain(text: str) -> str:
    """An id as it may stand in an address of workflow."""
    if not ID.fullmatch(text):
        raise refuse(404, "not_found", "There is no such office, grid or person.")
    return text


def _again(console: Console, viewer: Viewer, posted: Mapping[str, str], answer: Answer) -> Given:
    words = console.frame.words(viewer.language)
    errors = {str(one.get("field")): _wrong(words, str(one.get("code"))) for one in answer.errors}
    if answer.code == "overlaps":
        errors = {"since": _wrong(words, "overlaps")}
    return Given(posted, errors, "away" if answer.status == 503 else "refused")


def _wrong(words: Words, code: str) -> str:
    return words.first(f"people.wrong.{code}", "people.wrong.other")


def _said(request: Request, given: Given) -> dict[str, Any]:
    said = given.said or one_of(request.query_params, "said", SAID)
    return {"said": said, "is_good": SAID.get(said, False)}


def _cannot(console: Console, request: Request, viewer: Viewer, answer: Answer) -> Response:
    if answer.status not in (404, 422, 503):
        raise refuse(answer.status, answer.code, "This cannot be shown.")
    return console.frame.unshown(request, viewer, "people.title", "people.away_now", "people.not_found", answer.status)
