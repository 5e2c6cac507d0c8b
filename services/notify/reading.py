"""Reading: a person marks a notice of his own as read, once; what is another's does not exist for him (404)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.notify.case_file import notice_of
from services.notify.notice import Notice, emitted, type_of
from shared.contracts.envelope import event_id
from shared.messaging.room import Decided, Decision, Input, Problem, State, Unit
from shared.postgres import queries

SQL = queries(__file__)

READ = "POST /v1/notices/read"
NOT_FOUND = Problem(404, "not_found", "There is no such notice for you.")


@dataclass(frozen=True, slots=True)
class Ask:
    """Which notice, and who says that he has read it."""

    notice_id: UUID
    officer_id: str


class Reading:
    """The call's way through the unit of work, under the caller's row scope. A second reading changes nothing."""

    topic = READ
    looks_up_keys = True

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        found = await _own(connection, inputs)
        households = {id_: str(notice.household_id) for id_, notice in found.items()}
        return [tuple(filter(None, (households.get(input.body.notice_id),))) for input in inputs]

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        return {("notice", id_): notice for id_, notice in (await _own(unit.connection, inputs)).items()}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        notice: Notice | None = state.get(("notice", input.body.notice_id))
        if notice is None:
            return Decision(problem=NOT_FOUND)
        if notice.state == "read":
            return Decision(word="read_already", answer=_answer(notice.notice_id, notice.read_at))
        id_ = event_id(str(notice.event_id), type_of("read"), notice.notice_id, notice.officer_id)
        read = emitted("read", notice, id_, notice.event_id, input.traceparent)
        return Decision(word="read", emits=(read,), rows=(notice.notice_id,), answer=_answer(notice.notice_id, now))

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        ids = [row for one in decided for row in one.decision.rows]
        if ids:
            await unit.connection.execute(SQL.mark_read, ids, unit.now)


async def _own(connection: asyncpg.Connection, inputs: Sequence[Input]) -> dict[UUID, Notice]:
    asks: list[Ask] = [input.body for input in inputs]
    rows = await connection.fetch(SQL.own, [one.notice_id for one in asks], [one.officer_id for one in asks])
    return {row["notice_id"]: notice_of(row) for row in rows}


def _answer(notice_id: UUID, read_at: datetime | None) -> dict[str, Any]:
    return {"notice_id": str(notice_id), "state": "read", "read_at": read_at.isoformat() if read_at else None}
