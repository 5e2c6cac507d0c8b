"""hop.<name>: only the hop's own group opens its task; a stale round or branch is acknowledged and counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.workflow.case import CaseFile, read_files, write_files
from services.workflow.household import ids
from services.workflow.stage import Because, arrived
from shared.contracts.hop import HopEntered as Entered
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit


@dataclass(frozen=True, slots=True)
class HopEntered(Keyed):
    topic: str

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        """The cases where the facts say, and of the households that those were merged into."""
        homes = {input.key: unit.home(input.key) for input in inputs}
        files = await read_files(unit.connection, ids({*homes, *homes.values()}))
        state: State = {("homes",): homes, ("before",): tuple(files.values())}
        state.update((("case", household), file) for household, file in files.items())
        return state

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Entered = input.body
        entered = event.data
        own, home = UUID(input.key), UUID(state[("homes",)][input.key])
        file: CaseFile | None = state.get(("case", own)) or state.get(("case", home))
        place = file.at(entered.hop, entered.step or "", entered.round, entered.branch) if file else None
        if file is None or place is None or place.state != "on_its_way" or place.case_id != entered.case_id:
            return Decision(word="stale")
        because = Because(event.id, now, traceparent=input.traceparent, causation_id=event.causationid)
        move = arrived(file, place, because)
        return Decision(
            word="arrived",
            puts={("case", move.file.case.household_id): move.file},
            emits=move.emits,
            rows=(move.file, *move.steps),
        )

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await write_files(unit.connection, state[("before",)], decided)
