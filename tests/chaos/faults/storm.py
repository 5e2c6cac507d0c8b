"""`python -m tests.chaos.faults.storm [--changes N] [--seed N]`: what a storm of rebalances costs at full speed.

So many changes are read four times over, others each time: by one member that nobody disturbs, then beside one that
comes and goes: under its name, or under none, with a farewell or without. Compared within the one run.
"""

import argparse
import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import asyncpg

from shared.clock import machine_now
from tests.benchmarks.changes import Lying, changing, households
from tests.benchmarks.screening import prepared, publish, reached, until
from tests.chaos.faults.house import MovingHouse
from tests.chaos.faults.measures import Read
from tests.servers import folder

HOUSEHOLDS, CHANGES, AT_ONCE = 20_000, 300_000, 50_000
PERIOD_SECONDS, LIFE_SECONDS = 6.0, 3.0
"""Fifty comings and goings in five minutes, fewer where a coming takes longer. One that left as soon as it was in its
group would read nothing, and nobody else may read what was given to it before its session is over."""
STAYING, MOVING, TOPIC = "screening", "screening-1", "data.changed"


class Coming(NamedTuple):
    """`farewells`: of two comings so many end in order, the others by kill -9."""

    has_slot: bool
    farewells: int


PHASES = {
    "nobody comes or goes": None,
    "one comes and goes under its name, every second time without a farewell": Coming(True, 1),
    "one comes and goes under no name, with a farewell": Coming(False, 2),
    "one comes and goes under no name, without a farewell": Coming(False, 0),
}


@dataclass(frozen=True)
class Phase:
    name: str
    rate: float
    joined: int
    rebalances: int
    read: str

    def line(self, steady: float) -> str:
        share = f"{self.rate:,.0f} changes/s ({100 * self.rate / steady:.0f} %)"
        return f"  {self.name}: {share}, joined and left {self.joined} times, {self.rebalances} rebalances, {self.read}"


@dataclass
class Storm:
    house: MovingHouse
    admin: asyncpg.Connection
    changes: Iterator[Lying]
    count: int
    sent: int = 0

    async def phase(self, name: str, coming: Coming | None) -> Phase:
        """All of its changes lie there when the reading begins."""
        house = self.house
        await asyncio.to_thread(house.leave, STAYING, with_farewell=True)
        for start in range(0, self.count, AT_ONCE):
            await publish(house.kafka.bootstrap, list(islice(self.changes, min(AT_ONCE, self.count - start))))
        read, already = await Read.of(self.admin, STAYING), house.kafka.rebalances()[STAYING]
        await asyncio.to_thread(house.start, STAYING)
        await until(lambda: self._is_read(self.sent + 1), "the first change")
        began, joined = time.monotonic(), [0]
        moving = None if coming is None else asyncio.create_task(self._come_and_go(coming, joined))
        self.sent += self.count
        await until(lambda: self._is_read(self.sent), "the changes")
        seconds = time.monotonic() - began
        if moving is not None:
            moving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await moving
            await asyncio.to_thread(house.kill, MOVING)
        again = (await Read.of(self.admin, STAYING)).again(read)
        return Phase(name, self.count / seconds, joined[0], house.kafka.rebalances()[STAYING] - already, again)

    async def _is_read(self, count: int) -> bool:
        """By place, not by record: some come twice."""
        query = "SELECT coalesce(sum(next_offset), 0) FROM screening.positions WHERE topic = $1"
        return int(await self.admin.fetchval(query, TOPIC)) >= count

    async def _come_and_go(self, coming: Coming, joined: list[int]) -> None:
        house = self.house
        if not coming.has_slot:
            house.named[MOVING] = ""
        while True:
            began = time.monotonic()
            await asyncio.to_thread(house.start, MOVING)
            while not await asyncio.to_thread(house.is_ready, MOVING):
                await asyncio.sleep(0.1)
            await asyncio.sleep(LIFE_SECONDS)
            await asyncio.to_thread(house.leave, MOVING, with_farewell=joined[0] % 2 < coming.farewells)
            joined[0] += 1
            await asyncio.sleep(max(0.0, began + PERIOD_SECONDS - time.monotonic()))


async def run(place: Path, count: int, seed: int, say: Callable[[str], None]) -> None:
    """Tells of each phase when it is over."""
    house = MovingHouse(place)
    try:
        await prepared(house)
        await publish(house.kafka.bootstrap, list(households(HOUSEHOLDS)))
        await asyncio.to_thread(house.join, STAYING)
        admin = await asyncpg.connect(house.postgres.dsn)
        try:
            await until(lambda: reached(admin, "household.registered", HOUSEHOLDS), "the register")
            await admin.execute("ANALYZE")
            changes = (one for _, _, one in changing(HOUSEHOLDS, seed, machine_now()))
            storm = Storm(house, admin, changes, count)
            steady = 0.0
            for name, coming in PHASES.items():
                phase = await storm.phase(name, coming)
                steady = steady or phase.rate
                say(phase.line(steady))
        finally:
            await admin.close()
    finally:
        house.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.faults.storm", description=__doc__)
    parser.add_argument("--changes", type=int, default=CHANGES, help="in each of the four")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(
        f"storm with seed {given.seed}: {given.changes:,} changes of {HOUSEHOLDS:,} households, four times", flush=True
    )
    with folder("storm") as place:
        asyncio.run(run(place, given.changes, given.seed, lambda line: print(line, flush=True)))


if __name__ == "__main__":
    main()
