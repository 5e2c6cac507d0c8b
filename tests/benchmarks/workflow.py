"""Workflow: cases on their way opened as tasks, and people's decisions over HTTP, alone and at once.

One process has the API, the alarm and `warning.raised`, another one the group's hop. Opened: from the first task's
commit to the last one's. Decisions: clients at once, each deciding one task after the other; the latency is theirs. At
the end the same decisions with 100,000 open cases beside.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx

from tests.benchmarks.changes import Lying, lying
from tests.benchmarks.clockwork import Cpu, Said, cpu, quantile
from tests.benchmarks.screening import prepared, publish, servers, until
from tests.house import House
from tests.services.workflow.house import household, report, warning_state
from tests.services.workflow.many import copied
from tests.tokens import bearer

CLIENTS = 8
DECIDED = 1_500
MANY = 100_000
API, HOP = "workflow", "workflow-1"


@dataclass
class Decisions:
    """What the clients saw."""

    seconds: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def figures(self, name: str) -> dict[str, float]:
        ordered = sorted(self.latencies)
        return {
            f"{name}, decisions/s": self.rate,
            f"{name}, p50 ms": quantile(ordered, 0.5) * 1000,
            f"{name}, p95 ms": quantile(ordered, 0.95) * 1000,
        }


async def measured(folder: Path, entered: int) -> Said:
    house = House(folder)
    try:
        await prepared(house)
        house.start(API, "--hops", "none")
        house.start(HOP, "--hops", "village_group")
        await asyncio.to_thread(house.await_ready, API, HOP)
        admin = await asyncpg.connect(house.postgres.dsn)
        alone = range(0, DECIDED)
        beside = range(DECIDED, 3 * DECIDED)
        among = range(3 * DECIDED, 4 * DECIDED)
        await _open(house, admin, range(0, 4 * DECIDED), 0)
        before = cpu([house.running[API].pid], *servers(house))
        first = await _decided(house, alone)
        spent = cpu([house.running[API].pid], *servers(house)) - before
        values = first.figures("decisions alone")
        values["decisions alone, service CPU ms"] = spent.app / len(alone) * 1000
        values["decisions alone, PostgreSQL CPU ms"] = spent.postgres / len(alone) * 1000

        house.kill(HOP)
        await _open(house, admin, range(10_000, 10_000 + entered), 4 * DECIDED, are_tasks=False)
        house.start(HOP, "--hops", "village_group")
        pids = [house.running[one].pid for one in (API, HOP)]
        opening = asyncio.create_task(_opened(admin, pids, house, entered))
        deciding = asyncio.create_task(_decided(house, beside))
        rate, spent = await opening
        values["tasks opened/s, while people decide"] = rate
        values["CPU s/M opened, both services and servers"] = spent.total / entered * 1e6
        values |= (await deciding).figures("while tasks are opened")

        await copied(admin, household(4 * DECIDED - 1), MANY - entered)
        values |= (last := await _decided(house, among)).figures("among 100,000 open cases")
        values["rate among 100,000, share of alone"] = last.rate / first.rate
        await admin.close()
        return Said(f"workflow, {entered:,} entered, {CLIENTS} clients", values)
    finally:
        house.stop()


def _warnings(numbers: Sequence[int]) -> list[Lying]:
    houses = [household(number) for number in numbers]
    return [lying("warning.raised", "shouwang.warning.raised.v1", one, 1, warning_state(one)) for one in houses]


async def _open(
    house: House, admin: asyncpg.Connection, numbers: range, before: int, *, are_tasks: bool = True
) -> None:
    """Cases of these households: with their tasks open, or on their way with the facts lying on the hop's topic."""
    await publish(house.kafka.bootstrap, _warnings(numbers))
    wanted = before + len(numbers)
    table = "tasks" if are_tasks else "cases"
    await until(lambda: _counts(admin, table, wanted), f"{len(numbers):,} {table}")
    await until(lambda: _is_empty(admin), "the outbox")
    await admin.execute("ANALYZE")


async def _counts(admin: asyncpg.Connection, table: str, wanted: int) -> bool:
    return bool(await admin.fetchval(f"SELECT count(*) >= $1 FROM workflow.{table}", wanted))


async def _is_empty(admin: asyncpg.Connection) -> bool:
    return not await admin.fetchval("SELECT EXISTS (SELECT FROM workflow.outbox)")


async def _opened(admin: asyncpg.Connection, pids: Sequence[int], house: House, entered: int) -> tuple[float, Cpu]:
    """Tasks opened a second, and the CPU spent meanwhile."""
    query = "SELECT count(*) FROM workflow.places WHERE state = 'on_its_way' AND hop = 'village_group'"
    while (left := await admin.fetchval(query)) == entered:
        await asyncio.sleep(0.02)
    before, began = cpu(pids, *servers(house)), time.monotonic()
    while await admin.fetchval(query):
        await asyncio.sleep(0.02)
    seconds = time.monotonic() - began
    return left / seconds, cpu(pids, *servers(house)) - before


async def _decided(house: House, numbers: range) -> Decisions:
    asking = await asyncpg.connect(house.postgres.dsn)
    rows = await asking.fetch(
        "SELECT task_id, version FROM workflow.tasks WHERE household_id = ANY($1) AND state = 'open'",
        [household(number) for number in numbers],
    )
    await asking.close()
    assert len(rows) == len(numbers), f"{len(rows)} open tasks of {len(numbers)}"
    tasks = [(str(row["task_id"]), row["version"]) for row in rows]
    latencies: list[float] = []
    address = f"http://127.0.0.1:{house.ports[API]}"
    headers = bearer(house.keys, "grid_worker", officer_id="gw-1")
    began = time.monotonic()
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30) as client:
        await asyncio.gather(*(_client(client, tasks[at::CLIENTS], latencies) for at in range(CLIENTS)))
    return Decisions(time.monotonic() - began, latencies)


async def _client(client: httpx.AsyncClient, tasks: Sequence[tuple[str, int]], latencies: list[float]) -> None:
    for task_id, version in tasks:
        began = time.monotonic()
        answer = await client.post(
            f"/v1/tasks/{task_id}/decisions", json={"action": "report", "form": report(), "version": version}
        )
        latencies.append(time.monotonic() - began)
        assert answer.status_code == 200, answer.text
