"""POST /v1/departments/{code}/files: a table becomes records, on the same way as they; GET of what was refused of it.

`Prefer: respond-async` is answered when the whole file has been read and before its records are taken in, with the
batch to ask about; otherwise the answer accounts for every row.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from services.intake import batch, sent_file
from services.intake.apart import Apart, opened_apart
from services.intake.api.shapes import XLSX
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
)
from services.intake.body import BODY_BYTES_MAX, Broken
from services.intake.files.form import shown_name
from services.intake.files.reasons import Place, Unreadable, refusal
from services.intake.rejection import Fault
from services.intake.vault import Vault
from services.intake.workbook import rejections_workbook
from shared import audit
from shared.access.tokens import Caller
from shared.messaging.faults import Refused, Retry, Unavailable, fingerprint
from shared.postgres import session
from shared.service import Service
from shared.web.callers import allowed, scoped, who
from shared.web.problems import problem, refuse

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Files of up to 64 MB that one process holds and reads at a time."""


def router(service: Service, vault: Vault, holder: str) -> APIRouter:
    routes = APIRouter()
    slots = asyncio.Semaphore(AT_ONCE)
    running: set[asyncio.Task[None]] = set()

    @routes.post("/v1/departments/{code}/files", status_code=202)
    async def send(
        code: str, request: Request, caller: Annotated[Caller, Depends(allowed("record.send"))]
    ) -> JSONResponse:
        try:
            may_send(code, caller)
            if slots.locked():
                return _too_many()
            async with AsyncExitStack() as held:
                await held.enter_async_context(slots)
                content, name = await _file_of(request)
                apart = await held.enter_async_context(opened_apart(content, name, code))
                del content
                taking = await open_taking(service, vault, holder, code, request, caller)
                await _keep(service, taking, name, apart)
                if not _is_async(request) or taking.opened.is_closed:
                    await take_all(service, taking, _pieces(apart))
                    return JSONResponse(await answer_of(service, taking, language_of(request)), 202)
                task = asyncio.create_task(_take_on(service, taking, apart, held.pop_all()))
                running.add(task)
                task.add_done_callback(running.discard)
                return await _begun(service, taking, request)
        except Broken as error:
            await drain(request)
            return broken(error.code, None)
        except Unreadable as error:
            return _unreadable(error.code, error.place, language_of(request))
        except (Refused, Retry):
            await drain(request)
            raise

    @routes.get("/v1/batches/{id}/rejections.xlsx")
    async def rejections(
        id: UUID, request: Request, caller: Annotated[Caller, Depends(allowed("batch.read"))]
    ) -> Response:
        async with scoped(service.api, caller) as connection:
            found = await batch.account_of(connection, id)
            sent = await sent_file.file_of(connection, id, vault)
            if found is None or sent is None or not _is_own(caller, found["department"], found["caller"]):
                raise refuse(404, "not_found", "There is no such file of yours, or it was sent over a month ago.")
            rows = await connection.fetch(sent_file.SQL.rejected_rows, id, sent_file.REJECTED_ROWS_MAX)
            entry = audit.Entry(who(caller), caller.role, "batch.rejections", str(id), region=found["region"])
            await audit.write(connection, entry)
        content = await asyncio.to_thread(rejections_workbook, sent, id, rows, vault, language_of(request))
        headers = {"Content-Disposition": f'attachment; filename="rejections-{id}.xlsx"', "Cache-Control": "no-store"}
        return Response(content, media_type=XLSX, headers=headers)

    return routes


async def _file_of(request: Request) -> tuple[bytes, str]:
    """The one file of a form, held in memory: nothing of it lies on a disk. Raises Refused, Broken."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise refuse(415, "content_type", "Send the file as multipart/form-data, in the field `file`.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise refuse(415, "encoding", "Send the file as it is, not compressed: workbooks are already.")
    parser = MultiPartParser(request.headers, _bounded(request), max_files=1, max_fields=8, max_part_size=4096)
    parser.spool_max_size = BODY_BYTES_MAX + 1
    try:
        form = await parser.parse()
    except (MultiPartException, ValueError):
        raise refuse(422, "form_damaged", "The form cannot be read: send one file, in the field `file`.") from None
    found = form.get("file")
    if not isinstance(found, UploadFile):
        await form.close()
        raise refuse(422, "file_missing", "The form has no file: send it in the field `file`.")
    try:
        return await found.read(), shown_name(found.filename)
    finally:
        await form.close()


async def _bounded(request: Request) -> AsyncGenerator[bytes, None]:
    left = BODY_BYTES_MAX
    async for data in stream_of(request):
        left -= len(data)
        if left < 0:
            raise Broken("too_large")
        yield data


async def _keep(service: Service, taking: Taking, name: str, apart: Apart) -> None:
    """What the file is stands beside its batch before its first record does."""
    async with session(service.worker) as connection:
        await sent_file.put_file(
            connection, taking.batch_id, name, apart.about, taking.county.ljust(12, "0"), taking.vault
        )


async def _pieces(apart: Apart) -> AsyncIterator[Piece]:
    async for line, record, rows, code, field in apart.items():
        yield Piece(line, record or b"", rows, Fault(code, field) if code else None)


async def _take_on(service: Service, taking: Taking, apart: Apart, held: AsyncExitStack) -> None:
    """Beside the call that has been answered. What breaks it off leaves the batch interrupted: its sender asks, and the
    same file under the same key goes on."""
    try:
        async with held:
            await take_all(service, taking, _pieces(apart))
    except Exception as error:
        service.alarm("file_interrupted")
        if not isinstance(error, Refused | Retry | Broken | Unreadable | Unavailable):
            log.error("file.broken_off", extra={"cause": fingerprint(error)})


async def _begun(service: Service, taking: Taking, request: Request) -> JSONResponse:
    account = await answer_of(service, taking, language_of(request))
    headers = {"Location": f"/v1/batches/{taking.batch_id}", "Preference-Applied": "respond-async"}
    return JSONResponse(account | {"state": "open"}, 202, headers)


def _is_async(request: Request) -> bool:
    return "respond-async" in request.headers.get("prefer", "").lower()


def _is_own(caller: Caller, department: str, sender: str) -> bool:
    """Whole rows go back to the department that sent them, or to whoever sent them for it: to no other reader."""
    return caller.department == department or who(caller) == sender


def _too_many() -> JSONResponse:
    detail = f"{AT_ONCE} files are being read at this moment: send this one again in a little while."
    return problem(429, "too_many_files", detail, headers={"Retry-After": "10"})


def _unreadable(code: str, place: Place, language: str) -> JSONResponse:
    status = 413 if code in ("file_too_large", "too_many_rows") else 422
    detail = refusal(code, place, language)
    return problem(status, code, detail, [{"field": "file", "code": code, "message": detail, **place.told()}])
