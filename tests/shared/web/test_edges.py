"""What HTTP may bring, and what a person is told: no 5xx for what the caller sent, 503 for what is away."""

import base64
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
import pytest_asyncio
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict

from shared.access.tokens import Caller
from shared.service import Service, serving
from shared.settings import Settings
from shared.web.callers import BODY_MAX, caller_of, scoped
from tests.shared.messaging.ledger import Ledger, fact, first_waiting, house, household
from tests.tokens import bearer, settings_of

routes = APIRouter()


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    word: str


@routes.post("/v1/strict")
async def strict(body: Strict, request: Request) -> int:
    return int(await request.app.state.service.worker.fetchval("SELECT length($1::text)", body.word))


@routes.get("/v1/rows")
async def rows(request: Request, caller: Annotated[Caller, Depends(caller_of)]) -> int:
    async with scoped(request.app.state.service.api, caller) as connection:
        return int(await connection.fetchval("SELECT 1"))


@routes.get("/v1/public/who")
async def who_is_it(caller: Annotated[Caller, Depends(caller_of)]) -> str:
    return caller.role


@pytest_asyncio.fixture(scope="module")
async def service(database: str, topics: str, keys: Path) -> AsyncIterator[tuple[Service, httpx.AsyncClient]]:
    await (await house(database, keys)).pool.close()

    async def build(settings: Settings) -> Service:
        one = await Service.open(settings)
        one.stream("screening", [Ledger(broken={"bad"})])
        one.include(routes)
        one.public = ("/v1/public",)
        one.http.state.service = one
        return one

    settings = settings_of("screening", topics, database, keys)
    async with serving(build, settings) as running, httpx.AsyncClient(base_url=running.url) as client:
        yield running, client


def packed(*parts: object) -> str:
    return base64.urlsafe_b64encode("\x1f".join(map(str, parts)).encode()).decode().rstrip("=")


HOSTILE_PATHS = {
    "an id with a NUL": "/v1/dead-letters/" + packed("screening", "a\x00b", "k", 1),
    "an id beyond 64 bits": "/v1/dead-letters/" + packed("screening", "t", "k", 2**70),
    "an id of nothing": "/v1/dead-letters/%00",
    "an id that is no base64": "/v1/dead-letters/%E5%AE%88",
    "a cursor with a NUL": "/v1/dead-letters?after=" + packed("2026-01-01T00:00:00+00:00", "a\x00", "k", 1),
    "a cursor beyond 64 bits": "/v1/dead-letters?after=" + packed("2026-01-01T00:00:00+00:00", "a", "k", 2**70),
    "a cursor without a zone": "/v1/dead-letters?after=" + packed("2026-01-01T00:00:00", "a", "k", 1),
    "a cursor before time": "/v1/dead-letters?after=" + packed("0001-01-01T00:00:00+14:00", "a", "k", 1),
    "a limit of many digits": "/v1/dead-letters?limit=" + "9" * 5000,
}


