"""clue.reported: an appeal takes a refused case up again, whatever has been opened or closed since.

A report itself is screening's: a case opens on `warning.raised` alone. An objection to a notice is held by an
independent handler, and no case tells of it.
"""

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from services.workflow import cause
from services.workflow.case import CaseFile, Move, move_files, read_files, read_refused, write_files
from services.workflow.household import ids, residences_of
from services.workflow.residence import moved
from services.workflow.stage import Because
from shared.contracts.clue import ClueReported as Reported
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit
from shared.policy import load


class ClueReported(Keyed):
    topic = "clue.reported"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        appeals = [input for input in inputs if _word(input) == "appealed"]
        homes = {input.key: unit.home(input.key) for input in appeals}
        households = ids({*homes, *homes.values()})
        files = await read_files(unit.connection, households)
        refused = await read_refused(unit.connection, households)
        residences = await residences_of(unit.connection, households)
        state: State = {("homes",): homes, ("residences",): residences, ("before",): (*files.values(), *refused)}
        state.update((("case", household), file) for household, file in files.items())
        state.update(closed_by_refusal(refused))
        return state

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Reported = input.body
        if _word(input) != "appealed":
            return Decision(word=_word(input))
        own, home = UUID(input.key), UUID(state[("homes",)][input.key])
        file: CaseFile | None = state.get(("case", own)) or state.get(("case", home))
        because = Because(event.id, now, traceparent=input.traceparent)
        if file is not None and event.data.case_id in (None, file.case.case_id) and cause.is_being_told(file):
            return _taken_up(event, file, because)
        if file is not None and event.data.case_id == file.case.case_id:
            return _decision(cause.appealed_again(file, because))
        refused = _refused(state, event.data.case_id, (own, home))
        if refused is None:
            return Decision(word="no_case")
        if file is None:
            residence = state[("residences",)].get(home)
            there = moved(refused, refused.case.household_id, residence, because).file if residence else refused
            return _taken_up(event, there, because)
        return _beside(event, file, refused, because)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        rows = [row for one in decided for row in one.decision.rows]
        await move_files(unit.connection, state[("before",)], [row for row in rows if isinstance(row, CaseFile)])
        await write_files(unit.connection, state[("before",)], decided)


def closed_by_refusal(files: Iterable[CaseFile]) -> dict[Hashable, Any]:
    """Refused and closed cases, the last one of a household first, as a state holds them."""
    state: dict[Hashable, Any] = {}
    for file in files:
        household = ("refused of", file.case.household_id)
        state[household] = (*state.get(household, ()), file.case.case_id)
        state["refused", file.case.case_id] = file
    return state


def _word(input: Input) -> str:
    return str(input.body.type.split(".")[2])


def _refused(state: State, case_id: UUID | None, households: Sequence[UUID]) -> CaseFile | None:
    """The refused case that an appeal names; the household's last one, where an older fact names none."""
    known = [one for household in households for one in state.get(("refused of", household), ())]
    found = [state["refused", one] for one in known if case_id in (None, one)]
    return next((one for one in found if one.case.state == "closed"), None)


def _taken_up(event: Reported, file: CaseFile, because: Because) -> Decision:
    policy = load(file.case.policy)
    if not cause.may_be_appealed(file.case, policy, because.now):
        return Decision(word="appeal_answered")
    return _decision(cause.appealed(event, file, policy, because))


def _beside(event: Reported, file: CaseFile, refused: CaseFile, because: Because) -> Decision:
    """One open case a household: the earlier one stays closed and remembers its appeal."""
    if not cause.may_be_appealed(refused.case, load(refused.case.policy), because.now):
        return Decision(word="appeal_answered")
    move = cause.appealed_beside(event, file, refused.case, load(file.case.policy), because)
    remembers = replace(refused, case=replace(refused.case, appeals=refused.case.appeals + 1))
    decision = _decision(move)
    puts = {**decision.puts, ("refused", refused.case.case_id): remembers}
    return replace(decision, puts=puts, rows=(remembers, *decision.rows))


def _decision(move: Move) -> Decision:
    case = move.file.case
    puts: dict[Hashable, Any] = {
        ("case", case.household_id): move.file, ("refused", case.case_id): move.file,
    }  # fmt: skip
    return Decision(word=move.word, puts=puts, emits=move.emits, rows=(move.file, *move.steps))
