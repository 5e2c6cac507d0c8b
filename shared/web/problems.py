"""Refusals over HTTP: RFC 9457 problem details with a stable `code`; for input, `errors[].field` and a remedy."""

import logging
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared.messaging.faults import Refused, Retry, Unavailable, fingerprint, is_infrastructure
from shared.messaging.room import Problem
from shared.telemetry import strike

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = "2"
UNKEEPABLE = frozenset({"22021", "22P05"})
"""A text that PostgreSQL cannot keep: a NUL, half a character."""


def problem(
    status: int, code: str, detail: str, errors: Any = (), headers: dict[str, str] | None = None
) -> JSONResponse:
    """One problem document. `detail` says what was wrong and what to do; it never repeats the input."""
    body: dict[str, Any] = {
        "type": f"urn:shouwang:problem:{code}",
        "title": code,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if errors:
        body["errors"] = list(errors)
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def refuse(status: int, code: str, detail: str, errors: tuple[dict[str, str], ...] = ()) -> Refused:
    """A refusal to raise: `raise refuse(404, "not_found", "…")`."""
    return Refused(Problem(status, code, detail, errors))


def handle_problems(app: FastAPI, alarm: Any) -> None:
    """Every way in which a call can fail has one answer. `alarm(name)` counts what is ours."""

    @app.exception_handler(Refused)
    async def _refused(_: Request, error: Refused) -> JSONResponse:
        return problem(error.problem.status, error.problem.code, error.problem.detail, error.problem.errors)

    @app.exception_handler(Unavailable)
    @app.exception_handler(Retry)
    async def _unavailable(_: Request, error: Exception) -> JSONResponse:
        return _away(str(error))

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return problem(
            422, "invalid", "Some fields cannot be used: see errors.", [_field(e) for e in error.errors()[:50]]
        )

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 400:
            return problem(422, "invalid", "The body cannot be read: send what the call asks for, as UTF-8.")
        codes = {
            401: "unauthenticated",
            403: "forbidden",
            404: "not_found",
            405: "method_not_allowed",
            413: "too_large",
        }
        return problem(
            error.status_code,
            codes.get(error.status_code, "refused"),
            str(error.detail),
            headers=dict(error.headers or {}),
        )

    @app.exception_handler(asyncpg.PostgresError)
    @app.exception_handler(asyncpg.InterfaceError)
    @app.exception_handler(OSError)
    @app.exception_handler(TimeoutError)
    @app.exception_handler(UnicodeEncodeError)
    @app.exception_handler(Exception)
    async def _ours(_: Request, error: Exception) -> JSONResponse:
        if is_infrastructure(error):
            return _away(fingerprint(error))
        if _is_unkeepable(error):
            return problem(422, "invalid", "A text holds a character, or a number has a size, that cannot be kept.")
        alarm("call_failed")
        log.error("call.failed", exc_info=error)
        return problem(500, "internal", "This is our fault, and has been noted: try again later.")


def _is_unkeepable(error: Exception) -> bool:
    """What was sent passed its model, and fits no column: the database's word, or its driver's."""
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate in UNKEEPABLE:
        return True
    is_database = isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError)
    return isinstance(error.__cause__ if is_database else error, UnicodeEncodeError | OverflowError)


def _away(cause: str) -> JSONResponse:
    log.warning("call.unavailable", extra={"cause": cause})
    return problem(
        503,
        "unavailable",
        "The database or the broker is away: try again in a moment.",
        headers={"Retry-After": RETRY_AFTER_SECONDS},
    )


def _field(error: Any) -> dict[str, str]:
    """Where it is wrong and what; a name that we do not know, or a value, is the caller's own and is not repeated."""
    place = error["loc"][1:-1] if error["type"] == "extra_forbidden" else error["loc"][1:]
    message = "This is none of the kinds that can be used." if error["type"] == "union_tag_invalid" else error["msg"]
    return {
        "field": _plain(".".join(str(part) for part in place)) or "body",
        "code": error["type"],
        "message": _plain(message),
    }


def _plain(text: str) -> str:
    return strike(text.encode("utf-8", "replace").decode())[:300]
