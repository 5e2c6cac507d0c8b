"""Where a record's CPU time goes, step by step: the unit of work on a real PostgreSQL, in this process, without Kafka.

CPU time of the process alone (never the clock on the wall), so that a busy machine changes little. Records lie in
memory as aiokafka hands them over; what follows is the product's own code, from the framework's parser to COMMIT. The
steps end where the unit of work names its crash points. PostgreSQL's own time stands beside them.
"""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast

import asyncpg
from aiokafka import ConsumerRecord
from faststream.kafka import KafkaMessage
from faststream.kafka.parser import AioKafkaBatchParser

from deploy.demo.township import generate
from deploy.local.postgres import Postgres
from services.intake import app as intake
from services.intake import subscribers as intake_rooms
from services.intake.vault import Vault
from services.screening import subscribers as screening_rooms
from shared import postgres
from shared.clock import machine_now
from shared.contracts.data import DataChanged
from shared.contracts.topics import department_topic
from shared.crypto import Cipher, create_keys, read_keys
from shared.messaging import batch, kafka, record, structs, unit_of_work
from shared.messaging.room import Decided, Decision, Input, State, Subscriber, Unit
from shared.policy import load
from tests.benchmarks import ceiling
from tests.benchmarks.changes import Lying, changes
from tests.benchmarks.clockwork import Said, tree
from tests.benchmarks.intake import DEPARTMENT, numbers_of, settlements
from tests.benchmarks.intake import _lying as lying_record

HOUSEHOLDS = 20_000
POLICY, REGISTER = "regular-2026", "rural_revitalization"
WARMING = 5
"""So many batches go through before anything counts: plans are made, caches filled."""


@dataclass
class Meter:
    """CPU seconds of this process by step; `mark` ends a step and begins the next one."""

    spent: dict[str, float] = field(default_factory=dict)
    since: float = 0.0

    def begin(self) -> None:
        self.since = time.process_time()

    def mark(self, step: str) -> None:
        now = time.process_time()
        self.spent[step] = self.spent.get(step, 0.0) + now - self.since
        self.since = now


ENDS = {
    "begun": "BEGIN", "locked": "lock key rows", "saved": "save: the room's rows",
    "finished": "facts, key rows, positions", "committed": "COMMIT",
}  # fmt: skip
"""Crash point → the step that ends there."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """A subscriber whose `load` and `save` tell when they begin and end."""

    room: Any
    meter: Meter

    @property
    def topic(self) -> str:
        return str(self.room.topic)

    @property
    def looks_up_keys(self) -> bool:
        return bool(getattr(self.room, "looks_up_keys", True))

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        return cast(Sequence[Sequence[str]], await self.room.keys(connection, inputs))

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        self.meter.mark("sift")
        state: State = await self.room.load(unit, inputs)
        self.meter.mark("load")
        return state

    def decide(self, state: State, input: Input, now: Any) -> Decision:
        decision: Decision = self.room.decide(state, input, now)
        return decision

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        self.meter.mark("decide")
        await self.room.save(unit, state, decided)


async def reading(place: Path, count: int) -> Said:
    """The same changes read by their class and by its struct, one after the other."""
    values = [one.value for one in changes(count, HOUSEHOLDS, 1, machine_now())[0]]
    ways: dict[str, Callable[[bytes], Any]] = {
        "by its class µs": DataChanged.model_validate_json, "by its struct µs": structs.reader(DataChanged),
    }  # fmt: skip
    return Said("a change read", {name: _read_all(way, values) * 1e6 / count for name, way in ways.items()})


def _read_all(way: Callable[[bytes], Any], values: Sequence[bytes]) -> float:
    """CPU seconds; what was read lives on by batches, as in the service."""
    gc.collect()
    began = time.process_time()
    for start in range(0, len(values), kafka.BATCH_MAX):
        kept = [way(value) for value in values[start : start + kafka.BATCH_MAX]]
        del kept
    return time.process_time() - began


async def screening(place: Path, count: int, seed: int) -> Said:
    """`count` changes of registered households, in batches of 1,000."""
    records, _ = changes(count + WARMING * kafka.BATCH_MAX, HOUSEHOLDS, seed, machine_now())
    async with _Database(place) as database:
        await ceiling.register(database.admin, HOUSEHOLDS)
        rooms = screening_rooms.subscribers(load(POLICY))
        return await database.measured("screening", "screening", rooms, record.Read(), records)


async def departments(place: Path, count: int) -> Said:
    """`count` settlements of registered people, as they lie on their department's topic."""
    register = generate(11, date.today(), 3000, 1000).register
    told = [lying_record(department_topic(REGISTER), one) for one in register]
    sent = settlements(numbers_of(register), 0, count + WARMING * kafka.BATCH_MAX)
    records = [lying_record(department_topic(DEPARTMENT), one) for one in sent]
    async with _Database(place) as database:
        vault = Vault.of(database.keys)
        rooms = intake_rooms.departments(vault, lambda name: None, load(POLICY))
        reading = record.Read(lambda topic, value, headers: intake._read(vault, topic, value, headers))
        return await database.measured("intake", "intake.departments", rooms, reading, records, told)


