"""data.changed: a fact of a household became true, was corrected or withdrawn; the household is judged again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from services.screening.facts import pruned, replaced
from services.screening.judging import day_of, judged
from services.screening.subscribers.digests import digest_of, loaded, write_rows
from shared.contracts.data import DataChanged as Changed
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit
from shared.policy import Policy
from shared.postgres import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class DataChanged(Keyed):
    policy: Policy
    topic: str = "data.changed"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        return loaded(unit, inputs)

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Changed = input.body
        home, digest = digest_of(state, input)
        facts = pruned(replaced(digest.facts, event.data), event.data.department, day_of(now))
        after = msgspec.structs.replace(digest, facts=facts, newest_at=max(event.time, digest.newest_at or event.time))
        return judged(after, home, event, self.policy, now)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await _append(unit, [one.input.body for one in decided])
        await write_rows(unit.connection, decided)


async def _append(unit: Unit, events: Sequence[Changed]) -> None:
    await unit.connection.execute(
        SQL.append,
        [event.id for event in events],
        [event.data.household_id for event in events],
        [event.data.department for event in events],
        [event.data.kind for event in events],
        [event.data.record_id for event in events],
        [event.data.version for event in events],
        [event.type.split(".")[2] for event in events],
        [event.data.occurred_on for event in events],
        [event.data.known_at for event in events],
        [_said(event.data.values) for event in events],
        [event.region for event in events],
        [event.grid for event in events],
    )


def _said(values: Any) -> str | None:
    return None if values is None else str(values.model_dump_json())
