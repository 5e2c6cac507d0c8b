"""deadline.passed: a limit that has passed is told to whom the task is for, and to the village office's leader."""

from collections.abc import Sequence
from datetime import datetime

from services.notify.case_file import read_files, write_files
from services.notify.occasion import of_deadline
from services.notify.post import at_places
from services.notify.telling import CaseFile, tell
from shared.contracts.deadline import DeadlinePassed as Passed
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit

STEPS = frozenset({"passed"})
"""The steps of the ladder that are told to somebody."""


class DeadlinePassed(Keyed):
    topic = "deadline.passed"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        events: list[Passed] = [input.body for input in inputs]
        files = await read_files(unit.connection, (event.data.case_id for event in events))
        posts = await at_places(unit.connection, {one for event in events for one in (event.data.office, event.region)})
        return {("posts",): posts, **{("case", case_id): file for case_id, file in files.items()}}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Passed = input.body
        data = event.data
        file: CaseFile = state[("case", data.case_id)]
        if data.step not in STEPS:
            return Decision(word="nothing_to_tell")
        occasion = of_deadline(event, file.handed_over_by(data.hop, data.round, data.branch), now)
        if file.has_left(occasion):
            return Decision(word="place_left")
        return tell(file, occasion, state[("posts",)], now, input.traceparent)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await write_files(unit.connection, decided)
