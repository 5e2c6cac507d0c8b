"""/identity: whom nobody could be found for, urgent ones first; /identity/{id}: what was sent beside what the register
knows, and a person's match or "not ours". Every look and word is audited.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.api.households import is_of_a_person
from services.console.console import Console
from services.console.frame import one_of, region_name, to
from services.console.neighbours import Answer
from services.console.pages.household import fields_told
from services.console.posted import REASON_MAX, REASON_MIN, form_of, kept_key, reason_of, text_of
from services.console.remaining import as_instant, remaining
from services.console.session import Viewer
from services.console.wording import Words
from shared.web.problems import refuse

ROWS_MAX = 50
ID, CODE = re.compile(r"[0-9A-Za-z_:-]{1,300}"), re.compile(r"[a-z_]{1,40}")
STATES = ("open", "not_ours")
ACTS = ("match", "not-ours")


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/identity")
    async def identity(request: Request) -> Response:
        viewer = await console.viewer(request, "identity.read")
        asked, token = request.query_params, console.token(viewer)
        state = one_of(asked, "state", STATES, "open")
        department = asked.get("department", "") if CODE.fullmatch(asked.get("department", "")) else ""
        tally, desk = await asyncio.gather(
            console.neighbours.get("intake", "/v1/identity/tally", token),
            console.neighbours.get(
                "intake", "/v1/identity", token, state=state, department=department, after=asked.get("after"),
                limit=ROWS_MAX,
            ),
        )  # fmt: skip
        if not (tally.is_fine and desk.is_fine):
            return console.frame.unshown(request, viewer, "identity.title", "identity.away")
        words = console.frame.words(viewer.language)
        return console.frame.page(
            request, viewer, "identity.html", rows=[waits(one, viewer, words) for one in desk.body["items"]],
            sums=identity_sums(tally.body["items"]), state=state, department=department, states=STATES,
            pairs={"state": "" if state == "open" else state, "department": department}, next=desk.body["next"],
            after=asked.get("after"), as_of=as_instant(desk.body["as_of"]),
            said=one_of(asked, "said", ACTS),
        )  # fmt: skip

    @routes.get("/identity/{id}")
    async def one(request: Request, id: str) -> Response:
        return await _both(console, request, await console.viewer(request, "identity.read"), id)

    @routes.post("/identity/{id}/{act}")
    async def say(request: Request, id: str, act: str) -> Response:
        viewer = await console.viewer(request, "household.unmask" if act == "unmask" else "identity.match")
        given = await form_of(request, viewer)
        _checked(id)
        if act not in (*ACTS, "unmask"):
            raise refuse(404, "not_found", "There is no such act.")
        reason, chosen = reason_of(given), str(given.get("household_id") or "")
        number = text_of(given, "household_no", 64)
        token, written = console.token(viewer), {"reason": reason, "household_no": number, "act": act}
        if len(reason) < REASON_MIN:
            return await _both(console, request, viewer, id, 422, written | {"error": "form"})
        body: dict[str, str] = {"reason": reason}
        if act == "match":
            if number:
                chosen = await _by_number(console, token, number)
            if not chosen:
                return await _both(console, request, viewer, id, 422, written | {"error": "nobody"})
            body["household_id"] = chosen
        answer = await console.neighbours.post("intake", f"/v1/identity/{id}/{act}", token, body, kept_key(given))
        if act == "unmask":
            return await _both(console, request, viewer, id, unmasked=answer)
        if answer.is_fine:
            return to(f"/identity?said={act}")
        error = answer.code if answer.code in ("away", "household_not_found", "not_found") else "refused"
        return await _both(console, request, viewer, id, answer.status, written | {"error": error})

    return routes


def _checked(id: str) -> str:
    if not ID.fullmatch(id):
        raise refuse(404, "not_found", "Nothing of this name waits to be matched.")
    return id


async def _by_number(console: Console, token: str, number: str) -> str:
    """The registered household of a whole number; empty where there is none. A name or a person's own number that was
    typed instead goes into no address."""
    if not re.search("[0-9A-Za-z]", number) or is_of_a_person(number):
        return ""
    found = await console.neighbours.get("intake", "/v1/households", token, q=number, limit=2)
    items = found.body["items"] if found.is_fine else []
    return next((str(one["household_id"]) for one in items if one["household_no"] == number), "")


async def _both(
    console: Console, request: Request, viewer: Viewer, id: str, status: int = 200,
    written: Mapping[str, str] | None = None, unmasked: Answer | None = None,
) -> Response:  # fmt: skip
    answer = await console.neighbours.get("intake", f"/v1/identity/{_checked(id)}", console.token(viewer))
    if not answer.is_fine:
        return console.frame.unshown(request, viewer, "identity.title", "identity.away", "identity.gone", answer.status)
    words, body = console.frame.words(viewer.language), answer.body
    return console.frame.page(
        request, viewer, "identity_one.html", status, one=waits(body, viewer, words), sent=sent_told(body, words),
        candidates=[likely(each, words) for each in body["candidates"]], is_matchable=body["is_matchable"],
        may_match=viewer.may("identity.match"), written=written or {}, reason_min=REASON_MIN, reason_max=REASON_MAX,
        seen=unmasked.body if unmasked and unmasked.is_fine else None,
        unmask_failed=unmasked is not None and not unmasked.is_fine,
    )  # fmt: skip


def identity_sums(tally: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Urgent ones past their hours, urgent ones within, the others; and what people called not ours. Pure."""

    def of(**wanted: bool) -> int:
        return sum(one["count"] for one in tally if all(one[name] is value for name, value in wanted.items()))

    return {
        "late": of(is_urgent=True, is_late=True, is_answered=False),
        "urgent": of(is_urgent=True, is_late=False, is_answered=False),
        "other": of(is_urgent=False, is_answered=False), "open": of(is_answered=False),
        "not_ours": of(is_answered=True),
    }  # fmt: skip


