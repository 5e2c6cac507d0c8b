"""TOPICS: every topic of ours, its one producer, its fixed number and its family of facts.

The number is the topic's place in a key row's `applied` and `emitted` arrays: it is never reused or changed; a new
topic is appended. Our topics are kept without end; departments' own topics hold ID numbers and are kept 30 days.
"""

from dataclasses import dataclass
from datetime import timedelta

from shared.contracts.clue import ClueReported
from shared.contracts.data import DataChanged
from shared.contracts.deadline import DeadlinePassed
from shared.contracts.envelope import Event
from shared.contracts.hop import HopEntered
from shared.contracts.household import HouseholdRegistered
from shared.contracts.notice import NoticeSent
from shared.contracts.officer import OfficerAssigned
from shared.contracts.stage import StageAdvanced
from shared.contracts.warning import WarningRaised


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    number: int
    producer: str
    consumers: tuple[str, ...]
    event: type[Event]


TOPICS: tuple[Topic, ...] = (
    Topic("household.registered", 1, "intake", ("screening", "workflow", "console"), HouseholdRegistered),
    Topic("data.changed", 2, "intake", ("screening", "console"), DataChanged),
    Topic("warning.raised", 3, "screening", ("workflow", "console"), WarningRaised),
    Topic("stage.advanced", 4, "workflow", ("notify", "console", "screening", "intake"), StageAdvanced),
    Topic("hop.village_group", 5, "workflow", ("workflow",), HopEntered),
    Topic("hop.village_committee", 6, "workflow", ("workflow",), HopEntered),
    Topic("officer.assigned", 7, "workflow", ("notify", "console"), OfficerAssigned),
    Topic("deadline.passed", 8, "workflow", ("notify", "console"), DeadlinePassed),
    Topic("notice.sent", 9, "notify", ("workflow", "console"), NoticeSent),
    Topic("clue.reported", 10, "intake", ("screening", "workflow", "notify", "console"), ClueReported),
    Topic("hop.township", 11, "workflow", ("workflow",), HopEntered),
    Topic("hop.county", 12, "workflow", ("workflow",), HopEntered),
    Topic("hop.department", 13, "workflow", ("workflow",), HopEntered),
    Topic("hop.township_return", 14, "workflow", ("workflow",), HopEntered),
    Topic("hop.village_return", 15, "workflow", ("workflow",), HopEntered),
)

TOPIC: dict[str, Topic] = {topic.name: topic for topic in TOPICS}

DEPARTMENTS: tuple[str, ...] = (
    "rural_revitalization",
    "medical_insurance",
    "housing",
    "education",
    "water",
    "civil_affairs",
    "human_resources",
)
"""Codes of the departments that may stream `departments.<code>.records`."""

DEPARTMENT_RETENTION = timedelta(days=30)


def department_topic(code: str) -> str:
    return f"departments.{code}.records"
