"""Sending: dispatches that are due leave the house, outside every transaction.

Claimed under the household's lock, sent, and told under it: `delivered` with the carrier's name, once the server has
accepted it for the recipient. Nothing waits in here: what was not taken is due again later. A letter that was read in
the inbox meanwhile, or whose task is done or another's, is dropped, not sent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from services.notify import dispatch as dispatches
from services.notify.address import Intake
from services.notify.carriers import OUTGOING
from services.notify.carriers.email import Envelope
from services.notify.case_file import notice_of
from services.notify.contact import Contact, contacts_of, opened
from services.notify.dispatch import LOST, NO_ADDRESS, TRIES_MAX, Dispatch
from services.notify.household import PREFIX
from services.notify.notice import Notice, emitted, type_of
from services.notify.smtp import CONVERSATION_SECONDS, deliver
from shared.clock import machine_now
from shared.contracts.envelope import event_id
from shared.crypto import Cipher, CipherError
from shared.messaging.batch import Report
from shared.messaging.faults import Retry
from shared.messaging.room import DUPLICATE, REJECTED, Decided, Decision, Emit, Input, Keyed, State, Unit
from shared.messaging.unit_of_work import UnitOfWork
from shared.postgres import queries, session
from shared.service import Service

SQL = queries(__file__)

CLAIM, OUTCOME = "dispatch claimed", "dispatch sent"
AT_ONCE = 8
"""Letters in one round: so many may be sent a second time when this process dies between receipt and row."""
LEASE = timedelta(seconds=4 * CONVERSATION_SECONDS)
"""A claim lapses then; longer than intake's answer and every conversation of a round together."""
PERIOD_SECONDS = 1.0
PUT_OFF = timedelta(minutes=5)
"""A letter that we fail on is tried again then; nobody else's waits for it."""


@dataclass(frozen=True, slots=True)
class Claim:
    dispatch_id: UUID
    claim_id: UUID
    machine: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """`cause` None: the server took it."""

    dispatch_id: UUID
    claim_id: UUID
    cause: str | None


@dataclass(frozen=True, slots=True)
class Late:
    """A letter that failed, put off."""

    dispatch_id: UUID
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Desk:
    """What sending needs: the units of work, the server, who knows addresses. `base`: where the console is."""

    work: UnitOfWork
    server: tuple[str, int]
    sender: str
    base: str
    cipher: Cipher
    intake: Intake

    @property
    def hello(self) -> str:
        return self.sender.rpartition("@")[2]


class _Dispatching(Keyed):
    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        rows = await unit.connection.fetch(SQL.read, [input.body.dispatch_id for input in inputs])
        return {("dispatch", one.dispatch_id): one for one in map(_of_row, rows)} | {
            ("notice", row["notice_id"]): row for row in await unit.connection.fetch(
                SQL.notices, [row["notice_id"] for row in rows]
            )
        }  # fmt: skip

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        last = {row.dispatch_id: row for one in decided for row in one.decision.rows if isinstance(row, Dispatch)}
        if last:
            rows = [{name: getattr(one, name) for name in _CHANGED} for one in last.values()]
            await unit.connection.execute(SQL.put, orjson.dumps(rows, default=str).decode())
        late = [row for one in decided for row in one.decision.rows if isinstance(row, Late)]
        if late:
            await unit.connection.execute(SQL.put_off, [one.dispatch_id for one in late], [one.due_at for one in late])


class Claiming(_Dispatching):
    """Taken by one process, or dropped where nothing is to be sent any more."""

    topic = CLAIM

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        ask: Claim = input.body
        one: Dispatch | None = state.get(("dispatch", ask.dispatch_id))
        if one is None or not dispatches.is_to_be_sent(one, now, ask.machine):
            return Decision(outcome=DUPLICATE, word="taken_already")
        about = state[("notice", one.notice_id)]
        if one.tries >= TRIES_MAX:
            return _told(dispatches.not_sent(one, LOST, now), notice_of(about), "gave_up")
        if one.officer_id.startswith(PREFIX) or not (about["is_read"] or about["has_ended"]):
            after = dispatches.claimed(one, ask.claim_id, ask.machine + LEASE)
            return Decision(word="claimed", rows=(after,), answer=after)
        return Decision(word="dropped", rows=(dispatches.dropped(one, "read" if about["is_read"] else "place_left"),))

    def give_up(self, input: Input, cause: str, now: datetime) -> Decision:
        return Decision(outcome=REJECTED, word="put_off", rows=(Late(input.body.dispatch_id, now + PUT_OFF),))


class Settling(_Dispatching):
    """What became of it: sent, due again, or failed, with its fact. A claim that has lapsed says nothing any more."""

    topic = OUTCOME

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        told: Outcome = input.body
        one: Dispatch | None = state.get(("dispatch", told.dispatch_id))
        if one is None or one.claim_id != told.claim_id:
            return Decision(outcome=DUPLICATE, word="claim_lapsed")
        notice = notice_of(state[("notice", one.notice_id)])
        if told.cause is None:
            return _told(dispatches.sent(one, now), notice, "sent")
        after = dispatches.not_sent(one, told.cause, now)
        return _told(after, notice, "failed" if after.state == "failed" else "tried_again")

    def give_up(self, input: Input, cause: str, now: datetime) -> Decision:
        """The claim lapses, and the letter is sent again: at least once."""
        return Decision(outcome=REJECTED, word="outcome_lost")


