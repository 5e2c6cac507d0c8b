"""POST /v1/departments/{code}/records: a department's records, streamed; GET of a batch, and of one source record.

Departments' records are written by the worker: their place is checked in code, against the sender's county.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from services.intake import batch, record, sent_file
from services.intake.api.taking import (
    Piece,
    Taking,
    answer_of,
    broken,
    drain,
    language_of,
    may_send,
    open_taking,
    stream_of,
    take_all,
    told_account,
)
from services.intake.body import Broken, Inflater, splitter_of
from services.intake.departments import KINDS
from services.intake.shown import shown_version
from services.intake.vault import Vault
from shared import audit
from shared.access.roles import grade
from shared.access.tokens import Caller
from shared.messaging.faults import Refused, Retry
from shared.service import Service
from shared.web.callers import allowed, scoped, who
from shared.web.problems import refuse


def router(service: Service, vault: Vault, holder: str) -> APIRouter:
    routes = APIRouter()

    @routes.post("/v1/departments/{code}/records", status_code=202)
    async def send(
        code: str, request: Request, caller: Annotated[Caller, Depends(allowed("record.send"))]
    ) -> JSONResponse:
        try:
            _check(code, request, caller)
            taking = await open_taking(service, vault, holder, code, request, caller)
        except Exception:
            await drain(request)
            raise
        return await _take(service, taking, request)

    @routes.get("/v1/batches/{id}")
    async def batch_(
        id: UUID, request: Request, caller: Annotated[Caller, Depends(allowed("batch.read"))]
    ) -> dict[str, Any]:
        async with scoped(service.api, caller) as connection:
            found = await batch.account_of(connection, id)
            sent = await sent_file.file_of(connection, id, vault)
        if found is None or caller.department not in (None, found["department"]):
            raise refuse(404, "not_found", "There is no such batch in your area.")
        return told_account(found, language_of(request), sent) | {"state": batch.state_of(found)}

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


def _check(code: str, request: Request, caller: Caller) -> None:
    may_send(code, caller)
    if request.headers.get("content-encoding", "identity").lower() not in ("identity", "gzip"):
        raise refuse(415, "encoding", "Send the body plain, or as gzip.")
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise refuse(415, "content_type", "Send records as JSON or NDJSON; files have a call of their own.")


async def _take(service: Service, taking: Taking, request: Request) -> JSONResponse:
    try:
        await take_all(service, taking, _pieces(request))
    except Broken as error:
        await drain(request)
        return broken(error.code, taking.batch_id)
    except (Refused, Retry):
        await drain(request)
        raise
    return JSONResponse(await answer_of(service, taking, language_of(request)), 202)


async def _pieces(request: Request) -> AsyncIterator[Piece]:
    inflater = Inflater(request.headers.get("content-encoding", "").lower() == "gzip")
    splitter = splitter_of(request.headers.get("content-type", ""))
    async for data in stream_of(request):
        for piece in inflater.feed(data):
            for line, raw in splitter.feed(piece):
                yield Piece(line, raw)
    inflater.end()
    for line, raw in splitter.end():
        yield Piece(line, raw)
