"""A call's body: read with a bound, decoded strictly, checked against its model; what is wrong names its fields."""

import re
from typing import TypeVar

import orjson
from fastapi import Request
from pydantic import BaseModel, ValidationError

from shared.web.problems import refuse

CALL_BYTES_MAX = 256 * 1024
ERRORS_MAX = 50

Model = TypeVar("Model", bound=BaseModel)

_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")


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


def traceparent_of(request: Request) -> str | None:
    """The caller's W3C trace context, if it is one."""
    given = request.headers.get("traceparent", "")
    return given if _TRACEPARENT.match(given) else None
