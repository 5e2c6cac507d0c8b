"""Refusals over HTTP: RFC 9457 problem details with a stable `code`; for input, `errors[].field` and a remedy."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared.messaging.faults import Refused, Retry, Unavailable
from shared.messaging.room import Problem

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = "2"


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
        log.warning("call.unavailable", extra={"cause": str(error)})
        headers = {"Retry-After": RETRY_AFTER_SECONDS}
        return problem(
            503, "unavailable", "The database or the broker is away: try again in a moment.", headers=headers
        )

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {
                "field": ".".join(str(part) for part in one["loc"][1:])[:200] or "body",
                "code": one["type"],
                "message": one["msg"][:300],
            }
            for one in error.errors()[:50]
        ]
        return problem(422, "invalid", "Some fields cannot be used: see errors.", errors)

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
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

    @app.exception_handler(Exception)
    async def _ours(_: Request, error: Exception) -> JSONResponse:
        alarm("call_failed")
        log.error("call.failed", exc_info=error)
        return problem(500, "internal", "This is our fault, and has been noted: try again later.")