@pytest.mark.parametrize("what", HOSTILE_PATHS)
async def test_an_odd_id_or_cursor_is_refused(
    service: tuple[Service, httpx.AsyncClient], keys: Path, what: str
) -> None:
    answer = await service[1].get(HOSTILE_PATHS[what], headers=bearer(keys, "steward"))
    assert answer.status_code in (404, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


HOSTILE_BODIES = {
    "broken": b"{",
    "not UTF-8": "{“守望”}".encode("gbk"),
    "too deep": b"[" * 100_000,
    "a number of many digits": b'{"word": ' + b"9" * 5000 + b"}",
    "half a character": b'{"word": "\\ud800"}',
    "a NUL": b'{"word": "\\u0000"}',
    "half a character as a name": b'{"word": "a", "\\ud800": 1}',
    "nothing": b"",
}


@pytest.mark.parametrize("what", HOSTILE_BODIES)
async def test_an_odd_body_is_refused(service: tuple[Service, httpx.AsyncClient], keys: Path, what: str) -> None:
    headers = bearer(keys, "steward") | {"content-type": "application/json"}
    answer = await service[1].post("/v1/strict", content=HOSTILE_BODIES[what], headers=headers)
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_problem_never_repeats_what_was_sent(service: tuple[Service, httpx.AsyncClient], keys: Path) -> None:
    canary = "340822199001011234"
    answer = await service[1].post("/v1/strict", json={"word": [canary], canary: 1}, headers=bearer(keys, "steward"))
    assert answer.status_code == 422
    assert canary not in answer.text


async def test_a_reason_with_a_nul_is_refused(
    service: tuple[Service, httpx.AsyncClient], database: str, keys: Path
) -> None:
    running, client = service
    await running.work_of("screening").process([fact(household(961), 1, "bad")])

    class Pool:
        pool = running.worker

    row = await first_waiting(Pool)  # type: ignore[arg-type]
    id = packed(row.consumer, row.topic, row.key, row.sequence)
    answer = await client.post(
        f"/v1/dead-letters/{id}/skip", json={"reason": "with\x00drawn"}, headers=bearer(keys, "steward")
    )
    assert answer.status_code == 422, answer.text
    await running.worker.execute("UPDATE waiting SET consumer = 'screening.elsewhere'")
    id = packed("screening.elsewhere", row.topic, row.key, row.sequence)
    answer = await client.post(f"/v1/dead-letters/{id}/replay", headers=bearer(keys, "steward"))
    assert (answer.status_code, answer.json()["code"]) == (409, "carried_elsewhere")
    await running.worker.execute("DELETE FROM waiting; UPDATE keys SET waiting = 0")


async def test_a_huge_body_is_refused_while_it_comes(service: tuple[Service, httpx.AsyncClient], keys: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'{"word": "'
        for _ in range(64):
            yield b"x" * (1 << 20)
        yield b'"}'

    headers = bearer(keys, "steward") | {"content-type": "application/json"}
    answer = await service[1].post("/v1/strict", content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "multipart/x"])
async def test_no_header_makes_a_body_that_is_held_in_memory_larger(
    service: tuple[Service, httpx.AsyncClient], keys: Path, kind: str
) -> None:
    headers = bearer(keys, "steward") | {"content-type": kind}
    answer = await service[1].post("/v1/strict", content=b"x" * (BODY_MAX + 1), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer x"}])
async def test_a_huge_body_without_a_token_is_of_nobody(
    service: tuple[Service, httpx.AsyncClient], headers: dict[str, str]
) -> None:
    answer = await service[1].post("/v1/strict", content=b"x" * (3 << 20), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), answer.text


async def test_odd_headers_are_refused(service: tuple[Service, httpx.AsyncClient], keys: Path) -> None:
    client = service[1]
    for header in (b"Bearer \xe5\xae\x88", b"Bearer", b"", b"Basic eDp5", b"Bearer " + b"x" * 20_000):
        answer = await client.get("/v1/dead-letters", headers=[(b"Authorization", header)])
        assert answer.status_code == 401, header
    assert (await client.get("/v1/public/who")).status_code == 401, "a public prefix makes nobody a caller"


async def test_what_is_away_is_unavailable_and_raises_no_alarm(
    service: tuple[Service, httpx.AsyncClient], database: str, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, client = service
    steward = bearer(keys, "steward")

    class Away:
        def acquire(self) -> Any:
            raise ConnectionRefusedError

        async def fetch(self, *_: object) -> Any:
            raise ConnectionRefusedError

        fetchrow = fetchval = fetch

    raised: list[str] = []
    monkeypatch.setattr(Service, "alarm", lambda self, name: raised.append(name))
    worker, api = running.worker, running.api
    running.worker = running.api = Away()  # type: ignore[assignment]
    try:
        for path in ("/v1/dead-letters", "/v1/conservation", "/v1/rows"):
            answer = await client.get(path, headers=steward)
            assert (answer.status_code, answer.headers.get("retry-after")) == (503, "2"), path
        answer = await client.get("/metrics")
        assert answer.status_code == 200 and "shouwang_records_total" in answer.text
        assert raised == []
    finally:
        running.worker, running.api = worker, api


def test_a_task_that_nobody_waited_for_tells_its_class_alone(capsys: pytest.CaptureFixture[str]) -> None:
    from shared.telemetry import configure_logging

    before = logging.getLogger().handlers
    try:
        configure_logging("intake", "intake-0", "info")
        error = ValueError("张三 has moved")
        logging.getLogger("asyncio").error(f"Task exception was never retrieved\nfuture: {error!r}", exc_info=error)
        logging.getLogger("asyncio").error("打电话 +86-13812345678, +8613812345678 or ID-340822199001011234")
    finally:
        logging.getLogger().handlers = before
    told = capsys.readouterr().out
    assert "never retrieved" in told and "ValueError" in told
    for secret in ("张三", "13812345678", "340822199001011234"):
        assert secret not in told
