"""stage.advanced: a task that arrived, or changed hands, is told to whom it is for; what was left is told no more."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.notify.case_file import read_files, write_files
from services.notify.occasion import CLOSED, Occasion, of_stage
from services.notify.post import at_places
from services.notify.telling import CaseFile, ended, tell
from shared.contracts.stage import StageAdvanced as Advanced
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit

LEAVING = frozenset({"advanced", "returned", "rejected"})
ENDING = frozenset({"closed", "eliminated"})


class StageAdvanced(Keyed):
    topic = "stage.advanced"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        events: list[Advanced] = [input.body for input in inputs]
        files = await read_files(unit.connection, (event.data.case_id for event in events))
        places = {event.data.office or event.region for event in events} | {event.region for event in events}
        posts = await at_places(unit.connection, places)
        return {("posts",): posts, **{("case", case_id): file for case_id, file in files.items()}}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Advanced = input.body
        file: CaseFile = state[("case", event.data.case_id)]
        match event.type.split(".")[2]:
            case "arrived":
                occasion = replace(of_stage(event, "arrived", now), not_to=None)
                return tell(file, occasion, state[("posts",)], now, input.traceparent)
            case "reassigned":
                file, moved = _moved(file, event)
                decision = tell(file, of_stage(event, "reassigned", now), state[("posts",)], now, input.traceparent)
                return replace(decision, rows=(*moved, *decision.rows))
            case word if word in LEAVING:
                return ended(file, event.data.case_id, _at_task(file, event.data.task_id))
            case word if word in ENDING:
                return ended(file, event.data.case_id, [*file.occasions.values(), of_stage(event, CLOSED, now)])
            case _:
                return Decision(word="nothing_to_tell")

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await write_files(unit.connection, decided)


def _moved(file: CaseFile, event: Advanced) -> tuple[CaseFile, list[Occasion]]:
    """What the former office has not heard of this task it need not hear any more."""
    waiting = [one for one in _at_task(file, event.data.task_id) if one.retry_at is not None]
    moved = [replace(one, state="moved", cause=None, retry_at=None) for one in waiting]
    return file.put(*moved), moved


def _at_task(file: CaseFile, task_id: UUID | None) -> list[Occasion]:
    """Every occasion at the place of this task, those from before it was open too."""
    known = list(file.occasions.values())
    places = {one.place for one in known if task_id is not None and one.task_id == task_id}
    return [one for one in known if one.place in places]
