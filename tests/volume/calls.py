"""Calls at volume: ten thousand Idempotency-Keys over a service that dies meanwhile, and lines that callers hold."""

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import asyncpg

from tests.house import House
from tests.tokens import VILLAGE, bearer
from tests.until import until
from tests.volume.ground import Figure, emptied, milliseconds, p99, whole
from tests.volume.wire import Answer, Wire

# ── B12: one effect a key ───────────────────────────────────────────────────────────────────────────────────────────

CALLERS = 12
CROWD, CROWDED = 50, 200
"""Every so many keys one is sent by so many at once."""
STEPS = ("call_begun", "call_locked", "call_decided", "call_saved", "call_emitted", "call_answered", "call_committed")
"""The service dies at each of them once, on a call that it has in hand."""
AWAY = (OSError, EOFError, TimeoutError)
AGAIN_SECONDS = 0.05
LATE = 10
"""Every so many keys are used once more, more than a day later."""


async def keys_of_calls(house: House, count: int, seed: int, steps: Sequence[str] = STEPS) -> Figure:
    """`count` keys on POST /v1/clues: repeated, with another body, at once, through crashes, and a day after."""
    await emptied(house)
    house.start("intake")
    await asyncio.to_thread(house.await_ready, "intake")
    using = Using(house, seed)
    began = time.monotonic()
    dying = asyncio.create_task(_die(house, using, count, steps))
    await asyncio.gather(*(using.caller(number, count) for number in range(CALLERS)))
    died = await dying
    seconds = time.monotonic() - began
    await _a_day_later(house)
    await using.again(range(0, count, LATE))
    effects = await _effects(house, using)
    house.kill("intake")
    return Figure(
        "B12", f"{count:,} Idempotency-Keys in {using.calls:,} calls of {CALLERS} callers, up to {CROWD} at once",
        "10,000 keys, one effect each; every 409 and 422 right", seed,
        {**effects, "wrong answers": sum(using.wrong.values())},
        (
            f"answers {', '.join(f'{name} {number:,}' for name, number in sorted(using.told.items()))}",
            f"killed at {died} steps, {using.unanswered:,} calls broken off and sent again",
            f"{len(range(0, count, LATE)):,} repeated a day later",
            f"{using.calls / seconds:,.0f} calls/s",
            *(f"WRONG {name}: {number:,}" for name, number in using.wrong.items()),
        ),
    )  # fmt: skip


@dataclass
class Using:
    """Every caller's work: what each key was first answered, and answers that are not what they must be."""

    house: House
    seed: int
    first: dict[int, str] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    unanswered: int = 0
    _headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._headers = bearer(self.house.keys, "village", officer_id="vc-1") | {"content-type": "application/json"}

    async def caller(self, number: int, count: int) -> None:
        wire = self._wire()
        for key in range(number, count, CALLERS):
            await self._use(wire, key)
        wire.close()

    async def _use(self, wire: Wire, key: int) -> None:
        chance = random.Random(f"{self.seed}:{key}")
        if key % CROWDED == 0:
            await self._at_once(key, CROWD)
        elif chance.random() < 0.3:
            await self._at_once(key, 2)
        await self._same(wire, key)
        for _ in range(chance.randrange(3)):
            await self._same(wire, key)
        if chance.random() < 0.4:
            await self._other(wire, key)

    def are_answered(self, count: int) -> bool:
        return len(self.first) >= count

    async def again(self, keys: Sequence[int]) -> None:
        wire = self._wire()
        for key in keys:
            await self._same(wire, key)
            await self._other(wire, key)
        wire.close()

    async def _at_once(self, key: int, callers: int) -> None:
        wires = [self._wire() for _ in range(callers)]
        answers = await asyncio.gather(*(self._send(one, key, "同") for one in wires), return_exceptions=True)
        for one, answer in zip(wires, answers, strict=True):
            one.close()
            if isinstance(answer, Answer):
                self._hear(key, answer, {(201, None), (409, "in_flight")})
            elif not isinstance(answer, AWAY):
                raise answer

    async def _same(self, wire: Wire, key: int) -> None:
        self._hear(key, await self._until_answered(wire, key, "同"), {(201, None)})

    async def _other(self, wire: Wire, key: int) -> None:
        """Another body under the same key."""
        self._hear(key, await self._until_answered(wire, key, "异"), {(422, "idempotency_key_reused")})

    def _hear(self, key: int, answer: Answer, right: set[tuple[int, str | None]]) -> None:
        if (answer.status, answer.code) not in right:
            self.wrong[f"{answer.status} {answer.code}"] += 1
        elif answer.status == 201 and self.first.setdefault(key, answer.body["clue_id"]) != answer.body["clue_id"]:
            self.wrong["another answer"] += 1

    async def _until_answered(self, wire: Wire, key: int, word: str) -> Answer:
        while True:
            try:
                answer = await self._send(wire, key, word)
            except AWAY:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            if answer.status != 503 and answer.code != "in_flight":
                return answer
            await asyncio.sleep(AGAIN_SECONDS)

    async def _send(self, wire: Wire, key: int, word: str) -> Answer:
        body = {"channel": "cadre_visit", "region": VILLAGE, "concern": ["unsafe_house"], "text": f"{word} {key}"}
        headers = self._headers | {"idempotency-key": f"volume-{self.seed}-{key}"}
        self.calls += 1
        try:
            answer = await wire.call("POST", "/v1/clues", headers, json.dumps(body).encode())
        except AWAY:
            self.unanswered += 1
            raise
        self.told[f"{answer.status} {answer.code or ''}".strip()] += 1
        return answer

    def _wire(self) -> Wire:
        return Wire(self.house.ports["intake"])


