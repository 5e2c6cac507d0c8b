"""Screening's routing table, in the order in which a batch goes through it: who a household is, what became true of it,
what people reported of it, what people made of its warning.
"""

from services.screening.subscribers.clue_reported import ClueReported
from services.screening.subscribers.data_changed import DataChanged
from services.screening.subscribers.household_registered import HouseholdRegistered
from services.screening.subscribers.stage_advanced import StageAdvanced
from shared.messaging.room import Subscriber
from shared.policy import Policy


def subscribers(policy: Policy) -> list[Subscriber]:
    return [HouseholdRegistered(policy), DataChanged(policy), ClueReported(policy), StageAdvanced(policy)]
