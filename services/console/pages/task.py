"""/tasks/{id}: what is asked and until when, its form, why, the household, the path; claim and decide.

A decision carries the task's version, the session's CSRF token and an Idempotency-Key made with the form, so that a
double click decides once; what somebody else changed meanwhile is said kindly and nothing typed is lost.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from services.console import form, told, way
from services.console.console import Console
from services.console.frame import region_name, to
from services.console.neighbours import Answer
from services.console.posted import form_of, kept_key, new_key, text_of
from services.console.queue import group_of, unit_of
from services.console.remaining import as_instant
from services.console.session import Viewer
from services.console.told import Telling
from services.console.way import name_of, officer_of
from services.console.wording import Words
from shared.access.roles import grade, may_act_at
from shared.domain.division import trim
from shared.web.problems import refuse

COMMENT_MAX = 2000
ENTRIES_MAX, ENTRY_LENGTH_MAX = 200, 4000


@dataclass(frozen=True, slots=True)
class Filled:
    """What came with a POST that did not succeed, to be shown again."""

    posted: Mapping[str, list[str]]
    errors: Mapping[str, str]
    banner: str = ""
    banner_facts: Mapping[str, Any] | None = None
    key: str = ""


NOTHING = Filled({}, {})
SIGNED = ("sign", "appeal")
"""Steps that an approver decides; the service has the last word."""
NOT_THIS_PERSON = {
    "approver_needed": "task.approver_needed",
    "same_person": "task.same_person",
    "stood_back": "task.stood_back",
}
"""Why another one acts, by the service's code: each in its own words."""


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/tasks/{task_id}")
    async def task(request: Request, task_id: UUID) -> Response:
        viewer = await console.viewer(request, "task.read")
        answer = await console.neighbours.get("workflow", f"/v1/tasks/{task_id}", console.token(viewer))
        return await show(console, request, viewer, answer, NOTHING, request.query_params.get("action"))

    @routes.post("/tasks/{task_id}/claim")
    async def claim(request: Request, task_id: UUID) -> Response:
        viewer = await console.viewer(request, "task.claim")
        given = await form_of(request, viewer)
        key, token = kept_key(given), console.token(viewer)
        answer = await console.neighbours.post("workflow", f"/v1/tasks/{task_id}/claim", token, {}, key)
        if answer.is_fine:
            await console.await_emitted(viewer.caller, answer.body.get("emitted", ()))
            return to(f"/tasks/{task_id}")
        now = await console.neighbours.get("workflow", f"/v1/tasks/{task_id}", token)
        banner = {503: "task.away", 409: "task.already_claimed"}.get(answer.status, "task.refused")
        banner = NOT_THIS_PERSON.get(answer.code, banner)
        filled = Filled({}, {}, banner, {"code": answer.code})
        return await show(console, request, viewer, now, filled, None, answer.page_status)

    @routes.post("/tasks/{task_id}/decisions")
    async def decide(request: Request, task_id: UUID) -> Response:
        viewer = await console.viewer(request, "task.decide")
        given = await form_of(request, viewer, ENTRIES_MAX)
        return await _decide(console, request, viewer, task_id, given)

    return routes


# ── deciding ────────────────────────────────────────────────────────────────────────────────────────────────────


async def _decide(console: Console, request: Request, viewer: Viewer, task_id: UUID, given: FormData) -> Response:
    token, words = console.token(viewer), console.frame.words(viewer.language)
    now = await console.neighbours.get("workflow", f"/v1/tasks/{task_id}", token)
    posted, action = _posted(given), str(given.get("action", ""))
    if not now.is_fine:
        return await show(console, request, viewer, now, Filled(posted, {}, key=kept_key(given)), action)
    chosen = _action(now.body, action)
    if now.body.get("state") != "open" or chosen is None:
        # The second click of a double click, or somebody was quicker.
        if _is_decided_by(now.body, viewer.officer.officer_id):
            return to(f"/tasks/{task_id}?done=1")
        return await show(console, request, viewer, now, Filled(posted, {}, "task.changed"), None, 409)
    value, errors = form.read(await _schema(console, viewer, now.body, chosen), posted, words)
    reason = str(given.get("reason_code") or "") or None
    if reason is None and chosen.get("needs_reason") and chosen.get("reason_codes"):
        errors["reason_code"] = words("form.missing")
    if errors:
        filled = Filled(posted, errors, "task.fix", {"n": len(errors)}, kept_key(given))
        return await show(console, request, viewer, now, filled, action, 422)
    body = {"action": action, "form": value, "version": _version(given)}
    comment = text_of(given, "comment", COMMENT_MAX)
    body |= {name: text for name, text in (("reason_code", reason), ("comment", comment)) if text}
    answer = await console.neighbours.post("workflow", f"/v1/tasks/{task_id}/decisions", token, body, kept_key(given))
    if answer.is_fine:
        await console.await_emitted(viewer.caller, answer.body.get("emitted", ()))
        return to(f"/tasks/{task_id}?done=1")
    return await _refused(console, request, viewer, task_id, answer, Filled(posted, {}, key=kept_key(given)), action)


