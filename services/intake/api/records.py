"""POST /v1/departments/{code}/records: a department's records, streamed; GET of a batch, and of one source record.

Departments' records are written by the worker (design §8): their place is checked in code, against the sender's county.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from services.intake import batch, record
from services.intake.batch import Batch, batch_id_of, chain
from services.intake.body import RECORDS_MAX, Broken, Inflater, splitter_of
from services.intake.departments import KINDS
from services.intake.record import Origin, parse
from services.intake.rejection import message
from services.intake.shown import shown_version
from services.intake.subscribers import departments
from services.intake.vault import Vault
from shared import audit
from shared.access.roles import grade
from shared.access.tokens import Caller
from shared.contracts.topics import department_topic
from shared.messaging.faults import Refused, Retry
from shared.messaging.room import Input
from shared.messaging.unit_of_work import UnitOfWork
from shared.policy import load
from shared.postgres import session
from shared.service import Service
from shared.web.callers import allowed, scoped, who
from shared.web.problems import problem, refuse

CHUNK = 1000
"""One unit of work (design §5)."""


def router(service: Service, vault: Vault, holder: str) -> APIRouter:
    routes = APIRouter()

    @routes.post("/v1/departments/{code}/records", status_code=202)
    async def send(
        code: str, request: Request, caller: Annotated[Caller, Depends(allowed("record.send"))]
    ) -> JSONResponse:
        try:
            _check(code, request, caller)
            reading = await _open(service, vault, holder, code, request, caller)
        except Exception:
            await _drain(request)
            raise
        return await _read(service, reading, request)

    @routes.get("/v1/batches/{id}")
    async def batch_(
        id: UUID, request: Request, caller: Annotated[Caller, Depends(allowed("batch.read"))]
    ) -> dict[str, Any]:
        async with scoped(service.api, caller) as connection:
            found = await batch.account_of(connection, id)
        if found is None or caller.department not in (None, found["department"]):
            raise refuse(404, "not_found", "There is no such batch in your area.")
        return _account(found, _language(request)) | {"state": "closed" if found["closed_at"] else "open"}

    @routes.get("/v1/departments/{code}/records/{record_id:path}")
    async def source_record(
        code: str, record_id: str, caller: Annotated[Caller, Depends(allowed("record.read"))]
    ) -> dict[str, Any]:
        if code not in KINDS or caller.department not in (None, code):
            raise refuse(404, "not_found", "There is no such record in your area.")
        async with scoped(service.api, caller) as connection:
            rows = await connection.fetch(record.SQL.history, code, record_id)
            if not rows:
                raise refuse(404, "not_found", "There is no such record in your area.")
            region = rows[-1]["region"]
            entry = audit.Entry(who(caller), caller.role, "record.read", f"{code}/{record_id}", region=region)
            await audit.write(connection, entry)
        versions = [shown_version(code, record_id, row, grade(caller), vault) for row in rows]
        return {"department": code, "record_id": record_id, "kind": rows[-1]["kind"], "versions": versions}

    return routes


# ── one call ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Reading:
    """One body while it is read. What an interrupted call with the same key has done is passed over."""

    code: str
    county: str
    vault: Vault
    opened: Batch
    work: UnitOfWork
    traceparent: str | None
    prefix: bytes = b""
    lines: int = 0
    chunk: list[Input] = field(default_factory=list)

    def take(self, line: int, raw: bytes) -> None:
        self.lines += 1
        self.prefix = chain(self.prefix, raw)
        if self.lines > RECORDS_MAX:
            raise Broken("too_many_records")
        if self.lines == self.opened.read_to:
            self.compare()
        if self.lines <= self.opened.read_to:
            if self.opened.done is None or line in self.opened.done:
                return
        elif self.opened.is_closed:
            raise _reused()
        origin = Origin("http", self.county, self.opened.batch_id, line, self.lines, self.prefix, self.opened.holder)
        body = parse(raw, self.code, origin, self.vault)
        self.chunk.append(Input(department_topic(self.code), "", None, body, traceparent=self.traceparent))

    def compare(self) -> None:
        """Whether the lines up to here are those of the first call with this key."""
        if self.prefix != self.opened.prefix:
            raise _reused()


def _reused() -> Refused:
    return refuse(422, "idempotency_key_reused", "This Idempotency-Key was used with another body: take a new one.")


def _check(code: str, request: Request, caller: Caller) -> None:
    if code not in KINDS:
        raise refuse(404, "unknown_department", "No department of this code sends records.")
    if caller.department not in (None, code):
        raise refuse(403, "forbidden", "A department sends records of its own code alone.")
    if request.headers.get("content-encoding", "identity").lower() not in ("identity", "gzip"):
        raise refuse(415, "encoding", "Send the body plain, or as gzip.")
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise refuse(415, "content_type", "Send records as JSON or NDJSON; files have a call of their own.")


async def _open(service: Service, vault: Vault, holder: str, code: str, request: Request, caller: Caller) -> Reading:
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= 200:
        raise refuse(422, "idempotency_key", "An Idempotency-Key has 1 to 200 characters.")
    batch_id = batch_id_of(who(caller), code, key) if key else uuid4()
    county, turn = caller.region[:6], f"{holder}/{uuid4().hex[:8]}"
    async with session(service.worker) as connection:
        opened = await batch.open_batch(connection, batch_id, code, who(caller), Origin("http", county).region, turn)
    if opened.is_busy and not opened.is_closed:
        raise refuse(409, "in_flight", "The same call is still being handled: ask again in a moment.")
    work = service.calls(departments(vault, service.alarm, load(service.settings.policy)), as_worker=True)
    return Reading(code, county, vault, opened, work, _traceparent(request))


async def _read(service: Service, reading: Reading, request: Request) -> JSONResponse:
    """Read to the end and close the batch; what was done of an interrupted one stands, and the same call goes on."""
    try:
        async for line, raw in _records(request):
            reading.take(line, raw)
            if len(reading.chunk) >= CHUNK:
                await _process(reading)
        await _process(reading)
        if reading.lines < reading.opened.read_to:
            raise _reused()
        if not reading.opened.is_closed:
            await batch.close_batch(service.worker, reading.opened.batch_id, reading.lines, reading.opened.holder)
    except Broken as broken:
        await _drain(request)
        return _broken(broken.code, reading.opened.batch_id)
    except (Refused, Retry):
        await _drain(request)
        raise
    finally:
        with contextlib.suppress(Exception):
            await asyncio.shield(batch.let_go(service.worker, reading.opened.batch_id, reading.opened.holder))
    async with session(service.worker) as connection:
        account = await batch.account_of(connection, reading.opened.batch_id)
    assert account is not None
    return JSONResponse(_account(account, _language(request)), 202)


async def _process(reading: Reading) -> None:
    if reading.chunk:
        await reading.work.process(reading.chunk)
        reading.chunk = []


async def _records(request: Request) -> AsyncIterator[tuple[int, bytes]]:
    inflater = Inflater(request.headers.get("content-encoding", "").lower() == "gzip")
    splitter = splitter_of(request.headers.get("content-type", ""))
    async for data in _stream(request):
        for piece in inflater.feed(data):
            for one in splitter.feed(piece):
                yield one
    inflater.end()
    for one in splitter.end():
        yield one


async def _stream(request: Request) -> AsyncIterator[bytes]:
    try:
        async for data in request.stream():
            if data:
                yield data
    except ClientDisconnect:
        raise Broken("disconnected") from None


async def _drain(request: Request) -> None:
    """A refused body is read to its end, bounded, so that the answer arrives."""
    drained = 0
    with contextlib.suppress(Exception):
        async for data in request.stream():
            drained += len(data)
            if drained > 64 * 1024 * 1024:
                return


_BROKEN = {
    "too_large": (413, "The body is over 64 MB after inflating: send it in several calls."),
    "too_many_records": (413, f"The body holds over {RECORDS_MAX:,} records: send it in several calls."),
    "gzip_damaged": (422, "The gzip stream is damaged or cut off: compress it again and repeat the call."),
    "disconnected": (400, "The connection ended within the body: repeat the call with the same Idempotency-Key."),
}


def _broken(code: str, batch_id: UUID) -> JSONResponse:
    status, detail = _BROKEN[code]
    return problem(status, code, f"{detail} What was read before stands: GET /v1/batches/{batch_id}.")


_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def _traceparent(request: Request) -> str | None:
    told = request.headers.get("traceparent", "")
    return told if _TRACEPARENT.fullmatch(told) else None


def _language(request: Request) -> str:
    return "en" if request.headers.get("accept-language", "").lower().startswith("en") else "zh"


def _account(found: dict[str, Any], language: str) -> dict[str, Any]:
    return {
        "batch_id": str(found["batch_id"]),
        **{name: found[name] for name in batch.COUNTS},
        "rejections": list(_rejections(found["rejections"], language)),
    }


def _rejections(rows: list[dict[str, Any]], language: str) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield row | {"message": message(row["code"], language)}
