"""A grid's worker, deputy and office, changed at once; the counts by which a grid that needs a hand is flagged.

Method 6: 20 to 100 households, one worker, one deputy. A grid outside that is flagged, never refused: nobody goes
without a grid because a village has grown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import asyncpg
from pydantic import BaseModel, ConfigDict

from services.workflow import roster
from services.workflow.office import OfficeId, OfficerKey, field_error, keys_of, read_roster, write_stays
from services.workflow.roster import ONE_EACH, Person, Roster, Stay
from services.workflow.rows import packed
from shared.access.roles import ONE_GRID
from shared.access.tokens import Caller
from shared.domain.calendar import day_of
from shared.messaging.room import Decided, Decision, Input, Problem, State, Unit
from shared.postgres import queries

SQL = queries(__file__)

PUT_GRID = "PUT /v1/grids"
SIZES = ("grid.households_least", "grid.households", "grid.households_most")
"""The policy package's figures of a grid's size."""

MAY_HOLD = frozenset({"grid_worker", "group_leader", "village", "resident_team"})
"""Who may look after a grid: whoever acts at the group's hop."""

NOT_FOUND = Problem(404, "not_found", "There is no such grid in your area: give its office to open a new one.")


class Holders(BaseModel):
    """The body of a change. What is left out stays; null leaves the post empty."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    worker: OfficerKey | None = None
    deputy: OfficerKey | None = None
    office: OfficeId | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes which grid, and how."""

    caller: Caller
    grid: str
    given: Holders

    @property
    def region(self) -> str:
        return self.grid[:12]

    @property
    def named(self) -> list[str]:
        return [one for one in (self.given.worker, self.given.deputy) if one is not None]


class Grids:
    """The change as a call of the unit of work."""

    topic = PUT_GRID
    looks_up_keys = True

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        found = []
        for input in inputs:
            change: Change = input.body
            office = await connection.fetchval(SQL.office_of, change.grid)
            offices = {one for one in (office, change.given.office) if one}
            found.append(await keys_of(connection, change.named, offices, [change.grid]))
        return found

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        change: Change = inputs[0].body
        office = await unit.connection.fetchval(SQL.office_of, change.grid)
        offices = [one for one in (office, change.given.office) if one]
        known = await read_roster(unit.connection, change.named, offices, [change.grid])
        return {("office",): office, ("roster",): known}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        change: Change = input.body
        was: str | None = state["office",]
        office, before, today = change.given.office or was, state["roster",], day_of(now)
        if office is None or not change.caller.region_from <= change.region <= change.caller.region_to:
            return Decision(problem=NOT_FOUND)
        wrong = _wrong(change, before)
        if wrong:
            return Decision(problem=Problem(422, "invalid", "Some fields cannot be used: see errors.", tuple(wrong)))
        after, moved = _changed(change, office, before, today)
        emits = roster.facts_of(before, after, now, today)
        holders = {post: after.holder(change.grid, post, today) for post in ONE_EACH}
        answer = {"grid": change.grid, "office_id": office, "changed": len(emits)}
        answer |= {post: one.officer_id if one else None for post, one in holders.items()}
        row = {"grid": change.grid, "office_id": office, "region": change.region} if office != was else None
        return Decision(emits=emits, rows=(row, moved, before, after), answer=answer)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        for one in decided:
            row, moved, before, after = one.decision.rows
            if row is not None:
                await unit.connection.execute(SQL.put, packed([row]))
            if moved:
                await unit.connection.execute(SQL.move, [person.officer_id for person in moved], moved[0].grid)
            await write_stays(unit.connection, before, after)


def _wrong(change: Change, known: Roster) -> list[dict[str, str]]:
    found = []
    given = change.given
    if given.worker is not None and given.worker == given.deputy:
        found.append(field_error("deputy", "same_person", "The deputy is another person than the worker."))
    office = known.offices.get(given.office) if given.office else None
    if given.office is not None and (office is None or office.region != change.region):
        found.append(
            field_error("office", "no_such_office", "A grid's office is one of its own village: load it first.")
        )
    for field in ONE_EACH:
        officer_id = getattr(given, field)
        person = known.people.get(officer_id) if officer_id else None
        if officer_id and person is None:
            found.append(field_error(field, "no_such_officer", "There is no such officer in your area."))
        elif person is not None and (person.role not in MAY_HOLD or person.region != change.region):
            found.append(
                field_error(field, "not_of_this_village", "A grid is looked after by somebody of its village.")
            )
    return found


def _changed(change: Change, office: str, before: Roster, today: date) -> tuple[Roster, list[Person]]:
    """The roster from today on, and the people whose own grid is another one now."""
    now_there = {post: before.holder(change.grid, post, today) for post in ONE_EACH}
    wanted = {post: _wanted(change, post, now_there[post]) for post in ONE_EACH}
    stays = dict(before.stays)
    left = [
        one.key
        for post, one in now_there.items()
        if one is not None and (one.officer_id, one.office_id) != (wanted[post], office)
    ]
    stays = roster.relieved(stays, left, today)
    for post, officer_id in wanted.items():
        one = now_there[post]
        if officer_id is None or (one is not None and one.key not in left):
            continue
        stay = Stay(officer_id, office, post, today, None, change.region, change.grid)
        stays = roster.appointed(stays, [stay], moves=before.people[officer_id].role in ONE_GRID)
    moved = [
        replace(before.people[one], grid=change.grid)
        for one in change.named
        if before.people[one].role in ONE_GRID and before.people[one].grid != change.grid
    ]
    people = dict(before.people) | {one.officer_id: one for one in moved}
    return replace(before, people=people, stays=stays), moved


def _wanted(change: Change, post: str, now_there: Stay | None) -> str | None:
    """Who is to hold a post; whoever is given the grid's other one leaves this one."""
    if post in change.given.model_fields_set:
        return getattr(change.given, post)  # type: ignore[no-any-return]
    if now_there is None or now_there.officer_id in change.named:
        return None
    return now_there.officer_id
