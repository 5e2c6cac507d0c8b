"""One fault after another under a stream of records, then the ledger over all of them.

Each fault has a slice of the records; when it is over, everything has to come to rest, and how long that takes is its
recovery. `Size` says how long or how often: the suite's form, and the whole.
"""

import asyncio
import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg

from deploy.demo.county import MOST_IN_ONE_TOWNSHIP
from deploy.demo.sending import Keyed, sending
from deploy.demo.township import Township
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from shared.clock import machine_now
from shared.messaging.faults import BATCH_STEPS
from shared.messaging.restore import restore
from shared.postgres import SERVICES
from tests import servers
from tests.chaos import holding
from tests.chaos.faults import disk, measures, slow_member
from tests.chaos.faults.house import FaultHouse
from tests.chaos.run import PAST_SESSION_SECONDS, Chaos, Outcome, Plan, slices
from tests.until import until

LOCKED = "LOCK TABLE screening.keys, workflow.keys, intake.keys IN ACCESS EXCLUSIVE MODE"
SLOW_PROGRAM = "tests.chaos.faults.slow_member"
SHARE_NOBODY = 10**9
CUTS_SECONDS, RECOVERY_SECONDS, DRAIN_SECONDS = 600.0, 120.0, 300.0
WATCH_SECONDS, PEOPLE_SECONDS = 0.05, 0.2
START_SECONDS, AT_WORK_SECONDS = 4.0, 1.0
WARM_PARTS = 5
"""One part in so many is sent before: what then grows or moves is the fault's doing and not a start's."""


Say = Callable[[str], None]


@dataclass(frozen=True)
class Size:
    """Seconds a state lasts, or how often a thing is done."""

    records: int
    cuts: int
    away: float
    hung: float
    slow: float
    deaf: float
    storms: int
    sigterms: int
    kills: int


SHORT = Size(records=300, cuts=50, away=20.0, hung=5.0, slow=5.0, deaf=12.0, storms=4, sigterms=5, kills=3)
WHOLE = Size(records=3000, cuts=1000, away=300.0, hung=60.0, slow=60.0, deaf=180.0, storms=50, sigterms=50, kills=20)


@dataclass
class Recovery:
    """`lasted` is the fault's own time, `seconds` that from its end until everything had come to rest; for `sending` of
    them the tester still sent his records."""

    fault: str
    lasted: float
    seconds: float
    sending: float
    done: str
    cost: str

    def line(self) -> str:
        times = f"lasted {self.lasted:.1f} s, at rest {self.seconds:.1f} s after its end"
        times += f" ({self.sending:.1f} s of them records were still sent)" if self.sending >= 1 else ""
        return f"{self.fault}: {self.done}; {times}; {self.cost}"


