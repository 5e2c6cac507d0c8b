"""Operation, the same in every service: alive, ready, metrics, conservation, dead letters."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import asyncpg
import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from shared import audit, postgres
from shared.access.tokens import Caller
from shared.contracts.topics import TOPIC
from shared.contracts.types import Text
from shared.messaging import waiting
from shared.messaging.faults import NotFirst, is_infrastructure
from shared.messaging.room import Kept
from shared.messaging.unit_of_work import UnitOfWork
from shared.messaging.waiting import Waiting
from shared.web import cursor
from shared.web.callers import allowed, who
from shared.web.document import Reply, Shape, Shapes
from shared.web.problems import refuse

if TYPE_CHECKING:
    from shared.service import Service

PAGE_MAX = 100
FIRST = (cursor.LONG_AGO, "", "", 0)


class Skip(BaseModel):
    reason: Annotated[Text, Field(min_length=3, max_length=500)]


def router(service: "Service") -> APIRouter:
    """The routes of operation for one process."""
    routes = APIRouter()
    _state(routes, service)
    _dead_letters_read(routes, service)
    _dead_letters_decided(routes, service)
    return routes


def _state(routes: APIRouter, service: "Service") -> None:
    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive", "service": service.name}

    @routes.get("/readyz")
    async def readyz() -> JSONResponse:
        unready = service.unready()
        body = {"status": "ready" if not unready else "unready", "service": service.name, "because": unready}
        return JSONResponse(body, 200 if not unready else 503)

    @routes.get("/metrics")
    async def metrics() -> PlainTextResponse:
        try:
            await service.measure()
        except Exception as error:  # what the process counts itself is told all the same
            if not is_infrastructure(error):
                raise
        told = generate_latest(service.metrics.registry)  # type: ignore[no-untyped-call]
        return PlainTextResponse(told, media_type=CONTENT_TYPE_LATEST)

    @routes.get("/v1/conservation")
    async def conservation(caller: Annotated[Caller, Depends(allowed("conservation.read"))]) -> dict[str, Any]:
        return await service.conserved()


def _dead_letters_read(routes: APIRouter, service: "Service") -> None:
    @routes.get("/v1/dead-letters")
    async def dead_letters(
        caller: Annotated[Caller, Depends(allowed("dead_letter.read"))],
        after: str | None = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
    ) -> dict[str, Any]:
        rows = await service.worker.fetch(waiting.SQL.list, *cursor.read(after, FIRST), limit, *_scope(caller))
        last = rows[-1] if len(rows) == limit else None
        return {"items": [_shown(dict(row)) for row in rows], "next": _as_cursor(last) if last else None}

    @routes.get("/v1/dead-letters/lines")
    async def lines(
        caller: Annotated[Caller, Depends(allowed("dead_letter.read"))],
        after: str | None = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
    ) -> dict[str, Any]:
        """Every line that waits by its first record, failed or with a gap before it, and what that comes to in all."""
        scope = _scope(caller)
        async with (
            postgres.session(service.worker) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            rows = await connection.fetch(waiting.SQL.lines, *cursor.read(after, FIRST), limit, *scope)
            [sums] = await connection.fetch(waiting.SQL.sum, *scope)
        last = rows[-1] if len(rows) == limit else None
        items = [_shown(dict(row)) for row in rows]
        return {"items": items, "next": _as_cursor(last) if last else None, "sums": dict(sums)}

    @routes.get("/v1/dead-letters/{id}")
    async def dead_letter(id: str, caller: Annotated[Caller, Depends(allowed("dead_letter.read"))]) -> dict[str, Any]:
        row, is_first = await _find(service, id, caller)
        shown = _shown({name: getattr(row, name) for name in _SHOWN}) | {"is_first": is_first}
        if row.topic in TOPIC:
            # Our own topics hold no name or number; a department's record may, and stays sealed.
            plain = service.cipher.open(row.record, waiting.associated(row.consumer, row.topic, row.key, row.sequence))
            shown["record"] = _readable(plain)
        return shown


def _dead_letters_decided(routes: APIRouter, service: "Service") -> None:
    @routes.post("/v1/dead-letters/{id}/replay")
    async def replay(
        id: str, request: Request, caller: Annotated[Caller, Depends(allowed("dead_letter.replay"))]
    ) -> dict[str, Any]:
        row, _ = await _find(service, id, caller)

        async def note(connection: asyncpg.Connection, has_failed: bool) -> None:
            details = {"failed_again": has_failed}
            entry = audit.Entry(who(caller), caller.role, "dead_letter.replay", id, details=details)
            await audit.write(connection, entry)

        try:
            report = await _work(service, row).replay(row, note)
        except NotFirst:
            raise refuse(409, "not_first", "Only the first record of its line can be replayed.") from None
        failed = [cause for _, cause in report.failed]
        return {
            "id": id,
            "replayed": not failed,
            "cause": failed[0] if failed else None,
            "outcomes": dict(report.outcomes),
        }

    @routes.post("/v1/dead-letters/{id}/skip")
    async def skip(
        id: str, body: Skip, caller: Annotated[Caller, Depends(allowed("dead_letter.skip"))]
    ) -> dict[str, Any]:
        row, _ = await _find(service, id, caller)
        entry = audit.Entry(
            who(caller), caller.role, "dead_letter.skip", id, body.reason, row.region, {"type": row.type}
        )
        try:
            report = await _work(service, row).skip(row, lambda connection: audit.write(connection, entry))
        except NotFirst:
            raise refuse(409, "not_first", "Only the first record of its line can be skipped.") from None
        return {"id": id, "skipped": True, "outcomes": dict(report.outcomes)}


_SHOWN = ("consumer", "topic", "key", "sequence", "state", "type", "region", "cause", "tries", "since")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {"id": cursor.packed(row["consumer"], row["topic"], row["key"], row["sequence"]), **row}


def _work(service: "Service", row: Waiting) -> UnitOfWork:
    try:
        return service.work_of(row.consumer)
    except KeyError:
        raise refuse(409, "carried_elsewhere", "Another process of this service carries this group.") from None


async def _find(service: "Service", id: str, caller: Caller) -> tuple[Waiting, bool]:
    try:
        consumer, topic, key, sequence = cursor.unpacked(id, 4)
        row = await service.worker.fetchrow(waiting.SQL.one, consumer, topic, key, _number(sequence))
    except ValueError:
        row = None
    if row is None or not _is_visible(caller, row["region"]):
        raise refuse(404, "not_found", "No record waits under this id.")
    values = dict(row)
    is_first = values.pop("is_first")
    return Waiting(**values), is_first


def _is_visible(caller: Caller, region: str | None) -> bool:
    """A record without a readable region is for those who see everything of the house."""
    if region is None:
        return _sees_placeless(caller)
    return caller.region_from <= region <= caller.region_to


def _scope(caller: Caller) -> tuple[str, str, bool]:
    """The same for a query that reads many: from and to which region, and whether without one."""
    return caller.region_from, caller.region_to, _sees_placeless(caller)


def _sees_placeless(caller: Caller) -> bool:
    return caller.role in ("steward", "system", "auditor")


def _as_cursor(row: Any) -> str:
    return cursor.packed(row["since"], row["topic"], row["key"], row["sequence"])


def _number(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**63:
        raise ValueError("not one of ours")
    return number


def _readable(plain: bytes) -> dict[str, Any]:
    kept = msgspec.msgpack.decode(plain, type=Kept)
    return {
        "partition": kept.partition,
        "offset": kept.offset,
        "headers": {name: (raw or b"").decode("utf-8", "replace") for name, raw in kept.headers},
        "value": (kept.value or b"").decode("utf-8", "replace")[:4000],
    }


# ── the document ────────────────────────────────────────────────────────────────────────────────────────────────────


class Alive(Reply):
    status: str
    service: str


class Ready(Alive):
    """`because` says why a process is not ready; empty when it is."""

    because: list[str]


class Waits(Reply):
    consumer: str
    topic: str
    state: str
    records: int
    oldest: datetime


class ReadAccount(Reply):
    """received = accepted + duplicates + rejected + parked + waiting, and as many rows wait as are counted so."""

    consumer: str
    topic: str
    received: int
    accepted: int
    duplicates: int
    rejected: int
    parked: int
    waiting: int
    holes: int
    lost: int
    rows_waiting: int
    is_equal: bool


class SentAccount(Reply):
    """What came in at an edge, against the rows that came of it. Intake's alone."""

    boundary: str
    department: str
    received: int
    accepted: int
    duplicates: int
    rejected: int
    parked: int
    waiting: int
    is_equal: bool


