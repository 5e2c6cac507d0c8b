"""Delivery by the inbox: a notice is delivered when the list that it stands in is first shown to its receiver.

Told once under the household's lock, by the worker: what is shown is read first, and its receipt is written after it. A
receipt that cannot be written now is written at the next showing; nobody's list waits for it.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.notify.case_file import notice_of
from services.notify.notice import Notice, emitted, type_of
from shared.contracts.envelope import event_id
from shared.messaging.faults import Unavailable
from shared.messaging.room import DUPLICATE, Decided, Decision, Input, Keyed, State, Unit
from shared.messaging.unit_of_work import UnitOfWork
from shared.postgres import queries

SQL = queries(__file__)

SHOWN = "notice shown"


class Delivering(Keyed):
    """A notice that was shown to its receiver; its input's body is its id."""

    topic = SHOWN

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        rows = await unit.connection.fetch(SQL.read, [input.body for input in inputs])
        return {("notice", row["notice_id"]): notice_of(row) for row in rows}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        notice: Notice | None = state.get(("notice", input.body))
        if notice is None or notice.delivered_at is not None:
            return Decision(outcome=DUPLICATE, word="delivered_already")
        id_ = event_id(str(notice.event_id), type_of("delivered"), notice.notice_id, notice.carrier)
        after = replace(notice, delivered_at=now)
        return Decision(
            word="delivered",
            puts={("notice", notice.notice_id): after},
            emits=(emitted("delivered", notice, id_, notice.event_id),),
            rows=(notice.notice_id,),
        )

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        ids = [row for one in decided for row in one.decision.rows]
        if ids:
            await unit.connection.execute(SQL.mark_delivered, ids, unit.now)


async def delivered(work: UnitOfWork, rows: Sequence[asyncpg.Record]) -> None:
    """These notices have just been shown to their receiver."""
    new: list[tuple[str, UUID, Any]] = [
        (str(row["household_id"]), row["notice_id"], row["region"]) for row in rows if row["delivered_at"] is None
    ]
    if new:
        with contextlib.suppress(Unavailable):
            await work.call([Input(SHOWN, key, None, id_, region=region) for key, id_, region in new], None)
