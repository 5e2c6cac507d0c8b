"""Screening: changes on the topic → facts, digests, warnings, outbox, account.

One process, two while partitions move, and the naive way; each on the same data, in one run, on a fresh database and
topics of its own. Rate: from the first change handled to the last one committed. The warnings of every run are compared
with a plain reference.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaProducer

from shared.clock import machine_now
from shared.crypto import create_keys
from shared.messaging import topics
from shared.postgres import migrate
from tests.benchmarks.changes import Lying, changes, households
from tests.benchmarks.clockwork import Run, cpu
from tests.benchmarks.naive import INBOX
from tests.house import ROOT, House

HOUSEHOLDS = 20_000
SETTLE_SECONDS = 600.0


async def publish(bootstrap: str, records: Sequence[Lying]) -> None:
    """By partition in batches, as the relay sends."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_batch_size=900_000
    )
    await producer.start()
    try:
        by_line: dict[tuple[str, int], list[Lying]] = {}
        for one in records:
            by_line.setdefault((one.topic, one.partition), []).append(one)
        for (topic, partition), lying in by_line.items():
            await producer.partitions_for(topic)
            start = 0
            while start < len(lying):
                builder = producer.create_batch()
                end = start
                while end < len(lying) and builder.append(
                    key=lying[end].key, value=lying[end].value, timestamp=None, headers=lying[end].headers
                ):
                    end += 1
                await (await producer.send_batch(builder, topic, partition=partition))
                start = end
    finally:
        await producer.stop()


async def prepared(house: House) -> None:
    create_keys(house.keys)
    await asyncio.to_thread(house.postgres.start)
    await asyncio.to_thread(house.kafka.start)
    await migrate(house.postgres.dsn, house.keys)
    await topics.create(house.kafka.bootstrap, 6, 1)


async def done(admin: asyncpg.Connection, topic: str) -> int:
    query = "SELECT coalesce(sum(received), 0) FROM screening.positions WHERE topic = $1"
    return int(await admin.fetchval(query, topic))


async def until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + SETTLE_SECONDS
    while not await condition():  # type: ignore[misc]
        assert time.monotonic() < end, f"{what} took over {SETTLE_SECONDS:.0f} s"
        await asyncio.sleep(0.02)


async def warnings(admin: asyncpg.Connection) -> dict[str, str]:
    rows = await admin.fetch("SELECT household_no, level FROM screening.warnings WHERE state = 'open'")
    return {row["household_no"]: row["level"] for row in rows}


async def ours(folder: Path, count: int, processes: int, seed: int) -> Run:
    """One or two processes; the second one comes and goes while the changes are read, so that partitions move."""
    house = House(folder)
    try:
        await prepared(house)
        await publish(house.kafka.bootstrap, list(households(HOUSEHOLDS)))
        slots = ["screening", "screening-1"][:processes]
        for slot in slots:
            house.start(slot)
        await asyncio.to_thread(house.await_ready, *slots)
        admin = await asyncpg.connect(house.postgres.dsn)
        await until(lambda: _reached(admin, "household.registered", HOUSEHOLDS), "the register")
        await admin.execute("ANALYZE")
        records, expected = changes(count, HOUSEHOLDS, seed, machine_now())
        for slot in slots:
            house.pause(slot)
        await publish(house.kafka.bootstrap, records)
        pids = [house.running[slot].pid for slot in slots]
        before, began = cpu(pids, *_servers(house)), time.monotonic()
        for slot in slots:
            house.resume(slot)
        if processes > 1:
            await asyncio.sleep(1.0)
            house.kill("screening-1")
            house.start("screening-1")
        await until(lambda: _reached(admin, "data.changed", count), "the changes")
        seconds = time.monotonic() - began
        pids = [house.running[slot].pid for slot in slots]
        spent = cpu(pids, *_servers(house)) - before
        assert await warnings(admin) == expected, "a warning is different"
        await admin.close()
        name = f"screening, {processes} process{'es, partitions moving' if processes > 1 else ''}"
        return Run(name, count, seconds, spent, f"{len(expected):,} warnings, none different")
    finally:
        house.stop()


async def naive(folder: Path, count: int, seed: int) -> Run:
    house = House(folder)
    process = None
    try:
        await prepared(house)
        admin = await asyncpg.connect(house.postgres.dsn)
        await admin.execute(INBOX.format("screening"))
        await admin.execute("GRANT SELECT, INSERT ON screening.inbox TO screening_worker")
        records, _ = changes(count, HOUSEHOLDS, seed, machine_now())
        await publish(house.kafka.bootstrap, records)
        environment = {**house.environment("screening"), "PATH": ""}
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.naive"], env=environment, cwd=ROOT,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        await until(lambda: _inbox(admin, 1), "the first message")
        before, began = cpu([process.pid], *_servers(house)), time.monotonic()
        await until(lambda: _inbox(admin, count), "the messages")
        seconds = time.monotonic() - began
        spent = cpu([process.pid], *_servers(house)) - before
        await admin.close()
        return Run("the naive way: a message a transaction", count, seconds, spent)
    finally:
        if process is not None:
            process.kill()
            process.wait()
        house.stop()


async def _reached(admin: asyncpg.Connection, topic: str, count: int) -> bool:
    return await done(admin, topic) >= count


async def _inbox(admin: asyncpg.Connection, count: int) -> bool:
    return int(await admin.fetchval("SELECT count(*) FROM screening.inbox")) >= count


def _servers(house: House) -> tuple[int, int]:
    assert house.postgres.process is not None and house.kafka.process is not None
    return house.postgres.process.pid, house.kafka.process.pid
