"""What screening's calls answer, for its OpenAPI document."""

from typing import Literal

from shared.contracts.types import UUID, AwareDatetime, Level, date
from shared.web.document import InBoth, Reply, Shape, Shapes


class ChangeShown(Reply):
    """What would have to be different of which record for the answer to be the other one; `by`: how far it is now."""

    record_id: str
    field: str
    comparison: str
    value: str
    unit: str
    by: str
    words: InBoth | None = None


class SuppressionShown(Reply):
    """Why a warning is held back, and the day on which it would speak by time alone."""

    reason: Literal["cool_down", "household_removed"]
    speaks_again_on: date | None
    for_audit: bool
    words: InBoth


class QuietShown(Reply):
    """What a rule looked at and found in order."""

    rule: str
    department: str
    value: str
    threshold: str
    unit: str
    threshold_since: date
    threshold_source: str
    threshold_source_zh: str
    threshold_verified: bool
    occurred_on: date | None
    speaks_if: ChangeShown | None
    explanation: InBoth


class FindingShown(Reply):
    """A finding. Below the township the concern, its level and a band alone. Of `records` records `record_ids` names a
    hundred at most, the one that weighs most last."""

    concern: str
    level: Level
    explanation: InBoth
    rule: str | None = None
    department: str | None = None
    value: str | None = None
    threshold: str | None = None
    unit: str | None = None
    threshold_verified: bool | None = None
    occurred_on: date | None = None
    record_id: str | None = None
    record_ids: list[str] | None = None
    records: int | None = None
    threshold_since: date | None = None
    threshold_source: str | None = None
    threshold_source_zh: str | None = None
    counterfactual: ChangeShown | None = None


class WarningShown(Reply):
    """A warning with its findings, and why in both languages. `provisional`: judged before the
    register's row was there."""

    warning_id: UUID
    household_id: UUID
    household_no: str | None
    state: Literal["open", "suppressed", "withdrawn", "closed"]
    level: Level
    cause: Literal["declaration", "clue", "finding", "opinion"]
    provisional: bool
    raised_at: AwareDatetime
    clock_started_at: AwareDatetime
    concerns: list[str]
    policy: str
    explanation: InBoth
    findings: list[FindingShown]
    suppression: SuppressionShown | None


class WarningWhole(WarningShown):
    changed_at: AwareDatetime


class WarningPage(Reply):
    """Warnings, the newest first. `next` is null at the end."""

    items: list[WarningShown]
    next: str | None


class WarningCount(Reply):
    state: str
    level: Level
    count: int


class WarningTally(Reply):
    """How many there are by state and level; what there is none of is left out."""

    items: list[WarningCount]
    as_of: AwareDatetime


class WhyShown(Reply):
    """Why a household is warned (`warning`), or why it is not and how far it is from it (`explanation`). For township
    and above what each rule looked at and found in order, and the day on which time alone may change the answer."""

    household_id: UUID
    is_warned: bool
    warning: WarningShown | None = None
    explanation: InBoth | None = None
    looked_at: list[QuietShown] | None = None
    recheck_on: date | None = None


class HitCounts(Reply):
    """Of `warned` warnings `closed` have ended: with a hit, a miss or neither."""

    warned: int
    closed: int
    hits: int
    misses: int
    neither: int


class MonthHits(HitCounts):
    """`month`: as 2026-11, that in which the warnings were raised."""

    month: str


class RuleShown(HitCounts):
    """A rule's warnings. `share`: hits of hits and misses, from 0 to 1; null where there is neither. A rule of which
    only what it finds with these `values` is exempt stands twice, once with them and once with the rest."""

    rule: str
    department: str
    is_exempt: bool
    values: list[str]
    is_flagged: bool
    share: float | None
    months: list[MonthHits]


class RuleList(Reply):
    """Rules that have warned in these months, those put in question first: under `share_least` of at least
    `judged_least` hits and misses. Where these two figures come from is said in both languages."""

    items: list[RuleShown]
    months: list[str]
    as_of: AwareDatetime
    share_least: float
    judged_least: int
    source: str
    source_zh: str
    is_verified: bool


SHAPES: Shapes = {
    "GET /v1/rules": Shape({200: RuleList}),
    "GET /v1/warnings": Shape({200: WarningPage}),
    "GET /v1/warnings/tally": Shape({200: WarningTally}),
    "GET /v1/warnings/{warning_id}": Shape({200: WarningWhole}),
    "GET /v1/households/{household_id}/why": Shape({200: WhyShown}),
}
