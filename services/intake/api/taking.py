"""One call's records, whatever they came as, taken in chunk by chunk: each is one unit of work, counted in its batch.

What an interrupted call with the same Idempotency-Key has done is passed over; another body under the key is refused.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from services.intake import batch, sent_file
from services.intake.batch import Batch, batch_id_of, chain
from services.intake.body import BODY_BYTES_MAX, RECORDS_MAX, Broken
from services.intake.departments import KINDS
from services.intake.record import Origin, Sent, parse
from services.intake.record import Refused as RefusedRecord
from services.intake.rejection import Fault, message
from services.intake.sent_file import SentFile
from services.intake.subscribers import departments
from services.intake.vault import Vault
from shared.access.tokens import Caller
from shared.contracts.topics import department_topic
from shared.messaging.answers import IN_FLIGHT, REUSED
from shared.messaging.faults import Refused
from shared.messaging.room import Input
from shared.messaging.unit_of_work import UnitOfWork
from shared.policy import load
from shared.postgres import session
from shared.service import Service
from shared.web.call import traceparent_of
from shared.web.callers import idempotency_key, who
from shared.web.problems import problem, refuse

CHUNK = 1000
"""One unit of work."""


@dataclass(frozen=True, slots=True, repr=False)
class Piece:
    """One record as it was read, or why its rows are none. `row` are a file's cells, for what is refused."""

    line: int
    raw: bytes
    row: bytes = b""
    fault: Fault | None = None


@dataclass(slots=True)
class Taking:
    """One body while it is read."""

    code: str
    county: str
    vault: Vault
    opened: Batch
    work: UnitOfWork
    traceparent: str | None
    prefix: bytes = b""
    lines: int = 0
    chunk: list[Input] = field(default_factory=list)

    @property
    def batch_id(self) -> UUID:
        return self.opened.batch_id

    def take(self, piece: Piece) -> None:
        """One more record, kept for the next chunk unless it is done. Raises Broken, Refused."""
        self.lines += 1
        self.prefix = chain(self.prefix, piece.raw + piece.row if piece.row else piece.raw)
        if self.lines > RECORDS_MAX:
            raise Broken("too_many_records")
        if self.lines == self.opened.read_to:
            self.compare()
        if self.lines <= self.opened.read_to:
            if self.opened.done is None or piece.line in self.opened.done:
                return
        elif self.opened.is_closed:
            raise Refused(REUSED)
        origin = Origin(
            "http", self.county, self.batch_id, piece.line, self.lines, self.prefix, self.opened.holder, piece.row
        )
        if piece.fault is not None:
            body: Sent | RefusedRecord = RefusedRecord(self.code, piece.fault, None, origin)
        else:
            body = parse(piece.raw, self.code, origin, self.vault)
        self.chunk.append(Input(department_topic(self.code), "", None, body, traceparent=self.traceparent))

    def compare(self) -> None:
        """The lines up to here are those of the first call with this key. Raises Refused where they are not."""
        if self.prefix != self.opened.prefix:
            raise Refused(REUSED)

    async def process(self) -> None:
        if self.chunk:
            await self.work.process(self.chunk)
            self.chunk = []


def may_send(code: str, caller: Caller) -> None:
    """Raises Refused."""
    if code not in KINDS:
        raise refuse(404, "unknown_department", "No department of this code sends records.")
    if caller.department not in (None, code):
        raise refuse(403, "forbidden", "A department sends records of its own code alone.")


async def open_taking(
    service: Service, vault: Vault, holder: str, code: str, request: Request, caller: Caller
) -> Taking:
    """Open the call's batch, or take it up. Raises Refused where the same call is handled at this moment."""
    key = idempotency_key(request)
    batch_id = batch_id_of(who(caller), code, key) if key else uuid4()
    county, turn = caller.region[:6], f"{holder}/{uuid4().hex[:8]}"
    async with session(service.worker) as connection:
        opened = await batch.open_batch(connection, batch_id, code, who(caller), Origin("http", county).region, turn)
    if opened.is_busy and not opened.is_closed:
        raise Refused(IN_FLIGHT)
    work = service.calls(departments(vault, service.alarm, load(service.settings.policy)), as_worker=True)
    return Taking(code, county, vault, opened, work, traceparent_of(request))


async def take_all(service: Service, taking: Taking, pieces: AsyncIterator[Piece]) -> None:
    """Read to the end and close the batch; what was done of an interrupted one stands, and the same call goes on.

    Raises Broken, Refused, Retry, and what `pieces` raises.
    """
    try:
        async for piece in pieces:
            taking.take(piece)
            if len(taking.chunk) >= CHUNK:
                await taking.process()
        await taking.process()
        if taking.lines < taking.opened.read_to:
            raise Refused(REUSED)
        if not taking.opened.is_closed:
            await batch.close_batch(service.worker, taking.batch_id, taking.lines, taking.opened.holder)
    finally:
        with contextlib.suppress(Exception):
            await asyncio.shield(batch.let_go(service.worker, taking.batch_id, taking.opened.holder))


async def answer_of(service: Service, taking: Taking, language: str) -> dict[str, Any]:
    async with session(service.worker) as connection:
        found = await batch.account_of(connection, taking.batch_id)
        sent = await sent_file.file_of(connection, taking.batch_id, taking.vault)
    assert found is not None
    return told_account(found, language, sent)


def told_account(found: dict[str, Any], language: str, sent: SentFile | None = None) -> dict[str, Any]:
    """The account of a batch; of a file also its rows, what to note of it, and the cell of each refusal."""
    told = {
        "batch_id": str(found["batch_id"]),
        **{name: found[name] for name in batch.COUNTS},
        "rejections": list(_rejections(found["rejections"], language, sent)),
    }
    return told | sent_file.told(sent, language) if sent else told


def _rejections(rows: list[dict[str, Any]], language: str, sent: SentFile | None) -> Iterator[dict[str, Any]]:
    for row in rows:
        place = sent.place(row["line"], row["field"]) if sent else {}
        yield row | place | {"message": message(row["code"], language, row["field"])}


def language_of(request: Request) -> str:
    return "en" if request.headers.get("accept-language", "").lower().startswith("en") else "zh"


# ── the body ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def stream_of(request: Request) -> AsyncIterator[bytes]:
    try:
        async for data in request.stream():
            if data:
                yield data
    except ClientDisconnect:
        raise Broken("disconnected") from None


async def drain(request: Request) -> None:
    """A refused body is read to its end, bounded, so that the answer arrives."""
    drained = 0
    with contextlib.suppress(Exception):
        async for data in request.stream():
            drained += len(data)
            if drained > BODY_BYTES_MAX:
                return


_BROKEN = {
    "too_large": (413, "The body is over 64 MB after inflating: send it in several calls."),
    "too_many_records": (413, f"The body holds over {RECORDS_MAX:,} records: send it in several calls."),
    "gzip_damaged": (422, "The gzip stream is damaged or cut off: compress it again and repeat the call."),
    "disconnected": (400, "The connection ended within the body: repeat the call with the same Idempotency-Key."),
}


def broken(code: str, batch_id: UUID | None) -> JSONResponse:
    """`batch_id` where something of the body may have been taken in."""
    status, detail = _BROKEN[code]
    stands = f" What was read before stands: GET /v1/batches/{batch_id}." if batch_id else ""
    return problem(status, code, detail + stands)
