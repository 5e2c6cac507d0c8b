"""What screening's calls answer, for its OpenAPI document."""

from typing import Literal

from shared.contracts.types import UUID, AwareDatetime, Level, date
from shared.web.document import InBoth, Reply, Shape, Shapes


class FindingShown(Reply):
    """A finding. Below the township the concern, its level and a band alone."""

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


class WarningShown(Reply):
    """A warning with its findings, and why in both languages. `provisional`: a threshold of it is unverified."""

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
    """Why a household is warned (`warning`), or why it is not and how far it is from it (`explanation`)."""

    household_id: UUID
    is_warned: bool
    warning: WarningShown | None = None
    explanation: InBoth | None = None


SHAPES: Shapes = {
    "GET /v1/warnings": Shape({200: WarningPage}),
    "GET /v1/warnings/tally": Shape({200: WarningTally}),
    "GET /v1/warnings/{warning_id}": Shape({200: WarningWhole}),
    "GET /v1/households/{household_id}/why": Shape({200: WhyShown}),
}