class Faults(Chaos):
    """The chaos programme with other faults: those of `names`, in their order."""

    house: FaultHouse

    def __init__(self, plan: Plan, house: FaultHouse, say: Say, size: Size, names: Sequence[str]) -> None:
        super().__init__(plan, house, say)
        self.size, self.names = size, names
        self.recoveries: list[Recovery] = []
        self.exits: list[float] = []
        self.part: tuple[Sequence[Any], Sequence[Keyed]] = ((), ())
        self.hand = random.Random(f"{plan.seed}:hand")

    async def _break(self, township: Township) -> None:
        ways = sending(township.register, township.records)
        parts = zip(slices(ways.http, len(self.names)), slices(ways.kafka, len(self.names)), strict=True)
        for name, part in zip(self.names, parts, strict=True):
            self.part = part if name == ALONE else await self._warmed(*part)
            async with measures.watched(self.house) as cost:
                under_way = None if name == ALONE else asyncio.create_task(self._send(*self.part, []))
                began = time.monotonic()
                told = await FAULTS[name](self)
                ended = time.monotonic()
                if under_way is not None:
                    await under_way
                still = time.monotonic() - ended
                await self._rest()
                seconds = time.monotonic() - ended
            self.recoveries.append(Recovery(name, ended - began, seconds, still, told, cost.line()))
            self.say(self.recoveries[-1].line())

    async def _warmed(self, http: Sequence[Any], kafka: Sequence[Keyed]) -> tuple[Sequence[Any], Sequence[Keyed]]:
        """The part without its beginning, which has been sent and has come to rest."""
        first_http, first_kafka = len(http) // WARM_PARTS, len(kafka) // WARM_PARTS
        await self._send(http[:first_http], kafka[:first_kafka], [])
        await self._rest()
        return http[first_http:], kafka[first_kafka:]

    async def _outboxes(self) -> int:
        admin = await asyncpg.connect(self.house.postgres.dsn)
        try:
            return sum([await admin.fetchval(f"SELECT count(*) FROM {service}.outbox") for service in SERVICES])
        finally:
            await admin.close()

    async def _failed(self) -> int:
        """Dead letters: records on which a service failed, and which wait for a person."""
        admin = await asyncpg.connect(self.house.postgres.dsn)
        try:
            query = "SELECT count(*) FROM {}.waiting WHERE state = 'failed'"
            return sum([await admin.fetchval(query.format(service)) for service in SERVICES])
        finally:
            await admin.close()

    # ── connections ─────────────────────────────────────────────────────────────────────────────────────────────

    async def cut_at_commit(self) -> str:
        """The answer to a COMMIT never comes; nobody can know whether it was done."""
        proxy = self.house.database
        proxy.cuts_left = self.size.cuts
        until_ = time.monotonic() + CUTS_SECONDS
        while proxy.cuts_left and time.monotonic() < until_:
            await asyncio.gather(*(self._call_something("workflow") for _ in range(4)))
        proxy.cuts_left = 0
        cuts = ", ".join(f"{what} {number}" for what, number in proxy.done.items() if what.startswith("cut"))
        return f"{cuts}, dead letters {await self._failed()}"

    async def slow_database(self) -> str:
        self.house.database.delay_seconds = 0.1
        await asyncio.sleep(self.size.slow)
        self.house.database.delay_seconds = 0.0
        return "200 ms a round trip"

    async def hung_database(self) -> str:
        admin = await asyncpg.connect(self.house.postgres.dsn)
        try:
            async with admin.transaction():
                await admin.execute(LOCKED)
                await asyncio.sleep(self.size.hung)
        finally:
            await admin.close()
        return "three services' key rows locked"

    async def slow_broker(self) -> str:
        self.house.kafka.proxy.delay_seconds = 0.2
        await asyncio.sleep(self.size.slow)
        self.house.kafka.proxy.delay_seconds = 0.0
        return "400 ms a round trip"

    async def deaf_broker(self) -> str:
        """Connections stand, and nothing comes through: no reset tells anybody."""
        since = machine_now()
        self.house.kafka.proxy.is_deaf = True
        await asyncio.sleep(self.size.deaf)
        self.house.kafka.proxy.is_deaf = False
        noticed = [measures.told(self.house, since, name) for name in ("relay.trouble", "facts_unsent")]
        return f"no byte passed, no reset; {', '.join(noticed)}"

    async def broker_gone(self) -> str:
        """Under what departments send over HTTP meanwhile. A 5xx but for "not now" would end the run."""
        repeated, since = self.calls.repeated, machine_now()
        await asyncio.to_thread(self.house.kafka.kill)
        await asyncio.sleep(self.size.away)
        depth = await self._outboxes()
        await asyncio.to_thread(self.house.kafka.start)
        admin = await asyncpg.connect(self.house.postgres.dsn)
        try:
            drain = await measures.drained(admin, "intake", DRAIN_SECONDS)
        finally:
            await admin.close()
        calls = f"{self.calls.repeated - repeated} calls repeated"
        noticed = measures.told(self.house, since, "facts_unsent")
        return f"{depth} facts in all outboxes when it came back, {calls}, {noticed}; intake: {drain.line()}"

    # ── processes ───────────────────────────────────────────────────────────────────────────────────────────────

    async def sigterm_at_start(self) -> str:
        """Told to stop while they come up, at any moment of it, and every second one when it has work in hand."""
        house, codes = self.house, Counter[int]()
        for number in range(self.size.sigterms):
            service = SERVICES[number % len(SERVICES)]
            await asyncio.to_thread(house.kill, service)
            house.start(service)
            if number % 2:
                await asyncio.to_thread(house.await_ready, service)
            await asyncio.sleep(self.hand.uniform(0.0, AT_WORK_SECONDS if number % 2 else START_SECONDS))
            told = time.monotonic()
            codes[await asyncio.to_thread(house.tell_to_stop, service)] += 1
            self.exits.append(time.monotonic() - told)
            house.start(service)
        await asyncio.to_thread(house.await_ready, *SERVICES)
        exits = ", ".join(f"exit code {code} {times} times" for code, times in sorted(codes.items(), reverse=True))
        times = f"{self.size.sigterms} times, every second one when it was ready"
        return f"{times}, gone after {max(self.exits):.1f} s at most, {exits}"

    async def slow_batch(self) -> str:
        """It outlasts its member's poll interval and session: the group goes on without, and its commit comes late."""
        house, since, before = self.house, machine_now(), await self._read()
        await asyncio.to_thread(house.kill, "screening")
        house.instead["screening"] = SLOW_PROGRAM
        house.start("screening")
        del house.instead["screening"]
        await asyncio.to_thread(house.await_ready, "screening")
        house.start("screening-1")
        await until(partial(measures.is_told, house, since, slow_member.ENDED), RECOVERY_SECONDS, slow_member.ENDED)
        read = (await self._read()).again(before)
        for slot in ("screening", "screening-1"):
            await asyncio.to_thread(house.kill, slot)
        house.start("screening")
        noticed = measures.told(house, since, "batch_late")
        return f"a batch of 25 s in a poll interval of 3 s and a session of 10 s, {noticed}, {read}"

    async def standing_still(self) -> str:
        """A member stands still past its session and its transaction's, at each step in turn, and comes back from the
        past while another one has its partitions."""
        before, still = await self._read(), Counter[str]()
        async with self._people():
            for number in range(self.size.kills):
                step = BATCH_STEPS[number % len(BATCH_STEPS)]
                still[step] += await self._stand_still(step, PAST_SESSION_SECONDS)
        read = (await self._read()).again(before)
        steps = ", ".join(f"{step} {times}" for step, times in still.items())
        return f"stood still for {PAST_SESSION_SECONDS:.0f} s {still.total()} times ({steps}); {read}"

    async def rebalance_storm(self) -> str:
        """Members that come back under their name, then as many that have none: only these move partitions."""
        house, before = self.house, await self._read()
        moved = []
        for has_slot in (True, False):
            already = house.kafka.rebalances()["screening"]
            for number in range(self.size.storms // 2):
                if not has_slot:
                    house.named["screening-1"] = ""
                await asyncio.to_thread(house.join, "screening-1")
                await asyncio.to_thread(house.leave, "screening-1", with_farewell=bool(number % 2))
            moved.append(house.kafka.rebalances()["screening"] - already)
        del house.named["screening-1"]
        read = (await self._read()).again(before)
        told = f"{self.size.storms} joined and left, every second without a farewell"
        return f"{told}: {moved[0]} rebalances under one name, {moved[1]} under none; {read}"

    async def _read(self) -> measures.Read:
        admin = await asyncpg.connect(self.house.postgres.dsn)
        try:
            return await measures.Read.of(admin, "screening")
        finally:
            await admin.close()

    # ── servers ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def broker_killed(self) -> str:
        return await self._killed(self.house.kafka, self.first_fact, "fact sent")

    async def database_killed(self) -> str:
        return await self._killed(self.house.postgres, self.first_answer, "call answered")

    async def _killed(self, server: Kafka | Postgres, first: Callable[[], Awaitable[float]], what: str) -> str:
        """Without a word, again and again. The time is that from when it is ready until something succeeds."""
        seconds = []
        async with self._people():
            for _ in range(self.size.kills):
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
                seconds.append(await first())
        told = f"first {what} {median(seconds):.1f} s after it was ready, {max(seconds):.1f} s at most"
        return f"killed {len(seconds)} times, {told}"

    # ── disks ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def database_disk_full(self) -> str:
        return await self._disk_full("postgres", self.first_answer, "call answered")

    async def broker_disk_full(self) -> str:
        return await self._disk_full("kafka", self.first_fact, "fact sent")

    async def _disk_full(self, name: str, first: Callable[[], Coroutine[Any, Any, float]], what: str) -> str:
        """The server is started as its supervisor would, where it ends. `first`: until something succeeds again."""
        server, own = (self.house.postgres if name == "postgres" else self.house.kafka), self.house.disks[name]
        async with self._people():
            await asyncio.to_thread(own.fill)
            before = self.calls.answers.copy()
            await asyncio.sleep(self.size.slow)
            answers = self.calls.answers - before
            await asyncio.to_thread(own.free)
            starts, ready_at, succeeding = 0, time.monotonic(), asyncio.create_task(first())
            while not succeeding.done():
                if server.poll() is not None:
                    server.launch()
                    await asyncio.to_thread(server.wait_ready, RECOVERY_SECONDS)
                    starts, ready_at = starts + 1, time.monotonic()
                await asyncio.wait({succeeding}, timeout=WATCH_SECONDS)
            await succeeding
            seconds = time.monotonic() - ready_at
        stayed = f"ended and was started {starts} times" if starts else "stayed"
        told = ", ".join(f"{status} {times} times" for status, times in sorted(answers.items())) or "none"
        firsts = f"first {what} {seconds:.1f} s after it was ready"
        return f"full for {self.size.slow:.0f} s, the server {stayed}, {firsts}; calls answered meanwhile: {told}"

    @asynccontextmanager
    async def _people(self) -> AsyncIterator[None]:
        """They report difficulties meanwhile, one after another, each repeated until it is answered, and then kept."""
        over = asyncio.Event()

        async def report() -> None:
            while not over.is_set():
                await self._file(next(self.strangers))
                await asyncio.sleep(PEOPLE_SECONDS)

        reporting = asyncio.create_task(report())
        try:
            yield
        finally:
            over.set()
            await reporting

    async def power_cut(self) -> str:
        """Both servers at once; what no one had flushed is gone."""
        house = self.house
        async with self._people():
            for own in house.disks.values():
                own.cut_power()
            house.kafka.kill()
            house.postgres.kill()
            for own in house.disks.values():
                await until(partial(_is_unmounted, own), 20, "unmounted")
                own.mount()
            dropped = all(own.has_lost_what_was_not_flushed() for own in house.disks.values())
            house.kafka.launch()
            await asyncio.to_thread(house.postgres.start)
            answered = await self.first_answer()
            await asyncio.to_thread(house.kafka.wait_ready, RECOVERY_SECONDS)
            sent = await self.first_fact()
        assert dropped, "the cut kept what nobody had flushed: it was none"
        firsts = f"first call answered {answered:.1f} s after PostgreSQL was ready"
        return f"an unflushed witness was dropped on both disks, {firsts}, first fact sent {sent:.1f} s after Kafka was"

    # ── an older database ───────────────────────────────────────────────────────────────────────────────────────

    async def older_database(self) -> str:
        """Backed up, then a slice is sent and read by all; put back; departments send what they had sent over HTTP."""
        house, backup = self.house, self.house.folder / "backup"
        await self._stopped()
        await asyncio.to_thread(servers.copy, house.postgres.folder, backup)
        await self._started()
        await self._send(*self.part, [])
        await self._rest()
        held = await holding.held(house.postgres.dsn)
        await self._stopped()
        await asyncio.to_thread(shutil.rmtree, house.postgres.folder)
        await asyncio.to_thread(servers.copy, backup, house.postgres.folder)
        await asyncio.to_thread(house.postgres.start)
        await holding.remember(house.postgres.dsn, held)
        found = await restore(house.kafka.bootstrap, house.postgres.dsn)
        await self._started()
        await self._send(self.part[0], [], [])
        return f"{sum(found.values())} facts learnt from the topics"

    async def _stopped(self) -> None:
        for service in SERVICES:
            await asyncio.to_thread(self.house.kill, service)
        await asyncio.to_thread(self.house.postgres.stop)

    async def _started(self) -> None:
        if self.house.postgres.poll() is not None:
            await asyncio.to_thread(self.house.postgres.start)
        for service in SERVICES:
            self.house.start(service)
        await asyncio.to_thread(self.house.await_ready, *SERVICES)


def _is_unmounted(own: disk.Disk) -> bool:
    """A killed server needs a moment until it has let go of its files."""
    try:
        own.unmount()
    except subprocess.CalledProcessError:
        return False
    return True


FAULTS: dict[str, Callable[[Faults], Awaitable[str]]] = {
    "cut_at_commit": Faults.cut_at_commit,
    "slow_database": Faults.slow_database,
    "hung_database": Faults.hung_database,
    "slow_broker": Faults.slow_broker,
    "deaf_broker": Faults.deaf_broker,
    "broker_gone": Faults.broker_gone,
    "broker_killed": Faults.broker_killed,
    "database_killed": Faults.database_killed,
    "sigterm_at_start": Faults.sigterm_at_start,
    "slow_batch": Faults.slow_batch,
    "standing_still": Faults.standing_still,
    "rebalance_storm": Faults.rebalance_storm,
    "database_disk_full": Faults.database_disk_full,
    "broker_disk_full": Faults.broker_disk_full,
    "power_cut": Faults.power_cut,
    "older_database": Faults.older_database,
}
ON_DISKS = frozenset({"database_disk_full", "broker_disk_full", "power_cut"})
ALONE = "older_database"
"""What people had decided in the hour that is gone is gone: in its run nobody decides."""


@dataclass(frozen=True)
class Found:
    """What one run of some faults came to."""

    outcome: Outcome
    recoveries: Sequence[Recovery]
    exits: Sequence[float]

    @property
    def is_clean(self) -> bool:
        return self.outcome.verdict.is_clean()

    def lines(self) -> Iterator[str]:
        plan = self.outcome.plan
        yield f"seed {plan.seed}: {plan.records} records of {plan.households} households, {self.outcome.seconds:.0f} s"
        yield from (f"  {one.line()}" for one in self.recoveries)
        yield "  " + ", ".join(f"{what}: {number}" for what, number in sorted(self.outcome.done.items()))
        yield "  " + ", ".join(f"{kind} {number}" for kind, number in self.outcome.verdict.figures().items())
        for kind, complaints in vars(self.outcome.verdict).items():
            yield from (f"    {kind}: {complaint}" for complaint in complaints[:10])


async def suffer(place: Path, seed: int, size: Size, names: Sequence[str], say: Say) -> Found:
    """These faults, in their order, in a house of their own in `place`. See `disk.why_not` for those on disks."""
    share = SHARE_NOBODY if ALONE in names else 10
    households = min(size.records, MOST_IN_ONE_TOWNSHIP)
    plan = Plan(seed, households, size.records, faults=0, held_share=0.01, poison_share=0.0, share=share, reports=0)
    house = FaultHouse(place, seed=seed)
    try:
        if ON_DISKS & set(names):
            await asyncio.to_thread(house.give_disks)
        run = Faults(plan, house, say, size, names)
        outcome = await run.run()
        return Found(outcome, run.recoveries, run.exits)
    finally:
        await asyncio.to_thread(house.stop)
