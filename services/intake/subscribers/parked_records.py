"""Parked records whose turn has come to be asked again, by the loop or by a person who matched one.

An input has no key of its own: what must be locked is looked up (`keys`). Its body is an `Ask`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import asyncpg

from services.intake import identity
from services.intake.arrival import ask_again
from services.intake.identity import Unknown
from services.intake.record import key_of
from services.intake.scene import keys_of_records, load_parked, load_scene, save_scene
from services.intake.vault import Vault
from shared.messaging.room import DUPLICATE, PARKED, Decided, Decision, Input, State, Unit

PARKED_RECORDS = "parked.records"


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask again about one parked record; `matched` is the household that a person has said it is about."""

    department: str
    record_id: str
    matched: UUID | None = None

    def as_input(self) -> Input:
        return Input(PARKED_RECORDS, "", None, self)


@dataclass(frozen=True, slots=True)
class ParkedRecords:
    vault: Vault
    topic: str = PARKED_RECORDS
    looks_up_keys: ClassVar[bool] = True

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        """The keys of the records themselves, of everybody whom they touch, and of whom a person has named."""
        asks: list[Ask] = [one.body for one in inputs]
        parked = await load_parked(connection, [(one.department, one.record_id) for one in asks], self.vault)
        found = set(await keys_of_records(connection, [one.sent for one in parked])) if parked else set()
        found |= {key_of(one.department, one.record_id) for one in asks}
        found |= {str(one.matched) for one in asks if one.matched}
        return [sorted(found)]

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        asks: list[Ask] = [one.body for one in inputs]
        parked = await load_parked(unit.connection, [(one.department, one.record_id) for one in asks], self.vault)
        matched = [one.matched for one in asks if one.matched]
        state = await load_scene(unit, [one.sent for one in parked], self.vault, parked, matched)
        for one in parked:
            state["parked", one.sent.key] = one
        return state

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        ask: Ask = input.body
        parked = state.get(("parked", key_of(ask.department, ask.record_id)))
        if parked is None:
            return Decision(DUPLICATE, "told_already")
        return ask_again(state, parked, now, ask.matched)

    def give_up(self, input: Input, cause: str, now: datetime) -> Decision:
        """Left as it is, with what it awaits; the loop comes again, and the record is on the county's list."""
        return Decision(PARKED, "not_handled")

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await save_scene(unit, state, decided, self.vault)
        still: list[tuple[Ask, Unknown | None]] = [
            (one.input.body, one.decision.answer) for one in decided if one.decision.outcome == PARKED
        ]
        if still:
            await unit.connection.execute(
                identity.SQL.postpone,
                [ask.department for ask, _ in still],
                [ask.record_id for ask, _ in still],
                [unknown.reason if unknown else None for _, unknown in still],
                [unknown.awaits if unknown else None for _, unknown in still],
                identity.RETRY_FIRST_SECONDS,
                identity.RETRY_MAX_SECONDS,
            )
