"""household.registered: keeps the small copy, and an open case where its household lives. A merged household's goes to
the other, if that has none."""

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.workflow import household
from services.workflow.case import CaseFile, Move, move_files, read_files, write_files
from services.workflow.household import Household, Residence, ids, residences_of
from services.workflow.residence import moved
from services.workflow.stage import Because
from shared.contracts.household import HouseholdRegistered as Registered
from shared.messaging.room import Decided, Decision, Input, State, Unit

MOVED = "moved"


class HouseholdRegistered:
    topic = "household.registered"
    looks_up_keys = False

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        return [(input.key, *_target(input.body)) for input in inputs]

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        targets = {target for input in inputs if input.cause is None for target in _target(input.body)}
        homes = {target: unit.home(target) for target in targets}
        files = await read_files(unit.connection, ids({*(input.key for input in inputs), *homes.values()}))
        residences = await residences_of(unit.connection, ids(homes.values()))
        state: State = {("before",): tuple(files.values())}
        state.update((("home", target), home) for target, home in homes.items())
        state.update((("case", household_id), file) for household_id, file in files.items())
        state.update((("residence", household_id), residence) for household_id, residence in residences.items())
        return state

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Registered = input.body
        kept, home = household.of(event.data), _merged_into(state, input)
        because = Because(event.id, now, action=MOVED, traceparent=input.traceparent, is_aside=True)
        move = _merged(state, kept, UUID(home), because) if home else _moved(state, kept, because)
        puts: dict[Hashable, Any] = {("residence", kept.household_id): kept.residence}
        if home:
            puts["home", input.key] = home
        if move is not None:
            puts |= {("case", kept.household_id): None, ("case", move.file.case.household_id): move.file}
        return Decision(
            rows=(kept, move.file, *move.steps) if move is not None else (kept,),
            merged={input.key: home} if home else {},
            puts=puts,
            emits=move.emits if move is not None else (),
            word=event.data.status,
        )

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        rows = [row for one in decided for row in one.decision.rows]
        await household.put(unit.connection, [row for row in rows if isinstance(row, Household)])
        before = state[("before",)]
        await move_files(unit.connection, before, [row for row in rows if isinstance(row, CaseFile)])
        await write_files(unit.connection, before, decided)


def _target(event: Registered) -> tuple[str, ...]:
    """The key of the household that this one was merged into."""
    return (str(event.data.merged_into),) if event.data.merged_into else ()


def _merged_into(state: State, input: Input) -> str | None:
    """The household that this record merges its own into; None where it merges nothing."""
    homes = [_home(state, target) for target in _target(input.body)]
    return homes[0] if homes and homes[0] != input.key else None


def _home(state: State, key: str) -> str:
    """The household that this one is by now: what was merged before, or a moment ago, followed to the end."""
    home: str = state.get(("home", key), key)
    return home if home == key else _home(state, home)


def _moved(state: State, kept: Household, because: Because) -> Move | None:
    file: CaseFile | None = state.get(("case", kept.household_id))
    return moved(file, kept.household_id, kept.residence, because) if file is not None else None


def _merged(state: State, kept: Household, home: UUID, because: Because) -> Move | None:
    """Its open case is the other one's, and lives with it; where that has its own, both stay open and are there.

    Nothing is moved before the register has told where that is.
    """
    file: CaseFile | None = state.get(("case", kept.household_id))
    if file is None:
        return None
    owner = home if state.get(("case", home)) is None else kept.household_id
    residence = state.get(("residence", home), Residence(file.case.region, file.case.grid))
    return moved(file, owner, residence, because)
