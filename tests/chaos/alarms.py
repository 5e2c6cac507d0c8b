"""`python -m tests.chaos.alarms [--deadlines N] [--seed N]`: deadlines due at once, two alarm processes killed.

The clock climbs the ladder; processes are killed with -9 at random moments and started again, both lie dead while two
steps fall due, and afterwards every deadline's steps are counted in the outbox and in the history: each once, in order,
with its own instant, one supervision each, no deadlock, nothing for the auditor to find.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO

import asyncpg

from services.workflow.alarm import untold
from shared.crypto import create_keys
from shared.postgres import migrate
from tests import servers
from tests.house import ROOT
from tests.services.workflow.house import household, opened_desk
from tests.services.workflow.many import copied, told

DAY = timedelta(days=1)
LADDER = ("near", "passed", "urged", "supervised", "reported")
AFTER = (-DAY, 0 * DAY, DAY, 3 * DAY, 5 * DAY)
PROCESSES = 2
SETTLE_SECONDS = 300.0
KILL_AFTER_SECONDS = (0.2, 2.0)
KILLS_LEAST, DEADLINES_A_KILL = 3, 1000
"""Kills at most a step of the ladder: coming up again takes longer than the work itself."""


@dataclass
class Alarms:
    """The processes, by their number."""

    dsn: str
    keys: Path
    dice: random.Random
    running: dict[int, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    ringing: set[int] = field(default_factory=set)
    kills: int = 0

    def start(self, number: int) -> None:
        self.running[number] = subprocess.Popen(
            [sys.executable, "-m", "tests.services.workflow.ringing", self.dsn, str(self.keys)],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE,
        )  # fmt: skip
        os.set_blocking(_pipe(self.running[number]).fileno(), False)

    def is_ringing(self, number: int) -> bool:
        """Whether it has come up: one killed before would prove nothing and take the machine's whole time."""
        if number not in self.ringing and _pipe(self.running[number]).read():
            self.ringing.add(number)
        return number in self.ringing

    def kill(self, number: int) -> None:
        self.running[number].kill()
        process = self.running.pop(number)
        process.wait()
        _pipe(process).close()
        self.ringing.discard(number)
        self.kills += 1

    def stop(self) -> None:
        for number in list(self.running):
            self.kill(number)


def _pipe(process: "subprocess.Popen[bytes]") -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout


@dataclass(frozen=True, slots=True)
class Outcome:
    deadlines: int
    steps: int
    kills: int
    seconds: float
    complaints: tuple[str, ...]

    def line(self) -> str:
        found = (
            "; ".join(self.complaints) or "each step once, in order, with its own instant; no deadlock; none unfired"
        )
        return f"{self.deadlines:,} deadlines, {self.steps:,} steps, {self.kills} kills, {self.seconds:.0f} s: {found}"


async def run(dsn: str, keys: Path, count: int, seed: int) -> Outcome:
    """On a migrated database of its own: its clock moves."""
    began = time.monotonic()
    desk = await opened_desk(dsn, keys)
    admin = await asyncpg.connect(dsn)
    alarms = Alarms(dsn, keys, random.Random(seed))
    try:
        task = await desk.opened(household(1), "yellow")
        await copied(admin, household(1), count - 1)
        for number in range(PROCESSES):
            alarms.start(number)
        # The last two steps fall due together, while every alarm lies dead.
        for at, after in enumerate(AFTER[:-2]):
            await _until(admin, task["due_at"] + after)
            await _climbed(admin, alarms, count, at + 1)
        alarms.stop()
        await _until(admin, task["due_at"] + AFTER[-1])
        for number in range(PROCESSES):
            alarms.start(number)
        await _climbed(admin, alarms, count, len(LADDER))
        found = await complaints(admin, count, task["due_at"])
    finally:
        alarms.stop()
        await admin.close()
        await desk.close()
    return Outcome(count, count * len(LADDER), alarms.kills, time.monotonic() - began, tuple(found))


