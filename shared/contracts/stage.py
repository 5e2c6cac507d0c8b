"""stage.advanced: where a case stands after each step, who took it and why.

Produced by workflow alone. `noted` tells a case something that does not move it (a warning grew stronger, its cause
was withdrawn after a difficulty had been confirmed).
"""

from typing import ClassVar, Literal

from shared.contracts.envelope import Event
from shared.contracts.types import UUID, AwareDatetime, Count, Frozen, Hop, Level, Word, date


class Actor(Frozen):
    """Who acted. A machine's step has no officer."""

    officer_id: Word | None = None
    role: Word | None = None


class Stage(Frozen):
    """`hop` and `step` are where the case is now (or is going, for `advanced`); `from_hop` where it came from.

    `result` is what was decided of the household, once it is; `planned_on` the day of a visit, `notice_until` the last
    day of the public notice, `appeal_until` the last day on which a refusal may be appealed against.
    """

    case_id: UUID
    household_id: UUID
    warning_id: UUID | None = None
    cause: Literal["declaration", "clue", "finding", "opinion"] = "finding"
    policy: Word
    level: Level
    concerns: tuple[Word, ...] = ()
    hop: Hop | None = None
    step: Word | None = None
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
    is_green: bool = False
    result: Literal["identified", "refused", "helped"] | None = None
    planned_on: date | None = None
    notice_until: date | None = None
    appeal_until: date | None = None
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
