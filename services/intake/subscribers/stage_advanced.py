"""stage.advanced: which household has which open task at which office, so that its officer sees whom to visit;
and where its case stands, so that its declarer can hear it."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from services.intake import task
from services.intake.progress import after_stage, load_cases, save_progress
from services.intake.task import OpenTask
from shared.contracts.stage import StageAdvanced
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit

ENDS_THE_CASE = frozenset({"rejected", "eliminated", "closed"})
ENDS_A_TASK = frozenset({"advanced", "returned", "helped", "remonitored"})
BEGINS_ANEW = frozenset({"appealed", "remonitored"})
"""The main way is taken up elsewhere, and what was open on it is cancelled."""


@dataclass(frozen=True, slots=True)
class StageAdvancedTasks(Keyed):
    topic: ClassVar[str] = "stage.advanced"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        cases = list({one.body.data.case_id for one in inputs if one.body is not None})
        found: dict[UUID, list[OpenTask]] = {}
        for one in await task.load_tasks(unit.connection, cases):
            found.setdefault(one.case_id, []).append(one)
        progress = await load_cases(unit.connection, cases)
        return {("tasks", case_id): tuple(found.get(case_id, ())) for case_id in cases} | {
            ("progress", case_id): one for case_id, one in progress.items()
        }

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: StageAdvanced = input.body
        name, stands = ("tasks", event.data.case_id), ("progress", event.data.case_id)
        puts: dict[Hashable, Any] = {
            name: after(state.get(name, ()), event),
            stands: after_stage(state.get(stands), event),
        }
        return Decision(puts=puts)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        cases = list({one.input.body.data.case_id for one in decided})
        await task.save_tasks(unit.connection, cases, [one for id_ in cases for one in state["tasks", id_]])
        await save_progress(unit.connection, [state["progress", id_] for id_ in cases])


def after(tasks: tuple[OpenTask, ...], event: StageAdvanced) -> tuple[OpenTask, ...]:
    """A case's open tasks after one step of it."""
    stage, word = event.data, event.type.split(".")[2]
    if word in ENDS_THE_CASE:
        return ()
    if word == "arrived" and stage.task_id and stage.office and stage.hop:
        new = OpenTask(
            stage.task_id, stage.case_id, stage.household_id, stage.hop, stage.round, stage.branch, stage.office,
            event.region, event.grid,
        )  # fmt: skip
        return (*(one for one in tasks if one.task_id != new.task_id), new)
    if word in BEGINS_ANEW:
        tasks = tuple(one for one in tasks if one.branch != stage.branch)
    # A branch that ends is `noted` or `reassigned` with the hop it left.
    if word in ENDS_A_TASK or (word in ("noted", "reassigned") and stage.from_hop is not None):
        return tuple(one for one in tasks if not _is_done(one, event))
    if word == "reassigned" and stage.office:
        return tuple(_elsewhere(one, event) if one.task_id == stage.task_id else one for one in tasks)
    return tasks


def _elsewhere(one: OpenTask, event: StageAdvanced) -> OpenTask:
    """The task at its new office; with its household, where that has moved or was merged."""
    stage = event.data
    office = stage.office or one.office
    return replace(one, household_id=stage.household_id, office=office, region=event.region, grid=event.grid)


def _is_done(one: OpenTask, event: StageAdvanced) -> bool:
    """The task that was decided: by its id, else by the hop that the case has left."""
    stage = event.data
    left = stage.from_hop or stage.hop
    return one.task_id == stage.task_id or (one.hop == left and one.branch == stage.branch)
