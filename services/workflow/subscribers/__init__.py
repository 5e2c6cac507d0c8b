"""The routing tables: group `workflow`, and one group a hop, `workflow.<hop>`."""

from services.workflow.hops import HOPS
from services.workflow.subscribers.clue_reported import ClueReported
from services.workflow.subscribers.hop_entered import HopEntered
from services.workflow.subscribers.household_registered import HouseholdRegistered
from services.workflow.subscribers.notice_sent import NoticeSent
from services.workflow.subscribers.warning_raised import WarningRaised
from shared.messaging.room import Subscriber


def subscribers(policy: str) -> tuple[Subscriber, ...]:
    """Of group `workflow`, in the order in which a batch is decided. New cases open with this policy package."""
    return (HouseholdRegistered(), WarningRaised(policy), ClueReported(), NoticeSent())


BY_HOP: dict[str, tuple[Subscriber, ...]] = {hop: (HopEntered(f"hop.{hop}"),) for hop in HOPS}

__all__ = ["BY_HOP", "subscribers"]
