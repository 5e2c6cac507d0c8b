"""What an officer sees: the tasks of the desk, most urgent first, and one task whole.

Reads under the caller's row scope. An explanation has two grades: exact for township and above, a band for village and
group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.workflow import branch, history, pause
from services.workflow.case import Case, Place, case_of, record
from services.workflow.deciding import actions_at, asked_at, form_of
from services.workflow.form import schema_of
from services.workflow.hops import HOPS
from services.workflow.office import posts_of
from services.workflow.route import VISIT, counted_from, office_at
from shared.access.roles import Grade
from shared.domain.calendar import day_of, is_provisional
from shared.policy import Names, Policy, load
from shared.postgres import queries

SQL = queries(__file__)

Urgency = tuple[datetime, int, UUID]
"""Where a task stands in the list: until when, how grave (RANK_MAX is the mildest), which one."""
RANK_MAX = 2


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a list of tasks; None narrows nothing."""

    state: str = "open"
    hop: str | None = None
    office: str | None = None
    household_id: UUID | None = None
    household_no: str | None = None
    level: str | None = None
    lateness: str | None = None
    claimed_by: str | None = None
    department: str | None = None


async def listed(
    connection: asyncpg.Connection, filters: Filters, after: Urgency, limit: int
) -> tuple[list[dict[str, Any]], Urgency | None]:
    """A page of tasks behind the one that stood last, the most urgent first, and which stands last on it."""
    rows = await connection.fetch(
        SQL.list,
        filters.state,
        filters.hop,
        filters.office,
        filters.household_id,
        filters.household_no,
        filters.level,
        filters.lateness,
        filters.claimed_by,
        *after,
        limit,
        filters.department,
    )
    last = rows[-1] if len(rows) == limit else None
    return [item(row) for row in rows], (last["due_at"], last["rank"], last["task_id"]) if last else None


def item(row: asyncpg.Record) -> dict[str, Any]:
    """One task as a list shows it."""
    shown = {
        name: value
        for name, value in row.items()
        if name not in ("policy", "sent_at", "rank", "declared_at", "place_id")
    }
    limit = _limit(load(row["policy"]), row)
    return shown | {"concerns": list(row["concerns"]), "limit": limit}


def _limit(policy: Policy, row: asyncpg.Record) -> dict[str, Any]:
    _, limit = counted_from(policy, row["hop"], row["step"], row["level"], row["sent_at"], row["declared_at"])
    return {"amount": limit.amount, "unit": limit.unit}


async def whole(
    connection: asyncpg.Connection, task_id: UUID, viewer: str, grade: Grade, department: str | None = None
) -> dict[str, Any] | None:
    """One task with its question, clock, actions, path and history; None where the caller's scope shows none.

    A department sees its own branches alone; whoever stood back from the case as a relative is offered nothing.
    """
    row = await connection.fetchrow(SQL.one, task_id)
    if row is not None and department is not None and not branch.is_own(dict(row), department):
        return None
    found = await connection.fetchrow(SQL.case, row["case_id"]) if row else None
    there = await connection.fetchrow(SQL.place, row["place_id"]) if row else None
    if row is None or found is None or there is None:
        return None
    case, place = case_of(found), record(Place, there)
    now: datetime = await connection.fetchval(SQL.now)
    shown, has_stood_back = item(row), viewer in case.stood_back
    acts = row["state"] == "open" and not has_stood_back
    return shown | {
        "question": _named(HOPS[place.hop].QUESTIONS[place.step]),
        "why": why(case, grade),
        "clock": {
            "opened_at": row["opened_at"],
            "due_at": place.due_at,
            "journey_due_at": case.journey_due_at,
            "limit": shown["limit"],
            "provisional": _is_provisional(place, shown["limit"]["unit"]),
        },
        "actions": await _actions(connection, case, place, now) if acts else [],
        "stood_back": has_stood_back,
        "path": await path(connection, case),
        **await story(connection, case.case_id, department),
    }


def _is_provisional(place: Place, unit: str) -> bool:
    """Whether the due day may still move: it was counted over working days of a year that is not announced."""
    last = day_of(place.due_at - timedelta(microseconds=1))
    return unit == "working_days" and is_provisional(day_of(place.sent_at), last)


def why(case: Case, grade: Grade) -> dict[str, Any]:
    """The newest warning's explanation in the caller's grade."""
    return {"zh": case.explanation[grade]["zh"], "en": case.explanation[grade]["en"], "grade": grade}