async def _refused(
    console: Console, request: Request, viewer: Viewer, task_id: UUID, answer: Answer, filled: Filled, action: str
) -> Response:
    """Say what was wrong, where, and keep what was typed. After a conflict the form is for the newest version."""
    errors = {
        ("reason_code" if one.get("field") == "reason_code" else form.named_error(str(one.get("field", "")))):
        _message(one, console.frame.words(viewer.language)) for one in answer.errors
    }  # fmt: skip
    banner = {503: "task.away", 409: "task.changed"}.get(answer.status, "task.fix" if errors else "task.refused")
    banner = NOT_THIS_PERSON.get(answer.code, banner)
    key = filled.key if answer.status == 503 else ""
    now = await console.neighbours.get("workflow", f"/v1/tasks/{task_id}", console.token(viewer))
    again = Filled(filled.posted, errors, banner, {"code": answer.code, "n": len(errors)}, key)
    return await show(console, request, viewer, now, again, action, answer.page_status)


def _message(one: Mapping[str, Any], words: Words) -> str:
    return words.of({"zh": one.get("message_zh") or one.get("message") or "", "en": one.get("message") or ""})


def _posted(given: FormData) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in given.multi_items():
        if isinstance(value, str) and (name.startswith("form.") or name in ("reason_code", "comment")):
            found.setdefault(name[:200], []).append(value[:ENTRY_LENGTH_MAX])
    return found


