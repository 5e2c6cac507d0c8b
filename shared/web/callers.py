"""Who calls: a bearer token on every `/v1` call but the public ones, known path or not."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.access.roles import Action, may
from shared.access.tokens import Caller, TokenError, Verifier
from shared.messaging.answers import Answer, Slot
from shared.messaging.batch import Report
from shared.messaging.unit_of_work import SET_SCOPE
from shared.messaging.unit_of_work import Scope as RowScope
from shared.postgres import session
from shared.web.problems import problem, refuse

BODY_DRAINED_MAX = 64 * 1024 * 1024
BODY_MAX, REGISTER_MAX, STREAM_MAX = 2 * 1024 * 1024, 4 * 1024 * 1024, BODY_DRAINED_MAX
"""A body that is read whole into memory, a county's register of officers, and one that is streamed."""
LARGER = {"/v1/departments": STREAM_MAX, "/files": STREAM_MAX, "/v1/officers": REGISTER_MAX}
"""Where a body may be larger: by its path alone, for a header is the caller's word."""
KEY_LENGTH_MAX = 200
"""Of an Idempotency-Key, in characters."""


class Bearer:
    """Answers 401 before anything of a body is read for its sense; the body is drained, so that the answer arrives.

    A public call needs no token; one that comes with it must be valid all the same: it says for whom a window files.
    """

    def __init__(
        self, app: ASGIApp, verifier: Verifier, now: Callable[[], datetime], public: tuple[str, ...] = ()
    ) -> None:
        self._app, self._verifier, self._now, self._public = app, verifier, now, public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        limited = _limited(scope, receive) if scope["type"] == "http" else receive
        header = dict(scope.get("headers", ())).get(b"authorization", b"").decode("latin-1")
        is_public = any(path == one or path.startswith(f"{one}/") for one in self._public)
        if scope["type"] != "http" or not path.startswith("/v1") or (is_public and not header):
            await self._app(scope, limited, send)
            return
        try:
            kind, _, token = header.partition(" ")
            scope.setdefault("state", {})["caller"] = self._verifier.verify(
                token if kind.lower() == "bearer" else None, self._now()
            )
        except TokenError as error:
            await _drain(receive)  # not `limited`: what that raises here nobody answers but with 500
            answer = problem(
                401,
                "unauthenticated",
                f"A valid bearer token is needed ({error.code}).",
                headers={"WWW-Authenticate": "Bearer"},
            )
            await answer(scope, receive, send)
            return
        await self._app(scope, limited, send)


def _limited(scope: Scope, receive: Receive) -> Receive:
    """A body beyond its limit is drained, so that the answer arrives, and refused (413), whatever its headers say."""
    left = next((most for path, most in LARGER.items() if scope["path"].startswith(path)), BODY_MAX)

    async def limited() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            if message.get("more_body"):
                await _drain(receive)
            raise HTTPException(413, "This is too large to be read at once.")
        return message

    return limited


async def _drain(receive: Receive) -> None:
    drained = 0
    while drained < BODY_DRAINED_MAX:
        message = await receive()
        drained += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return


def caller_of(request: Request) -> Caller:
    """FastAPI dependency: the caller whose token was verified. Raises Refused (401)."""
    caller = perhaps(request)
    if caller is None:
        raise refuse(401, "unauthenticated", "A valid bearer token is needed (missing).")
    return caller


def perhaps(request: Request) -> Caller | None:
    """FastAPI dependency of a public call: the caller whose token was verified, or nobody."""
    caller: Caller | None = getattr(request.state, "caller", None)
    return caller


def allowed(action: Action) -> Callable[[Request], Awaitable[Caller]]:
    """FastAPI dependency: the caller, if the closed table of roles lets it do this at all; else 403."""

    # Awaited, though it awaits nothing: FastAPI carries what is not into a thread of its own with each call.
    async def dependency(request: Request) -> Caller:
        caller = caller_of(request)
        if not may(caller, action):
            raise refuse(403, "forbidden", f"The role {caller.role} may not do this ({action}).")
        return caller

    return dependency


def row_scope(caller: Caller) -> RowScope:
    """The rows that row-level security shows this caller."""
    return RowScope(caller.region_from, caller.region_to, caller.grid)


@asynccontextmanager
async def scoped(pool: asyncpg.Pool, caller: Caller) -> AsyncIterator[asyncpg.Connection]:
    """A reading transaction in which row-level security shows the caller's own rows."""
    scope = row_scope(caller)
    async with session(pool) as connection, connection.transaction():
        await connection.execute(SET_SCOPE, scope.region_from, scope.region_to, scope.grid)
        yield connection


def who(caller: Caller) -> str:
    """The caller as answers and audit rows name it: officer, or role with place."""
    return caller.officer_id or f"{caller.role}:{caller.department or ''}:{caller.region}"


def idempotency_key(request: Request) -> str | None:
    """What a call is known by when it comes again; None where its caller gave none. Raises Refused (422)."""
    key = request.headers.get("idempotency-key")
    if key is not None and (not 1 <= len(key) <= KEY_LENGTH_MAX or "\x00" in key):
        raise refuse(422, "idempotency_key", f"An Idempotency-Key has 1 to {KEY_LENGTH_MAX} characters.")
    return key


def slot(request: Request, caller: Caller, body: bytes, render: Callable[[Report], Answer]) -> Slot:
    """Where a call's answer is kept: by caller, path and key, with the body's hash beside. Raises Refused (422)."""
    call = f"{request.method} {request.url.path}"
    return Slot(who(caller), call, idempotency_key(request), hashlib.sha256(body).digest(), render)
