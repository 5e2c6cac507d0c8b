"""/files: a department's table is sent; /files/{id}: what came of each of its rows, while it runs too; and the workbook
that goes back with the reason beside each refused row.

The file lies in memory alone, is checked by nobody but intake, and is the same batch when it is sent twice by one form.
"""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser

from services.console.console import Console
from services.console.frame import to
from services.console.posted import kept_key
from services.console.session import Viewer, check_csrf
from services.console.wording import Words
from shared.contracts.topics import DEPARTMENTS
from shared.web.callers import STREAM_MAX
from shared.web.problems import refuse

AT_ONCE = 2
"""Files that one process of the console holds at a time, each twice for a moment: as read and as sent on."""
REJECTIONS_SHOWN = 100
"""As many as a page may weigh; the workbook holds them all."""
REFUSED = ("line", "record_id", "field", "sheet", "row", "column", "heading")
"""What intake may leave out of a refused row: a field that no column has has none."""
PARTS = ("accepted", "duplicates", "rejected", "parked")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SAID = ("away", "in_flight", "too_many_files", "file_too_large", "file_missing", "department_missing", "form_damaged")
"""What the console says in its own words; a file that cannot be read is said by intake, with the place."""


def routes(console: Console) -> APIRouter:
    routes, slots = APIRouter(include_in_schema=False), asyncio.Semaphore(AT_ONCE)

    @routes.get("/files")
    async def files(request: Request) -> Response:
        return _form(console, request, await console.viewer(request, "record.send"))

    @routes.post("/files")
    async def send(request: Request) -> Response:
        viewer = await console.viewer(request, "record.send")
        if slots.locked():
            return _form(console, request, viewer, 429, "too_many_files")
        async with slots:
            try:
                form = await _read(request)
            except HTTPException as error:
                if error.status_code != 413:
                    raise
                return _form(console, request, viewer, 413, "file_too_large")
            except (MultiPartException, ValueError):
                return _form(console, request, viewer, 422, "form_damaged")
            try:
                return await _send(console, request, viewer, form)
            finally:
                await form.close()

    @routes.get("/files/{batch_id}")
    async def one(request: Request, batch_id: UUID) -> Response:
        viewer = await console.viewer(request, "batch.read")
        token = console.token(viewer)
        answer = await console.neighbours.get("intake", f"/v1/batches/{batch_id}", token, language=viewer.language)
        if not answer.is_fine:
            return _gone(console, request, viewer, answer.status)
        return console.frame.page(request, viewer, "file.html", **told(answer.body), parts=PARTS)

    @routes.get("/files/{batch_id}/rejections.xlsx")
    async def workbook(request: Request, batch_id: UUID) -> Response:
        viewer = await console.viewer(request, "batch.read")
        status, content = await console.neighbours.content(
            "intake", f"/v1/batches/{batch_id}/rejections.xlsx", console.token(viewer), viewer.language
        )
        if status != 200:
            return _gone(console, request, viewer, status, "files.not_yours")
        headers = {"Content-Disposition": f'attachment; filename="rejections-{batch_id}.xlsx"'}
        return Response(content, media_type=XLSX, headers=headers)

    return routes


async def _send(console: Console, request: Request, viewer: Viewer, form: FormData) -> Response:
    check_csrf(viewer.csrf, form.get("csrf"))
    department = viewer.officer.department or str(form.get("department") or "")
    file = form.get("file")
    if department not in DEPARTMENTS:
        return _form(console, request, viewer, 422, "department_missing")
    if not isinstance(file, UploadFile) or not file.filename:
        return _form(console, request, viewer, 422, "file_missing", department)
    answer = await console.neighbours.send_file(
        "intake", f"/v1/departments/{department}/files", console.token(viewer), (file.filename, await file.read()),
        viewer.language, kept_key(form),
    )  # fmt: skip
    if answer.is_fine:
        return to(f"/files/{UUID(answer.body['batch_id'])}")
    words = console.frame.words(viewer.language)
    return _form(console, request, viewer, answer.status, answer.code, department, not_taken(answer.body, words))


def not_taken(problem: Mapping[str, Any], words: Words) -> str:
    """Why nothing of a file was taken: in intake's words, which name the place and the remedy. Pure."""
    code, found = str(problem.get("code", "refused")), problem.get("errors") or ()
    if code in SAID and not found:
        return words(f"files.wrong.{code}")
    return str(found[0].get("message") or "") if found else words("files.wrong.refused")


def told(batch: Mapping[str, Any]) -> dict[str, Any]:
    """A batch as its page says it: what is done, of how many rows, and the first of what was refused. Pure."""
    return {
        "id": batch["batch_id"], "name": batch.get("file") or "", "state": batch["state"],
        "rows": int(batch.get("rows") or 0), "sums": {name: int(batch[name]) for name in ("received", *PARTS)},
        "notes": [one["message"] for one in batch.get("notes") or ()],
        "refused": [dict.fromkeys(REFUSED) | one for one in batch["rejections"][:REJECTIONS_SHOWN]],
    }  # fmt: skip


def _form(
    console: Console, request: Request, viewer: Viewer, status: int = 200, code: str = "", department: str = "",
    said: str = "",
) -> Response:  # fmt: skip
    words = console.frame.words(viewer.language)
    wrong = said or (words(f"files.wrong.{code}") if code else "")
    return console.frame.page(
        request, viewer, "files.html", status, wrong=wrong, own=viewer.officer.department, department=department,
        departments=DEPARTMENTS,
    )  # fmt: skip


def _gone(console: Console, request: Request, viewer: Viewer, status: int, key: str = "files.not_found") -> Response:
    return console.frame.unshown(request, viewer, "files.title", "files.wrong.away", key, status)


async def _read(request: Request) -> FormData:
    """The form, in memory: nothing lies on a disk. Raises HTTPException (413), MultiPartException, ValueError."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise refuse(415, "content_type", "Send the file as multipart/form-data.")
    parser = MultiPartParser(request.headers, request.stream(), max_files=1, max_fields=8, max_part_size=4096)
    parser.spool_max_size = STREAM_MAX
    return await parser.parse()
