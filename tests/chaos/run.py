"""The chaos programme: the sample's records over HTTP and Kafka while everything is killed, at every named step.

For each (service, step) the service is started so that it dies there, a slice of records is sent, and when it has died
it is started again. Between: the broker is killed, PostgreSQL is stopped without a word, a relay stands still past its
lease, a member with its locks held, partitions move, facts are held back and sent late, hostile records are planted.
In the first half of that, PostgreSQL refuses some households' records, and services die between the halves of a batch.

Meanwhile people report difficulties and officers decide; with the last third of the faults the civil clock goes on, so
that some cases walk through seven hops and the others' deadlines ring.
"""

import asyncio
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from deploy.demo.parcel import chunks, officer_calls
from deploy.demo.sending import Keyed, sending
from deploy.demo.township import COUNTY, Township, generate
from shared.clock import civil_date, machine_now
from shared.contracts.topics import DEPARTMENTS, TOPICS, department_topic
from shared.crypto import create_keys
from shared.messaging import topics
from shared.messaging.faults import BATCH_STEPS, CALL_STEPS, RELAY_STEPS
from shared.messaging.kafka import SESSION_TIMEOUT_MS
from shared.postgres import SERVICES, migrate
from tests.chaos import holding, refusing
from tests.chaos.calls import Calls
from tests.chaos.evidence import collect, numbers, travelled
from tests.chaos.journey import HOPS, LADDER
from tests.chaos.ledger import Verdict, judge
from tests.chaos.officers import Officers
from tests.chaos.reports import Filed, Report, of_known, of_strangers
from tests.house import House

CALLED = ("intake", "workflow")
"""The services whose calls change something that others hear of."""
JOURNEY_DAYS = 16
"""Past the longest first look and its whole ladder."""
QUIET_LEAPS = 4
"""So often the clock goes on, also where nothing is broken."""
DUE = {
    "deadlines due": "SELECT count(*) FROM workflow.deadlines WHERE wake_at <= civil.now()",
    "places on their way": "SELECT count(*) FROM workflow.places WHERE state = 'on_its_way'",
    "notices to be tried again": "SELECT count(*) FROM notify.occasions WHERE retry_at <= civil.now()",
}
DEATH_SECONDS, REST_SECONDS = 40.0, 180.0
PAST_SESSION_SECONDS = SESSION_TIMEOUT_MS / 1000 + 2.0
FIRST_POLL_SECONDS, COMES_POLL_SECONDS, CALL_AGAIN_SECONDS = 0.05, 0.05, 2.0
HALVED = "halved"
"""A step that is passed only where the database has refused a record of a batch."""
REGISTER = "rural_revitalization"


