"""Deadlines: the limit of one round at one hop, and the steps that the alarm fires before and after it. Pure.

A deadline stands on the case from the sending, so that a stopped hop's cases are dated and alarmed all the same.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from shared.contracts.envelope import event_id

Running = Literal["running", "done", "ended"]

LADDER: tuple[tuple[str, str], ...] = (("near", "due"), ("passed", "overdue"))
"""The steps in order, each with the lateness that it moves the place to. Later steps are appended here."""

REMIND_BEFORE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Deadline:
    """`fired` are the steps told; `wake_at` is when the alarm looks next, None when there is nothing more to tell."""

    deadline_id: UUID
    place_id: UUID
    case_id: UUID
    household_id: UUID
    hop: str
    round: int
    branch: str
    state: Running
    sent_at: datetime
    due_at: datetime
    fired: tuple[str, ...]
    wake_at: datetime | None
    region: str
    grid: str | None


def deadline_id(place_id: UUID) -> UUID:
    return event_id(str(place_id), "deadline")


def instant(step: str, sent_at: datetime, due_at: datetime) -> datetime:
    """When a step of the ladder is due.

    `near` is a day before, but never before half of the limit has run: with a limit of 24 hours it would be told
    together with the task itself and mean nothing.
    """
    match step:
        case "near":
            return max(due_at - REMIND_BEFORE, sent_at + (due_at - sent_at) / 2)
        case "passed":
            return due_at
        case _:
            raise LookupError(f"no step {step} on the ladder")


def unfired(fired: Collection[str], sent_at: datetime, due_at: datetime) -> list[tuple[str, datetime]]:
    """The steps still to be told, in order, each with its own due instant."""
    return [(step, instant(step, sent_at, due_at)) for step, _ in LADDER if step not in fired]


def wake_at(fired: Collection[str], sent_at: datetime, due_at: datetime) -> datetime | None:
    steps = unfired(fired, sent_at, due_at)
    return steps[0][1] if steps else None


def lateness_after(step: str) -> str:
    return dict(LADDER)[step]


def brought_forward(deadline: Deadline, due_at: datetime) -> Deadline:
    """The same deadline, due at the earlier of the two instants."""
    due = min(deadline.due_at, due_at)
    return replace(deadline, due_at=due, wake_at=wake_at(deadline.fired, deadline.sent_at, due))


def ended(deadline: Deadline) -> Deadline:
    """A round that has ended rings no more."""
    return replace(deadline, state="ended", wake_at=None)
