"""Calls that report, match, take back, appeal and complain: each one input, decided under its household's lock.

No topic of Kafka's: people's calls go through the same unit of work, by the worker, their place checked in code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import asyncpg

from services.intake import clue, complaint, declaration, identity
from services.intake.channels.objection import ObjectionForm
from services.intake.clue import Earlier, MatchRow, Reported
from services.intake.complaint import Complained, Noticed
from services.intake.declaration import Spoken
from services.intake.identity import Seat
from services.intake.put_off import PUT_OFF, PutOff, save_put_off
from services.intake.vault import Vault
from shared.messaging.room import DUPLICATE, REJECTED, Decided, Decision, Input, Keyed, Problem, State, Unit

REPORTS, MATCHES, ANSWERS, COMPLAINTS = "clues.reported", "clues.matched", "clues.answered", "clues.held"


@dataclass(frozen=True, slots=True)
class ReportedClues:
    vault: Vault
    topic: str = REPORTS
    looks_up_keys: ClassVar[bool] = True

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        bodies: list[Reported] = [one.body for one in inputs]
        return [
            clue.keys_of_report(one, await clue.find_household(connection, one, self.vault)) for one in bodies
        ]  # fmt: skip

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        state: State = {}
        for one in inputs:
            reported: Reported = one.body
            state["found", reported.clue_id] = await clue.find_household(unit.connection, reported, self.vault)
        return state

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        return clue.report(state, input.body, now)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        rows = [row for one in decided for row in one.decision.rows]
        await clue.save_matches(unit.connection, [row for row in rows if isinstance(row, MatchRow)])
        for row in rows:
            if isinstance(row, clue.ClueRow):
                await clue.insert_clue(unit.connection, row, self.vault, unit.now)


@dataclass(frozen=True, slots=True)
class MatchedBy:
    """A provisional household is a registered one: by its ID number, or by a person's word."""

    household_id: UUID
    target: UUID

    def as_input(self) -> Input:
        return Input(MATCHES, str(self.household_id), None, self)


@dataclass(frozen=True, slots=True)
class MatchedClues:
    topic: str = MATCHES
    looks_up_keys: ClassVar[bool] = False

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        return [(input.key, str(input.body.target)) for input in inputs]

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        asked: list[MatchedBy] = [one.body for one in inputs]
        state: State = {}
        for row in await unit.connection.fetch(clue.SQL.of_provisional, [one.household_id for one in asked]):
            state.setdefault(("first", row["household_id"]), Earlier(**row))
        for row in await unit.connection.fetch(identity.SQL.seats, [one.target for one in asked]):
            state["seat", row["household_id"]] = Seat(row["region"], row["grid"], row["is_active"])
        return state

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        match: MatchedBy = input.body
        first, seat = state.get(("first", match.household_id)), state.get(("seat", match.target))
        if first is None:
            return Decision(DUPLICATE, answer="matched_already")
        if seat is None or not seat.is_active:
            return Decision(problem=Problem(404, "household_not_found", "There is no such household in your area."))
        row = MatchRow(match.household_id, match.target, seat)
        emit = clue.merged(first, match.target)
        return Decision(puts={("first", match.household_id): None}, emits=(emit,), rows=(row,), answer="matched")

    def give_up(self, input: Input, cause: str, now: datetime) -> Decision:
        """Put off; the loop alarms. It is on the county's list meanwhile."""
        return Decision(REJECTED, "put_off", rows=(PutOff(f"household:{input.key}", now + PUT_OFF),))

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        rows = [row for one in decided for row in one.decision.rows]
        await clue.save_matches(unit.connection, [row for row in rows if isinstance(row, MatchRow)])
        await save_put_off(unit.connection, decided)


@dataclass(frozen=True, slots=True)
class AnsweredDeclarations(Keyed):
    """A declarer takes back what was declared, or appeals against a refusal."""

    vault: Vault
    topic: str = ANSWERS

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        bodies: list[Spoken] = [one.body for one in inputs]
        return {
            ("standing", one.declared.clue_id): await declaration.standing(unit.connection, one.declared)
            for one in bodies
        }

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        spoken: Spoken = input.body
        return declaration.answered(spoken, state["standing", spoken.declared.clue_id], now)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        for one in decided:
            for row in one.decision.rows:
                await declaration.save_answer(unit.connection, row, self.vault, unit.now)


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """One complaint; `form` is an objection's, that its household may be looked for among those on a notice."""

    complained: Complained
    form: ObjectionForm | None = None


@dataclass(frozen=True, slots=True)
class HeldComplaints:
    vault: Vault
    topic: str = COMPLAINTS
    looks_up_keys: ClassVar[bool] = True

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        found = [await self._noticed(connection, one.body) for one in inputs]
        return [(str(one.household_id),) if one else () for one in found]

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        return {
            ("noticed", one.body.complained.complaint_id): await self._noticed(unit.connection, one.body)
            for one in inputs
        }

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        held: Held = input.body
        return complaint.complain(held.complained, state["noticed", held.complained.complaint_id], now)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        for one in decided:
            for row in one.decision.rows:
                await complaint.insert_complaint(unit.connection, row, self.vault, unit.now)

    async def _noticed(self, connection: asyncpg.Connection, held: Held) -> Noticed | None:
        form = held.form
        if form is None:
            return None
        number = self.vault.household_id(form.household_no) if form.household_no else None
        return await complaint.noticed_household(connection, self.vault, form.region, form.name, number)
