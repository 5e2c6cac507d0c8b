"""stage.advanced: where a case stands after each step, who took it and why.

Produced by workflow alone. `noted` tells a case something that does not move it (a warning grew stronger, its cause
was withdrawn after a difficulty had been confirmed).
"""

from typing import ClassVar, Literal

from shared.contracts.envelope import Event
from shared.contracts.types import UUID, AwareDatetime, Count, Frozen, Hop, Level, Word


class Actor(Frozen):
    """Who acted. A machine's step has no officer."""

    officer_id: Word | None = None
    role: Word | None = None


class Stage(Frozen):
    """`hop` is where the case is now (or is going, for `advanced`); `from_hop` where it came from."""

    case_id: UUID
    household_id: UUID
    warning_id: UUID | None = None
    cause: Literal["declaration", "clue", "finding", "opinion"] = "finding"
    policy: Word
    level: Level
    concerns: tuple[Word, ...] = ()
    hop: Hop | None = None
    from_hop: Hop | None = None
    round: Count = 1
    branch: Word = "main"
    office: Word | None = None
    task_id: UUID | None = None
    task_version: Count | None = None
    due_at: AwareDatetime | None = None
    journey_due_at: AwareDatetime | None = None
    clock_started_at: AwareDatetime
    action: Word | None = None
    reason_code: Word | None = None
    actor: Actor = Actor()


class StageAdvanced(Event):
    family: ClassVar[str] = "stage.advanced"
    type: Literal[
        "shouwang.stage.opened.v1",
        "shouwang.stage.arrived.v1",
        "shouwang.stage.advanced.v1",
        "shouwang.stage.returned.v1",
        "shouwang.stage.rejected.v1",
        "shouwang.stage.paused.v1",
        "shouwang.stage.resumed.v1",
        "shouwang.stage.reassigned.v1",
        "shouwang.stage.appealed.v1",
        "shouwang.stage.helped.v1",
        "shouwang.stage.eliminated.v1",
        "shouwang.stage.closed.v1",
        "shouwang.stage.remonitored.v1",
        "shouwang.stage.noted.v1",
    ]
    data: Stage
