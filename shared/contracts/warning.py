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


class Counterfactual(Frozen):
    """The smallest change of what a record says that would silence a finding: `field` of `record_id` such that the
    measured value is `comparison` `value`. `by`: how far it is from that now, in `unit`; `words` for township and
    above."""

    record_id: Word
    field: Word
    comparison: Literal["under", "at_most", "at_least", "over", "one_of", "before", "on_or_after"]
    value: Annotated[str, Field(max_length=200)]
    unit: Word
    by: Annotated[str, Field(max_length=40)] = ""
    words: Words


class Finding(Frozen):
    """One rule's answer: what was measured, against which threshold since when and by whose word, from which records;
    and what would have to be different for it to be silent. Of many `record_ids` names a hundred,
    the one that weighs most last; `records` is the number of all of them."""

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
    records: int | None = None
    explanation: Explanation
    threshold_since: date | None = None
    threshold_source: Text | None = None
    unless: Counterfactual | None = None


class Suppression(Frozen):
    """Why nobody is asked to visit, and the day on which the warning would speak by time alone, which `words` say too;
    `for_audit` marks the sample that people look at all the same."""

    reason: Literal["cool_down", "household_removed"]
    speaks_again_on: date | None = None
    for_audit: bool = False
    words: Words


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
    suppression: Suppression | None = None
    """Present while the state is `suppressed`."""


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
