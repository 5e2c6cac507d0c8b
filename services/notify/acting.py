"""Acting: whoever decides the task that a notice of his was about has acted on it, once, read or not."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from services.notify.case_file import notice_of
from services.notify.notice import Notice, emitted, type_of
from shared.contracts.envelope import event_id
from shared.contracts.stage import StageAdvanced
from shared.messaging.room import Decision, Emit, State
from shared.postgres import queries

SQL = queries(__file__)

DECIDED = frozenset({"advanced", "returned", "rejected", "helped", "closed", "remonitored"})
"""With these the task that they name is done; a branch that ends is `noted` or `reassigned` with the hop it left."""

Key = tuple[str, UUID, str]


@dataclass(frozen=True, slots=True)
class Acted:
    notice_id: UUID


async def read(connection: asyncpg.Connection, events: Iterable[StageAdvanced]) -> dict[Hashable, tuple[Notice, ...]]:
    """(task, officer) → his notices of the task that he has just decided, those not acted on yet."""
    asked = sorted({key for one in events if (key := _key(one)) is not None})
    if not asked:
        return {}
    rows = await connection.fetch(SQL.read, [key[1] for key in asked], [key[2] for key in asked])
    found: dict[Hashable, tuple[Notice, ...]] = {}
    for notice in map(notice_of, rows):
        assert notice.task_id is not None, "it was asked for by its task"
        key = ("acted", notice.task_id, notice.officer_id)
        found[key] = (*found.get(key, ()), notice)
    return found


def acted(decision: Decision, state: State, event: StageAdvanced, traceparent: str | None = None) -> Decision:
    """The decision with a fact for each notice that is acted on by it, told once however many facts a step has."""
    key = _key(event)
    notices: tuple[Notice, ...] = state.get(key, ()) if key is not None else ()
    if not notices:
        return decision
    return msgspec.structs.replace(
        decision,
        puts={**decision.puts, key: ()},
        emits=(*decision.emits, *(_emit(one, event, traceparent) for one in notices)),
        rows=(*decision.rows, *(Acted(one.notice_id) for one in notices)),
    )


async def mark(connection: asyncpg.Connection, notice_ids: Sequence[UUID], now: datetime) -> None:
    if notice_ids:
        await connection.execute(SQL.mark, notice_ids, now)


def _key(event: StageAdvanced) -> Key | None:
    """The task that this fact says is decided, and by whom; None where it says nothing of the kind."""
    data, word = event.data, event.type.split(".")[2]
    is_decided = word in DECIDED or (word in ("noted", "reassigned") and data.from_hop is not None)
    if not is_decided or data.task_id is None or data.actor.officer_id is None:
        return None
    return ("acted", data.task_id, data.actor.officer_id)


def _emit(notice: Notice, event: StageAdvanced, traceparent: str | None) -> Emit:
    id_ = event_id(str(notice.event_id), type_of("acted"), notice.notice_id)
    return emitted("acted", notice, id_, event.id, traceparent)