async def _actions(connection: asyncpg.Connection, case: Case, place: Place, now: datetime) -> list[dict[str, Any]]:
    policy = load(case.policy)
    offices = sorted({place.office, office_at(VISIT, case.region, case.grid)})
    asked = asked_at(policy, case, place, await posts_of(connection, offices), now)
    return [
        {
            "action": one.code,
            "title": _named(one.names),
            "form_schema": schema_of(form_of(place, one.code), asked),
            "needs_reason": one.needs_reason,
            "reason_codes": [reason.code for reason in one.reasons] if one.needs_reason else [],
            "reasons": [{"code": reason.code, "title": _named(reason.names)} for reason in one.reasons],
            "evidence": [
                {"code": each.code, "title": _named(each.names), "required": each.is_required}
                for each in policy.hop(place.hop).evidence
            ],
        }
        for one in actions_at(policy, case, place, now)
    ]


def _named(names: Names) -> dict[str, str]:
    return {"zh": names.zh, "en": names.en}


async def path(connection: asyncpg.Connection, case: Case) -> list[dict[str, Any]]:
    """The hops of the case's route: done, here, ahead; each with its last round on the main way."""
    rows = await connection.fetch(SQL.main_places, case.case_id)
    last: Mapping[str, asyncpg.Record] = {row["hop"]: row for row in rows}
    live = next((row for row in rows if row["state"] != "ended"), None)
    passed = [stop.hop for stop in case.route]
    here = passed.index(live["hop"]) if live else len(passed)
    return [_station(stop.hop, at, here, last.get(stop.hop), passed) for at, stop in enumerate(case.route)]


def _station(hop: str, at: int, here: int, row: asyncpg.Record | None, route: Sequence[str]) -> dict[str, Any]:
    if row is None or at > here:
        nothing: dict[str, Any] = dict.fromkeys(("step", "at", "officer", "due_at", "round"))
        return {"hop": hop, "state": "ahead", "returned": False, **nothing}
    is_here = at == here
    return {
        "hop": hop,
        "state": "here" if is_here else "done",
        "step": row["step"],
        "at": row["sent_at"] if is_here else row["ended_at"],
        "officer": row["claimed_by"] if is_here else row["ended_by"],
        "due_at": row["due_at"],
        "round": row["round"],
        "returned": row["from_hop"] is not None and route.index(row["from_hop"]) > at,
    }


async def story(connection: asyncpg.Connection, case_id: UUID, department: str | None = None) -> dict[str, Any]:
    """A case's steps, what was told in its forms, and who was told of it, oldest first; a department's share of it."""
    steps: Sequence[asyncpg.Record] = await connection.fetch(history.SQL.of_case, case_id)
    notices: Sequence[asyncpg.Record] = await connection.fetch(history.SQL.notices_of_case, case_id)
    forms: Sequence[asyncpg.Record] = await connection.fetch(history.SQL.decisions_of_case, case_id)
    found = {
        "history": [dict(row) for row in steps],
        "notices": [dict(row) for row in notices],
        "decisions": [_decision(row) for row in forms],
    }
    return found if department is None else branch.story_of(found, department)


def _decision(row: asyncpg.Record) -> dict[str, Any]:
    """A decision with its form's entries in the order in which the form asks: the database keeps none."""
    shown, told = dict(row), orjson.loads(row["form"])
    hop, action = shown.pop("hop"), row["action"]
    form = pause.FORMS.get(action) or (HOPS[hop].FORMS.get(action) if hop else None)
    names = form.model_fields if form else ()
    return shown | {"form": {name: told[name] for name in (*names, *told) if name in told}}


async def whole_case(
    connection: asyncpg.Connection, case_id: UUID, grade: Grade, department: str | None = None
) -> dict[str, Any] | None:
    """One case with its places, path and history; None where the caller's scope shows none.

    A department sees its own branch of a case that it was asked to help, and no other case.
    """
    row = await connection.fetchrow(SQL.case, case_id)
    if row is None:
        return None
    case, places = case_of(row), [dict(one) for one in await connection.fetch(SQL.places, case_id)]
    asked = case.departments
    if department is not None:
        if not any(branch.is_own(one, department) for one in places):
            return None
        places, asked = branch.on_its_way(places, department), (department,)
    names = (
        "case_id", "household_id", "state", "level", "cause", "policy", "concerns", "warning_ids", "is_confirmed",
        "is_green", "result", "appeal_until", "rounds", "pauses",
        "clock_started_at", "journey_due_at", "opened_at", "closed_at", "closed_because", "region", "grid",
    )  # fmt: skip
    return {
        **{name: getattr(case, name) for name in names},
        **dict(await connection.fetchrow(SQL.household, case.household_id) or {}),
        "departments": asked,
        "route": [one.hop for one in case.route],
        "why": why(case, grade),
        "places": places,
        "path": await path(connection, case),
        **await story(connection, case_id, department),
    }
