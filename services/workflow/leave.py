"""Leave: an officer is away for some days; a deputy stands in, named with the leave or the grid's own.

What is due does not wait for anybody's return. The reason stays in the table; no fact carries it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import asyncpg
from pydantic import BaseModel, ConfigDict

from services.workflow import roster
from services.workflow.office import OfficerKey, field_error, keys_of, read_roster
from services.workflow.roster import Leave, Person, Roster
from services.workflow.rows import packed
from shared.access.tokens import Caller
from shared.contracts.envelope import event_id
from shared.domain.calendar import day_of
from shared.messaging.room import Decided, Decision, Input, Problem, State, Unit
from shared.postgres import queries

SQL = queries(__file__)

ENTER, END = "POST /v1/leaves", "POST /v1/leaves/ends"
DAYS_MAX = 366
"""Whoever is away longer has left the post: somebody else is assigned to it."""

Reason = Literal["annual", "sick", "family", "training", "seconded", "other"]

NO_OFFICER = Problem(404, "not_found", "There is no such officer in your area.")
NO_LEAVE = Problem(404, "not_found", "There is no such leave in your area.")
OVERLAPS = Problem(409, "overlaps", "This officer is on leave on some of these days already: end that leave first.")


class LeaveGiven(BaseModel):
    """The body of a leave. `until` is the first day back at work."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    officer_id: OfficerKey
    since: date
    until: date
    deputy_id: OfficerKey | None = None
    reason_code: Reason


@dataclass(frozen=True, slots=True)
class Enter:
    caller: Caller
    name: str
    given: LeaveGiven


@dataclass(frozen=True, slots=True)
class End:
    caller: Caller
    name: str
    leave_id: UUID


class Entering:
    """A leave is entered. The same one again changes nothing."""

    topic = ENTER
    looks_up_keys = True

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        return [await keys_of(connection, _named(input.body.given)) for input in inputs]

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        given: LeaveGiven = inputs[0].body.given
        return {("roster",): await _around(unit.connection, _named(given))}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        ask: Enter = input.body
        given, before, today = ask.given, state["roster",], day_of(now)
        person = before.people.get(given.officer_id)
        if person is None:
            return Decision(problem=NO_OFFICER)
        same = next((one for one in before.leaves if _is_same(one, given)), None)
        if same is not None:
            return Decision(answer=_answer(same, before, today), word="entered_before")
        wrong = _wrong(given, person, before, today)
        if wrong:
            return Decision(problem=Problem(422, "invalid", "Some fields cannot be used: see errors.", tuple(wrong)))
        if any(one.officer_id == given.officer_id and one.meets(given.since, given.until) for one in before.leaves):
            return Decision(problem=OVERLAPS)
        id_ = event_id(given.officer_id, "leave", given.since, now.isoformat())
        leave = Leave(id_, given.officer_id, given.since, given.until, given.deputy_id)
        after = replace(before, leaves=(*before.leaves, leave))
        row = {
            "leave_id": id_, "officer_id": given.officer_id, "since": given.since, "until": given.until,
            "deputy_id": given.deputy_id, "reason_code": given.reason_code, "entered_by": ask.name, "entered_at": now,
            "ended_on": None, "ended_by": None, "region": person.region, "grid": person.grid,
        }  # fmt: skip
        emits = roster.facts_of(before, after, now, today)
        return Decision(emits=emits, rows=(row,), answer=_answer(leave, after, today), word="entered")

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        rows = [row for one in decided for row in one.decision.rows]
        if rows:
            await unit.connection.execute(SQL.put, packed(rows))


