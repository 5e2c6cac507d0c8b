"""The routing table of group `notify`, in the order in which a batch is decided: who is there before what is told."""

from services.notify.hearing import Hearing
from services.notify.subscribers.clue_reported import ClueReported
from services.notify.subscribers.deadline_passed import DeadlinePassed
from services.notify.subscribers.officer_assigned import OfficerAssigned
from services.notify.subscribers.stage_advanced import StageAdvanced
from shared.messaging.room import Subscriber


def subscribers(hearing: Hearing) -> tuple[Subscriber, ...]:
    return (OfficerAssigned(), ClueReported(hearing), StageAdvanced(hearing), DeadlinePassed(hearing))
