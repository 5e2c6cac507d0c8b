"""Due deadlines: 20,000 that fall due at once, as after an outage at midnight, told by one alarm process.

Rate: from the moment at which they are due to the last one's commit, outbox, history and lateness included, read from
the alarm's own tables. First each tells one step (`passed`, after the reminder), then the three that an outage of a
week leaves, supervisions included.
"""

import asyncio
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import asyncpg

from shared.crypto import create_keys
from shared.postgres import migrate
from tests.benchmarks.clockwork import Cpu, Said, tree
from tests.house import ROOT, House
from tests.services.workflow.house import household, opened_desk
from tests.services.workflow.many import copied

SETTLE_SECONDS = 300.0
DAY = timedelta(days=1)


async def measured(folder: Path, count: int) -> Said:
    house = House(folder)
    try:
        create_keys(house.keys)
        await asyncio.to_thread(house.postgres.start)
        await migrate(house.postgres.dsn, house.keys)
        desk = await opened_desk(house.postgres.dsn, house.keys)
        task = await desk.opened(household(1), "yellow")
        await desk.close()
        admin = await asyncpg.connect(house.postgres.dsn)
        await copied(admin, household(1), count - 1)
        values: dict[str, float] = {}
        with _alarm(house) as alarm:
            await _fired(admin, task["due_at"] - DAY, 1)
            for name, after, steps in (("one step each", 0 * DAY, 2), ("three more each", 5 * DAY, 5)):
                before = Cpu(tree(alarm.pid), tree(_pid(house)), 0.0)
                seconds = await _fired(admin, task["due_at"] + after, steps)
                spent = Cpu(tree(alarm.pid), tree(_pid(house)), 0.0) - before
                values |= {
                    f"{name}, s": seconds,
                    f"{name}, deadlines/s": count / seconds,
                    f"{name}, alarm CPU s": spent.app,
                    f"{name}, PostgreSQL CPU s": spent.postgres,
                }
        await admin.close()
        return Said(f"alarm, {count:,} deadlines due at once, 1 process", values)
    finally:
        house.stop()


def _alarm(house: House) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.services.workflow.ringing", house.postgres.dsn, str(house.keys)]
    return Ended(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL)


class Ended(subprocess.Popen[bytes]):
    """A process that ends with its block."""

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.wait()


def _pid(house: House) -> int:
    process = house.postgres.process
    return process.pid if process else 0


async def _fired(admin: asyncpg.Connection, instant: object, steps: int) -> float:
    """Seconds from the moment at which they are due until all have been told."""
    query = "SELECT EXISTS (SELECT FROM workflow.deadlines WHERE cardinality(fired) < $1)"
    await admin.execute("UPDATE civil.clock SET is_demo = true")
    await admin.execute("SELECT civil.advance($1 - civil.now() + interval '1 minute')", instant)
    began = time.monotonic()
    while await admin.fetchval(query, steps):
        assert time.monotonic() - began < SETTLE_SECONDS, f"{steps} steps took over {SETTLE_SECONDS:.0f} s"
        await asyncio.sleep(0.05)
    return time.monotonic() - began
