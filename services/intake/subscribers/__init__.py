"""The routing table. Of topics: the register before what is said of its households, and the steps of cases. Of calls
and loops, which go through the same unit of work: what is parked, and what people report.
"""

from collections.abc import Callable

from services.intake.departments import KINDS
from services.intake.subscribers.department_records import DepartmentRecords
from services.intake.subscribers.parked_records import ParkedRecords
from services.intake.subscribers.reported_clues import (
    AnsweredDeclarations,
    HeldComplaints,
    MatchedClues,
    ReportedClues,
)
from services.intake.subscribers.stage_advanced import StageAdvancedTasks
from services.intake.vault import Vault
from shared.contracts.topics import department_topic
from shared.messaging.room import Subscriber
from shared.policy import Policy


def departments(vault: Vault, alarm: Callable[[str], None], policy: Policy) -> list[Subscriber]:
    return [DepartmentRecords(department_topic(code), vault, alarm, policy) for code in KINDS]


def parked(vault: Vault) -> list[Subscriber]:
    return [ParkedRecords(vault)]


def cases() -> list[Subscriber]:
    return [StageAdvancedTasks()]


def clues(vault: Vault) -> list[Subscriber]:
    return [ReportedClues(vault), MatchedClues(), AnsweredDeclarations(vault), HeldComplaints(vault)]
