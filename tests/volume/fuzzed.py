"""Ten thousand calls at every endpoint, sound and bent: never a 5xx, never an answer that its document does not say.

Over HTTP on kept connections, against five processes as they run in earnest: what refuses a call is often the server, a
middleware or the framework, and through the ASGI interface alone odd headers and addresses would be ones that never
come. A call is made from (seed, endpoint, number) and from the ids that the house has given by then: the same seed
makes the same calls but for those ids. Nothing of a call or of an answer is told but where, and how, it was wrong.

What is left out, and why:

- bodies far beyond 2 MB (tests/shared/web/test_edges.py): the limit is one for all, and ten thousand would take days;
- a form's file is read in a process of its own, a third of a second each: one in `endpoint.FILE_EVERY` has one;
- a line that is cut within a body (`calls.held_lines`), and what is no HTTP at all: the server's, and no endpoint's.
"""

import asyncio
import contextlib
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import orjson

from shared.postgres import SERVICES
from tests.contracts.known import Known
from tests.contracts.lived import callers, live, send_unreadable
from tests.house import House
from tests.journeys.road import Road
from tests.volume.endpoint import Endpoint, Who, asked, endpoints, made
from tests.volume.ground import Figure, emptied
from tests.volume.judge import MEDIA, OURS, SHAPE, STATUS, Judge
from tests.volume.sound import RECORDS, Pool
from tests.volume.wire import Answer, Wire

Json = Any

LINES, LAG_LINES = 16, 64
"""Connections to each service: for most endpoints, and for those that ask Kafka how far it is. These wait for seconds
behind a consumer's long poll, and cost next to nothing meanwhile."""
LAG = frozenset({"GET /metrics", "GET /v1/conservation"})
PART = 500
"""Rounds (a call at each endpoint) after which tokens are renewed, letters come and the clock goes on."""
LETTERS = 6
AT_FIRST, AT_EACH_PART = timedelta(days=8), timedelta(hours=12)
"""By which the civil clock goes on: deadlines pass, and supervisions are there to be answered."""
WORK_OF_PEOPLE = frozenset({"match_overdue", "notice_without_audience"})
"""Alarms that a fuzzed house must raise: somebody waits to be matched, a post is empty. Told, and no fault."""
SILENT = "no answer"
AWAY = (OSError, EOFError, TimeoutError)
TOLD_MAX = 40
"""Kinds of wrong answers that are told one by one."""
ALARM = re.compile(r'^\S*alarms_total\{[^}]*alarm="([^"]+)"[^}]*\} ([0-9.e+]+)$', re.M)


@dataclass
class Tally:
    """What was asked and told in all. `places`: of each kind of wrong answer how many, and the first call's number."""

    statuses: Counter[int] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    places: dict[str, tuple[int, str]] = field(default_factory=dict)

    def hear(self, one: Endpoint, number: int, ways: list[str], wrong: tuple[str, str]) -> None:
        kind, where = wrong
        self.wrong[kind] += 1
        place = f"{one.name}: {kind} {where}"
        if place in self.places or len(self.places) < TOLD_MAX:
            times, first = self.places.get(place, (0, f"first in call {number} ({_plain(ways)})"))
            self.places[place] = times + 1, first

    def lines(self) -> Iterator[str]:
        for place, (times, first) in sorted(self.places.items()):
            yield f"WRONG {place}, {times:,} times, {first}"


def _plain(ways: list[str]) -> str:
    return "; ".join(ways)[:200].encode("ascii", "replace").decode() or "sound"


@dataclass
class Asking:
    """All calls to one service."""

    service: str
    port: int
    endpoints: list[Endpoint]
    judge: Judge
    pool: Pool
    seed: int
    tally: Tally
    _lines: Mapping[bool, list[Wire]] = field(init=False)

    def __post_init__(self) -> None:
        self._lines = {
            is_lag: [Wire(self.port) for _ in range(LAG_LINES if is_lag else LINES)] for is_lag in (False, True)
        }

    @classmethod
    def of(cls, service: str, port: int, document: Json, known: Known, seed: int, tally: Tally) -> "Asking":
        return cls(service, port, endpoints(service, document, seed), Judge(document), Pool(known), seed, tally)

    async def by_everybody(self, who: Who) -> None:
        """Each endpoint by each caller, soundly: who is not refused there will mostly be the caller."""

        async def ask(wire: Wire, one: Endpoint, name: str) -> None:
            chance = random.Random(f"{self.seed}:{one.name}:{name}")
            answer = await self._ask(wire, one, -1, asked(one, chance, self.pool, who[name], ()))
            if answer is not None and answer.status not in (401, 403):
                one.able = sorted({*one.able, name})

        await self._on_lines(ask, lambda some: ((one, name) for one in some for name in who))

    async def rounds(self, numbers: range, who: Who) -> None:
        """A call at every endpoint for each of these numbers, in an order of chance."""

        async def ask(wire: Wire, one: Endpoint, number: int) -> None:
            await self._ask(wire, one, number, made(self.seed, one, number, self.pool, who))

        def turns(some: list[Endpoint]) -> Iterator[tuple[Endpoint, int]]:
            for number in numbers:
                order = random.Random(f"{self.seed}:{self.service}:{number}").sample(some, len(some))
                yield from ((one, number) for one in order)

        await self._on_lines(ask, turns)

    async def _on_lines(
        self, ask: Callable[..., Awaitable[None]], turns: Callable[[list[Endpoint]], Iterator[tuple[Endpoint, Any]]]
    ) -> None:
        async def line(wire: Wire, left: Iterator[tuple[Endpoint, Any]]) -> None:
            for turn in left:
                await ask(wire, *turn)

        parts = {lag: turns([one for one in self.endpoints if (one.call in LAG) == lag]) for lag in self._lines}
        await asyncio.gather(*(line(wire, parts[lag]) for lag, wires in self._lines.items() for wire in wires))
        for wire in (one for wires in self._lines.values() for one in wires):
            wire.close()  # until the next part it would rest for longer than the server keeps it

    async def _ask(self, wire: Wire, one: Endpoint, number: int, case: Any) -> Answer | None:
        try:
            answer = await wire.call(one.method, case.address, case.headers, case.body)
        except AWAY as error:
            self.tally.hear(one, number, case.ways, (SILENT, type(error).__name__))
            return None
        if answer.status >= 500:
            wire.close()  # the server ends the line of a call that failed, and does not say so
        self.tally.statuses[answer.status] += 1
        if wrong := self.judge.wrong(one.call, answer):
            self.tally.hear(one, number, case.ways, wrong)
        elif answer.status < 300:
            one.answered += 1
            if answer.media == "application/json":
                self.pool.learn_from(self.service, one.call, orjson.loads(answer.raw), one.feeds)
        return answer


