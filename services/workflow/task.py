"""Tasks: what a place asks of an office, claimed and decided by version. Pure; the calls are in `deciding.py`."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from shared.contracts.envelope import event_id


class Task(msgspec.Struct, frozen=True, gc=False):
    """`version` counts what changes the question: decisions that leave it open, warnings merged into it,
    and its going along with its household to another office.

    A claim says in whose hands it is and changes no version.
    """

    task_id: UUID
    place_id: UUID
    case_id: UUID
    household_id: UUID
    hop: str
    step: str
    state: Literal["open", "decided", "cancelled"]
    version: int
    claimed_by: str | None
    claimed_at: datetime | None
    opened_at: datetime
    region: str
    grid: str | None


def task_id(place_id: UUID) -> UUID:
    return event_id(str(place_id), "task")