async def _until(admin: asyncpg.Connection, instant: object) -> None:
    """The civil clock goes on to a minute after this instant."""
    await admin.execute("UPDATE civil.clock SET is_demo = true")
    await admin.execute("SELECT civil.advance($1 - civil.now() + interval '1 minute')", instant)


async def _climbed(admin: asyncpg.Connection, alarms: Alarms, count: int, steps: int) -> None:
    """Until every deadline has told so many steps; meanwhile now one process, now another is killed and comes again."""
    end = time.monotonic() + SETTLE_SECONDS
    next_kill = time.monotonic() + alarms.dice.uniform(*KILL_AFTER_SECONDS)
    last = alarms.kills + max(KILLS_LEAST, count // DEADLINES_A_KILL)
    query = "SELECT count(*) FROM workflow.deadlines WHERE cardinality(fired) < $1"
    while await admin.fetchval(query, steps):
        assert time.monotonic() < end, f"step {steps} of {count} deadlines took over {SETTLE_SECONDS:.0f} s"
        if time.monotonic() > next_kill and alarms.kills < last:
            if alarms.is_ringing(number := alarms.dice.randrange(PROCESSES)):
                alarms.kill(number)
                alarms.start(number)
            next_kill = time.monotonic() + alarms.dice.uniform(*KILL_AFTER_SECONDS)
        await asyncio.sleep(0.05)


async def complaints(admin: asyncpg.Connection, count: int, due_at: object) -> list[str]:
    """What is not as it has to be, by outbox, history, supervisions, lateness and PostgreSQL's own account."""
    found: list[str] = []
    by_house = await told(admin)
    if len(by_house) != count:
        found.append(f"{len(by_house)} of {count} deadlines told")
    instants = tuple(due_at + after for after in AFTER)  # type: ignore[operator]
    wrong = [one for one in by_house.values() if one.steps != LADDER or one.instants != instants]
    if wrong:
        found.append(f"{len(wrong)} out of order, e.g. {wrong[0]}")
    if any(one.numbers != (1, 2, 3, 4, 5) for one in by_house.values()):
        found.append("numbers with a gap")
    history = await admin.fetch(
        "SELECT steps, count(*) FROM (SELECT array_agg(split_part(type, '.', 3) ORDER BY number) AS steps "
        "FROM workflow.history WHERE type LIKE 'shouwang.deadline.%' GROUP BY household_id) s GROUP BY steps"
    )
    if [(tuple(row["steps"]), row["count"]) for row in history] != [(LADDER, count)]:
        found.append(f"history: {[dict(row) for row in history][:3]}")
    supervisions = await admin.fetchval(
        "SELECT count(DISTINCT place_id) FROM workflow.supervisions WHERE state = 'open'"
    )
    late = await admin.fetchval("SELECT count(*) FROM workflow.places WHERE lateness = 'supervised'")
    if supervisions != count or late != count:
        found.append(f"{supervisions} supervisions, {late} places supervised")
    if left := await _unfired(admin):
        found.append(f"unfired: {left[:2]}")
    await admin.execute("SELECT pg_stat_force_next_flush()")
    if deadlocks := await admin.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"):
        found.append(f"{deadlocks} deadlocks")
    return found


async def _unfired(admin: asyncpg.Connection) -> Sequence[object]:
    await admin.execute("SET search_path = workflow, civil, public")
    return await untold(admin)


async def _alone(count: int, seed: int) -> Outcome:
    with servers.folder("alarms") as place, servers.postgres() as dsn:
        keys = place / "keys"
        create_keys(keys)
        await migrate(dsn, keys)
        return await run(dsn, keys, count, seed)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.alarms", description=__doc__)
    parser.add_argument("--deadlines", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(f"alarms with seed {given.seed}", flush=True)
    outcome = asyncio.run(_alone(given.deadlines, given.seed))
    print(outcome.line())
    sys.exit(1 if outcome.complaints else 0)


if __name__ == "__main__":
    main()
