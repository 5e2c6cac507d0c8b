"""Intake: records over NDJSON posts of 1,000 and over a department's topic: accepted, matched, sealed, emitted.

Beside it the naive way on the same bodies. Every record is of a registered person.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from zlib import crc32

import asyncpg
import httpx

from deploy.demo.parcel import chunks
from deploy.demo.township import COUNTY, generate
from shared.access.tokens import Issuer
from shared.contracts.topics import department_topic
from tests.benchmarks import sampled
from tests.benchmarks.changes import PARTITIONS, Lying
from tests.benchmarks.clockwork import Run, Said, cpu
from tests.benchmarks.screening import prepared, publish, servers, until
from tests.house import ROOT, House

DEPARTMENT = "medical_insurance"
POST, AT_ONCE = 1000, 4
Record = dict[str, object]


async def over_http(place: Path, count: int, is_sampled: bool = False) -> Run | Said:
    """Four senders."""
    house = House(place)
    try:
        numbers = await registered(house, place / "stacks" if is_sampled else None)
        if is_sampled:
            sampled.begin(house, "intake")
        run = await _posted(house, numbers, count, POST, "intake over HTTP, posts of 1,000")
        if not is_sampled:
            return run
        lines = tuple(sampled.end(house, "intake", place / "stacks"))
        return Said(f"{run.name}, sampled", {"/s": run.rate}, lines=lines)
    finally:
        house.stop()


async def naive(place: Path, count: int) -> Run:
    """Four senders too, each with its share in one post."""
    house = House(place)
    try:
        numbers = await registered(house)
        house.kill("intake")
        house.running["intake"] = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.naive_intake"], env={**house.environment("intake"), "PATH": ""},
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=(place / "intake.log").open("wb"), start_new_session=True,
        )  # fmt: skip
        await asyncio.to_thread(house.await_ready, "intake")
        return await _posted(house, numbers, count, count // AT_ONCE, "intake over HTTP, naive")
    finally:
        house.stop()


async def over_kafka(place: Path, count: int) -> Run:
    """All records lie on the department's topic when intake may begin."""
    house = House(place)
    try:
        numbers = await registered(house)
        admin = await asyncpg.connect(house.postgres.dsn)
        topic = department_topic(DEPARTMENT)
        house.pause("intake")
        await publish(house.kafka.bootstrap, [_lying(topic, one) for one in settlements(numbers, 0, count)])
        pids = [house.running["intake"].pid]
        before, began = cpu(pids, *servers(house)), time.monotonic()
        house.resume("intake")
        await until(lambda: _accepted(admin, topic, count), "the records")
        seconds = time.monotonic() - began
        spent = cpu(pids, *servers(house)) - before
        await admin.close()
        return Run("intake over Kafka", count, seconds, spent, "accepted, matched, sealed, emitted")
    finally:
        house.stop()


async def _posted(house: House, numbers: Sequence[str], count: int, size: int, name: str) -> Run:
    async with httpx.AsyncClient(timeout=600, trust_env=False) as client:
        batches = [settlements(numbers, start, size) for start in range(0, count, size)]
        pids = [house.running["intake"].pid]
        before, began = cpu(pids, *servers(house)), time.monotonic()
        lock = asyncio.Semaphore(AT_ONCE)

        async def send(batch: list[Record]) -> int:
            async with lock:
                return await post(client, house.keys, house.ports["intake"], DEPARTMENT, batch)

        accepted = sum(await asyncio.gather(*(send(batch) for batch in batches)))
        seconds = time.monotonic() - began
        spent = cpu(pids, *servers(house)) - before
    assert accepted == sum(map(len, batches)), f"{accepted} of {count} accepted"
    return Run(name, accepted, seconds, spent, f"posts of {size:,}; accepted, matched, sealed, emitted")


async def registered(house: House, stacks: Path | None = None) -> list[str]:
    """A house with its intake running and the demo's register in it. Returns the members' ID numbers."""
    await prepared(house)
    if stacks:
        sampled.start(house, "intake", stacks)
    else:
        house.start("intake")
    await asyncio.to_thread(house.await_ready, "intake")
    register = await asyncio.to_thread(lambda: generate(11, date.today(), 3000, 1000).register)
    async with httpx.AsyncClient(timeout=120, trust_env=False) as client:
        for chunk in chunks(register):
            await post(client, house.keys, house.ports["intake"], "rural_revitalization", chunk)
    admin = await asyncpg.connect(house.postgres.dsn)
    await admin.execute("ANALYZE")
    await admin.close()
    return numbers_of(register)


def numbers_of(register: Sequence[Record]) -> list[str]:
    return [
        member["id_no"]
        for record in register
        if record["kind"] == "household"
        for member in record["data"]["members"]  # type: ignore[index]
        if member["id_no"]
    ]


def settlements(numbers: Sequence[str], start: int, count: int) -> list[Record]:
    today = date.today().isoformat()
    data = {
        "setting": "outpatient", "settled_on": today, "total_yuan": "210.50", "reimbursed_yuan": "100.00",
        "self_paid_yuan": "110.50", "in_scope_self_paid_yuan": "90.50",
    }  # fmt: skip
    return [
        {
            "record_id": f"B-{start + n:07d}", "version": 1, "op": "upsert", "kind": "settlement", "occurred_on": today,
            "subject": {"id_no": numbers[(start + n) % len(numbers)], "household_no": None, "region": None},
            "data": data,
        }
        for n in range(count)
    ]  # fmt: skip


def _lying(topic: str, record: Record) -> Lying:
    key = str(record["record_id"]).encode()
    return Lying(topic, crc32(key) % PARTITIONS, key, json.dumps(record).encode(), [("county", COUNTY.encode())])


async def _accepted(admin: asyncpg.Connection, topic: str, count: int) -> bool:
    row = await admin.fetchrow(
        "SELECT coalesce(sum(received), 0) AS received, coalesce(sum(accepted), 0) AS accepted "
        "FROM intake.positions WHERE topic = $1",
        topic,
    )
    assert row is not None and row["received"] == row["accepted"], row
    return int(row["accepted"]) >= count


async def post(client: httpx.AsyncClient, keys: Path, port: int, department: str, records: Sequence[Record]) -> int:
    """Returns how many were accepted."""
    fields = {"role": "department", "department": department, "region": COUNTY}
    token = Issuer((keys / "token.key").read_bytes()).issue(fields, timedelta(hours=1))
    body = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
    answer = await client.post(
        f"http://127.0.0.1:{port}/v1/departments/{department}/records",
        content=body,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"},
    )
    assert answer.status_code == 202, answer.text
    return int(answer.json()["accepted"])
