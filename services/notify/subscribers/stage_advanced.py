"""stage.advanced: a task that arrived, or changed hands, is told to whom it is for; what was left is told no more; the
household hears its visit day, its public notice, its result and its help in plain words. Whoever
decides the task of a notice of his has acted on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import msgspec

from services.notify import acting
from services.notify.acting import Acted
from services.notify.audience import offices_above
from services.notify.case_file import read_files, write_files
from services.notify.hearing import Hearing
from services.notify.household import Message, answered, message_of_stage
from services.notify.notice import Notice
from services.notify.occasion import CLOSED, Occasion, of_stage
from services.notify.telling import CaseFile, ended, tell
from shared.contracts.stage import StageAdvanced as Advanced
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit
from shared.policy import Names, Policy, PolicyError, load

LEAVING = frozenset({"advanced", "returned", "rejected", "helped"})
ENDING = frozenset({"closed", "eliminated"})
"""A branch beside the main way that is done is `noted`, with the hop that it came from."""
ASKING = frozenset({"arrived", "reassigned", "near", "unread"})
"""What asks somebody to do the task: once it is another's, it is neither passed on nor sent. A passed limit stays."""
REOPENING = frozenset({"appealed", "remonitored"})


@dataclass(frozen=True, slots=True)
class StageAdvanced(Keyed):
    hearing: Hearing
    topic = "stage.advanced"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        events: list[Advanced] = [input.body for input in inputs]
        files = await read_files(unit.connection, (event.data.case_id for event in events))
        places = {place for event in events for place in offices_above(event.region, event.data.office or event.region)}
        around = await self.hearing.read_around(unit.connection, places, unit.now)
        acted = await acting.read(unit.connection, events)
        return {"around": around, **acted, **{("case", case_id): file for case_id, file in files.items()}}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Advanced = input.body
        word = event.type.split(".")[2]
        decision = acting.acted(self._officers(word, state, input, now), state, event, input.traceparent)
        message = message_of_stage(word, event, _basis(event, self.hearing.policy))
        return decision if message is None else self._with_household(message, decision, state, input, now)

    def _officers(self, word: str, state: State, input: Input, now: datetime) -> Decision:
        event: Advanced = input.body
        file: CaseFile = state[("case", event.data.case_id)]
        roll, reach = state["around"]
        match word:
            case "arrived":
                file, lifted = _reopened(file)
                occasion = replace(of_stage(event, "arrived", now), not_to=None)
                decision = tell(file, occasion, roll, reach, now, input.traceparent)
                return msgspec.structs.replace(decision, rows=(*lifted, *decision.rows))
            case "reassigned" if event.data.from_hop is None:
                file, moved = _moved(file, event)
                decision = tell(file, of_stage(event, "reassigned", now), roll, reach, now, input.traceparent)
                return msgspec.structs.replace(decision, rows=(*moved, *decision.rows))
            case _ if word in LEAVING or (word == "noted" and event.data.from_hop is not None):
                return ended(file, event.data.case_id, _at_task(file, event.data.task_id))
            case _ if word in ENDING:
                return ended(file, event.data.case_id, [*file.occasions.values(), of_stage(event, CLOSED, now)])
            case _ if word in REOPENING:
                file, lifted = _reopened(file)
                return Decision(word="reopened", puts={("case", event.data.case_id): file}, rows=tuple(lifted))
            case "reassigned":
                # Declined, and on its way to another hop, which tells it when it arrives.
                return ended(file, event.data.case_id, _at_task(file, event.data.task_id))
            case _:
                return Decision(word="nothing_to_tell")

    def _with_household(
        self, message: Message, decision: Decision, state: State, input: Input, now: datetime
    ) -> Decision:
        """What the officers' part leads to, and the household's message with it."""
        event: Advanced = input.body
        at = ("case", event.data.case_id)
        file: CaseFile = decision.puts.get(at, state[at])
        told = answered(message, event, file.notice_ids, state["around"][1], now, input.traceparent)
        notices = [row for row in told.rows if isinstance(row, Notice)]
        return msgspec.structs.replace(
            decision,
            word=told.word,
            puts={**decision.puts, at: file.put(notices=notices)},
            emits=(*decision.emits, *told.emits),
            rows=(*decision.rows, *told.rows),
        )

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await write_files(unit.connection, decided)
        acted = [row.notice_id for one in decided for row in one.decision.rows if isinstance(row, Acted)]
        await acting.mark(unit.connection, acted, unit.now)


def _moved(file: CaseFile, event: Advanced) -> tuple[CaseFile, list[Occasion]]:
    """What the former office has not heard, or not read, of this task is no concern of its people any more."""
    theirs = [one for one in _at_task(file, event.data.task_id) if one.retry_at is not None or one.step in ASKING]
    moved = [replace(one, state="moved", cause=None, retry_at=None) for one in theirs]
    return file.put(*moved), moved


def _reopened(file: CaseFile) -> tuple[CaseFile, list[Occasion]]:
    """A case that goes on after its end (an appeal, monitoring again) has limits to remind of once more."""
    lifted = [replace(one, state="told") for one in file.occasions.values() if _is_end(one)]
    return file.put(*lifted), lifted


def _is_end(one: Occasion) -> bool:
    return one.step == CLOSED and one.state == "ended"


def _at_task(file: CaseFile, task_id: UUID | None) -> list[Occasion]:
    """Every occasion of this task, and those of its place from before any task was open there."""
    known = [one for one in file.occasions.values() if not _is_end(one)]
    places = {one.place for one in known if task_id is not None and one.task_id == task_id}
    return [one for one in known if one.place in places and one.task_id in (None, task_id)]


def _basis(event: Advanced, default: Policy) -> Names | None:
    """A refusal's reason in the package's own words: who signs repeats the code that the handler proposed."""
    data = event.data
    if event.type.split(".")[2] != "rejected" or data.reason_code is None:
        return None
    try:
        policy = load(data.policy)
    except PolicyError:
        policy = default
    hops = [one for one in policy.route if one.hop in (data.from_hop, data.hop)]
    reasons = [reason for hop in hops for step in hop.steps for action in step.actions for reason in action.reasons]
    found = next((one for one in reasons if one.code == data.reason_code), None)
    return found.names if found else None
