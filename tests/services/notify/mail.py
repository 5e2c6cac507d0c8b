"""A real SMTP server in the test's own loop, which answers as it is told to, and an intake that knows addresses."""

import asyncio
import email
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any

import httpx
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class MailServer:
    """`answers`: what it says to the next letters, in order; then 250. `cut`: it takes the letter and hangs up."""

    port: int = 0
    answers: list[str] = field(default_factory=list)
    taken: list[EmailMessage] = field(default_factory=list)
    tried: int = 0

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if self.answers and self.answers[0].startswith("rcpt "):
            self.tried += 1
            return self.answers.pop(0).removeprefix("rcpt ")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.tried += 1
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer == "silent":
            await asyncio.Event().wait()
        if answer == "cut" or answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.taken.append(email.message_from_bytes(envelope.content, policy=default))
        if answer == "cut":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return answer

    def ids(self) -> list[str]:
        return [str(one["Message-ID"]) for one in self.taken]


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    handler = MailServer()
    # The server's own log names every address; what is tested is that ours does not.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, hostname="mail.example", loop=loop), "127.0.0.1", 0)
    handler.port = server.sockets[0].getsockname()[1]
    try:
        yield handler
    finally:
        server.close()


@dataclass
class Addresses:
    """Intake's `POST /v1/contacts/resolve`, as far as notify can see it."""

    known: dict[str, str] = field(default_factory=dict)
    is_away: bool = False
    status: int = 200
    asked: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.is_away:
            raise httpx.ConnectError("away")
        assert request.url.path == "/v1/contacts/resolve"
        self.tokens.append(request.headers["authorization"].removeprefix("Bearer "))
        body = httpx.Response(200, content=request.content).json()
        self.asked.append(body)
        items = [
            {"reference": one, "state": "found" if one in self.known else "unknown", "name": None, "phone": None,
             "email": self.known.get(one)}
            for one in body["references"]
        ]  # fmt: skip
        return httpx.Response(self.status, json={"items": items})