def _told(after: Dispatch, notice: Notice, word: str) -> Decision:
    emits: tuple[Emit, ...] = ()
    match after.state:
        case "sent":
            id_ = event_id(str(notice.event_id), type_of("delivered"), notice.notice_id, after.carrier)
            emits = (emitted("delivered", notice, id_, notice.event_id, carrier=after.carrier),)
        case "failed":
            id_ = event_id(str(notice.event_id), type_of("failed"), notice.notice_id, after.carrier)
            emits = (emitted("failed", notice, id_, notice.event_id, carrier=after.carrier),)
        case _:
            pass
    return Decision(word=word, puts={("dispatch", after.dispatch_id): after}, emits=emits, rows=(after,))


# ── one round ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Round:
    """What one round did. `failed`: letters that we failed on, before they were sent or after."""

    claimed: int = 0
    failed: int = 0
    words: dict[str, int] = field(default_factory=dict)


async def send_once(desk: Desk) -> Round | None:
    """Claim at most eight letters, send them side by side, tell what became of each; None when none was due.

    Raises Retry.
    """
    async with session(desk.work.pool) as connection:
        due = await connection.fetch(SQL.due, AT_ONCE)
    if not due:
        return None
    claim = [_input(CLAIM, row, Claim(row["dispatch_id"], uuid4(), machine_now())) for row in due]
    report = await desk.work.process(claim)
    taken: list[Dispatch] = [one.decision.answer for one in report.decided if one.decision.answer is not None]
    done = Round(len(taken), len(report.failed), dict(report.words))
    if taken:
        outcomes = await _outcomes(desk, taken)
        done.failed += len(outcomes.failed)
        for word, number in outcomes.words.items():
            done.words[word] = done.words.get(word, 0) + number
    return done


async def _outcomes(desk: Desk, taken: Sequence[Dispatch]) -> Report:
    async with session(desk.work.pool) as connection:
        rows = await connection.fetch(SQL.notices, [one.notice_id for one in taken])
        contacts = await contacts_of(connection, {one.officer_id for one in taken})
    notices = {row["notice_id"]: notice_of(row) for row in rows}
    households = sorted({one.officer_id for one in taken if one.officer_id.startswith(PREFIX)})
    addresses = await desk.intake.addresses_of(households)
    causes = await asyncio.gather(
        *(_sent(desk, one, notices[one.notice_id], _envelope(desk, one, contacts, addresses)) for one in taken)
    )
    return await desk.work.process(
        [
            Input(OUTCOME, str(one.household_id), None, Outcome(one.dispatch_id, _claim_of(one), cause),
                  region=one.region, type=OUTCOME)
            for one, cause in zip(taken, causes, strict=True)
        ]
    )  # fmt: skip


async def _sent(desk: Desk, one: Dispatch, notice: Notice, envelope: Envelope | str) -> str | None:
    if isinstance(envelope, str):
        return envelope
    letter = OUTGOING[one.carrier](notice, one.dispatch_id, envelope, machine_now())
    return await deliver(letter, desk.server, desk.hello)


def _envelope(
    desk: Desk, one: Dispatch, contacts: Mapping[str, Contact], addresses: Mapping[str, str] | None
) -> Envelope | str:
    """To whom it goes, or why it cannot."""
    contact = contacts.get(one.officer_id, Contact(one.officer_id))
    if one.officer_id.startswith(PREFIX):
        if addresses is None:
            return "intake_away"
        address = addresses.get(one.officer_id)
    else:
        try:
            address = opened(desk.cipher, contact)
        except CipherError:
            return "address_sealed"
    return Envelope(desk.sender, address, contact.language, desk.base) if address else NO_ADDRESS


def sending(service: Service, desk: Desk) -> Callable[[], Awaitable[None]]:
    """The service's loop: round after round while something is due, else once a second."""

    async def round_() -> None:
        try:
            done = await send_once(desk)
        except Retry:
            if desk.work.stopped:
                service.alarm("sending_stopped")
            return  # the unit of work has backed off already
        if done is not None and (done.words.get("failed") or done.words.get("gave_up")):
            service.alarm("notice_not_delivered")
        if done is not None and done.failed:
            service.alarm("letter_failed")
        if done is None or not done.claimed:
            await asyncio.sleep(PERIOD_SECONDS)

    return round_


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────

_FIELDS = tuple(Dispatch.__dataclass_fields__)
_CHANGED = ("dispatch_id", "state", "due_at", "tries", "cause", "claim_id", "claimed_until", "sent_at")


def _of_row(row: asyncpg.Record) -> Dispatch:
    given: dict[str, Any] = {name: row[name] for name in _FIELDS}
    return Dispatch(**given)


def _input(topic: str, row: asyncpg.Record, body: Claim) -> Input:
    return Input(topic, str(row["household_id"]), None, body, region=row["region"], type=topic)


def _claim_of(one: Dispatch) -> UUID:
    assert one.claim_id is not None, "what was taken has a claim"
    return one.claim_id
