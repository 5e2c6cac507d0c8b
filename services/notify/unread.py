"""A red notice that nobody has read for two hours goes to the next person: the deputy, else the office's leader.

Read without a lock, then through the unit of work under the household's key, so that any number of processes escalates
it once. What somebody else of the same occasion has read, or what has ended or changed hands meanwhile, goes to nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from services.notify.audience import offices_above
from services.notify.case_file import notice_of, read_files, write_files
from services.notify.hearing import Hearing
from services.notify.notice import Notice, emitted, type_of
from services.notify.occasion import of_unread
from services.notify.telling import CaseFile, tell
from shared.contracts.envelope import event_id
from shared.messaging.batch import Report
from shared.messaging.faults import Retry
from shared.messaging.room import DUPLICATE, REJECTED, Decided, Decision, Input, Keyed, State, Unit
from shared.messaging.unit_of_work import UnitOfWork
from shared.postgres import queries, session
from shared.service import Service

SQL = queries(__file__)

UNREAD = "unread notice"
PERIOD_SECONDS = 5.0
BATCH_MAX = 200


@dataclass(frozen=True, slots=True)
class Passed:
    """This notice's time is over; `escalated_at` None where nothing was to be escalated."""

    notice_id: UUID
    escalated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Unread(Keyed):
    """One such notice's way through the unit of work; its input's body is its id."""

    hearing: Hearing
    topic = UNREAD

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        rows = await unit.connection.fetch(SQL.read, [input.body for input in inputs])
        notices = [notice_of(row) for row in rows]
        files = await read_files(unit.connection, (one.case_id for one in notices if one.case_id))
        places = {place for one in notices for place in offices_above(one.region, one.office)}
        return {
            "around": await self.hearing.read_around(unit.connection, places, unit.now),
            "read": {row["notice_id"] for row in rows if row["is_read_by_another"]},
            **{("notice", one.notice_id): one for one in notices},
            **{("case", case_id): file for case_id, file in files.items()},
        }

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        notice: Notice | None = state.get(("notice", input.body))
        if notice is None or notice.state != "sent" or notice.escalate_at is None or notice.escalate_at > now:
            return Decision(outcome=DUPLICATE, word="no_longer_unread")
        file: CaseFile = state.get(("case", notice.case_id), CaseFile())
        occasion = file.occasions.get(notice.occasion_id)
        after: dict[Hashable, Any] = {("notice", notice.notice_id): replace(notice, escalate_at=None)}
        if occasion is None or occasion.state in ("ended", "moved") or notice.notice_id in state["read"]:
            return Decision(word="not_needed", puts=after, rows=(Passed(notice.notice_id, None),))
        roll, reach = state["around"]
        decision = tell(file, of_unread(occasion, notice.officer_id, now), roll, reach, now)
        id_ = event_id(str(notice.event_id), type_of("escalated"), notice.notice_id)
        return msgspec.structs.replace(
            decision,
            word="escalated",
            puts={**decision.puts, **after},
            emits=(emitted("escalated", notice, id_, notice.event_id), *decision.emits),
            rows=(*decision.rows, Passed(notice.notice_id, now)),
        )

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await write_files(unit.connection, decided)
        passed = [row for one in decided for row in one.decision.rows if isinstance(row, Passed)]
        if passed:
            ids, instants = [one.notice_id for one in passed], [one.escalated_at for one in passed]
            await unit.connection.execute(SQL.passed, ids, instants)

    def give_up(self, input: Input, cause: str, now: datetime) -> Decision:
        """The notice stays what it was; its limit and the ladder go on without this."""
        return Decision(outcome=REJECTED, word="not_escalated", rows=(Passed(input.body, None),))


async def escalate_once(work: UnitOfWork) -> Report | None:
    """One round: at most 200 notices; None when there were none. Raises Retry."""
    async with session(work.pool) as connection:
        rows = await connection.fetch(SQL.due, BATCH_MAX)
    if not rows:
        return None
    return await work.process(
        [
            Input(UNREAD, str(row["household_id"]), None, row["notice_id"], region=row["region"], type=UNREAD)
            for row in rows
        ]
    )


def escalating(service: Service, hearing: Hearing) -> Callable[[], Awaitable[None]]:
    """The service's loop, every five seconds."""
    work = service.calls([Unread(hearing)], as_worker=True)

    async def round_() -> None:
        try:
            report = await escalate_once(work)
        except Retry:
            if work.stopped:
                service.alarm("escalation_stopped")
            return  # the unit of work has backed off already
        if report is not None and report.failed:
            service.alarm("escalation_failed")
        await asyncio.sleep(PERIOD_SECONDS)

    return round_
