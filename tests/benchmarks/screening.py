"""Screening: changes on the topic → facts, digests, warnings, outbox, account.

One process, two while partitions move, and the naive way; each on the same data, in one run, on a fresh database and
topics of its own. Rate: from the first change handled to the last one committed. The warnings of every run are compared
with a plain reference.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaProducer

from deploy.prepare import prepare_postgres
from shared.clock import machine_now
from shared.crypto import create_keys
from shared.messaging import topics
from tests.benchmarks import ceiling, sampled
from tests.benchmarks.changes import PARTITIONS, Lying, changes, households
from tests.benchmarks.clockwork import Cpu, Run, Said, cpu, tree
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
    await prepare_postgres(house.postgres.dsn, house.keys, is_demo=True, is_own=True)
    await topics.create(house.kafka.bootstrap, 6, 1)


async def done(admin: asyncpg.Connection, topic: str) -> int:
    """By position: what a member that stood still too long reads a second time counts in its account, not here."""
    query = "SELECT coalesce(sum(next_offset), 0) FROM screening.positions WHERE topic = $1"
    return int(await admin.fetchval(query, topic))


async def until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + SETTLE_SECONDS
    while not await condition():  # type: ignore[misc]
        assert time.monotonic() < end, f"{what} took over {SETTLE_SECONDS:.0f} s"
        await asyncio.sleep(0.02)


async def warnings(admin: asyncpg.Connection) -> dict[str, str]:
    rows = await admin.fetch("SELECT household_no, level FROM screening.warnings WHERE state = 'open'")
    return {row["household_no"]: row["level"] for row in rows}


async def many(folder: Path, households: int, seed: int) -> Run | Said:
    """One process, as many changes as households: what a record costs among more of them."""
    return await ours(folder, households, 1, seed, among=households)


async def ours(
    folder: Path, count: int, processes: int, seed: int, is_sampled: bool = False, among: int = HOUSEHOLDS
) -> Run | Said:
    """One or two processes; the second one comes and goes while the changes are read, so that partitions move."""
    house = House(folder)
    slots = ["screening", "screening-1"][:processes]
    try:
        await prepared(house)
        register = households(among)
        while part := list(islice(register, HOUSEHOLDS)):
            await publish(house.kafka.bootstrap, part)
        for slot in slots:
            if is_sampled:
                sampled.start(house, slot, folder / "stacks")
            else:
                house.start(slot)
        await asyncio.to_thread(house.await_ready, *slots)
        admin = await asyncpg.connect(house.postgres.dsn)
        await until(lambda: reached(admin, "household.registered", among), "the register")
        await admin.execute("ANALYZE")
        records, expected = changes(count, among, seed, machine_now())
        if is_sampled:
            sampled.begin(house, slots[0])
        seconds, spent = await _measured(house, admin, slots, records, is_moving=processes > 1)
        assert await warnings(admin) == expected, "a warning is different"
        await admin.close()
        name = f"screening, {processes} process{'es, partitions moving' if processes > 1 else ''}"
        if among != HOUSEHOLDS:
            name = f"screening, {among:,} households"
        run = Run(name, count, seconds, spent, f"{len(expected):,} warnings, none different")
        if not is_sampled:
            return run
        lines = tuple(sampled.end(house, slots[0], folder / "stacks"))
        return Said(f"{name}, sampled", {"/s": run.rate}, lines=lines)
    finally:
        house.stop()


async def raw(folder: Path, count: int, processes: int, seed: int) -> Run:
    """The same reads and writes with nothing decoded or decided; partitions stay where they are."""
    house = House(folder)
    slots = ["screening", "screening-1"][:processes]
    try:
        (folder / "writes").write_bytes(await asyncio.to_thread(ceiling.prepared, count, HOUSEHOLDS, seed))
        await prepared(house)
        admin = await asyncpg.connect(house.postgres.dsn)
        await ceiling.register(admin, HOUSEHOLDS)
        await admin.execute("ANALYZE")
        for slot in slots:
            house.running[slot] = subprocess.Popen(
                [sys.executable, "-m", "tests.benchmarks.ceiling", str(folder / "writes"), str(folder / f"{slot}.in")],
                env={**os.environ, **house.environment(slot)}, cwd=ROOT, stdout=subprocess.DEVNULL,
                stderr=(folder / f"{slot}.log").open("wb"), start_new_session=True,
            )  # fmt: skip
        share = str(PARTITIONS // processes)
        await until(lambda: _all_say(folder, slots, share), "the raw readers' joining")
        records, expected = changes(count, HOUSEHOLDS, seed, machine_now())
        seconds, spent = await _measured(house, admin, slots, records, is_moving=False)
        assert await warnings(admin) == expected, "a warning is different"
        await admin.close()
        return Run(f"raw ceiling, {processes} process{'es' if processes > 1 else ''}", count, seconds, spent)
    finally:
        house.stop()


async def _measured(
    house: House, admin: asyncpg.Connection, slots: Sequence[str], records: Sequence[Lying], *, is_moving: bool
) -> tuple[float, Cpu]:
    """Seconds and CPU from the moment at which the readers may begin, all records lying there, to the last commit."""
    for slot in slots:
        house.pause(slot)
    await publish(house.kafka.bootstrap, records)
    pids = [house.running[slot].pid for slot in slots]
    before, began = cpu(pids, *servers(house)), time.monotonic()
    for slot in slots:
        house.resume(slot)
    gone = 0.0
    if is_moving:
        await until(lambda: reached(admin, "data.changed", len(records) // 10), "a tenth of the changes")
        gone = tree(house.running[slots[1]].pid)
        house.kill(slots[1])
        house.start(slots[1])
    await until(lambda: reached(admin, "data.changed", len(records)), "the changes")
    seconds = time.monotonic() - began
    after = cpu([house.running[slot].pid for slot in slots], *servers(house))
    return seconds, replace(after, app=after.app + gone) - before


async def _all_say(folder: Path, slots: Sequence[str], word: str) -> bool:
    files = [folder / f"{slot}.in" for slot in slots]
    return all(file.exists() and file.read_text() == word for file in files)


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
        before, began = cpu([process.pid], *servers(house)), time.monotonic()
        await until(lambda: _inbox(admin, count), "the messages")
        seconds = time.monotonic() - began
        spent = cpu([process.pid], *servers(house)) - before
        await admin.close()
        return Run("screening, naive", count, seconds, spent, "a message a transaction")
    finally:
        if process is not None:
            process.kill()
            process.wait()
        house.stop()


async def reached(admin: asyncpg.Connection, topic: str, count: int) -> bool:
    return await done(admin, topic) >= count


async def _inbox(admin: asyncpg.Connection, count: int) -> bool:
    return int(await admin.fetchval("SELECT count(*) FROM screening.inbox")) >= count


def servers(house: House) -> tuple[int, int]:
    assert house.postgres.process is not None and house.kafka.process is not None
    return house.postgres.process.pid, house.kafka.process.pid
