"""What a fault costs beside its records: memory, rebalances, what was read twice, and when somebody was told."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg
import psutil

from tests.chaos.faults.house import FaultHouse

SAMPLE_SECONDS, DRAIN_POLL_SECONDS = 0.5, 0.02
MEGABYTE = 1_000_000


@dataclass
class Cost:
    """From a fault's begin until everything has come to rest. Memory is resident, in bytes, by (slot, process)."""

    before: Mapping[tuple[str, int], int]
    peak: dict[tuple[str, int], int] = field(default_factory=dict)
    rebalances: Counter[str] = field(default_factory=Counter)

    def growth(self) -> tuple[float, float, str]:
        """(MB, per cent, slot) of that process which grew most, of those that were there before."""
        grown = [(self.peak[one] - size, size, one[0]) for one, size in self.before.items() if one in self.peak]
        more, size, slot = max(grown, default=(0, 1, "nobody"))
        return more / MEGABYTE, 100.0 * more / size, slot

    def line(self) -> str:
        more, share, slot = self.growth()
        group, most = max(self.rebalances.items(), key=lambda one: one[1], default=("none", 0))
        return (
            f"memory {more:+.0f} MB ({share:+.0f} %) at most ({slot}), rebalances of a group {most} at most ({group})"
        )


@asynccontextmanager
async def watched(house: FaultHouse) -> AsyncIterator[Cost]:
    """What happens meanwhile; whole when it is left."""
    already, cost = house.kafka.rebalances(), Cost(memory(house))
    watching = asyncio.create_task(_watch(house, cost))
    try:
        yield cost
    finally:
        watching.cancel()
        cost.rebalances = house.kafka.rebalances() - already


async def _watch(house: FaultHouse, cost: Cost) -> None:
    while True:
        for one, size in memory(house).items():
            cost.peak[one] = max(size, cost.peak.get(one, 0))
        await asyncio.sleep(SAMPLE_SECONDS)


def memory(house: FaultHouse) -> dict[tuple[str, int], int]:
    """Resident bytes of every service's process that lives, by (slot, process)."""
    found = {}
    for slot, process in list(house.running.items()):
        with suppress(psutil.Error):
            found[slot, process.pid] = psutil.Process(process.pid).memory_info().rss
    return found


def told(house: FaultHouse, since: datetime, name: str) -> str:
    """The first log line of this event, or this alarm, since then: by whom, after how many seconds."""
    found = list(_heard(house, since, name))
    if not found:
        return f"{name} told by nobody"
    at, slot = min(found)
    return f"{name} told by {slot} after {(at - since).total_seconds():.1f} s"


def is_told(house: FaultHouse, since: datetime, name: str) -> bool:
    return any(_heard(house, since, name))


def _heard(house: FaultHouse, since: datetime, name: str) -> Iterator[tuple[datetime, str]]:
    for slot in house.ports:
        yield from ((at, slot) for at, said in _lines(house, slot) if at >= since and said == name)


def _lines(house: FaultHouse, slot: str) -> Iterator[tuple[datetime, str]]:
    """When, and the event, or an alarm's name."""
    path = house.folder / f"{slot}.log"
    for line in path.read_text("utf-8", "replace").splitlines() if path.exists() else ():
        with suppress(ValueError, KeyError, TypeError):
            said = json.loads(line)
            event = said["name"] if said["event"] == "alarm.raised" else said["event"]
            yield datetime.fromisoformat(said["timestamp"]), event


@dataclass(frozen=True)
class Read:
    """What a service's consumers have committed: records, counted again where they came again, and places of a log."""

    records: int
    places: int

    @classmethod
    async def of(cls, admin: asyncpg.Connection, service: str) -> "Read":
        query = f"SELECT sum(received)::bigint AS records, sum(next_offset)::bigint AS places FROM {service}.positions"
        row = await admin.fetchrow(query)
        assert row is not None
        return cls(row["records"] or 0, row["places"] or 0)

    def again(self, before: "Read") -> str:
        """How many records were read again since then."""
        records, places = self.records - before.records, self.places - before.places
        return f"{records - places} of {places} records read again ({100 * (records - places) / max(places, 1):.1f} %)"


@dataclass(frozen=True)
class Drain:
    """How an outbox emptied. The rate is that of what was left when the first of it had gone."""

    facts: int
    waited: float
    left: int
    seconds: float

    def line(self) -> str:
        rate = f", the rest at {self.left / self.seconds:,.0f}/s" if self.seconds else ""
        return f"{self.facts} facts had gathered, the first had gone after {self.waited:.1f} s{rate}"


async def drained(admin: asyncpg.Connection, service: str, seconds_max: float) -> Drain:
    """Of what lies in a service's outbox now; raises AssertionError where some of it stays."""
    last = await admin.fetchval(f"SELECT coalesce(max(id), 0) FROM {service}.outbox")
    query = f"SELECT count(*) FROM {service}.outbox WHERE id <= $1"
    facts, began, first = await admin.fetchval(query, last), time.monotonic(), None
    while left := await admin.fetchval(query, last):
        elapsed = time.monotonic() - began
        assert elapsed < seconds_max, f"{left} of {facts} facts are still in {service}'s outbox after {elapsed:.0f} s"
        if first is None and left < facts:
            first = elapsed, left
        await asyncio.sleep(DRAIN_POLL_SECONDS)
    ended = time.monotonic() - began
    waited, left = first or (ended, 0)
    return Drain(facts, waited, left, ended - waited if left else 0.0)