async def fuzzed(house: House, count: int, seed: int) -> Figure:
    """`count` calls at every endpoint of a house in which something has happened, and goes on happening."""
    await emptied(house)
    for name in SERVICES:
        house.start(name)
    await asyncio.to_thread(house.await_ready, *SERVICES)
    tally = Tally()
    try:
        async with _clock(house) as clock, _walk(house) as walk:
            await walk.appoint()
            known = await live(walk)
            known = Known({**known.values, "code": tuple(RECORDS)})
            every = [
                Asking.of(
                    name, house.ports[name], (await walk.clients[name].get("/openapi.json")).json(), known, seed, tally
                )
                for name in SERVICES
            ]
            began = time.monotonic()
            who = callers(walk)
            await asyncio.gather(*(one.by_everybody(who) for one in every))
            for start in range(0, count, PART):
                await clock.execute("SELECT civil.advance($1)", AT_EACH_PART if start else AT_FIRST)
                await send_unreadable(house.kafka.bootstrap, LETTERS)
                who = callers(walk)
                await asyncio.gather(*(one.rounds(range(start, min(count, start + PART)), who) for one in every))
            seconds = time.monotonic() - began
            alarms = await alarms_of(walk.clients.values())
            unready = [name for name in SERVICES if not house.is_ready(name)]
    finally:
        for name in SERVICES:
            house.kill(name)
    places = [one for asking in every for one in asking.endpoints]
    return _figure(count, seed, tally, places, alarms, unready, seconds)


def _figure(
    count: int,
    seed: int,
    tally: Tally,
    places: list[Endpoint],
    alarms: Counter[str],
    unready: list[str],
    seconds: float,
) -> Figure:
    calls = tally.statuses.total()
    silent = [one.name for one in places if not one.answered]
    faults = sum(number for name, number in alarms.items() if name not in WORK_OF_PEOPLE)
    return Figure(
        "B5", f"{calls:,} calls, sound and bent, at {len(places)} endpoints, {count:,} each and more",
        "10,000 each: no 5xx, no answer outside its schema", seed,
        {kind: tally.wrong[kind] for kind in (OURS, STATUS, SHAPE, MEDIA, SILENT)}
        | {"alarms": faults, "not ready at the end": len(unready)},
        (
            f"answers {', '.join(f'{status} {number:,}' for status, number in sorted(tally.statuses.items()))}",
            f"{calls / seconds:,.0f} calls/s",
            f"answered with 2xx too: all{f' but {chr(44).join(silent)}' if silent else ''}",
            *(f"alarm {name} {number:,}" for name, number in sorted(alarms.items())),
            *tally.lines(),
        ),
    )  # fmt: skip


@contextlib.asynccontextmanager
async def _walk(house: House) -> AsyncIterator[Road]:
    """What outsiders do to the house, on its processes."""
    walk = Road(house.kafka.bootstrap, house.keys)
    async with contextlib.AsyncExitStack() as stack:
        for name in SERVICES:
            client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{house.ports[name]}", timeout=20)
            walk.clients[name] = await stack.enter_async_context(client)
        yield walk


@contextlib.asynccontextmanager
async def _clock(house: House) -> AsyncIterator[asyncpg.Connection]:
    """The administrator's connection on a civil clock that may be moved; at the end it is as it was."""
    admin = await asyncpg.connect(house.postgres.dsn)
    [before] = await admin.fetch("SELECT ahead, is_demo FROM civil.clock")
    await admin.execute("UPDATE civil.clock SET is_demo = true")
    try:
        yield admin
    finally:
        await admin.execute("UPDATE civil.clock SET ahead = $1, is_demo = $2", *before)
        await admin.close()


async def alarms_of(clients: Iterable[httpx.AsyncClient]) -> Counter[str]:
    """How often each alarm was raised, by the services' own metrics."""
    found: Counter[str] = Counter()
    for client in clients:
        found.update({name: int(float(number)) for name, number in ALARM.findall((await client.get("/metrics")).text)})
    return +found
