"""A person's call: its body read with a bound, decoded strictly and checked; decided by the unit of work; answered."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from shared.access.tokens import Caller
from shared.messaging.answers import Answer
from shared.messaging.batch import Report
from shared.messaging.room import Input
from shared.messaging.unit_of_work import UnitOfWork
from shared.web.callers import row_scope, slot
from shared.web.problems import refuse

CALL_BYTES_MAX = 256 * 1024
ERRORS_MAX = 50

Model = TypeVar("Model", bound=BaseModel)

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


async def received(request: Request, bytes_max: int = CALL_BYTES_MAX) -> bytes:
    """The body's bytes. A longer one is drained, so that the refusal arrives (413)."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size <= bytes_max:
            parts.append(part)
    if size > bytes_max:
        raise refuse(413, "too_large", f"A call has at most {bytes_max // 1024} kB: send several.")
    return b"".join(parts)


def understood(model: type[Model], body: bytes) -> Model:
    """The body as its model. Raises Refused (422) for what is no JSON, or fields that cannot be used.

    The model alone would take NaN, Infinity and a number of 400 digits for JSON, and a form keeps what it is given.
    """
    try:
        orjson.loads(body)
        return model.model_validate_json(body)
    except orjson.JSONDecodeError:
        wrong = {
            "field": "body",
            "code": "json_invalid",
            "message": "This is no JSON: numbers are finite, text is UTF-8.",
        }
        raise refuse(422, "invalid", "The body is no JSON: see errors.", (wrong,)) from None
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False, include_context=False)[:ERRORS_MAX]
        errors = tuple(
            {
                "field": ".".join(str(part)[:60] for part in one["loc"])[:200] or "body",
                "code": str(one["type"]),
                "message": str(one["msg"])[:300],
            }
            for one in told
        )
        raise refuse(422, "invalid", "Some fields cannot be used: see errors.", errors) from None


async def called(
    work: UnitOfWork,
    request: Request,
    caller: Caller,
    topic: str,
    asked: Any,
    body: bytes,
    render: Callable[[Report], Answer],
) -> JSONResponse:
    """What the room of `topic` decides on what was asked, under the caller's row scope; the same again for a repeated
    Idempotency-Key. `body`: the bytes by which a repetition is known."""
    input = Input(topic=topic, key="", sequence=None, body=asked, traceparent=traceparent_of(request))
    _, answer = await work.call([input], row_scope(caller), slot(request, caller, body, render))
    assert answer is not None, "a call with a slot has an answer"
    return JSONResponse(answer.body, answer.status)


def decided(report: Report) -> Answer:
    """The decision's own answer."""
    return Answer(200, report.decided[0].decision.answer)


def decided_and_emitted(report: Report) -> Answer:
    """The decision's answer, with the place in line of each fact that it emitted."""
    emitted = [{"topic": one.topic, "key": one.key, "sequence": one.sequence} for one in report.emits]
    return Answer(200, report.decided[0].decision.answer | {"emitted": emitted})


def traceparent_of(request: Request) -> str | None:
    """The caller's W3C trace context, if it is one."""
    given = request.headers.get("traceparent", "")
    return given if _TRACEPARENT.fullmatch(given) else None
