"""The routing table of group `console`: a topic, the table that it fills. Each projection inserts by event id."""

from services.console.projections.household import HouseholdRegistered
from services.console.projections.officer import OfficerAssigned
from services.console.projections.timeline import Timeline
from shared.messaging.room import Subscriber

SUBSCRIBERS: tuple[Subscriber, ...] = (
    HouseholdRegistered(),
    Timeline("data.changed"),
    Timeline("clue.reported"),
    Timeline("warning.raised"),
    Timeline("stage.advanced"),
    Timeline("deadline.passed"),
    Timeline("notice.sent"),
    OfficerAssigned(),
)

__all__ = ["SUBSCRIBERS"]
