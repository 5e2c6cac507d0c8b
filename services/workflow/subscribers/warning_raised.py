"""warning.raised: opens the household's one case, or tells it to the open one; takes a withdrawn cause away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.workflow import cause
from services.workflow.case import CaseFile, Move, read_files, write_files
from services.workflow.household import ids, residences_of
from services.workflow.stage import Because
from shared.contracts.warning import WarningRaised as Raised
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit
from shared.policy import load


@dataclass(frozen=True, slots=True)
class WarningRaised(Keyed):
    """`policy` is the package with which a new case opens; an open one keeps its own."""

    policy: str
    topic: str = "warning.raised"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        """The open cases of the households, and of those that they were merged into."""
        homes = {input.key: unit.home(input.key) for input in inputs}
        households = ids({*homes, *homes.values()})
        files = await read_files(unit.connection, households)
        residences = await residences_of(unit.connection, households)
        state: State = {("homes",): homes, ("residences",): residences, ("before",): tuple(files.values())}
        state.update((("case", household), file) for household, file in files.items())
        return state

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Raised = input.body
        own, home = UUID(input.key), UUID(state[("homes",)][input.key])
        file: CaseFile | None = state.get(("case", own)) or state.get(("case", home))
        because = Because(event.id, now, traceparent=input.traceparent)
        match event.type.split(".")[2]:
            case "suppressed":
                return Decision(word="suppressed")
            case "withdrawn":
                move = cause.withdrawn(event, file, because) if file else None
            case "weakened":
                move = cause.weakened(event, file, because) if file else None
            case _ if file is None:
                move = cause.opened(event, home, load(self.policy), because, state[("residences",)].get(home))
            case _:
                move = cause.strengthened(event, file, load(file.case.policy), because)
        return _decision(move) if move else Decision(word="no_case")

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await write_files(unit.connection, state[("before",)], decided)


def _decision(move: Move) -> Decision:
    case = move.file.case
    open_file = None if case.state == "closed" else move.file
    return Decision(
        word=move.word,
        puts={("case", case.household_id): open_file},
        emits=move.emits,
        rows=(move.file, *move.steps),
    )