@dataclass(frozen=True)
class Plan:
    """`passes`: how often each step of each service is hit; `faults` fewer of them, drawn by the seed, if not None.

    One household in `share` is worked on by officers; `reports` are filed of registered households. `halved`: how often
    a service dies between the halves of a batch, while records of `refused_share` of the households are refused.
    """

    seed: int
    households: int
    records: int
    passes: int = 3
    faults: int | None = None
    held_share: float = 0.03
    poison_share: float = 0.003
    share: int = 10
    reports: int = 16
    halved: int = 0
    refused_share: float = 0.01
    rest_seconds: float = REST_SECONDS

    def steps(self) -> list[tuple[str, str]]:
        """(service, step) in the order in which they are broken."""
        every = [(service, step) for service in SERVICES for step in BATCH_STEPS]
        every += [(service, step) for service in SERVICES if service != "console" for step in RELAY_STEPS]
        every += [(service, step) for service in CALLED for step in CALL_STEPS]
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
    walked: Counter[str] = field(default_factory=Counter)
    rung: Counter[str] = field(default_factory=Counter)
    said: int = 0
    copies: int = 0
    seconds: float = 0.0
    firsts: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """What first succeeded again → after how many seconds, each time."""

    def untrodden(self) -> set[str]:
        """Hops at which nobody decided, and rungs that never rang: of them the run proves nothing."""
        return (set(HOPS) - {step.partition(".")[0] for step in self.walked}) | (LADDER.keys() - self.rung.keys())

    def between_halves(self) -> Counter[str]:
        """How often each service died when neighbours were committed and what was refused did not wait yet."""
        return Counter({service: number for (service, step), number in self.hits.items() if step == HALVED})

    def lines(self) -> Iterator[str]:
        plan = self.plan
        yield f"seed {plan.seed}: {plan.records} records of {plan.households} households, {self.seconds:.0f} s"
        yield f"  killed at a step: {sum(self.hits.values())} times at {len(self.hits)} (service, step)"
        between = self.between_halves()
        where = ", ".join(f"{service} {number}" for service, number in sorted(between.items()))
        yield f"  of them while a batch was halved: {between.total()} times ({where or 'nowhere'})"
        if self.missed:
            yield f"  not reached: {', '.join(f'{service} {step}' for service, step in self.missed)}"
        yield "  " + ", ".join(f"{what}: {number}" for what, number in sorted(self.done.items()))
        for what, seconds in self.firsts.items():
            yield f"  first {what}: {max(seconds):.1f} s at most of {len(seconds)}"
        yield f"  decided: {', '.join(f'{step} {number}' for step, number in sorted(self.walked.items()))}"
        yield f"  rung: {', '.join(f'{step} {number}' for step, number in self.rung.most_common())}"
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
        self.calls = Calls(house, plan.seed)
        self.officers = Officers(self.calls, plan.seed, plan.share)
        self.operator = refusing.Operator(self.calls)
        self.refusals: dict[int, refusing.Refusal] = {}
        self.at_work: list[asyncio.Task[None]] = []
        self.gone = asyncio.Event()
        self.filed: list[Filed] = []
        self.judged_until: dict[str, int] | None = None

    async def run(self) -> Outcome:
        began = time.monotonic()
        township = await self._prepare()
        self.strangers = of_strangers(self.plan.seed, township)
        self.at_work.append(asyncio.create_task(self.officers.work(self.gone)))
        try:
            await self._break(township)
            self.say("healing: everything started once more, what was held is sent")
            await self._heal()
        finally:
            self.gone.set()
            await asyncio.gather(*self.at_work)
        complaints = [*self.officers.complaints, *self.operator.complaints, *await self.calls.repeat()]
        await self._rest()
        dsn = self.house.postgres.dsn
        road = await travelled(dsn, self.officers.attempts, self.filed, complaints)
        held = await holding.held(dsn)
        evidence = await collect(self.house.kafka.bootstrap, dsn, township.answers, held, road, self.judged_until)
        self.outcome.walked = self.officers.steps
        self.outcome.rung = Counter(said.data["step"] for said in evidence.said if said.topic == "deadline.passed")
        self.outcome.done["reports filed"] = len(self.filed)
        self.outcome.done["calls repeated until answered"] = self.calls.repeated
        self.outcome.done["calls repeated at the end"] = len(self.calls.kept)
        self.outcome.done["facts held back and sent late"] = len(evidence.held)
        self.outcome.done["records that PostgreSQL refused, put through again"] = len(self.operator.seen)
        self.outcome.done["statements that PostgreSQL refused"] = refusing.statements(
            self.house.postgres.folder / "postgres.log"
        )
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
        self.posts = [json.dumps(call).encode() for call in officer_calls(township)]
        for body in self.posts:
            sent = await self.calls.post("workflow", "/v1/officers", body, {"role": "system"})
            assert sent.status == 200, sent
        for chunk in chunks(township.register):
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
        await self._rest(is_idle=True)

    async def _rest(self, is_idle: bool = False) -> bool:
        """Until everything has come to rest, with `is_idle` the officers too: two of their rounds find nothing. Whether
        it has."""
        end, quiet_since = time.monotonic() + self.plan.rest_seconds, None
        while True:
            await holding.release(self.house.postgres.dsn, self.house.kafka.bootstrap)
            unrest = await self._unrest()
            decided = sum(self.officers.steps.values())
            if unrest or quiet_since is None or quiet_since[1] != decided:
                quiet_since = None if unrest else (self.officers.rounds, decided)
            if not unrest and (not is_idle or (quiet_since and self.officers.rounds >= quiet_since[0] + 2)):
                return True
            if time.monotonic() > end:
                self.say(f"did not come to rest: {unrest or 'officers still find tasks'}")
                return False
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
            for service in SERVICES:
                if number := await admin.fetchval(
                    f"SELECT count(*) FROM {service}.waiting WHERE cause ~ $1", refusing.REFUSED
                ):
                    found.append(f"{service}: refused {number}")
            for what, query in DUE.items():
                if number := await admin.fetchval(query):
                    found.append(f"{what}: {number}")
            return found
        finally:
            await admin.close()

    # ── breaking ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _break(self, township: Township) -> None:
        steps = self.plan.steps()
        others = self._others(len(steps))
        first = len(steps) * 2 // 3
        ways, known = (
            sending(township.register, township.records),
            of_known(self.plan.seed, township, self.plan.reports),
        )
        count = max(first, 2 * self.plan.halved, 1)
        await self._begin_refusing(township, list(slices(ways.kafka, count)))
        parts = zip(slices(ways.http, count), slices(ways.kafka, count), slices(known, count), strict=True)
        for number, (http, kafka, reports) in enumerate(parts):
            if number == refusing.half(count):
                await self._mend()
            if refusal := self.refusals.get(number):
                kafka = await self._refuse(refusal, kafka)
            sending_ = asyncio.create_task(self._send(http, kafka, reports))
            if number < first:
                await self._break_at(number, steps, others)
            await sending_
        # The records' answers are of today: all of them are judged before the clock goes on.
        if not await self._rest():
            self.officers.complaints.append("the road did not come to rest before the clock went on")
        self.judged_until = await numbers(self.house.postgres.dsn, "screening", "warning.raised")
        self.say("the clock goes on")
        for number in range(first, max(len(steps), first + QUIET_LEAPS)):
            await self._file(next(self.strangers))
            await self._leap(JOURNEY_DAYS / max(len(steps) - first, QUIET_LEAPS))
            await self._break_at(number, steps, others)

    async def _break_at(
        self, number: int, steps: Sequence[tuple[str, str]], others: Mapping[int, Callable[[], Any]]
    ) -> None:
        """This fault of the plan, if there is one."""
        if number < len(steps):
            await self._kill_at(*steps[number])
        if other := others.get(number):
            await other()
        if number % 10 == 9:
            self.say(f"{number + 1} of {len(steps)} steps broken")

    async def _begin_refusing(self, township: Township, parts: Sequence[Sequence[Keyed]]) -> None:
        households = round(self.plan.refused_share * self.plan.households)
        if self.plan.halved:
            await refusing.begin(self.house.postgres.dsn)
            self.refusals = refusing.drawn(self.plan.seed, township, parts, self.plan.halved, households)

    async def _refuse(self, refusal: refusing.Refusal, kafka: Sequence[Keyed]) -> Sequence[Keyed]:
        """From now on. What is refused lies among its neighbours when the service comes back, to die between halves.
        Returns what of the slice is still to be sent."""
        await asyncio.to_thread(self.house.kill, refusal.service)
        await refusing.refuse(self.house.postgres.dsn, refusal.service, refusal.household_nos)
        first = refusing.beginning(kafka)
        await self._send_kafka(first)
        await self._kill_at(refusal.service, HALVED)
        return kafka[len(first) :]

    async def _mend(self) -> None:
        """Nothing is refused any more, and an operator puts through again what was."""
        if self.plan.halved:
            await refusing.end(self.house.postgres.dsn)
            self.at_work.append(asyncio.create_task(self.operator.work(self.gone)))

    async def _leap(self, days: float) -> None:
        """The civil clock goes on; what the officers had to wait for may have come."""
        admin = await self._connected()
        try:
            await admin.execute("UPDATE civil.clock SET is_demo = true")
            await admin.execute("SELECT civil.advance($1)", timedelta(days=days))
        finally:
            await admin.close()
        self.officers.day += days
        self.outcome.done["leaps of the clock"] += 1
        await self._nudge()

    async def _connected(self) -> asyncpg.Connection:
        while True:
            try:
                return await asyncpg.connect(self.house.postgres.dsn)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.2)

    async def _file(self, report: Report) -> None:
        filed, sent = await report.file(self.calls)
        if sent.status == 201:
            self.filed.append(filed)
            self.calls.kept.append(sent)
        else:
            self.officers.complaints.append(f"a report was answered {sent.status}: {sent.answer}"[:400])

    def _others(self, steps: int) -> dict[int, Callable[[], Any]]:
        """The faults between, spread over the run."""
        acts = [
            self._kill_broker, self._stop_database, self._relay_from_the_past("selected"),
            self._relay_from_the_past("sent"), self._member_with_locks, self._move_partitions,
        ]  # fmt: skip
        rounds = max(1, self.plan.passes if self.plan.faults is None else 1)
        # All of them while records are sent, and again while cases walk.
        places = self.chance.sample(range(steps), min(steps, rounds * len(acts)))
        return {place: acts[n % len(acts)] for n, place in enumerate(places)}

    async def _kill_at(self, service: str, step: str) -> None:
        """Let a service die at a step, then start it again."""
        house = self.house
        await asyncio.to_thread(house.kill, service)
        house.start(service, crash_at=step)
        async with self._work_for(service, step):
            if await _comes(lambda: not house.is_alive(service)):
                self.outcome.hits[service, step] += 1
            else:
                self.outcome.missed.append((service, step))
                await asyncio.to_thread(house.kill, service)
            house.start(service)

    @asynccontextmanager
    async def _work_for(self, service: str, step: str) -> AsyncIterator[None]:
        """Meanwhile calls that lead to a step of a call or of a relay, whatever else goes on."""
        over = asyncio.Event()
        calling = asyncio.create_task(self._call_until(over, service, step))
        try:
            yield
        finally:
            over.set()
            await calling

    async def _call_until(self, over: asyncio.Event, service: str, step: str) -> None:
        """Of a report every service's relay has something to send."""
        called = service if step in CALL_STEPS else "intake" if step in RELAY_STEPS else None
        while called and not over.is_set():
            await self._call_something(called)
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), CALL_AGAIN_SECONDS)

    async def _call_something(self, service: str) -> None:
        """So that there is a call to die in, whatever else goes on."""
        if service == "intake":
            await self._file(next(self.strangers))
        else:
            body = self.posts[self.chance.randrange(len(self.posts))]
            await self.calls.post("workflow", "/v1/officers", body, {"role": "system"})

    async def _kill_broker(self) -> None:
        self.outcome.done["broker killed"] += 1
        await asyncio.to_thread(self.house.kafka.kill)
        await asyncio.to_thread(self.house.kafka.start)
        self.outcome.firsts["fact sent after a broker was ready"].append(await self.first_fact())

    async def _stop_database(self) -> None:
        self.outcome.done["PostgreSQL stopped without a word"] += 1
        await asyncio.to_thread(self.house.postgres.kill)
        await asyncio.to_thread(self.house.postgres.start)
        self.outcome.firsts["call answered after PostgreSQL was ready"].append(await self.first_answer())

    async def first_answer(self) -> float:
        """Seconds from now until a call that writes has been answered."""
        began = time.monotonic()
        await self._file(next(self.strangers))
        return time.monotonic() - began

    async def first_fact(self) -> float:
        """Seconds from now until Kafka has acknowledged a fact that is told now, and what was before it."""
        began = time.monotonic()
        await self._file(next(self.strangers))
        await self._until_sent("intake")
        return time.monotonic() - began

    async def _until_sent(self, service: str) -> None:
        """Until what stands in a service's outbox now has been sent and taken out."""
        admin = await self._connected()
        try:
            last = await admin.fetchval(f"SELECT coalesce(max(id), 0) FROM {service}.outbox")
            while await admin.fetchval(f"SELECT EXISTS (SELECT FROM {service}.outbox WHERE id <= $1)", last):
                await asyncio.sleep(FIRST_POLL_SECONDS)
        finally:
            await admin.close()

    def _relay_from_the_past(self, step: str) -> Callable[[], Any]:
        async def act() -> None:
            """It stands still until another has taken its lease over and sent what it had in hand, and then goes on."""
            if await self._stops_at(step):
                self.house.start("screening-1")
                try:
                    async with asyncio.timeout(DEATH_SECONDS):
                        await self._until_sent("screening")
                    self.outcome.done[f"relay back from the past at {step}"] += 1
                except TimeoutError:
                    self.outcome.missed.append(("screening", f"another relay while one stands still at {step}"))
            await self._go_on()

        return act

    async def _member_with_locks(self) -> None:
        if await self._stand_still("locked", PAST_SESSION_SECONDS):
            self.outcome.done["member stopped with its locks held"] += 1

    async def _stand_still(self, step: str, seconds: float) -> bool:
        """Screening does at the first such step, while another member is there; whether it came to one."""
        self.house.start("screening-1")
        if stood_still := await self._stops_at(step):
            await asyncio.sleep(seconds)
        await self._go_on()
        return stood_still

    async def _stops_at(self, step: str) -> bool:
        """Whether screening, started anew, has come to such a step, where it stands still."""
        house = self.house
        await asyncio.to_thread(house.kill, "screening")
        house.start("screening", stop_at=step)
        async with self._work_for("screening", step):
            has_stopped = await _comes(lambda: house.is_paused("screening"), self._nudge)
        if not has_stopped:
            self.outcome.missed.append(("screening", f"standing still at {step}"))
        return has_stopped

    async def _go_on(self) -> None:
        """Of two there is one again: who stood still, or who could still come to stand still when nobody is there."""
        house = self.house
        if house.is_paused("screening"):
            house.resume("screening")
        else:
            await asyncio.to_thread(house.kill, "screening")
            house.start("screening")
        await asyncio.to_thread(house.kill, "screening-1")

    async def _nudge(self) -> None:
        """Some of what waits to be sent, so that there is something to do."""
        await holding.release(self.house.postgres.dsn, self.house.kafka.bootstrap)

    async def _move_partitions(self) -> None:
        self.outcome.done["partitions moved"] += 1
        self.house.start("screening-1")
        await asyncio.to_thread(self.house.await_ready, "screening-1")
        await asyncio.to_thread(self.house.kill, "screening-1")

    # ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _send(self, http: Sequence[Any], kafka: Sequence[Keyed], reports: Sequence[Report]) -> None:
        for report in reports:
            await self._file(report)
        by_department: dict[str, list[Any]] = {}
        for department, record in http:
            by_department.setdefault(department, []).append(record)
        for department, records in by_department.items():
            await self._send_http(department, records)
        await self._send_kafka(kafka)

    async def _send_http(self, department: str, records: Sequence[Any]) -> None:
        body = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
        fields = {"role": "department", "department": department, "region": COUNTY}
        sent = await self.calls.post(
            "intake", f"/v1/departments/{department}/records", body, fields, "application/x-ndjson"
        )
        assert sent.status < 300, sent.answer

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


async def _comes(is_there: Callable[[], bool], meanwhile: Callable[[], Awaitable[None]] | None = None) -> bool:
    """Whether it comes within the time that a death may take; `meanwhile` is done again and again."""
    end = time.monotonic() + DEATH_SECONDS
    while not is_there():
        if time.monotonic() > end:
            return False
        if meanwhile is not None:
            await meanwhile()
        await asyncio.sleep(COMES_POLL_SECONDS)
    return True


async def _sum(admin: asyncpg.Connection, service: str, column: str, number: int) -> int:
    return int(
        await admin.fetchval(
            f"SELECT coalesce(sum({column}[$1]), 0) FROM {service}.keys WHERE key NOT LIKE 'partition:%'", number
        )
    )


def slices(things: Sequence[Any], count: int) -> Iterator[Sequence[Any]]:
    """`things` in so many runs of about the same length, in their order."""
    for number in range(count):
        yield things[len(things) * number // count : len(things) * (number + 1) // count]
