"""A process's life: it stops when told to, whoever is away and whoever still listens, and leaves no lease behind."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest
import pytest_asyncio
from aiokafka.errors import OutOfOrderSequenceNumber
from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from shared.service import Service, listen, serving
from shared.settings import Settings
from tests.shared.messaging.ledger import Ledger, fact, house, household
from tests.tokens import settings_of
from tests.until import until

routes = APIRouter()


@routes.get("/live")
async def live() -> StreamingResponse:
    async def lines() -> AsyncIterator[bytes]:
        while True:
            yield b"data: still here\n\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(lines(), media_type="text/event-stream")


async def build(settings: Settings) -> Service:
    service = await Service.open(settings)
    service.stream("screening", [Ledger()])
    service.include(routes)
    return service


@pytest_asyncio.fixture(autouse=True)
async def _empty(database: str, keys: Path) -> None:
    await (await house(database, keys)).pool.close()


async def test_an_open_page_does_not_keep_a_process_alive(database: str, topics: str, keys: Path) -> None:
    async with serving(build, settings_of("screening", topics, database, keys)) as service:
        client = httpx.AsyncClient(base_url=service.url)
        stream = client.stream("GET", "/live")
        answer = await stream.__aenter__()
        chunks = answer.aiter_bytes()
        await anext(chunks)
        told = time.monotonic()
    assert time.monotonic() - told < 12
    with contextlib.suppress(httpx.HTTPError):
        await stream.__aexit__(None, None, None)
    await client.aclose()


@pytest.fixture
def silent() -> Iterator[str]:
    """A broker that accepts connections and never says a word, as one that is stopped or overloaded."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    yield f"127.0.0.1:{listener.getsockname()[1]}"
    listener.close()


@pytest.mark.parametrize("broker", ["refuses", "is silent"])
async def test_a_process_told_to_stop_while_kafka_is_away_stops(
    database: str, keys: Path, silent: str, broker: str
) -> None:
    where = silent if broker == "is silent" else "127.0.0.1:9"
    listener, stop = listen("127.0.0.1", 0), asyncio.Event()
    service = await build(settings_of("screening", where, database, keys))
    life = asyncio.create_task(service.live(stop, listener))
    await until(lambda: service.port, 5, "listening")
    async with httpx.AsyncClient(base_url=service.url) as client:
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["because"]) == (503, ["starting"])
    stop.set()
    told = time.monotonic()
    await asyncio.wait_for(life, 20)
    assert time.monotonic() - told < 12


async def test_a_process_told_to_stop_while_postgres_is_silent_stops(database: str, topics: str, keys: Path) -> None:
    """Its backends are stopped in the middle, as by SIGSTOP or a network that swallows everything."""
    admin = await asyncpg.connect(database)
    holding = admin.transaction()
    async with serving(build, settings_of("screening", topics, database, keys)) as service:
        await until(lambda: service.relay.is_holder, 10, "the lease")
        await holding.start()
        await admin.execute("LOCK TABLE screening.keys, screening.outbox, screening.relay IN ACCESS EXCLUSIVE MODE")
        told = time.monotonic()
    assert time.monotonic() - told < 12
    await holding.rollback()
    await admin.close()


async def test_a_process_that_stops_leaves_its_lease_to_the_next(database: str, topics: str, keys: Path) -> None:
    async with serving(build, settings_of("screening", topics, database, keys)) as service:
        await until(lambda: service.relay.is_holder, 10, "the lease")
    admin = await asyncpg.connect(database)
    assert await admin.fetchval("SELECT until = '-infinity' FROM screening.relay")
    await admin.close()


async def test_a_producer_that_has_died_is_replaced(database: str, topics: str, keys: Path) -> None:
    """After a fatal error (numbers out of order, fenced) an idempotent producer refuses everything for ever."""
    async with serving(build, settings_of("screening", topics, database, keys)) as service:
        await until(lambda: service.relay.is_holder and service.relay._producer, 10, "the lease")
        producer = service.relay._producer
        assert producer is not None
        producer._message_accumulator.fail_all(OutOfOrderSequenceNumber())
        work = service.work_of("screening")
        await work.process([fact(household(941), 1)])
        await until(lambda: service.relay.sent == 1, 15, "sent by another producer")


async def test_a_gauge_of_what_waits_goes_back_when_nothing_does(database: str, topics: str, keys: Path) -> None:
    ledger = Ledger(broken={"bad"})

    async def failing(settings: Settings) -> Service:
        service = await Service.open(settings)
        service.stream("screening", [ledger])
        return service

    async with serving(failing, settings_of("screening", topics, database, keys)) as service:
        work = service.work_of("screening")
        await work.process([fact(household(942), 1, "bad")])

        async def shown() -> float:
            await service.measure()
            samples = [s for m in service.metrics.waiting.collect() for s in m.samples]
            return sum(sample.value for sample in samples)

        assert await shown() == 1
        ledger.broken.clear()
        async with service.worker.acquire() as connection:
            from shared.messaging.waiting import Waiting

            [row] = await connection.fetch("SELECT * FROM waiting")
        await work.replay(Waiting(**{name: row[name] for name in Waiting.__slots__}))
        assert await shown() == 0
