"""A service from outside: people's calls with tokens, and the number in line of each fact that is published to it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from shared.service import Service
from tests.tokens import bearer

Headers = dict[str, str]


@dataclass
class FromOutside:
    service: Service
    client: httpx.AsyncClient
    keys: Path
    kafka: str
    numbers: dict[tuple[str, str], int] = field(default_factory=dict, kw_only=True)

    def headers(self, role: str, officer: str | None = None, **fields: str | None) -> Headers:
        return bearer(self.keys, role, officer_id=officer, **fields)

    @property
    def worker(self) -> Headers:
        return self.headers("grid_worker", "gw-1")

    def next_number(self, topic: str, key: str) -> int:
        self.numbers[topic, key] = self.numbers.get((topic, key), 0) + 1
        return self.numbers[topic, key]

    async def get(self, path: str, headers: Headers, status: int = 200, **query: Any) -> Any:
        answer = await self.client.get(path, params=query, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def post(self, path: str, headers: Headers, body: Any, status: int = 200) -> Any:
        answer = await self.client.post(path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()
