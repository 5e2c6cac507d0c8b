"""A dispatch: a notice's way out of the house by one carrier, tried again after 1, 5 and 30 minutes. Pure.

It is claimed before it is sent and told after: a crash between the two leaves a claim that lapses and is taken again,
with the same Message-ID. So a letter is sent at least once; twice only where a process died, or a connection was cut,
between the server's taking it and our writing that down.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.notify.notice import Notice
from shared.contracts.envelope import event_id

RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
TRIES_MAX = 1 + len(RETRIES)
NO_ADDRESS, LOST = "no_address", "lost"
"""Nobody knows an address of this person; a process took it and was not heard of again."""

State = Literal["due", "claimed", "sent", "failed", "dropped"]


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A row. `due_at` is civil, `claimed_until` the machine's."""

    dispatch_id: UUID
    notice_id: UUID
    occasion_id: UUID
    household_id: UUID
    officer_id: str
    carrier: str
    state: State
    due_at: datetime | None
    tries: int
    cause: str | None
    claim_id: UUID | None
    claimed_until: datetime | None
    created_at: datetime
    sent_at: datetime | None
    region: str
    grid: str | None


def dispatched(notice: Notice, carrier: str, due_at: datetime, now: datetime) -> Dispatch:
    return Dispatch(
        dispatch_id=event_id(str(notice.notice_id), "dispatch", carrier),
        notice_id=notice.notice_id,
        occasion_id=notice.occasion_id,
        household_id=notice.household_id,
        officer_id=notice.officer_id,
        carrier=carrier,
        state="due",
        due_at=due_at,
        tries=0,
        cause=None,
        claim_id=None,
        claimed_until=None,
        created_at=now,
        sent_at=None,
        region=notice.region,
        grid=notice.grid,
    )


def is_to_be_sent(one: Dispatch, now: datetime, machine: datetime) -> bool:
    """Due, or taken by a process that was not heard of again."""
    if one.state == "claimed":
        return one.claimed_until is not None and one.claimed_until < machine
    return one.state == "due" and one.due_at is not None and one.due_at <= now


def claimed(one: Dispatch, claim_id: UUID, until: datetime) -> Dispatch:
    return replace(one, state="claimed", claim_id=claim_id, claimed_until=until, tries=one.tries + 1)


def dropped(one: Dispatch, cause: str) -> Dispatch:
    """No longer worth sending: it was read, or the place has been left."""
    return _at_rest(one, "dropped", cause)


def sent(one: Dispatch, now: datetime) -> Dispatch:
    return replace(_at_rest(one, "sent", None), sent_at=now)


def not_sent(one: Dispatch, cause: str, now: datetime) -> Dispatch:
    """Due again a little later, or failed for good; a household without any address has its inbox alone."""
    if one.tries < TRIES_MAX:
        due_at = now + RETRIES[max(one.tries, 1) - 1]
        return replace(one, state="due", due_at=due_at, cause=cause, claim_id=None, claimed_until=None)
    return _at_rest(one, "dropped" if cause == NO_ADDRESS else "failed", cause)


def _at_rest(one: Dispatch, state: State, cause: str | None) -> Dispatch:
    return replace(one, state=state, cause=cause, due_at=None, claim_id=None, claimed_until=None)
