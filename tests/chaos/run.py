"""The chaos programme: the sample's records over HTTP and Kafka while everything is killed, at every named step.

For each (service, step) the service is started so that it dies there, a slice of records is sent, and when it has died
it is started again. Between: the broker is killed, PostgreSQL is stopped without a word, a relay stands still past its
lease, a member with its locks held, partitions move, facts are held back and sent late, hostile records are planted.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import asyncpg
import httpx
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from deploy.demo.load import _chunks, _officer_calls
from deploy.demo.sending import Keyed, sending
from deploy.demo.township import COUNTY, Township, generate
from shared.access.tokens import Issuer
from shared.clock import civil_date, machine_now
from shared.contracts.topics import DEPARTMENTS, TOPICS, department_topic
from shared.crypto import create_keys
from shared.messaging import topics
from shared.messaging.faults import BATCH_STEPS, RELAY_STEPS
from shared.postgres import SERVICES, migrate
from tests.chaos import holding
from tests.chaos.evidence import collect
from tests.chaos.ledger import Verdict, judge
from tests.house import House

IDS = UUID("4f0d3c52-0b3e-4e0e-9b58-1d1a6d1f0c01")
DEATH_SECONDS, REST_SECONDS, LEASE_SECONDS = 40.0, 180.0, 6.5
REGISTER = "rural_revitalization"


@dataclass(frozen=True)
class Plan:
    """`passes`: how often each step of each service is hit; `faults` fewer of them, drawn by the seed, if not None."""

    seed: int
    households: int
    records: int
    passes: int = 3
    faults: int | None = None
    held_share: float = 0.03
    poison_share: float = 0.003

    def steps(self) -> list[tuple[str, str]]:
        """(service, step) in the order in which they are broken."""
        every = [(service, step) for service in SERVICES for step in BATCH_STEPS]
        every += [(service, step) for service in SERVICES if service != "console" for step in RELAY_STEPS]
        chance = random.Random(f"{self.seed}:faults")
        order = [one for _ in range(self.passes) for one in chance.sample(every, len(every))]
        return order if self.faults is None else order[: self.faults]


@dataclass
class Outcome:
    plan: Plan
    verdict: Verdict
    hits: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed: list[tuple[str, str]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    said: int = 0
    copies: int = 0
    seconds: float = 0.0

    def lines(self) -> Iterator[str]:
        plan = self.plan
        yield f"seed {plan.seed}: {plan.records} records of {plan.households} households, {self.seconds:.0f} s"
        yield f"  killed at a step: {sum(self.hits.values())} times at {len(self.hits)} (service, step)"
        if self.missed:
            yield f"  not reached: {', '.join(f'{service} {step}' for service, step in self.missed)}"
        yield "  " + ", ".join(f"{what}: {number}" for what, number in sorted(self.done.items()))
        yield f"  {self.said} records in our topics, {self.copies} of them second copies"
        yield "  " + ", ".join(f"{kind} {number}" for kind, number in self.verdict.figures().items())
        for kind, complaints in vars(self.verdict).items():
            yield from (f"    {kind}: {complaint}" for complaint in complaints[:10])


class Chaos:
    def __init__(self, plan: Plan, house: House, say: Callable[[str], None]) -> None:
        self.plan, self.house, self.say = plan, house, say
        self.chance = random.Random(f"{plan.seed}:chaos")
        self.outcome = Outcome(plan, Verdict())
        self.sent_over_kafka = 0
        self.planted_ours = 0
        self._calls = 0

    async def run(self) -> Outcome:
        began = time.monotonic()
        township = await self._prepare()
        await self._break(township)
        self.say("healing: everything started once more, what was held is sent")
        await self._heal()
        dsn = self.house.postgres.dsn
        evidence = await collect(self.house.kafka.bootstrap, dsn, township.answers, await holding.held(dsn))
        self.outcome.done["facts held back and sent late"] = len(evidence.held)
        self.outcome.verdict = judge(evidence)
        poisoned = sum(key.startswith("partition:") for _, _, key, _ in evidence.waiting)
        readers = sum(len(topic.consumers) for topic in TOPICS[:1])
        if poisoned != self.planted_ours * readers:
            self.outcome.verdict.lost.append(f"{poisoned} of {self.planted_ours * readers} planted records wait")
        self.outcome.said = len(evidence.said)
        self.outcome.copies = len(evidence.said) - len({(s.topic, s.key, s.sequence) for s in evidence.said})
        self.outcome.seconds = time.monotonic() - began
        return self.outcome

    # ── before and after ────────────────────────────────────────────────────────────────────────────────────────

    async def _prepare(self) -> Township:
        house = self.house
        create_keys(house.keys)
        await asyncio.to_thread(house.postgres.start)
        await asyncio.to_thread(house.kafka.start)
        await migrate(house.postgres.dsn, house.keys)
        await topics.create(house.kafka.bootstrap, 6, 1)
        await holding.begin(house.postgres.dsn, self.plan.held_share)
        for service in SERVICES:
            house.start(service)
        await asyncio.to_thread(house.await_ready, *SERVICES)
        today = civil_date(machine_now())
        township = await asyncio.to_thread(generate, self.plan.seed, today, self.plan.households, self.plan.records)
        self.say(f"{len(township.register)} register records, {len(township.records)} department records")
        for call in _officer_calls(township):
            await self._post(f"{self._url('workflow')}/v1/officers", json.dumps(call).encode(), {"role": "system"})
        for chunk in _chunks(township.register):
            await self._send_http(REGISTER, chunk)
        return township

    async def _heal(self) -> None:
        house = self.house
        await asyncio.to_thread(house.kill, "screening-1")
        for service in SERVICES:
            if not house.is_alive(service):
                house.start(service)
        await asyncio.to_thread(house.await_ready, *SERVICES)
        await holding.end(house.postgres.dsn)
        end = time.monotonic() + REST_SECONDS
        while True:
            await holding.release(house.postgres.dsn, house.kafka.bootstrap)
            unrest = await self._unrest()
            if not unrest:
                return
            if time.monotonic() > end:
                self.say(f"did not come to rest: {unrest}")
                return
            await asyncio.sleep(0.5)

    async def _unrest(self) -> list[str]:
        """What is still under way; empty when everything has come to rest."""
        admin = await asyncpg.connect(self.house.postgres.dsn)
        try:
            found = []
            for service in SERVICES:
                if rows := await admin.fetchval(f"SELECT count(*) FROM {service}.outbox"):
                    found.append(f"{service}: outbox {rows}")
            for topic in TOPICS:
                emitted = await _sum(admin, topic.producer, "emitted", topic.number)
                for reader in topic.consumers:
                    applied = await _sum(admin, reader, "applied", topic.number)
                    if applied != emitted:
                        found.append(f"{topic.name}: {reader} {applied} of {emitted}")
            names = [department_topic(code) for code in DEPARTMENTS]
            read = await admin.fetchval(
                "SELECT coalesce(sum(next_offset), 0) FROM intake.positions WHERE topic = ANY ($1::text[])", names
            )
            if read < self.sent_over_kafka:
                found.append(f"departments: read {read} of {self.sent_over_kafka}")
            return found
        finally:
            await admin.close()

    # ── breaking ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _break(self, township: Township) -> None:
        ways = sending(township.register, township.records)
        steps = self.plan.steps()
        others = self._others(len(steps))
        http, kafka = list(_slices(ways.http, len(steps))), list(_slices(ways.kafka, len(steps)))
        for number, (service, step) in enumerate(steps):
            slice_ = asyncio.create_task(self._send(http[number], kafka[number]))
            await self._kill_at(service, step, slice_)
            if other := others.get(number):
                await other()
            await slice_
            if number % 10 == 9:
                self.say(f"{number + 1} of {len(steps)} steps broken")

    def _others(self, steps: int) -> dict[int, Callable[[], Any]]:
        """The faults between, spread over the run."""
        acts = [
            self._kill_broker, self._stop_database, self._relay_from_the_past("selected"),
            self._relay_from_the_past("sent"), self._member_with_locks, self._move_partitions,
        ]  # fmt: skip
        rounds = max(1, self.plan.passes if self.plan.faults is None else 1)
        places = self.chance.sample(range(steps), min(steps, rounds * len(acts)))
        return {place: acts[n % len(acts)] for n, place in enumerate(places)}

    async def _kill_at(self, service: str, step: str, slice_: "asyncio.Task[None]") -> None:
        """Let a service die at a step, then start it again."""
        house = self.house
        await asyncio.to_thread(house.kill, service)
        house.start(service, crash_at=step)
        end = time.monotonic() + DEATH_SECONDS
        while house.is_alive(service) and time.monotonic() < end:
            await asyncio.sleep(0.05)
        if house.is_alive(service):
            self.outcome.missed.append((service, step))
            await asyncio.to_thread(house.kill, service)
        else:
            self.outcome.hits[service, step] += 1
        house.start(service)

    async def _kill_broker(self) -> None:
        self.outcome.done["broker killed"] += 1
        await asyncio.to_thread(self.house.kafka.kill)
        await asyncio.to_thread(self.house.kafka.start)

    async def _stop_database(self) -> None:
        self.outcome.done["PostgreSQL stopped without a word"] += 1
        await asyncio.to_thread(self.house.postgres.kill)
        await asyncio.to_thread(self.house.postgres.start)

    def _relay_from_the_past(self, step: str) -> Callable[[], Any]:
        async def act() -> None:
            """It stands still past its lease while another sends, and then goes on."""
            if await self._stand_still(step):
                self.outcome.done[f"relay back from the past at {step}"] += 1

        return act

    async def _member_with_locks(self) -> None:
        if await self._stand_still("locked"):
            self.outcome.done["member stopped with its locks held"] += 1

    async def _stand_still(self, step: str) -> bool:
        house = self.house
        await asyncio.to_thread(house.kill, "screening")
        house.start("screening", stop_at=step)
        house.start("screening-1")
        end = time.monotonic() + DEATH_SECONDS
        while not house.is_paused("screening") and time.monotonic() < end:
            await self._nudge()
            await asyncio.sleep(0.2)
        was_paused = house.is_paused("screening")
        if was_paused:
            await asyncio.sleep(LEASE_SECONDS)
            house.resume("screening")
        await asyncio.to_thread(house.kill, "screening-1")
        return was_paused

    async def _nudge(self) -> None:
        """Some of what waits to be sent, so that there is something to do."""
        await holding.release(self.house.postgres.dsn, self.house.kafka.bootstrap)

    async def _move_partitions(self) -> None:
        self.outcome.done["partitions moved"] += 1
        self.house.start("screening-1")
        await asyncio.to_thread(self.house.await_ready, "screening-1")
        await asyncio.to_thread(self.house.kill, "screening-1")

    # ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _send(self, http: Sequence[Any], kafka: Sequence[Keyed]) -> None:
        by_department: dict[str, list[Any]] = {}
        for department, record in http:
            by_department.setdefault(department, []).append(record)
        for department, records in by_department.items():
            await self._send_http(department, records)
        await self._send_kafka(kafka)

    async def _send_http(self, department: str, records: Sequence[Any]) -> None:
        body = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
        fields = {"role": "department", "department": department, "region": COUNTY}
        await self._post(
            f"{self._url('intake')}/v1/departments/{department}/records", body, fields, "application/x-ndjson"
        )

    async def _post(
        self, url: str, body: bytes, fields: Mapping[str, str | None], type_: str = "application/json"
    ) -> None:
        """Until it is answered: the Idempotency-Key makes the second try the first one's answer."""
        self._calls += 1
        token = Issuer((self.house.keys / "token.key").read_bytes()).issue(fields, timedelta(hours=2))
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": type_,
            "Idempotency-Key": str(uuid5(IDS, f"{self.plan.seed} {self._calls}")),
        }
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            while True:
                try:
                    answer = await client.post(url, content=body, headers=headers)
                except httpx.TransportError:
                    await asyncio.sleep(0.2)
                    continue
                if answer.is_success:
                    return
                assert answer.status_code in (409, 503), (url, answer.status_code, answer.text[:500])
                await asyncio.sleep(0.2)

    async def _send_kafka(self, records: Sequence[Keyed]) -> None:
        """Each record acknowledged before the next of its key is sent; hostile ones among them."""
        async with _producer(self.house.kafka.bootstrap) as producer:
            for keyed in records:
                value = json.dumps(keyed.record, ensure_ascii=False).encode()
                await self._until_acked(producer, department_topic(keyed.department), value, keyed.key.encode(), [])
                self.sent_over_kafka += 1
                if self.chance.random() < self.plan.poison_share:
                    await self._plant(producer)

    async def _plant(self, producer: AIOKafkaProducer) -> None:
        """Bytes that nobody can read, on a department's topic and on one of ours, without a place in line."""
        self.outcome.done["hostile records planted"] += 2
        await self._until_acked(producer, department_topic("housing"), "农户".encode("gbk"), b"planted", [])
        self.sent_over_kafka += 1
        headers = [("ce_planted", b"1"), ("ce_sequence", b"\xff")]
        await self._until_acked(producer, TOPICS[0].name, b"{" * 50, b"planted", headers)
        self.planted_ours += 1

    async def _until_acked(
        self, producer: AIOKafkaProducer, topic: str, value: bytes, key: bytes, headers: list[tuple[str, bytes]]
    ) -> None:
        while True:
            try:
                await producer.send_and_wait(topic, value, key=key, headers=headers)
                return
            except KafkaError:
                await asyncio.sleep(0.2)

    def _url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.house.ports[service]}"


@asynccontextmanager
async def _producer(bootstrap: str) -> Any:
    while True:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
        try:
            await producer.start()
            break
        except (KafkaError, OSError):
            await producer.stop()
            await asyncio.sleep(0.2)
    try:
        yield producer
    finally:
        await producer.stop()


async def _sum(admin: asyncpg.Connection, service: str, column: str, number: int) -> int:
    return int(
        await admin.fetchval(
            f"SELECT coalesce(sum({column}[$1]), 0) FROM {service}.keys WHERE key NOT LIKE 'partition:%'", number
        )
    )


def _slices(things: Sequence[Any], count: int) -> Iterator[Sequence[Any]]:
    for number in range(count):
        yield things[len(things) * number // count : len(things) * (number + 1) // count]
