"""Deadlines: the limit of one round at one hop, and the steps that the alarm fires before and after it. Pure.

A deadline stands on the case from the sending, so that a stopped hop's cases are dated and alarmed all the same.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from msgspec.structs import replace

from shared.contracts.envelope import event_id
from shared.policy import Ladder, Rung

Running = Literal["running", "paused", "done", "ended"]


class Deadline(msgspec.Struct, frozen=True, gc=False):
    """`fired` are the steps told; `wake_at` is when the alarm looks next, None when there is nothing more to tell."""

    deadline_id: UUID
    place_id: UUID
    case_id: UUID
    household_id: UUID
    hop: str
    step: str
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


def unfired(fired: Collection[str], sent_at: datetime, due_at: datetime, ladder: Ladder) -> list[tuple[Rung, datetime]]:
    """The steps still to be told, in order, each with its own due instant."""
    return [(one, one.instant(sent_at, due_at)) for one in ladder if one.step not in fired]


def wake_at(fired: Collection[str], sent_at: datetime, due_at: datetime, ladder: Ladder) -> datetime | None:
    steps = unfired(fired, sent_at, due_at, ladder)
    return steps[0][1] if steps else None


def brought_forward(deadline: Deadline, due_at: datetime, ladder: Ladder) -> Deadline:
    """The same deadline, due at the earlier of the two instants. One that is paused still wakes at its pause's end."""
    due = min(deadline.due_at, due_at)
    if deadline.state == "paused":
        return replace(deadline, due_at=due)
    return replace(deadline, due_at=due, wake_at=wake_at(deadline.fired, deadline.sent_at, due, ladder))


def ended(deadline: Deadline) -> Deadline:
    """A round that has ended rings no more."""
    return replace(deadline, state="ended", wake_at=None)


def paused(deadline: Deadline, until: datetime) -> Deadline:
    """The clock stands still; the alarm wakes at the pause's last moment and lets it run again."""
    return replace(deadline, state="paused", wake_at=until)


def run_again(deadline: Deadline, paused_at: datetime, now: datetime, ladder: Ladder) -> Deadline:
    """It runs again, later by what was paused."""
    due = deadline.due_at + (now - paused_at)
    return replace(
        deadline, state="running", due_at=due, wake_at=wake_at(deadline.fired, deadline.sent_at, due, ladder)
    )
