"""The tester's calls: repeated under one Idempotency-Key until they are answered, and written down with the answer."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import httpx

from shared.access.tokens import Issuer
from tests.house import House

IDS = UUID("4f0d3c52-0b3e-4e0e-9b58-1d1a6d1f0c01")
JSON = "application/json"
AGAIN_SECONDS, ANSWER_SECONDS = 0.2, 60.0
Who = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Sent:
    """One call that was answered. `tries`: how often it had to be sent."""

    service: str
    path: str
    body: bytes
    who: Who
    key: str
    status: int
    answer: Any
    tries: int


@dataclass
class Calls:
    """`kept` are the calls to be repeated at the end: the same key must get the same answer. `answers` counts every try
    by what came of it: a status, or no answer at all."""

    house: House
    seed: int
    kept: list[Sent] = field(default_factory=list)
    repeated: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    _number: int = 0
    _tokens: dict[tuple[tuple[str, str | None], ...], str] = field(default_factory=dict)

    async def post(
        self, service: str, path: str, body: bytes, who: Who, type_: str = JSON, key: str | None = None
    ) -> Sent:
        """Until it is answered by more than "not now"."""
        self._number += 1
        key = key or str(uuid5(IDS, f"{self.seed} {self._number}"))
        tries = 0
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:
            while True:
                tries += 1
                try:
                    answer = await client.post(
                        f"{self._url(service)}{path}",
                        content=body,
                        headers={"Content-Type": type_, "Idempotency-Key": key, **self._token(who)},
                    )
                except httpx.TransportError:
                    self.answers["no answer"] += 1
                    await asyncio.sleep(AGAIN_SECONDS)
                    continue
                self.answers[str(answer.status_code)] += 1
                if answer.status_code == 503 or _is_in_flight(answer):
                    await asyncio.sleep(AGAIN_SECONDS)
                    continue
                self.repeated += tries > 1
                assert answer.status_code < 500, f"{path}: {answer.text} {self._failures(service)}"
                told = answer.json() if answer.content else None
                return Sent(service, path, body, who, key, answer.status_code, told, tries)

    async def get(self, service: str, path: str, who: Who, **asked: str) -> Any:
        """Until it is answered; None where there is nothing."""
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:
            while True:
                try:
                    answer = await client.get(f"{self._url(service)}{path}", params=asked, headers=self._token(who))
                except httpx.TransportError:
                    await asyncio.sleep(AGAIN_SECONDS)
                    continue
                if answer.status_code != 503:
                    return answer.json() if answer.is_success else None
                await asyncio.sleep(AGAIN_SECONDS)

    async def repeat(self) -> list[str]:
        """Every kept call once more, with its key: what is not told the same again."""
        found = []
        for one in self.kept:
            again = await self.post(one.service, one.path, one.body, one.who, key=one.key)
            if (again.status, again.answer) != (one.status, one.answer):
                found.append(f"{one.path} under the same key: {again.status}, another answer than at first")
        return found

    def _url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.house.ports[service]}"

    def _failures(self, service: str) -> str:
        """What the service wrote down of calls that it could not answer: the last ones."""
        lines = (self.house.folder / f"{service}.log").read_text("utf-8", "replace").splitlines()
        return "\n".join([line for line in lines if "call.failed" in line][-3:])

    def _token(self, who: Who) -> dict[str, str]:
        name = tuple(sorted(who.items()))
        if name not in self._tokens:
            issuer = Issuer((self.house.keys / "token.key").read_bytes())
            self._tokens[name] = issuer.issue(who, timedelta(hours=6))
        return {"Authorization": f"Bearer {self._tokens[name]}"}


def _is_in_flight(answer: httpx.Response) -> bool:
    if answer.status_code != 409:
        return False
    try:
        return bool(answer.json().get("code") == "in_flight")
    except json.JSONDecodeError:
        return False
