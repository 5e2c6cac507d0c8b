"""household.registered: keeps the small copy. A merged household's open case goes to the other, if it has none."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from services.workflow import household
from services.workflow.case import SQL
from shared.contracts.household import HouseholdRegistered as Registered
from shared.messaging.room import Decided, Decision, Input, State, Unit


class HouseholdRegistered:
    topic = "household.registered"
    looks_up_keys = False

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        return [(input.key, *_target(input.body)) for input in inputs]

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        targets = {target for input in inputs if input.cause is None for target in _target(input.body)}
        return {("home", target): unit.home(target) for target in targets}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Registered = input.body
        homes = [state["home", target] for target in _target(event)]
        return Decision(
            rows=(household.of(event.data),),
            merged=dict.fromkeys([input.key], homes[0]) if homes and homes[0] != input.key else {},
            word=event.data.status,
        )

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await household.put(unit.connection, [row for one in decided for row in one.decision.rows])
        merged = {UUID(key): UUID(home) for one in decided for key, home in one.decision.merged.items()}
        if merged:
            await unit.connection.execute(SQL.move_cases, list(merged), list(merged.values()))


def _target(event: Registered) -> tuple[str, ...]:
    """The key of the household that this one was merged into."""
    return (str(event.data.merged_into),) if event.data.merged_into else ()
