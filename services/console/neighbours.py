"""The other services, called over HTTP with the viewer's own token, so that each applies its own rules to it.

A page is never lost because a service is away: `Away` is an answer too, and the page says so in one sentence.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import httpx
from starlette.types import ASGIApp

from shared.settings import Settings

TIMEOUT = httpx.Timeout(6.0, connect=1.5)
"""Longer than a service's own statements (a queue is read in milliseconds); a page must not hang on it."""
CONNECTIONS = httpx.Limits(max_connections=40, max_keepalive_connections=20)
IN_FLIGHT_TRIES, IN_FLIGHT_SECONDS = 20, 0.1
"""The second click of a double click finds the first one in flight (409): its answer is there within two seconds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said. `code` and `errors` say why, where it refused."""

    status: int
    body: Any

    @property
    def is_fine(self) -> bool:
        return 200 <= self.status < 300

    @property
    def page_status(self) -> int:
        """Of a page that shows why it was refused: whatever the service said, it is a refusal."""
        return self.status if 400 <= self.status < 600 else 422

    @property
    def code(self) -> str:
        return str(self.body.get("code", "refused")) if isinstance(self.body, dict) else "refused"

    @property
    def errors(self) -> list[dict[str, str]]:
        found = self.body.get("errors", []) if isinstance(self.body, dict) else []
        return [one for one in found if isinstance(one, dict)]


NOTHING_MORE: Mapping[str, str] = MappingProxyType({})
AWAY = Answer(503, {"code": "away"})
"""The service does not answer, or not in time, or is itself without its database."""


FILE_TIMEOUT = httpx.Timeout(120.0, connect=1.5)
"""A file is read whole before it is answered, and its refused rows are written as a workbook: half a million rows."""
OWN_URL = "http://console.own"
"""The console's own calls of operation are asked like a neighbour's, without a socket: its rules are the same."""


class Neighbours:
    """The process's one HTTP client. `own` is the console itself; a test gives its own transport."""

    def __init__(self, settings: Settings, own: ASGIApp, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._urls: Mapping[str, str] = {
            "intake": settings.intake_url,
            "screening": settings.screening_url,
            "workflow": settings.workflow_url,
            "notify": settings.notify_url,
            "console": OWN_URL,
        }
        # Calls between our own services never go through a proxy of the environment.
        self._client = httpx.AsyncClient(
            timeout=TIMEOUT, limits=CONNECTIONS, trust_env=False, transport=transport,
            mounts={OWN_URL: httpx.ASGITransport(own, raise_app_exceptions=False)},
        )  # fmt: skip

    async def get(self, service: str, path: str, token: str, language: str = "", **query: Any) -> Answer:
        """`language` asks for sentences in it, of a call that tells them."""
        given = {name: value for name, value in query.items() if value not in (None, "", False)}
        headers = {"Accept-Language": language} if language else {}
        return await self._call("GET", service, path, token, params=given, headers=headers)

    async def post(self, service: str, path: str, token: str, body: Any, key: str | None = None) -> Answer:
        """`key` is the Idempotency-Key: a call that finds its twin in flight waits for that one's answer."""
        return await self._write("POST", service, path, token, body, key)

    async def send_file(
        self, service: str, path: str, token: str, file: tuple[str, bytes], language: str, key: str
    ) -> Answer:
        """A file of (name, content), taken in beside the call: the answer is its batch, or why it cannot be read."""
        headers = {"Idempotency-Key": key, "Prefer": "respond-async", "Accept-Language": language}
        return await self._call(
            "POST", service, path, token, files={"file": file}, headers=headers, timeout=FILE_TIMEOUT
        )

    async def content(self, service: str, path: str, token: str, language: str) -> tuple[int, bytes]:
        """The status and the bytes of what is no JSON; 503 where the service is away."""
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}
        try:
            response = await self._client.get(self._urls[service] + path, headers=headers, timeout=FILE_TIMEOUT)
        except httpx.HTTPError:
            return AWAY.status, b""
        return response.status_code, response.content

    async def ask(
        self, service: str, path: str, body: Any, address: str, token: str = "", key: str | None = None
    ) -> Answer:
        """A call for somebody who is not signed in: `address` is the visitor's own, by which intake counts."""
        return await self._write("POST", service, path, token, body, key, {"X-Forwarded-For": address})

    async def put(self, service: str, path: str, token: str, body: Any, key: str | None = None) -> Answer:
        return await self._write("PUT", service, path, token, body, key)

    async def _write(
        self, method: str, service: str, path: str, token: str, body: Any, key: str | None,
        more: Mapping[str, str] = NOTHING_MORE,
    ) -> Answer:  # fmt: skip
        headers = {**more, **({"Idempotency-Key": key} if key else {})}
        answer = AWAY
        for _ in range(IN_FLIGHT_TRIES):
            answer = await self._call(method, service, path, token, json=body, headers=headers)
            if answer.status != 409 or answer.code != "in_flight":
                break
            await asyncio.sleep(IN_FLIGHT_SECONDS)
        return answer

    async def close(self) -> None:
        await self._client.aclose()

    async def _call(self, method: str, service: str, path: str, token: str, **how: Any) -> Answer:
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **how.pop("headers", {})}
        try:
            response = await self._client.request(method, self._urls[service] + path, headers=headers, **how)
        except httpx.HTTPError:
            return AWAY
        body: Any = None
        with contextlib.suppress(ValueError):
            body = response.json()
        if response.status_code >= 500:
            return AWAY
        return Answer(response.status_code, body)
