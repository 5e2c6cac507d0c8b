"""What the console's calls answer, for its OpenAPI document. Its pages are for people, and stand in none."""

from typing import Any

from shared.contracts.types import UUID, AwareDatetime
from shared.web.document import Reply, Shape, Shapes
from shared.web.operation import ReadAccount, ServiceAccount


class HouseholdFound(Reply):
    household_id: UUID
    household_no: str
    display_name: str
    size: int
    group_number: int
    status: str
    poverty_history: str
    monitoring: str
    region: str
    grid: str


class HouseholdsFound(Reply):
    """Households by number or by the beginning of a masked name. `next` is null at the end."""

    items: list[HouseholdFound]
    total: int
    next: str | None


class InShort(Reply):
    """The same in Chinese and in English; null where nothing is known."""

    zh: str | None
    en: str | None


class Acting(Reply):
    """Who acted, by masked name and office."""

    officer_id: str
    role: str | None
    display_name: str | None
    office: InShort | None


class SourceShown(Reply):
    """The record behind a step; below the township a band stands for it."""

    department: str | None
    record_id: str | None
    version: int | None
    band: str | None = None


class StepTold(Reply):
    """One step: coded facts in `what`, and there the same in words under `text`."""

    event_id: UUID
    cause_id: UUID | None
    correlation_id: UUID
    time: AwareDatetime
    service: str
    topic: str
    sequence: int
    type: str
    who: Acting | None
    what: dict[str, Any]
    source: SourceShown | None


class TimelinePage(Reply):
    """Every step of every service about a household, oldest first."""

    household_id: UUID
    household_no: str | None
    items: list[StepTold]
    next: str | None


class BoundaryShown(Reply):
    """One topic between its producer and one of its consumers; null where a service did not answer."""

    topic: str
    producer: str
    consumer: str
    emitted: int | None
    applied: int | None
    waiting: int | None
    lag: int | None
    outbox: int | None
    difference: int | None
    is_equal: bool
    is_settled: bool


class ReadOfService(ReadAccount):
    service: str


class HouseAccount(ServiceAccount):
    """Every service's sums, those that are away named, and what must be equal."""

    services: dict[str, ServiceAccount]
    away: list[str]
    boundaries: list[BoundaryShown]
    reads: list[ReadOfService]
    is_equal: bool
    is_settled: bool


SHAPES: Shapes = {
    "GET /v1/households": Shape({200: HouseholdsFound}),
    "GET /v1/households/{household_id}/timeline": Shape({200: TimelinePage}),
    "GET /v1/conservation": Shape({200: HouseAccount}),
}