class Ending:
    """A leave ends today, or one to come is called off. An ended one stays as it ended."""

    topic = END
    looks_up_keys = True

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        found = []
        for input in inputs:
            row = await connection.fetchrow(SQL.one, input.body.leave_id)
            found.append(await keys_of(connection, _people(row)) if row else [])
        return found

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        row = await unit.connection.fetchrow(SQL.one, inputs[0].body.leave_id)
        return {("leave",): row, ("roster",): await _around(unit.connection, _people(row)) if row else None}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        ask: End = input.body
        before: Roster | None = state["roster",]
        leave = next((one for one in before.leaves if one.leave_id == ask.leave_id), None) if before else None
        if before is None or leave is None:
            return Decision(problem=NO_LEAVE)
        today = day_of(now)
        if leave.end <= max(today, leave.since):
            return Decision(answer=_answer(leave, before, today), word="over")
        ended = replace(leave, ended_on=max(today, leave.since))
        after = replace(before, leaves=tuple(ended if one is leave else one for one in before.leaves))
        emits = roster.facts_of(before, after, now, today)
        return Decision(emits=emits, rows=((ended, ask.name),), answer=_answer(ended, after, today), word="ended")

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        for one in decided:
            for leave, name in one.decision.rows:
                await unit.connection.execute(SQL.end, leave.leave_id, leave.ended_on, name)


def _named(given: LeaveGiven) -> list[str]:
    return [one for one in (given.officer_id, given.deputy_id) if one is not None]


def _people(row: Any) -> list[str]:
    return [one for one in (row["officer_id"], row["deputy_id"]) if one is not None]


async def _around(connection: asyncpg.Connection, officers: Sequence[str]) -> Roster:
    """These people, and whoever else is in post where they are."""
    own = await read_roster(connection, officers)
    offices = {one.office_id for one in own.stays.values()}
    return await read_roster(connection, officers, offices, {one.grid for one in own.stays.values() if one.grid})


def _is_same(leave: Leave, given: LeaveGiven) -> bool:
    asked = (given.officer_id, given.since, given.until, given.deputy_id)
    return (leave.officer_id, leave.since, leave.until, leave.deputy_id) == asked and leave.ended_on is None


def _wrong(given: LeaveGiven, person: Person, known: Roster, today: date) -> list[dict[str, str]]:
    found = []
    if given.until <= given.since:
        found.append(field_error("until", "before_since", "The first day back comes after the first day away."))
    elif given.until <= today:
        found.append(field_error("until", "over", "This leave is over already."))
    elif given.until - given.since > timedelta(days=DAYS_MAX):
        found.append(field_error("until", "too_long", "Whoever is away for more than a year has left the post."))
    if given.deputy_id is not None and (code := _deputy_wrong(given, person, known)):
        found.append(field_error("deputy_id", code, _WHY[code]))
    return found


def _deputy_wrong(given: LeaveGiven, person: Person, known: Roster) -> str:
    deputy = known.people.get(given.deputy_id or "")
    if deputy is None:
        return "no_such_officer"
    if any(one.officer_id == deputy.officer_id and one.meets(given.since, given.until) for one in known.leaves):
        return "on_leave"
    offices = [{one.office_id for one in known.stays.values() if one.officer_id == id_ and one.end > given.since}
               for id_ in (person.officer_id, deputy.officer_id)]  # fmt: skip
    if person.role == "department" and not offices[0] & offices[1]:
        return "outside_the_area"
    return roster.may_stand_in(deputy, person)


_WHY = {
    "no_such_officer": "There is no such officer in your area.",
    "on_leave": "The deputy is on leave on some of these days.",
    "same_person": "The deputy is another person.",
    "outside_the_area": "The deputy does not reach this officer's place.",
    "does_not_act_there": "The deputy's role does not act where this officer does.",
    "cannot_sign": "Only an approver stands in for an approver.",
}


def _answer(leave: Leave, known: Roster, today: date) -> dict[str, Any]:
    """The leave, and who stands in where; nobody where no deputy is there."""
    standing = [one for one in roster.stand_ins(known, today).values() if one.stands_in_for == leave.officer_id]
    return {
        "leave_id": str(leave.leave_id),
        "officer_id": leave.officer_id,
        "since": leave.since.isoformat(),
        "until": leave.until.isoformat(),
        "deputy_id": leave.deputy_id,
        "ended_on": leave.ended_on.isoformat() if leave.ended_on else None,
        "stand_ins": [
            {"office_id": one.office_id, "officer_id": one.officer_id}
            for one in standing
            if leave.meets(one.since, one.until)
        ],
    }
