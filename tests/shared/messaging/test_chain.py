"""Two services in a chain, screening → relay → workflow, on real servers: late facts, failures, kills of the reader."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest_asyncio

from shared import postgres
from shared.contracts.envelope import event_id
from shared.contracts.warning import Explanation, WarningState, Words
from shared.crypto import Cipher, read_keys
from shared.messaging import conservation
from shared.messaging import kafka as room
from shared.messaging.relay import Relay
from shared.messaging.room import Decided, Decision, Emit, Input, Keyed, State, Unit
from shared.messaging.unit_of_work import UnitOfWork
from tests.shared.messaging.ledger import NOW, REGION, TABLE, House, Ledger, fact, first_waiting, house, household
from tests.until import until

WORDS = Words(zh="有一件事", en="something")


class Raising(Ledger):
    """Screening: each fact raises one warning, whose policy is the fact's word."""

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        if input.body.data.record_id in self.broken:
            raise RuntimeError("planted")
        warning = WarningState(
            warning_id=UUID(input.key), household_id=UUID(input.key), state="open", level="red", provisional=False,
            policy=input.body.data.record_id, raised_at=NOW, clock_started_at=NOW, concerns=("illness",), findings=(),
            explanation=Explanation(exact=WORDS, band=WORDS),
        )  # fmt: skip
        id = event_id(str(input.body.id), "warning")
        return Decision(emits=[Emit("warning.raised", "shouwang.warning.raised.v1", input.key, id, REGION, warning)])


class Hearing(Keyed):
    """Workflow: writes down each warning's word."""

    topic = "warning.raised"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        return {}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        return Decision()

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await unit.connection.executemany(
            "INSERT INTO ledger (topic, key, sequence, word) VALUES ($1, $2, $3, $4)",
            [(d.input.topic, d.input.key, d.input.sequence, d.input.body.data.policy) for d in decided],
        )


@pytest_asyncio.fixture
async def chain(database: str, topics: str, keys: Path) -> AsyncIterator[tuple[House, UnitOfWork, Relay]]:
    first = await house(database, keys)
    first.subscriber = Raising()
    first.work.subscriber["data.changed"] = first.subscriber
    admin = await asyncpg.connect(database)
    await admin.execute(TABLE.replace("screening", "workflow"))
    await admin.close()
    secrets = read_keys(keys)
    pool = await postgres.worker_pool(database, "workflow", secrets.database)
    second = UnitOfWork("workflow", "workflow", [Hearing()], pool, Cipher(secrets.waiting))
    relay = Relay(
        "screening", "s-0", topics, lambda: postgres.worker_connection(database, "screening", secrets.database)
    )
    yield first, second, relay
    await pool.close()
    await first.pool.close()


@contextlib.asynccontextmanager
async def running(work: UnitOfWork, relay: Relay | None, kafka: str) -> AsyncIterator[None]:
    consumer, broker = room.Consumer(work, "slot-0", ("warning.raised",)), room.broker(kafka)
    consumer.attach(broker)
    await broker.start()
    task = asyncio.create_task(relay.run()) if relay is not None else None
    try:
        yield
    finally:
        await broker.stop()
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def heard(work: UnitOfWork, key: str) -> list[str]:
    rows = await work.pool.fetch("SELECT word FROM ledger WHERE key = $1 ORDER BY place", key)
    return [row["word"] for row in rows]


async def put_back(pool: asyncpg.Pool, rows: Sequence[asyncpg.Record]) -> None:
    """Into the outbox again, behind what stands there."""
    for row in map(dict, rows):
        values = {name: value for name, value in row.items() if name not in ("id", "emitted_at")}
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await pool.execute(f"INSERT INTO outbox ({', '.join(values)}) VALUES ({places})", *values.values())


async def sums(pool: asyncpg.Pool, service: str) -> dict[str, Any]:
    async with pool.acquire() as connection:
        return await conservation.sums(connection, service)  # type: ignore[arg-type]


async def test_what_is_late_waited_for_in_both_services_arrives_once_and_in_order(
    chain: tuple[House, UnitOfWork, Relay], topics: str
) -> None:
    first, second, relay = chain
    late, failing, calm = household(971), household(972), household(973)
    first.subscriber.broken = {"bad"}
    await first.work.process([fact(late, 3, "l-3"), fact(failing, 1, "bad"), fact(calm, 1, "c-1")])
    await first.work.process([fact(late, 1, "l-1"), fact(late, 2, "l-2"), fact(failing, 2, "f-2")])
    # One fact is late on the road: it goes out behind those that were numbered after it.
    held = await first.pool.fetchrow("DELETE FROM outbox WHERE key = $1 AND sequence = 2 RETURNING *", late)
    assert held is not None
    async with running(second, relay, topics):

        async def waits() -> bool:
            rows = await second.pool.fetch("SELECT sequence, state FROM waiting WHERE key = $1", late)
            return [tuple(row) for row in rows] == [(3, "ahead")] and await heard(second, calm) == ["c-1"]

        await until(waits, 20, "the third waits for the second")
        assert await heard(second, late) == ["l-1"]
        mine, theirs = await sums(first.pool, "screening"), await sums(second.pool, "workflow")
        assert mine["emitted"]["warning.raised"] == 4
        waiting = sum(row["records"] for row in theirs["waiting"])
        assert theirs["applied"]["warning.raised"] + waiting == 3, "and one is on the road"

        await put_back(first.pool, [held])
        first.subscriber.broken = set()
        await first.work.replay(await first_waiting(first))
        relay.wake()

        async def complete() -> bool:
            return await heard(second, late) == ["l-1", "l-2", "l-3"] and await heard(second, failing) == ["bad", "f-2"]

        await until(complete, 20, "everything, in order")
    mine, theirs = await sums(first.pool, "screening"), await sums(second.pool, "workflow")
    assert mine["emitted"]["warning.raised"] == theirs["applied"]["warning.raised"] == 6
    assert mine["waiting"] == theirs["waiting"] == []
    assert all(account["is_equal"] for account in theirs["read"])


async def test_what_is_sent_and_read_twice_is_applied_once(chain: tuple[House, UnitOfWork, Relay], topics: str) -> None:
    """The relay died before its delete, the reader before its commit of offsets."""
    first, second, relay = chain
    keys = [household(2000 + n) for n in range(20)]
    await first.work.process([fact(key, n, f"w-{n}") for key in keys for n in (1, 2, 3)])
    rows = await first.pool.fetch("SELECT * FROM outbox ORDER BY id")
    async with running(second, relay, topics):

        async def empty() -> bool:
            return not await first.pool.fetchval("SELECT count(*) FROM outbox")

        await until(empty, 20, "sent")
    await put_back(first.pool, rows)
    again = UnitOfWork("workflow", "workflow", [Hearing()], second.pool, second.cipher)
    async with running(again, relay, topics):
        await until(empty, 20, "sent again")

        async def all_read() -> bool:
            account = await second.pool.fetchrow(
                "SELECT sum(accepted) AS accepted, sum(duplicates) AS duplicates FROM positions"
            )
            return account is not None and account["duplicates"] is not None and account["duplicates"] >= 60

        await until(all_read, 20, "read again")
    for key in keys:
        assert await heard(second, key) == ["w-1", "w-2", "w-3"]