async def _die(house: House, using: Using, count: int, steps: Sequence[str]) -> int:
    """While the keys are used up, at even distances: the process starts anew with a step at which it ends."""
    died = 0
    for at, step in enumerate(steps, start=1):
        wanted = count * at // (len(steps) + 1)
        await until(partial(using.are_answered, wanted), 1200, "calls")
        house.kill("intake")
        house.start("intake", crash_at=step)
        await until(lambda: not house.is_alive("intake"), 60, f"its end at {step}")
        died += house.running["intake"].returncode != 0
        house.start("intake")
        await asyncio.to_thread(house.await_ready, "intake")
    return died


async def _a_day_later(house: House) -> None:
    admin = await asyncpg.connect(house.postgres.dsn)
    await admin.execute("UPDATE intake.answers SET answered_at = answered_at - interval '25 hours'")
    await admin.close()


async def _effects(house: House, using: Using) -> dict[str, int]:
    """Of each key's answer: its row, and its facts on the topic, once everything is sent."""
    admin = await asyncpg.connect(house.postgres.dsn)

    async def is_sent() -> bool:
        return not await admin.fetchval("SELECT EXISTS (SELECT FROM intake.outbox)")

    await until(is_sent, 60, "the outbox")
    rows = Counter(str(row["clue_id"]) for row in await admin.fetch("SELECT clue_id FROM intake.clues"))
    await admin.close()
    told: dict[str, str] = {}
    async for record in whole(house.kafka.bootstrap, "clue.reported"):
        fact = json.loads(record.value or b"")
        if fact["type"] == "shouwang.clue.reported.v1":
            told[fact["id"]] = fact["data"]["clue_id"]  # what the relay sent twice has the same id, and is read once
    facts, wanted = Counter(told.values()), Counter(using.first.values())
    return {
        "lost": sum((wanted - rows).values()) + sum((wanted - facts).values()),
        "doubled": sum((rows - wanted).values()) + sum((facts - wanted).values()),
    }


# ── B13: callers who hold on to their lines ─────────────────────────────────────────────────────────────────────────

IDLE, SLOW_HEADS, SLOW_BODIES, SLOW_STREAMS = 1000, 300, 200, 100
DRIP_SECONDS = 1.0
HEALTHY = 4
ROUNDS = 2


