"""deadline.passed: a limit of a case drew near or passed, told once a step by workflow's alarm."""

from typing import ClassVar, Literal

from shared.contracts.envelope import Event
from shared.contracts.types import UUID, AwareDatetime, Count, Frozen, Hop, Level, Word

LadderStep = Literal["near", "passed", "urged", "supervised", "reported"]
"""Reminded, overdue, urged, supervised, reported, in this order."""


class Passed(Frozen):
    """`due_at` is the limit itself, `fired_at` the due instant of this step (not when the alarm got round to it).

    `supervisor` is the office one level above the one that is late.
    """

    deadline_id: UUID
    case_id: UUID
    household_id: UUID
    hop: Hop
    round: Count
    branch: Word = "main"
    office: Word
    supervisor: Word | None = None
    task_id: UUID | None = None
    level: Level
    step: LadderStep
    due_at: AwareDatetime
    fired_at: AwareDatetime


class DeadlinePassed(Event):
    family: ClassVar[str] = "deadline.passed"
    type: Literal[
        "shouwang.deadline.near.v1",
        "shouwang.deadline.passed.v1",
        "shouwang.deadline.urged.v1",
        "shouwang.deadline.supervised.v1",
        "shouwang.deadline.reported.v1",
    ]
    data: Passed
