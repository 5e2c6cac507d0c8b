"""/households/{id}: one line down the page, every step with its cause; the source record opens in place.

Names are masked; seeing the full ones takes a reason and is audited by intake. A record is shown as intake gives it to
this viewer: personal fields masked, below the township without sums, diseases and hospitals.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from services.console import told
from services.console.api.timeline import STEPS_MAX, steps
from services.console.console import Console
from services.console.frame import region_name
from services.console.neighbours import Answer
from services.console.posted import form_of, new_key, reason_of
from services.console.session import Viewer
from services.console.told import Telling
from services.console.wording import Words
from shared.access.roles import grade
from shared.web.problems import refuse

PART_LENGTH_MAX = 64


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/households/{household_id}")
    async def household(request: Request, household_id: UUID) -> Response:
        return await _show(console, request, await console.viewer(request, "timeline.read"), household_id, None)

    @routes.post("/households/{household_id}/unmask")
    async def unmask(request: Request, household_id: UUID) -> Response:
        viewer = await console.viewer(request, "household.unmask")
        given = await form_of(request, viewer)
        body = {"reason": reason_of(given)}
        answer = await console.neighbours.post(
            "intake", f"/v1/households/{household_id}/unmask", console.token(viewer), body, new_key()
        )
        return await _show(console, request, viewer, household_id, answer)

    @routes.get("/households/{household_id}/records/{department}/{record_id:path}")
    async def record(request: Request, household_id: UUID, department: str, record_id: str) -> Response:
        viewer = await console.viewer(request, "record.read")
        if len(department) > PART_LENGTH_MAX or len(record_id) > PART_LENGTH_MAX:
            raise refuse(404, "not_found", "There is no such record.")
        path = f"/v1/departments/{quote(department, safe='')}/records/{quote(record_id, safe='')}"
        answer = await console.neighbours.get("intake", path, console.token(viewer))
        facts = {
            "record": _record(answer.body, console.frame.words(viewer.language)) if answer.is_fine else None,
            "is_away": answer.status == 503, "household_id": household_id, "department": department,
            "record_id": record_id,
        }  # fmt: skip
        if request.headers.get("hx-request"):
            return HTMLResponse(console.frame.part(viewer, "parts/record.html", **facts))
        return console.frame.page(request, viewer, "record.html", 200 if answer.is_fine else answer.status, **facts)

    return routes


async def _show(
    console: Console, request: Request, viewer: Viewer, household_id: UUID, unmasked: Answer | None
) -> Response:
    found, why = await asyncio.gather(
        steps(console, viewer.caller, household_id, None, STEPS_MAX + 1),
        console.neighbours.get("screening", f"/v1/households/{household_id}/why", console.token(viewer)),
    )
    if found is None:
        return console.frame.unshown(request, viewer, "household.title", missing="household.not_found", status=404)
    home, rows = found[0], found[1][-STEPS_MAX:]
    words = console.frame.words(viewer.language)
    named = await console.officers([row["officer_id"] for row in rows])
    telling = Telling(words, grade(viewer.officer), viewer.now, named, viewer.officer.department)
    sentences = {row["event_id"]: told.sentence(row, telling) for row in rows}
    told_steps = [_step(row, telling, sentences) for row in rows]
    is_newest_first = request.query_params.get("order") != "oldest"
    return console.frame.page(
        request, viewer, "household.html",
        home=home, household_id=household_id, village=region_name(home["region"]) if home else "",
        steps=told_steps[::-1] if is_newest_first else told_steps, is_newest_first=is_newest_first,
        number=len(rows), is_whole=len(found[1]) <= STEPS_MAX, why=why_told(why, words), warning_id=warning_of(why),
        unmasked=unmasked,
    )  # fmt: skip


def _step(row: Mapping[str, Any], telling: Telling, sentences: Mapping[UUID, str]) -> dict[str, Any]:
    """A step for the page: its sentence, its detail, who, and the way to its cause and its record."""
    source = told.source(row, telling)
    who = told.who(row, telling)
    return {
        "id": str(row["event_id"]), "at": row["at"], "service": row["service"], "family": told.key_of(row["type"])[0],
        "word": told.key_of(row["type"])[1], "level": row["what"].get("level"), "text": sentences[row["event_id"]],
        "detail": told.detail(row, telling), "who": who,
        "cause": str(row["cause_id"]) if row["cause_id"] in sentences else None,
        "cause_text": sentences.get(row["cause_id"], ""), "has_cause": row["cause_id"] is not None,
        "task_id": row["what"].get("task_id"), "source": source if source and source["record_id"] else None,
    }  # fmt: skip


def why_told(answer: Answer, words: Words) -> str:
    """The one sentence why this household is warned, or why not; empty when screening is away."""
    if not answer.is_fine or not isinstance(answer.body, Mapping):
        return ""
    body = answer.body
    return words.of(body.get("explanation") or body.get("why") or (body.get("warning") or {}).get("explanation") or "")


def warning_of(answer: Answer) -> str:
    """The open warning of this household, if it is warned of."""
    told = answer.body.get("warning") if answer.is_fine and isinstance(answer.body, Mapping) else None
    return str(told.get("warning_id") or "") if isinstance(told, Mapping) else ""


def _record(body: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """A source record for the page: its versions, newest first, each a list of (name, value)."""
    versions: Sequence[Mapping[str, Any]] = body.get("versions") or ()
    ordered = sorted(versions, key=lambda one: int(one.get("version", 0)), reverse=True)
    return {
        "department": words.code("department", body.get("department", "")),
        "kind": words.code("kind", body.get("kind", "")),
        "record_id": body.get("record_id", ""),
        "versions": [_version(one, words) for one in ordered],
    }


def _version(one: Mapping[str, Any], words: Words) -> dict[str, Any]:
    data = one.get("data")
    return {
        "version": one.get("version"),
        "op": words.code("value", one.get("op", "")),
        "received_at": one.get("received_at"),
        "outcome": words.code("value", one.get("outcome", "")),
        "channel": words.code("value", one.get("channel", "")),
        "occurred_on": one.get("occurred_on") or "",
        "band": words.of(one.get("band") or ""),
        "fields": list(fields_told(data, words)) if isinstance(data, Mapping) else [],
    }


def fields_told(data: Mapping[str, Any], words: Words, prefix: str = "") -> Sequence[tuple[str, str]]:
    """A record's data flattened to lines; what is nested keeps its place in the name."""
    found: list[tuple[str, str]] = []
    for name, value in data.items():
        if name == "fields_not_shown" and not value:
            continue
        title = prefix + words.code("field", name)
        if isinstance(value, Mapping):
            found += fields_told(value, words, f"{title} · ")
        elif isinstance(value, list):
            for at, one in enumerate(value, start=1):
                if isinstance(one, Mapping):
                    found += fields_told(one, words, f"{title} {at} · ")
                else:
                    found.append((title, str(one)))
        elif value is not None:
            found.append((title, told.value_told(name, value, words)))
    return found