def _version(given: FormData) -> int:
    text = str(given.get("version", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _action(task: Mapping[str, Any], action: str | None) -> Mapping[str, Any] | None:
    actions = task.get("actions") or []
    return next((one for one in actions if one["action"] == action), None)


def _is_decided_by(task: Mapping[str, Any], officer_id: str) -> bool:
    """Whether this task's own newest decision is this officer's."""
    decided = [one for one in task.get("decisions") or () if str(one.get("task_id")) == str(task["task_id"])]
    return bool(decided) and officer_of(decided[-1]) == officer_id


def next_hop(task: Mapping[str, Any]) -> str:
    """Where a decided task's case is now; empty when it is still here, or nowhere, and of what ran beside its way."""
    if task.get("branch", "main") != "main" and task["hop"] != "department":
        return ""
    here = next((str(one["hop"]) for one in task.get("path") or () if one.get("state") == "here"), "")
    return here if here != task["hop"] else ""


# ── showing ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def show(
    console: Console,
    request: Request,
    viewer: Viewer,
    answer: Answer,
    filled: Filled,
    action: str | None,
    status: int = 200,
) -> Response:
    """The task's page in whatever state it is, or the one sentence why it cannot be shown."""
    if not answer.is_fine:
        if answer.status not in (404, 503):
            raise refuse(answer.status, answer.code, "This task cannot be shown.")
        return console.frame.unshown(request, viewer, "task.title", "task.away_read", "task.not_found", answer.status)
    task, words = answer.body, console.frame.words(viewer.language)
    acts = viewer.may("task.decide") and may_act_at(viewer.officer, str(task["hop"]), str(task.get("region") or ""))
    is_asked = acts and task.get("state") == "open"
    can_act = is_asked and not task.get("stood_back")
    home, contact, found = await asyncio.gather(
        console.household(viewer.caller, UUID(str(task["household_id"]))),
        _contact(console, viewer, task) if can_act and viewer.may("household.unmask") else _none(),
        console.neighbours.get("workflow", f"/v1/cases/{task['case_id']}", console.token(viewer)),
    )
    case: Mapping[str, Any] = found.body if found.is_fine else {}
    history = list(task.get("history") or ())
    path = list(task.get("path") or ())
    named = await console.officers(
        [task.get("claimed_by"), *map(officer_of, history), *way.people_of(path, case), *visitors_of(task)]
    )
    telling = Telling(words, grade(viewer.officer), viewer.now, named)
    spot, sent = way.current(task, case), prepared(task, telling)
    chosen = (_action(task, action) or (task.get("actions") or [None])[0]) if can_act else None
    schema = await _schema(console, viewer, task, chosen) if chosen else {}
    return console.frame.page(
        request, viewer, "task.html", status,
        task=task, home=home, contact=contact, can_act=can_act, acts=acts, chosen=chosen, filled=filled, named=named,
        unit=unit_of(task, words), why=why_of(task.get("why"), words), form_key=filled.key or new_key(),
        drawn=form.draw(schema, words, filled.posted, filled.errors) if chosen else None,
        reasons=reasons_of(chosen, words) if chosen else [], is_done=request.query_params.get("done") == "1",
        history=[_entry(one, telling) for one in history], village=region_name(str(task.get("region") or "")),
        stations=way.stations(path, case, named, words), next_hop=next_hop(task),
        clock_from=clock_from(task, spot), spot=spot, prepared=sent,
        step=words.step(task["hop"], task.get("step")),
        not_this_person=not_this_person(task, sent, viewer) if is_asked else None,
        concerns=[words.concern(code) for code in task.get("concerns") or ()],
        group=group_of(task),
    )  # fmt: skip


async def _schema(
    console: Console, viewer: Viewer, task: Mapping[str, Any], chosen: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The form's schema; where it asks for officers, those who may go to this household, by name."""
    schema: Mapping[str, Any] = chosen.get("form_schema") or {}
    if not form.asks_for_officers(schema):
        return schema
    return form.offered(schema, near(task, await console.in_post(), console.frame.words(viewer.language)))


def near(task: Mapping[str, Any], in_post: Sequence[Any], words: Words) -> dict[str, str]:
    """Whoever may visit, by masked name and role: the village's people, the household's group, the township. Pure."""
    region, grid = str(task.get("region") or ""), task.get("grid")
    village = [one for one in in_post if one["region"] == region and one["office_kind"] == "village_committee"]
    group = [one for one in in_post if one["office_id"] == grid]
    township = [one for one in in_post if one["office_kind"] == "township" and trim(one["region"]) == region[:9]]
    return {
        one["officer_id"]: f"{one['display_name']} · {words.code('role', one['role'])}"
        for one in (*village, *group, *township)
    }


def clock_from(task: Mapping[str, Any], place: Mapping[str, Any]) -> datetime:
    """From when the hop's limit runs: the sending of the case to the hop, not the opening of its task."""
    if place:
        return as_instant(place["sent_at"])
    path = task.get("path") or ()
    here = [one["at"] for one in path if one["hop"] == task["hop"] and one.get("state") == "here" and one.get("at")]
    return as_instant(here[0] if here else task["opened_at"])


async def _none() -> None:
    return None


async def _contact(console: Console, viewer: Viewer, task: Mapping[str, Any]) -> Mapping[str, Any]:
    """Full name, telephone and address for an open task of one's own office: intake audits it."""
    path, body = f"/v1/households/{task['household_id']}/unmask", {"task_id": str(task["task_id"])}
    answer = await console.neighbours.post("intake", path, console.token(viewer), body)
    return answer.body if answer.is_fine else {"is_away": answer.status == 503}


def why_of(why: Any, words: Words) -> str:
    """The graded explanation, in whichever form it comes."""
    if isinstance(why, Mapping):
        return words.of(why.get("explanation") or why)
    return str(why or "")


def reasons_of(action: Mapping[str, Any], words: Words) -> list[tuple[str, str]]:
    """(code, name) of what may be given as a reason, where one is needed."""
    named = {str(one["code"]): words.of(one.get("title") or one) for one in action.get("reasons") or ()}
    codes = [str(code) for code in action.get("reason_codes") or ()]
    return [(code, named.get(code) or words.code("reason", code)) for code in codes]


def _entry(one: Mapping[str, Any], telling: Telling) -> dict[str, Any]:
    """A line of the history, told as the timeline tells it."""
    officer_id = officer_of(one)
    row = {
        "type": str(one["type"]), "at": as_instant(one["at"]), "what": one, "exact": {}, "officer_id": officer_id,
        "department": None, "record_id": None,
    }  # fmt: skip
    return {
        "at": row["at"], "text": told.sentence(row, telling), "comment": one.get("comment") or "",
        "officer": name_of(officer_id, telling.officers),
    }  # fmt: skip


def prepared(task: Mapping[str, Any], telling: Telling) -> dict[str, Any] | None:
    """Who sent the case to this step, and in which words: what a signature is asked for. None at the first step."""
    here = (task["hop"], task.get("step"), task.get("round"), task.get("branch"))
    sent = [
        one for one in task.get("history") or ()
        if (one.get("hop"), one.get("step"), one.get("round"), one.get("branch")) == here
        and one.get("word") in ("advanced", "returned", "rejected") and officer_of(one)
    ]  # fmt: skip
    if not sent:
        return None
    last, words = sent[-1], telling.words
    # By its task and instant: of one decision that asks several departments each has a step of its own.
    told_in: Mapping[str, Any] = next(
        (
            one for one in task.get("decisions") or ()
            if (one["task_id"], one["at"]) == (last["task_id"], last["at"])
        ), {}
    )  # fmt: skip
    at = last.get("from_hop") or last["hop"]
    reason = last.get("reason_code")
    return {
        "officer_id": officer_of(last), "officer": name_of(officer_of(last), telling.officers),
        "at": as_instant(last["at"]),
        "action": words.action(at, last.get("action")),
        "reason": words.reason(at, last.get("action"), reason) if reason else "",
        "told": told.form_told(told_in.get("form") or {}, telling),
    }  # fmt: skip


def visitors_of(task: Mapping[str, Any]) -> list[str]:
    """Who went to the household, as decisions name them."""
    return [one for made in task.get("decisions") or () for one in (made.get("form") or {}).get(told.VISITORS) or ()]


def not_this_person(task: Mapping[str, Any], sent: Mapping[str, Any] | None, viewer: Viewer) -> str | None:
    """Why this viewer does not act here, said before anything is typed; None where nothing is known against it."""
    if task.get("stood_back"):
        return "task.stood_back"
    if task.get("step") not in SIGNED:
        return None
    if viewer.officer.capacity != "approver":
        return "task.approver_needed"
    is_own = task["step"] == "sign" and sent is not None and sent["officer_id"] == viewer.officer.officer_id
    return "task.same_person" if is_own else None
