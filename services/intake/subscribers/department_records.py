"""departments.<code>.records: what a department sends, over its topic and over HTTP alike. Method 3.

One instance a department, named as its topic. A record that cannot be read is an outcome (rejected), never a failure;
what we fail on over HTTP is rejected too (`not_handled`), with an alarm.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from services.intake import feed, whose
from services.intake.arrival import arrive, refuse_record
from services.intake.batch import raise_counts
from services.intake.record import Refused, Sent
from services.intake.rejection import Fault
from services.intake.scene import REGISTER, keys_of_records, load_scene, not_locked, save_scene
from services.intake.vault import Vault
from shared.clock import civil_date
from shared.contracts.topics import department_topic
from shared.messaging.faults import BeginAgain
from shared.messaging.room import Decided, Decision, Input, State, Unit
from shared.policy import Policy

REGISTER_TOPIC = department_topic(REGISTER)


@dataclass(frozen=True, slots=True)
class DepartmentRecords:
    topic: str
    vault: Vault
    alarm: Callable[[str], None]
    policy: Policy

    @property
    def looks_up_keys(self) -> bool:
        """Of the register's office: who awaits a household and who moves into it are asked again under the locks."""
        return self.topic == REGISTER_TOPIC

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        sents = _sents(inputs)
        return [await keys_of_records(connection, sents)] if sents else []

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        sents = _sents(inputs)
        state = await load_scene(unit, sents, self.vault)
        if not self.looks_up_keys and (others := not_locked(unit, state, sents)):
            raise BeginAgain(others)
        return state

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        body: Sent | Refused = input.body
        line = input.place.offset if input.place else body.origin.line
        if isinstance(body, Refused):
            return refuse_record(body, line)
        return arrive(state, body, line, now, input.traceparent)

    def give_up(self, input: Input, cause: str, now: datetime) -> Decision:
        """Over HTTP nothing waits: halving found this one record, and somebody is told."""
        body: Sent | Refused = input.body
        self.alarm("record_not_handled")
        refused = Refused(body.department, Fault("not_handled"), body.record_id, body.origin)
        return refuse_record(refused, body.origin.line)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await save_scene(unit, state, decided, self.vault)
        await raise_counts(unit.connection, decided)
        await feed.add(unit.connection, decided, unit.now, self.policy)
        await whose.mark_red(unit.connection, decided, self.policy, civil_date(unit.now))


def _sents(inputs: Sequence[Input]) -> list[Sent]:
    return [one.body for one in inputs if isinstance(one.body, Sent)]
