"""clue.reported: an appeal takes a refused case up again.

A report itself is screening's: a case opens on `warning.raised` alone. An objection to a notice is held by an
independent handler, and no case tells of it (people's need A4).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.workflow import cause
from services.workflow.case import CaseFile, read_files, read_refused, write_files
from services.workflow.household import ids
from services.workflow.stage import Because
from shared.contracts.clue import ClueReported as Reported
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit
from shared.policy import load


class ClueReported(Keyed):
    topic = "clue.reported"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        homes = {input.key: unit.home(input.key) for input in inputs if not input.key.startswith("office:")}
        households = ids({*homes, *homes.values()})
        files = await read_files(unit.connection, households)
        refused = await read_refused(unit.connection, set(households) - files.keys())
        state: State = {("homes",): homes, ("before",): (*files.values(), *refused.values())}
        state.update((("case", household), file) for household, file in files.items())
        state.update((("refused", household), file) for household, file in refused.items())
        return state

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Reported = input.body
        word = event.type.split(".")[2]
        if word != "appealed":
            return Decision(word=word)
        own, home = UUID(input.key), UUID(state[("homes",)][input.key])
        file: CaseFile | None = state.get(("case", own)) or state.get(("case", home))
        refused: CaseFile | None = state.get(("refused", own)) or state.get(("refused", home))
        because = Because(event.id, now, traceparent=input.traceparent)
        if file is not None and cause.is_being_told(file):
            move = cause.appealed(event, file, load(file.case.policy), because)
        elif file is not None:
            move = cause.appealed_beside(file, because)
        elif refused is not None:
            move = cause.appealed(event, refused, load(refused.case.policy), because)
        else:
            return Decision(word="no_case")
        return Decision(
            word=move.word,
            puts={("case", move.file.case.household_id): move.file},
            emits=move.emits,
            rows=(move.file, *move.steps),
        )

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await write_files(unit.connection, state[("before",)], decided)
