"""/late: what is late in one's area, on a desk or on its way, by level of office; and the supervisions with what was
asked and answered.

The late office answers, the one above it closes. Workflow decides who may.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.console import Console
from services.console.frame import one_of, region_name, to
from services.console.neighbours import Answer
from services.console.posted import form_of, kept_key, text_of
from services.console.queue import row
from services.console.remaining import as_instant, remaining
from services.console.session import Viewer
from services.console.way import name_of
from services.console.wording import Words

ROWS_MAX = 100
TEXT_MAX = 2000
LEVELS: Mapping[str, tuple[str, ...]] = {
    "group": ("village_group",), "village": ("village_committee", "village_return"),
    "township": ("township", "township_return"), "county": ("county",), "department": ("department",),
}  # fmt: skip
"""Levels of offices, each with the hops at which it acts."""
LATE = ("overdue", "supervised")
CALLS = ("answers", "closures")
STATES = ("open", "answered", "closed")


@dataclass(frozen=True, slots=True)
class Written:
    """What was written in a form that did not succeed, and why."""

    supervision_id: str = ""
    text: str = ""
    error: str = ""


NOTHING = Written()


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/late")
    async def late(request: Request) -> Response:
        return await _show(console, request, await console.viewer(request, "supervision.read"))

    @routes.post("/late/{supervision_id}/{what}")
    async def write(request: Request, supervision_id: UUID, what: str) -> Response:
        viewer = await console.viewer(request, "supervision.read")
        given = await form_of(request, viewer)
        words, text = console.frame.words(viewer.language), text_of(given, "text", TEXT_MAX)
        if what not in CALLS or not text:
            wrong = Written(str(supervision_id), text, words("form.missing"))
            return await _show(console, request, viewer, wrong, 422)
        path, token = f"/v1/supervisions/{supervision_id}/{what}", console.token(viewer)
        answer = await console.neighbours.post("workflow", path, token, {"text": text}, kept_key(given))
        if answer.is_fine:
            return to(f"/late?said={what}#s-{supervision_id}")
        wrong = Written(str(supervision_id), text, _why(answer, words))
        return await _show(console, request, viewer, wrong, answer.status)

    return routes


async def _show(
    console: Console, request: Request, viewer: Viewer, written: Written = NOTHING, status: int = 200
) -> Response:
    token, asked = console.token(viewer), request.query_params
    level = one_of(asked, "at", LEVELS)
    state = one_of(asked, "state", STATES)
    totals, moving, supervised, overdue, *found = await asyncio.gather(
        console.neighbours.get("workflow", "/v1/queues", token),
        console.neighbours.get("workflow", "/v1/queues/late-on-the-way", token, limit=ROWS_MAX),
        *(
            console.neighbours.get("workflow", "/v1/tasks", token, state="open", lateness=one, limit=ROWS_MAX)
            for one in ("supervised", "overdue")
        ),
        *(
            console.neighbours.get("workflow", "/v1/supervisions", token, state=one, limit=ROWS_MAX)
            for one in ((state,) if state else ("open", "answered"))
        ),
    )
    if not all(one.is_fine for one in (totals, moving, supervised, overdue, *found)):
        return console.frame.unshown(request, viewer, "overdue.title", "task.away_read")
    words, parts = console.frame.words(viewer.language), totals.body["hops"]
    items = most_late_first([one for answer in (supervised, overdue, moving) for one in answer.body["items"]])
    items = [one for one in items if not level or one["hop"] in LEVELS[level]]
    supervisions = [one for answer in found for one in answer.body["items"]]
    spoken = [each["officer_id"] for one in supervisions for each in one["statements"]]
    named = await console.officers([*(one.get("claimed_by") for one in items), *spoken])
    offices = {str(one["office"]): words.of(one["office_name"]) for one in parts if one.get("office_name")}
    me = viewer.officer.officer_id
    return console.frame.page(
        request, viewer, "late.html", status, sums=sums_of(parts), levels=LEVELS, level=level, state=state,
        rows=[
            (row({"task_id": "", **one}, named, me, viewer.now, words), office_of(one, offices, words)) for one in items
        ],
        supervisions=[_supervision(one, offices, named, viewer, words) for one in supervisions],
        said=one_of(asked, "said", CALLS), written=written, states=STATES,
    )  # fmt: skip


def most_late_first(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What is supervised first, then what was due earliest, whether it lies on a desk or is on its way."""
    return sorted(items, key=lambda one: (one["lateness"] != "supervised", as_instant(one["due_at"])))


def sums_of(parts: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """How many late places there are at each level of office, by lateness, and together."""
    found = {level: dict.fromkeys((*LATE, "total"), 0) for level in (*LEVELS, "total")}
    at = {hop: level for level, hops in LEVELS.items() for hop in hops}
    for part in parts:
        if part["lateness"] in LATE and part["state"] != "tracking":
            for level in (at[part["hop"]], "total"):
                found[level][part["lateness"]] += int(part["count"])
                found[level]["total"] += int(part["count"])
    return found


def office_of(item: Mapping[str, Any], offices: Mapping[str, str], words: Words) -> str:
    """The office's name; a department by its own, an unknown one by what it is."""
    if item["hop"] == "department":
        return words.code("department", item.get("branch"))
    office = str(item.get("office") or "")
    return offices.get(office) or region_name(office.partition("-")[0])


def _supervision(
    one: Mapping[str, Any], offices: Mapping[str, str], named: Mapping[str, Mapping[str, Any]], viewer: Viewer,
    words: Words,
) -> dict[str, Any]:  # fmt: skip
    return {
        **one, "office_name": office_of(one, offices, words), "above": region_name(str(one["supervisor"])),
        "where": words.step(one["hop"], one.get("step")), "village": region_name(str(one["region"])),
        "late": remaining(as_instant(one["due_at"]), viewer.now, "calendar_days", words),
        "said": [{**each, "who": name_of(each["officer_id"], named)} for each in one["statements"]],
    }  # fmt: skip


def _why(answer: Answer, words: Words) -> str:
    if answer.status == 503:
        return words("task.away")
    return words.first(f"overdue.wrong.{answer.code}", "task.refused", code=answer.code)
