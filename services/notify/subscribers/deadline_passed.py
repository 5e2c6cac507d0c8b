"""deadline.passed: the handler hears before the limit, then with each step somebody higher."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.notify.audience import offices_above
from services.notify.case_file import read_files, write_files
from services.notify.hearing import Hearing
from services.notify.occasion import of_deadline
from services.notify.telling import CaseFile, tell
from shared.contracts.deadline import DeadlinePassed as Passed
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit


@dataclass(frozen=True, slots=True)
class DeadlinePassed(Keyed):
    hearing: Hearing
    topic = "deadline.passed"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        events: list[Passed] = [input.body for input in inputs]
        files = await read_files(unit.connection, (event.data.case_id for event in events))
        places = {place for event in events for place in offices_above(event.region, event.data.office)}
        around = await self.hearing.read_around(unit.connection, places, unit.now)
        return {"around": around, **{("case", case_id): file for case_id, file in files.items()}}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Passed = input.body
        data = event.data
        file: CaseFile = state[("case", data.case_id)]
        known = file.known_of(data.task_id, data.hop, data.round, data.branch)
        occasion = of_deadline(event, known, file.handed_over_by(data.hop, data.round, data.branch), now)
        if file.has_left(occasion):
            return Decision(word="place_left")
        roll, reach = state["around"]
        return tell(file, occasion, roll, reach, now, input.traceparent)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await write_files(unit.connection, decided)
