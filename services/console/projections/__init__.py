"""The routing table of group `console`: a topic, the table that it fills. A step is inserted once, by its event's id;
what a household or an officer is now is overwritten by a later word alone.
"""

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
