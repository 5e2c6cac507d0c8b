"""What comes with a form: its session's token, the key by which a double click counts once, and what was typed."""

import re
import secrets
from collections.abc import Mapping

from fastapi import Request
from starlette.datastructures import FormData

from services.console.session import Viewer, check_csrf

KEY = re.compile(r"[!-~]{1,100}")
"""A form's key, which goes on as the Idempotency-Key of a call: no more than a header may hold."""
FIELDS_MAX = 1000
REASON_MIN, REASON_MAX = 3, 500
"""Of why somebody looks or acts, as the services take it."""


async def form_of(request: Request, viewer: Viewer, fields_max: int = FIELDS_MAX) -> FormData:
    """The form of a page of this viewer's. Raises NotYours without the session's token."""
    posted = await request.form(max_fields=fields_max)
    check_csrf(viewer.csrf, posted.get("csrf"))
    return posted


def new_key() -> str:
    return secrets.token_urlsafe(18)


def kept_key(posted: Mapping[str, object]) -> str:
    """The key that a form was made with; a new one where it brings none."""
    key = posted.get("key")
    return key if isinstance(key, str) and KEY.fullmatch(key) else new_key()


def typed(posted: FormData, most: Mapping[str, int]) -> dict[str, str]:
    """What was typed into the entries of `most`, cut to so many signs; what is blank is left out."""
    return {name: text for name, length in most.items() if (text := text_of(posted, name, length))}


def text_of(posted: FormData, name: str, most: int) -> str:
    """What was typed into one entry, cut to so many signs; empty where it is blank."""
    value = posted.get(name)
    return value.strip().replace("\x00", "")[:most] if isinstance(value, str) else ""


def reason_of(posted: FormData) -> str:
    return text_of(posted, "reason", REASON_MAX)