async def held_lines(house: House, count: int, seed: int, share: float = 1.0) -> Figure:
    """`count` healthy calls alone, then beside lines that are idle or drip a byte a second; twice, one after the other.

    `share` of the lines that are held, for a short form.
    """
    await emptied(house)
    house.start("intake")
    await asyncio.to_thread(house.await_ready, "intake")
    asking = Asking(house)
    await asking.healthy(count // 4)
    alone, beside = [], []
    held = Held(house, share)
    for _ in range(ROUNDS):
        alone += await asking.healthy(count // ROUNDS)
        async with held.lines():
            beside += await asking.healthy(count // ROUNDS)
    house.kill("intake")
    ratio = p99(beside) / p99(alone)
    return Figure(
        "B13", f"{count:,} healthy calls beside {held.opened // ROUNDS:,} held lines", "healthy p99 ≤ 2 times", seed,
        {"healthy calls that failed": asking.failed, "lines that could not be opened": held.refused},
        (
            f"alone {milliseconds(alone, 0.5, 0.99)}", f"beside {milliseconds(beside, 0.5, 0.99)}",
            f"p99 {ratio:.2f} times", f"{held.closed:,} held lines were closed by the service",
        ),
    )  # fmt: skip


@dataclass
class Asking:
    """Healthy callers: each reports a clue, reads the feeds, and so on."""

    house: House
    failed: int = 0

    async def healthy(self, count: int) -> list[float]:
        """The seconds that each call took."""
        cadre = bearer(self.house.keys, "village", officer_id="vc-1") | {"content-type": "application/json"}
        steward = bearer(self.house.keys, "steward", officer_id="st-1")
        body = json.dumps({"channel": "cadre_visit", "region": VILLAGE, "concern": ["debt"], "text": "欠账"}).encode()
        taken: list[float] = []

        async def one(number: int) -> None:
            wire = Wire(self.house.ports["intake"])
            for at in range(number, count, HEALTHY):
                began = time.perf_counter()
                if at % 2:
                    answer = await wire.call("POST", "/v1/clues", cadre, body)
                else:
                    answer = await wire.call("GET", "/v1/feeds", steward)
                taken.append(time.perf_counter() - began)
                self.failed += answer.status not in (200, 201)
            wire.close()

        await asyncio.gather(*(one(number) for number in range(HEALTHY)))
        return taken


@dataclass
class Held:
    """Lines that take a place and say nothing, or next to nothing."""

    house: House
    share: float
    opened: int = 0
    refused: int = 0
    closed: int = 0

    @contextlib.asynccontextmanager
    async def lines(self) -> AsyncIterator[None]:
        """All of them open for as long as the block lasts."""
        made = [head for head, number in self._heads() for _ in range(max(1, int(number * self.share)))]
        self.opened += len(made)
        ready = asyncio.Semaphore(0)
        tasks = [asyncio.create_task(self._hold(head, ready)) for head in made]
        for _ in made:
            await ready.acquire()
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _heads(self) -> list[tuple[bytes, int]]:
        """What is sent at once on a line of each kind, and how many of them; the rest of it drips."""
        cadre = bearer(self.house.keys, "village", officer_id="vc-1")["Authorization"]
        department = bearer(self.house.keys, "department", department="housing")["Authorization"]
        body = (
            "POST {} HTTP/1.1\r\nhost: volume\r\nauthorization: {}\r\ncontent-type: {}\r\ncontent-length: 60000\r\n\r\n"
        )
        return [
            (b"", IDLE),
            (b"GET /v1/feeds HTTP/1.1\r\nhost: volume\r\nx-drip: ", SLOW_HEADS),
            (body.format("/v1/clues", cadre, "application/json").encode() + b"{", SLOW_BODIES),
            (
                body.format("/v1/departments/housing/records", department, "application/x-ndjson").encode()
                + b'{"record_id": "A"}\n{"record_id": "',
                SLOW_STREAMS,
            ),
        ]

    async def _hold(self, head: bytes, ready: asyncio.Semaphore) -> None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.house.ports["intake"])
        except OSError:
            self.refused += 1
            ready.release()
            return
        writer.write(head)
        ready.release()
        try:
            while not writer.is_closing():
                await asyncio.sleep(DRIP_SECONDS)
                if head:
                    writer.write(b"x")
                    await writer.drain()
            self.closed += 1
        except OSError:
            self.closed += 1
        finally:
            writer.close()