def waits(item: Mapping[str, Any], viewer: Viewer, words: Words) -> dict[str, Any]:
    """One that waits, as its row says it. Pure."""
    is_clue = item["what"] == "clue"
    due = as_instant(item["due_at"]) if item["due_at"] and not item["not_ours"] else None
    return {
        "id": item["id"], "is_clue": is_clue, "is_urgent": item["is_urgent"],
        "title": words.code("cause", item["kind"]) if is_clue
        else f"{words.code('department', item['department'])} · {words.code('kind', item['kind'])}",
        "record_id": item["record_id"] or "", "name": item.get("display_name") or "",
        "place": region_name(str(item["region"])), "since": as_instant(item["since"]),
        "why": words("identity.reason.reported") if is_clue else words.code("identity.reason", item["reason"]),
        "left": remaining(due, viewer.now, "hours", words) if due else None, "not_ours": item["not_ours"],
        "household_id": item["household_id"],
    }  # fmt: skip


def sent_told(body: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """What was sent, masked, as lines. Pure."""
    subject, version = body["sent"]["subject"], body["sent"].get("version") or {}
    names = [(words.code("field", name), str(value)) for name, value in subject.items() if value and name != "region"]
    data = {name: value for name, value in (version.get("data") or {}).items() if name != "concerns"}
    bands = (version.get("data") or {}).get("concerns") or ()
    concerns = [words.concern(code) for code in body["concerns"]] + [words.of(one) for one in bands]
    return {
        "names": names, "fields": list(fields_told(data, words)), "occurred_on": version.get("occurred_on") or "",
        "concerns": words.joined(concerns), "channel": words.code("value", body["channel"]),
    }  # fmt: skip


def likely(one: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """A household that it may be. Pure."""
    return {
        **one, "place": region_name(str(one["region"])),
        "why": words.joined([words.code("identity.because", each) for each in one["because"]]),
    }  # fmt: skip