class ServiceAccount(Reply):
    """This service's side of every boundary, by topic. `lag`: not yet read, by group and topic."""

    service: str
    emitted: dict[str, int]
    applied: dict[str, int]
    outbox: dict[str, int]
    waiting: list[Waits]
    read: list[ReadAccount]
    lag: dict[str, dict[str, int]]
    sent: Annotated[list[SentAccount], Field(default_factory=list)]


class DeadLetter(Reply):
    """A record that waits. `behind`: how many stand behind it on its line."""

    id: str
    consumer: str
    topic: str
    key: str
    sequence: int
    state: str
    type: str | None
    region: str | None
    cause: str | None
    tries: int
    since: datetime
    behind: int


class DeadLetterPage(Reply):
    items: list[DeadLetter]
    next: str | None


class LineSums(Reply):
    failed: int
    ahead: int
    total: int


class LinePage(DeadLetterPage):
    """Every line that waits by its first record, and what that comes to in all."""

    sums: LineSums


class DeadLetterWhole(Reply):
    """One waiting record. `record` is its body where it can hold nobody's data."""

    id: str
    consumer: str
    topic: str
    key: str
    sequence: int
    state: str
    type: str | None
    region: str | None
    cause: str | None
    tries: int
    since: datetime
    is_first: bool
    record: Any = None


class Replayed(Reply):
    """What deciding it again came to; `cause` where it failed again."""

    id: str
    replayed: bool
    cause: str | None
    outcomes: dict[str, int]


class Skipped(Reply):
    id: str
    skipped: bool
    outcomes: dict[str, int]


SHAPES: Shapes = {
    "GET /healthz": Shape({200: Alive}),
    "GET /readyz": Shape({200: Ready, 503: Ready}),
    "GET /metrics": Shape({200: CONTENT_TYPE_LATEST.partition(";")[0]}),
    "GET /v1/conservation": Shape({200: ServiceAccount}),
    "GET /v1/dead-letters": Shape({200: DeadLetterPage}),
    "GET /v1/dead-letters/lines": Shape({200: LinePage}),
    "GET /v1/dead-letters/{id}": Shape({200: DeadLetterWhole}),
    "POST /v1/dead-letters/{id}/replay": Shape({200: Replayed}, refusals=(409,)),
    "POST /v1/dead-letters/{id}/skip": Shape({200: Skipped}, refusals=(409,)),
}
"""The same in every service."""
