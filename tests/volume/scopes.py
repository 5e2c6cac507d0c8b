"""Two hundred people's calls, interleaved on a few pooled connections: nobody ever sees a row of another's place."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID
from zlib import crc32

import asyncpg

from shared.access.tokens import Issuer
from shared.messaging.outbox import serialise
from tests.benchmarks.changes import PARTITIONS, Lying
from tests.benchmarks.screening import publish
from tests.house import House
from tests.services.workflow.house import RAISED_AT, emit_of, household, warning_state
from tests.until import until
from tests.volume.ground import Figure, emptied
from tests.volume.wire import Answer, Wire

VILLAGES, HOMES = 100, 4
"""Of each village's households every other one is in the grid whose worker asks too: two hundred people."""
LINES = 24
BROKEN_OFF = 0.02
"""So many calls are left in the middle: what they had set on their connection must not be the next caller's."""


@dataclass(frozen=True)
class Person:
    """Somebody with a token, and the tasks that are theirs to see."""

    headers: Mapping[str, str]
    tasks: frozenset[str]


async def interleaved(house: House, count: int, seed: int) -> Figure:
    """`count` calls by 200 people of 100 villages, in an order of chance, a few at a time."""
    await emptied(house)
    house.start("workflow")
    await asyncio.to_thread(house.await_ready, "workflow")
    people = await _people(house)
    asking = Asking(house, people, count, random.Random(seed))
    began = time.monotonic()
    await asyncio.gather(*(asking.line() for _ in range(LINES)))
    seconds = time.monotonic() - began
    house.kill("workflow")
    return Figure(
        "S7", f"{count:,} interleaved calls of {len(people)} people on {LINES} lines", "100,000: no foreign row", seed,
        {"foreign rows": asking.foreign, "own rows not shown": asking.missing, "wrong answers": asking.wrong.total()},
        (
            f"answers {', '.join(f'{name} {number:,}' for name, number in sorted(asking.told.items()))}",
            f"{asking.broken:,} broken off", f"{asking.rows:,} rows looked at", f"{count / seconds:,.0f} calls/s",
            *(f"WRONG {name}: {number:,}" for name, number in asking.wrong.items()),
        ),
    )  # fmt: skip


@dataclass
class Asking:
    house: House
    people: list[Person]
    left: int
    chance: random.Random
    foreign: int = 0
    missing: int = 0
    rows: int = 0
    broken: int = 0
    told: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

    async def line(self) -> None:
        wire = Wire(self.house.ports["workflow"])
        while self.left > 0:
            self.left -= 1
            person, other = self.chance.sample(self.people, 2)
            if self.chance.random() < BROKEN_OFF:
                await self._break_off(wire, person)
            elif (turn := self.chance.random()) < 0.5:
                self._list(person, await wire.call("GET", "/v1/tasks?limit=200", person.headers))
            elif turn < 0.75:
                self._one(person, await self._task(wire, person, min(person.tasks)), 200)
            else:
                theirs = sorted(other.tasks - person.tasks)
                asked, status = (theirs[0], 404) if theirs else (min(person.tasks), 200)
                self._one(person, await self._task(wire, person, asked), status)
        wire.close()

    async def _task(self, wire: Wire, person: Person, task: str) -> Answer:
        return await wire.call("GET", f"/v1/tasks/{task}", person.headers)

    async def _break_off(self, wire: Wire, person: Person) -> None:
        call = asyncio.create_task(wire.call("GET", "/v1/tasks?limit=200", person.headers))
        await asyncio.wait({call}, timeout=self.chance.random() * 0.02)
        self.broken += call.cancel()
        await asyncio.gather(call, return_exceptions=True)

    def _list(self, person: Person, answer: Answer) -> None:
        self.told[f"{answer.status} {answer.code or ''}".strip()] += 1
        if answer.status != 200:
            self.wrong[f"list {answer.status} {answer.code}"] += 1
            return
        seen = {one["task_id"] for one in answer.body["items"]}
        self.rows += len(seen)
        self.foreign += len(seen - person.tasks)
        self.missing += len(person.tasks - seen)

    def _one(self, person: Person, answer: Answer, status: int) -> None:
        self.told[f"{answer.status} {answer.code or ''}".strip()] += 1
        if answer.status != status:
            self.wrong[f"one {answer.status} {answer.code}, not {status}"] += 1
        if answer.status == 200:
            self.rows += 1
            self.foreign += answer.body["task_id"] not in person.tasks


async def _people(house: House) -> list[Person]:
    """A cadre and a grid worker for each village, whose open tasks are there when this returns."""
    places = {UUID(str(household(at))): _place(at) for at in range(VILLAGES * HOMES)}
    await publish(house.kafka.bootstrap, [_warning(home, *place) for home, place in places.items()])
    admin = await asyncpg.connect(house.postgres.dsn)

    async def are_open() -> bool:
        return bool(await admin.fetchval("SELECT count(*) = $1 FROM workflow.tasks WHERE state = 'open'", len(places)))

    await until(are_open, 120, "everybody's tasks")
    rows = await admin.fetch("SELECT task_id, household_id FROM workflow.tasks")
    await admin.close()
    issuer = Issuer((house.keys / "token.key").read_bytes())
    found: list[Person] = []
    for village in sorted({village for village, _ in places.values()}):
        for role, grid in (("village", None), ("grid_worker", f"{village}-01")):
            tasks = frozenset(
                str(row["task_id"])
                for row in rows
                if places[row["household_id"]][0] == village and grid in (None, places[row["household_id"]][1])
            )
            fields = {"role": role, "region": village, "grid": grid, "officer_id": f"{role[:2]}-{village}"}
            token = issuer.issue(fields, timedelta(hours=6))
            found.append(Person({"Authorization": f"Bearer {token}"}, tasks))
    return found


def _place(at: int) -> tuple[str, str]:
    """Village and grid of household `at`."""
    number = at // HOMES
    village = f"341221{101 + number // 10}{201 + number % 10}"
    return village, f"{village}-{at % 2 + 1:02}"


def _warning(home: UUID, village: str, grid: str) -> Lying:
    emit = emit_of("warning.raised", "raised", str(home), warning_state(home), 1, region=village, grid=grid)
    headers = {
        "ce_id": str(emit.id), "ce_type": emit.type, "ce_source": "/screening", "ce_sequence": "000000000001",
        "ce_partitionkey": emit.key, "ce_region": village,
    }  # fmt: skip
    packed = [(name, text.encode()) for name, text in headers.items()]
    key = emit.key.encode()
    return Lying(emit.topic, crc32(key) % PARTITIONS, key, serialise(emit, "/screening", 1, RAISED_AT), packed)
