"""warning.raised: screening's one open warning per household: raised, strengthened, weakened, suppressed, withdrawn.

Produced by screening alone. Each event carries the warning's whole state, findings and explanation in two grades:
`exact` for township and above, `band` for village and group (they see the concern, never a sum or a disease).
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts.envelope import Event
from shared.contracts.types import UUID, AwareDatetime, Frozen, Level, Text, Word, date


class Words(Frozen):
    """One sentence or a few, in both languages."""

    zh: Text
    en: Text


class Explanation(Frozen):
    exact: Words
    band: Words


class Finding(Frozen):
    """One rule's answer: what was measured, against which threshold, from which records."""

    finding_id: UUID
    rule: Word
    department: Word
    concern: Word
    level: Level
    value: Annotated[str, Field(max_length=40)]
    threshold: Annotated[str, Field(max_length=40)]
    unit: Word
    threshold_verified: bool
    occurred_on: date
    record_ids: tuple[Word, ...]
    explanation: Explanation


class WarningState(Frozen):
    warning_id: UUID
    household_id: UUID
    household_no: Word | None = None
    state: Literal["open", "suppressed", "withdrawn", "closed"]
    cause: Literal["declaration", "clue", "finding", "opinion"] = "finding"
    level: Level
    is_green: bool = False
    provisional: bool
    policy: Word
    raised_at: AwareDatetime
    clock_started_at: AwareDatetime
    concerns: tuple[Word, ...]
    new_concerns: tuple[Word, ...] = ()
    findings: tuple[Finding, ...]
    explanation: Explanation


class WarningRaised(Event):
    family: ClassVar[str] = "warning.raised"
    type: Literal[
        "shouwang.warning.raised.v1",
        "shouwang.warning.strengthened.v1",
        "shouwang.warning.weakened.v1",
        "shouwang.warning.suppressed.v1",
        "shouwang.warning.withdrawn.v1",
    ]
    data: WarningState
