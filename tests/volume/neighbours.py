"""What one household's flood, or somebody's poison, does to its neighbours: probes at a set rate, with and without it.

A probe is a bill that raises a warning for a household that has none. Its time runs from the instant at which it was
due to be sent (a sender that falls behind hides nothing) until the relay sends its warning.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import cycle
from uuid import uuid4
from zlib import crc32

import asyncpg
from aiokafka import AIOKafkaProducer

from shared.contracts.data import Fact, Settlement
from tests import hostile
from tests.benchmarks.changes import PARTITIONS, Lying, household_id, households, lying
from tests.benchmarks.screening import publish
from tests.house import House
from tests.tokens import VILLAGE
from tests.until import until
from tests.volume.ground import Figure, emptied, milliseconds, p99, whole

RATE = 300
SHARE = 0.3
PROBED = 8
"""Every so many of the others is a probe."""
ROUNDS = 2
QUIET = 500
HOT_RECORDS = 20
TOPIC = "data.changed"


async def hot(house: House, count: int, seed: int) -> Figure:
    """`count` events a part: 30 % of them on one household, or spread as the others are; twice, by turns."""
    flow = await _begun(house, count, seed)
    quiet, loud = await flow.by_turns(flow.spread, flow.hot)
    wrong = await flow.ended(failed=0)
    applied = await _applied(house, str(household_id(flow.hot_home)))
    return Figure(
        "R23", f"{count:,} events a part at {RATE}/s, {SHARE:.0%} of all on one household", "others' p99 ≤ 1.5 times",
        seed, {**wrong, "hot events not applied": abs(applied - flow.sequences[flow.hot_home])},
        (*_times(quiet, loud, "spread"), f"{flow.sequences[flow.hot_home]:,} events of the one household"),
    )  # fmt: skip


async def poisoned(house: House, count: int, seed: int) -> Figure:
    """`count` events a part: 30 % of them hostile, of two hundred kinds, each a line of its own; twice, by turns."""
    flow = await _begun(house, count, seed)
    quiet, loud = await flow.by_turns(flow.spread, flow.poison)
    wrong = await flow.ended(failed=flow.poisons)
    delay = (p99(loud) - p99(quiet)) * 1000
    return Figure(
        "B1", f"{count:,} events a part at {RATE}/s, {SHARE:.0%} of all hostile", "added delay p99 ≤ 1 s", seed, wrong,
        (*_times(quiet, loud, "without"), f"p99 later by {delay:.0f} ms", f"{flow.poisons:,} hostile records wait"),
    )  # fmt: skip


def _times(quiet: Sequence[float], loud: Sequence[float], name: str) -> tuple[str, ...]:
    return (
        f"{name} {milliseconds(quiet, 0.5, 0.99)}", f"beside {milliseconds(loud, 0.5, 0.99)}",
        f"p99 {p99(loud) / p99(quiet):.2f} times", f"n {len(loud):,}",
    )  # fmt: skip


@dataclass
class Flow:
    """One house, screening at work, and whatever is sent to it."""

    house: House
    count: int
    chance: random.Random
    probes: int
    due: dict[str, float] = field(default_factory=dict)
    sequences: Counter[int] = field(default_factory=Counter)
    poisons: int = 0
    _bodies: "cycle[bytes]" = field(default_factory=lambda: cycle(hostile.values(TOPIC, 1)))

    @property
    def hot_home(self) -> int:
        return self.probes + QUIET

    async def by_turns(self, quiet: Callable[[], Lying], loud: Callable[[], Lying]) -> tuple[list[float], list[float]]:
        """The probes' seconds of either kind of part."""
        parts: list[list[str]] = []
        for make in (quiet, loud) * ROUNDS:
            parts.append(await self._sent(make))
            await until(self._is_read, 300, "everything read")
        told = await self._told()
        times = [[told[home] - self.due[home] for home in part if home in told] for part in parts]
        return [one for part in times[::2] for one in part], [one for part in times[1::2] for one in part]

    async def _sent(self, other: Callable[[], Lying]) -> list[str]:
        """A part of the flow at its rate. Returns the probes' households."""
        producer = AIOKafkaProducer(bootstrap_servers=self.house.kafka.bootstrap, acks="all", enable_idempotence=True)
        await producer.start()
        began, sending, probed = time.time(), [], []
        for number in range(self.count):
            at = began + number / RATE
            if self.chance.random() < SHARE:
                one = other()
            elif number % PROBED == 0:
                home = len(self.due)
                one = self._bill(home, Decimal(15_000))
                self.due[str(household_id(home))] = at
                probed.append(str(household_id(home)))
            else:
                one = self.spread()
            if (wait := at - time.time()) > 0:
                await asyncio.sleep(wait)
            sending.append(
                await producer.send(one.topic, one.value, key=one.key, partition=one.partition, headers=one.headers)
            )
        await asyncio.gather(*sending)
        await producer.stop()
        return probed

    # ── what is sent ────────────────────────────────────────────────────────────────────────────────────────────

    def spread(self) -> Lying:
        return self._bill(self.probes + self.chance.randrange(QUIET), Decimal("1.50"))

    def hot(self) -> Lying:
        return self._bill(self.hot_home, Decimal("1.50"))

    def poison(self) -> Lying:
        self.poisons += 1
        key = str(uuid4())
        headers = {
            "ce_id": str(uuid4()), "ce_type": "shouwang.hostile.v1", "ce_source": "/intake",
            "ce_sequence": "000000000001", "ce_partitionkey": key, "ce_region": VILLAGE,
        }  # fmt: skip
        packed = [(name, text.encode()) for name, text in headers.items()]
        return Lying(TOPIC, crc32(key.encode()) % PARTITIONS, key.encode(), next(self._bodies), packed)

    def _bill(self, home: int, yuan: Decimal) -> Lying:
        """Later bills of a household correct its earlier ones: what is known of it does not grow."""
        self.sequences[home] += 1
        sequence, id_, today = self.sequences[home], household_id(home), date.today()
        values = Settlement(
            setting="inpatient", settled_on=today, total_yuan=yuan * 2, reimbursed_yuan=yuan, self_paid_yuan=yuan,
            in_scope_self_paid_yuan=yuan,
        )  # fmt: skip
        now = datetime.now(UTC)
        fact = Fact(
            department="medical_insurance", kind="settlement", record_id=f"B-{home}-{sequence % HOT_RECORDS}",
            version=sequence, household_id=id_, occurred_on=today, known_at=now, values=values,
        )  # fmt: skip
        return lying(TOPIC, "shouwang.data.changed.v1", id_, sequence, fact, now)

    # ── what came of it ─────────────────────────────────────────────────────────────────────────────────────────

    async def _is_read(self) -> bool:
        return await _received(self.house, TOPIC) == self.sequences.total() + self.poisons

    async def _told(self) -> dict[str, float]:
        """Household → the instant at which its warning was sent."""

        async def is_sent() -> bool:
            return not await _asked(self.house, "SELECT count(*) FROM screening.outbox")

        await until(is_sent, 60, "everything sent")
        found: dict[str, float] = {}
        async for record in whole(self.house.kafka.bootstrap, "warning.raised"):
            if json.loads(record.value or b"")["type"] == "shouwang.warning.raised.v1":
                found[(record.key or b"").decode()] = record.timestamp / 1000
        return found

    async def ended(self, failed: int) -> dict[str, int]:
        """Stops screening. What was not as it must be, exactly."""
        told = await self._told()
        waits = await _asked(self.house, "SELECT count(*) FROM screening.waiting WHERE state = 'failed'")
        everything = await _asked(self.house, "SELECT count(*) FROM screening.waiting")
        warned = await _asked(self.house, "SELECT count(*) FROM screening.warnings")
        self.house.kill("screening")
        return {
            "probes not warned of": len(self.due.keys() - told.keys()),
            "warnings of others": abs(warned - len(self.due)),
            "hostile not waiting": abs(waits - failed),
            "held back": everything - waits,
        }


async def _begun(house: House, count: int, seed: int) -> Flow:
    """Screening at work, every household of the flow registered."""
    await emptied(house)
    house.start("screening")
    await asyncio.to_thread(house.await_ready, "screening")
    flow = Flow(house, count, random.Random(seed), probes=2 * ROUNDS * (count // PROBED + 1))
    homes = flow.hot_home + 1
    await publish(house.kafka.bootstrap, list(households(homes)))

    async def are_registered() -> bool:
        return await _received(house, "household.registered") == homes

    await until(are_registered, 120, "the register")
    return flow


async def _received(house: House, topic: str) -> int:
    return await _asked(house, "SELECT coalesce(sum(received), 0) FROM screening.positions WHERE topic = $1", topic)


async def _applied(house: House, key: str) -> int:
    return await _asked(house, "SELECT applied[2] FROM screening.keys WHERE key = $1", key)


async def _asked(house: House, query: str, *given: object) -> int:
    admin = await asyncpg.connect(house.postgres.dsn)
    try:
        return int(await admin.fetchval(query, *given))
    finally:
        await admin.close()