@dataclass
class _Database:
    place: Path

    async def __aenter__(self) -> "_Database":
        self.server = Postgres(self.place / "postgres")
        self.server.start()
        create_keys(self.place / "keys")
        self.keys = read_keys(self.place / "keys")
        await postgres.migrate(self.server.dsn, self.place / "keys")
        self.admin = await asyncpg.connect(self.server.dsn)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.admin.close()
        self.server.kill()

    async def measured(
        self,
        service: str,
        group: str,
        rooms: Sequence[Subscriber],
        reading: record.Read,
        records: Sequence[Lying],
        beforehand: Sequence[Lying] = (),
    ) -> Said:
        """`beforehand` goes through first and does not count."""
        pool = await postgres.worker_pool(self.server.dsn, service, self.keys.database)
        meter = Meter()
        stepped = [Stepped(one, meter) for one in rooms]
        work = unit_of_work.UnitOfWork(service, group, stepped, pool, Cipher(self.keys.waiting), reading)
        consumer = kafka.Consumer(work, f"{service}-0")
        for one in _fetched(beforehand):
            await _through(meter, consumer, one)
        await self.admin.execute("ANALYZE")
        fetched = list(_fetched(records))
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        undo = _stand_in(lambda point: meter.mark(ENDS[point]) if point in ENDS else None)
        assert self.server.process is not None
        try:
            for number, one in enumerate(fetched):
                if number == WARMING:
                    meter.spent.clear()
                    before = tree(self.server.process.pid)
                await _through(meter, consumer, one)
        finally:
            undo()
        spent = tree(self.server.process.pid) - before
        await pool.close()
        each = 1e6 / sum(map(len, fetched[WARMING:]))
        steps = {f"{step} µs": seconds * each for step, seconds in meter.spent.items()}
        whole = {"service CPU s/M": sum(meter.spent.values()) * each, "PostgreSQL CPU s/M": spent * each}
        return Said(f"steps of {group}", whole | steps)


async def _through(meter: Meter, consumer: kafka.Consumer, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
    """As `Consumer.on_records`, with marks between."""
    meter.begin()
    parser = AioKafkaBatchParser(KafkaMessage, None)
    await kafka._parse(records, parser.parse_batch)
    meter.mark("the framework's parser")
    how = consumer.work.reading
    inputs = [record.read(r.topic, r.partition, r.offset, r.headers, r.value, how) for r in records]
    meter.mark("read records")
    await consumer.work.process(inputs)
    meter.mark("tell and free")


def _fetched(records: Sequence[Lying]) -> Iterator[list[ConsumerRecord[bytes, bytes]]]:
    offsets: dict[tuple[str, int], int] = {}
    for start in range(0, len(records), kafka.BATCH_MAX):
        found = []
        for one in records[start : start + kafka.BATCH_MAX]:
            offset = offsets.setdefault((one.topic, one.partition), 0)
            offsets[one.topic, one.partition] += 1
            sizes = len(one.key), len(one.value)
            place = one.topic, one.partition, offset
            found.append(ConsumerRecord(*place, 0, 0, one.key, one.value, None, *sizes, tuple(one.headers)))
        yield found


def _stand_in(mark: Callable[[str], None]) -> Callable[[], None]:
    """The unit of work's crash points are marks until they are put back."""
    modules: tuple[Any, ...] = (batch, unit_of_work)
    kept = [module.crash_point for module in modules]
    for module in modules:
        module.crash_point = mark

    def undo() -> None:
        for module, one in zip(modules, kept, strict=True):
            module.crash_point = one

    return undo
