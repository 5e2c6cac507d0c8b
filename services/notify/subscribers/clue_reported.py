"""clue.reported: a declaration is answered at once to the household that made it.

Whoever declared, or tells something red, and is in no register is told to those who match it, and again when their
hours are over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notify.audience import offices_above
from services.notify.case_file import read_files, read_told, write_files
from services.notify.hearing import Hearing
from services.notify.household import answer_id, answered, message_of_clue
from services.notify.occasion import of_unmatched
from services.notify.telling import tell
from shared.contracts.clue import ClueReported as Reported
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit


@dataclass(frozen=True, slots=True)
class ClueReported(Keyed):
    hearing: Hearing
    topic = "clue.reported"

    async def keys(self, connection: object, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        """One that nobody has matched comes under its county's key; its notices go out under the household's."""
        return [
            (input.key, str(input.body.data.household_id)) if _is_to_be_matched(input) else (input.key,)
            for input in inputs
        ]

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        messages = [(message_of_clue(_word(input), input.body), input.body) for input in inputs]
        ids = [answer_id(message, event) for message, event in messages if message is not None]
        unmatched: list[Reported] = [input.body for input in inputs if _is_to_be_matched(input)]
        files = await read_files(unit.connection, (one.data.clue_id for one in unmatched)) if unmatched else {}
        places = {place for one in unmatched for place in offices_above(one.region, one.region[:6])}
        return {
            "told": await read_told(unit.connection, ids) if ids else frozenset(),
            "reach": self.hearing.reach(unit.now),
            "around": await self.hearing.read_around(unit.connection, places, unit.now) if unmatched else None,
            **{("case", clue_id): file for clue_id, file in files.items()},
        }

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Reported = input.body
        if _is_to_be_matched(input):
            occasion = of_unmatched(event, self._matched_within(), now)
            roll, reach = state["around"]
            return tell(state[("case", event.data.clue_id)], occasion, roll, reach, now, input.traceparent)
        message = message_of_clue(_word(input), event)
        if message is None:
            return Decision(word="nothing_to_tell")
        return answered(message, event, state["told"], state["reach"], now, input.traceparent)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await write_files(unit.connection, decided)

    def _matched_within(self) -> timedelta:
        return timedelta(hours=int(self.hearing.policy.value("identity.matched").value))


def _word(input: Input) -> str:
    event: Reported = input.body
    return event.type.split(".")[2]


def _is_to_be_matched(input: Input) -> bool:
    """Unmatched, and within hours: a declaration, or something red. The others are on the county's list."""
    if input.cause is not None or _word(input) != "unmatched":
        return False
    clue = input.body.data
    return bool(clue.cause == "declaration" or clue.is_green or clue.level == "red")
