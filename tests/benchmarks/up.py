"""`./shouwang up`, once everything is downloaded: until it is ready, its memory idle and under load, its idleness.

A fresh folder with the demo, then the same folder again. Memory is the proportional share (PSS) of every process,
summed: services, supervisor, PostgreSQL's backends, the JVM. Under load: posts of 1,000 records, four at a time, until
screening and console have caught up; the largest sum seen. Idle: nobody has a page open; CPU of all processes.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import asyncpg
import httpx
import psutil

from deploy.demo.township import SEED, generate
from deploy.local.postgres import Postgres
from deploy.local.process import free_ports
from shared.postgres import SERVICES
from tests.benchmarks.clockwork import Said, pss_mb, tree
from tests.benchmarks.intake import AT_ONCE, DEPARTMENT, POST, numbers_of, post, settlements
from tests.benchmarks.screening import until
from tests.house import ROOT

QUIET_SECONDS = 5.0
"""So long nothing must move before the house counts as idle."""
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Up:
    """One running `./shouwang up`. Seconds from the command to the last service's readiness, and to the open page."""

    process: "subprocess.Popen[str]"
    data: Path
    ports: Mapping[str, int]
    services_seconds: float
    open_seconds: float

    def parts(self) -> dict[str, list[int]]:
        """The pids of each part."""
        found: dict[str, list[int]] = {"services": [], "PostgreSQL": [], "Kafka": [], "supervisor": [self.process.pid]}
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                name = child.name()
            except psutil.NoSuchProcess:
                continue
            part = "PostgreSQL" if name.startswith("postgres") else "Kafka" if name == "java" else "services"
            found[part].append(child.pid)
        return found

    def memory(self) -> dict[str, float]:
        return {part: sum(map(pss_mb, pids)) for part, pids in self.parts().items()}

    def cpu(self) -> dict[str, float]:
        """CPU seconds of each part, its own root's ended children included."""
        whole, found = tree(self.process.pid), {}
        for part, pids in self.parts().items():
            found[part] = sum(_cpu(pid) for pid in pids)
        return found | {"whole": whole}


def _cpu(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


async def measured(place: Path, records: int, idle_seconds: float) -> Said:
    ports = dict(zip((*SERVICES, "kafka", "postgres"), free_ports(len(SERVICES) + 2), strict=True))
    with _up(place / "data", ports) as first:
        fresh = first
    with _up(place / "data", ports) as again:
        admin = await asyncpg.connect(Postgres(again.data / "postgres", ports["postgres"]).dsn)
        await _is_quiet(admin)
        resting = again.memory()
        busy, seconds = await _under_load(again, admin, records)
        await _is_quiet(admin)
        afterwards = again.memory()
        before, began = again.cpu(), time.monotonic()
        await asyncio.sleep(idle_seconds)
        lasted = time.monotonic() - began
        idle = {part: (spent - before[part]) / lasted * 100 for part, spent in again.cpu().items()}
        await admin.close()
    values = {
        "fresh: services ready s": fresh.services_seconds, "fresh: open, demo loaded s": fresh.open_seconds,
        "again: services ready s": again.services_seconds, "again: open s": again.open_seconds,
        "memory at rest MB": sum(resting.values()), "memory under load, largest, MB": sum(busy.values()),
        "memory afterwards MB": sum(afterwards.values()), "idle % of a core": idle["whole"],
    }  # fmt: skip
    lines = (
        f"PSS at rest, MB: {_said(resting)}",
        f"PSS under load ({records:,} records, {seconds:.1f} s until all had caught up), MB: {_said(busy)}",
        f"PSS afterwards, MB: {_said(afterwards)}",
        f"idle over {lasted:.0f} s, % of a core: {_said(idle)}",
    )
    return Said("./shouwang up", values, lines=lines)


def _said(parts: Mapping[str, float]) -> str:
    return ", ".join(f"{part} {value:,.1f}" for part, value in parts.items())


@contextmanager
def _up(data: Path, ports: Mapping[str, int]) -> Iterator[Up]:
    """From the command itself, the checkout's launcher included, to the line that says that the sample is in."""
    told = {f"SHOUWANG_{name.upper()}_PORT": str(port) for name, port in ports.items()}
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "shouwang"), "up", "--demo", "--households", "3000", "--data", str(data)],
        env={**os.environ, **told}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        ready = 0.0
        said = []
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if " ready " in line:
                ready = time.monotonic() - began
            if line.startswith("The sample is in"):
                break
        else:
            raise AssertionError(f"`./shouwang up` ended: {''.join(said)[-2000:]}")
        yield Up(process, data, ports, ready, time.monotonic() - began)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


async def _under_load(up: Up, admin: asyncpg.Connection, records: int) -> tuple[dict[str, float], float]:
    """The parts' memory at the moment of the largest sum; seconds until everything had caught up."""
    register = await asyncio.to_thread(lambda: generate(SEED, date.today(), 3000, 1000).register)
    numbers = numbers_of(register)
    largest: dict[str, float] = {}

    async def look() -> None:
        nonlocal largest
        while True:
            now = await asyncio.to_thread(up.memory)
            largest = max(largest, now, key=lambda one: sum(one.values()))
            await asyncio.sleep(LOOK_SECONDS)

    known = await _read(admin)
    looking, lock, began = asyncio.create_task(look()), asyncio.Semaphore(AT_ONCE), time.monotonic()
    async with httpx.AsyncClient(timeout=600, trust_env=False) as client:

        async def send(start: int) -> int:
            async with lock:
                batch = settlements(numbers, start, min(POST, records - start))
                return await post(client, up.data / "keys", up.ports["intake"], DEPARTMENT, batch)

        accepted = sum(await asyncio.gather(*(send(start) for start in range(0, records, POST))))
    assert accepted == records, f"{accepted} of {records} accepted"
    await until(lambda: _has_caught_up(admin, known + 2 * records), "screening and console")
    seconds = time.monotonic() - began
    looking.cancel()
    return largest, seconds


async def _read(admin: asyncpg.Connection) -> int:
    """How many changes screening and console have read."""
    query = "SELECT coalesce(sum(received), 0) FROM {}.positions WHERE topic = 'data.changed'"
    return sum([int(await admin.fetchval(query.format(service))) for service in ("screening", "console")])


async def _has_caught_up(admin: asyncpg.Connection, number: int) -> bool:
    return await _read(admin) >= number


async def _is_quiet(admin: asyncpg.Connection) -> None:
    """Until nothing has been read and nothing lay in an outbox for some seconds."""
    queries = [f"(SELECT coalesce(sum(received), 0) FROM {one}.positions)" for one in SERVICES]
    queries += [f"(SELECT count(*) FROM {one}.outbox)" for one in SERVICES]
    last: tuple[int, ...] = ()
    since = time.monotonic()

    async def is_still() -> bool:
        nonlocal last, since
        row = await admin.fetchrow(f"SELECT {', '.join(queries)}")
        assert row is not None
        if (now := tuple(map(int, row))) != last or any(now[len(SERVICES) :]):
            last, since = now, time.monotonic()
        return time.monotonic() - since > QUIET_SECONDS

    await until(is_still, "quiet")
