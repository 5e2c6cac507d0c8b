"""clue.reported: a declaration is answered at once to the household that made it (people's need A8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.notify.case_file import read_told, write_files
from services.notify.hearing import Hearing
from services.notify.household import answer_id, answered, message_of_clue
from shared.contracts.clue import ClueReported as Reported
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit


@dataclass(frozen=True, slots=True)
class ClueReported(Keyed):
    hearing: Hearing
    topic = "clue.reported"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        messages = [(message_of_clue(_word(input), input.body), input.body) for input in inputs]
        ids = [answer_id(message, event) for message, event in messages if message is not None]
        return {
            "told": await read_told(unit.connection, ids) if ids else frozenset(),
            "reach": self.hearing.reach(unit.now),
        }

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Reported = input.body
        message = message_of_clue(_word(input), event)
        if message is None:
            return Decision(word="nothing_to_tell")
        return answered(message, event, state["told"], state["reach"], now, input.traceparent)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await write_files(unit.connection, decided)


def _word(input: Input) -> str:
    event: Reported = input.body
    return event.type.split(".")[2]
