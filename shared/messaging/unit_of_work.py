"""The unit of work: how every input is handled, whether a Kafka batch, a person's call or a due deadline.

lock → sift → decide → save → finish (`batch.py`), in one transaction. The product's only lock order stands there: key
rows first, sorted; positions last, sorted; nothing else takes row locks but the relay's lease. Five words hold it:
key row, outbox, relay, waiting, decide.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import asyncpg

from shared.crypto import Cipher
from shared.messaging import answers, arrays, keys, outbox, positions, record, restore
from shared.messaging.answers import Answer, Slot
from shared.messaging.batch import (
    NOBODY,
    NOTHING,
    Batch,
    By,
    Effort,
    GivenUp,
    Line,
    Report,
    carry,
    lock,
    merged,
    routed,
    unit_of,
)
from shared.messaging.faults import (
    BeginAgain,
    Hole,
    NotFirst,
    Refused,
    Retry,
    Stopped,
    Unavailable,
    crash_point,
    fingerprint,
    is_infrastructure,
    is_lock_timeout,
    is_timeout,
)
from shared.messaging.finish import UNPLACED, Firsts, finish
from shared.messaging.room import Decided, Input, Place, Problem, State, Subscriber
from shared.messaging.waiting import FOLLOWERS_MAX, Waiting
from shared.postgres import BY_KEY_ONLY, session

BACKOFF_FIRST_SECONDS, BACKOFF_MAX_SECONDS = 0.05, 5.0
BEGIN_AGAIN_MAX = 5
HELD_MAX = 3
"""So many records of a batch are waited for, one after another, while someone else holds their rows."""

arrays.ask_plainly()
log = logging.getLogger(__name__)

SET_SCOPE = (
    "SELECT set_config('app.region_from', $1, true), set_config('app.region_to', $2, true), "
    "set_config('app.grid', $3, true)"
)
_BY_KEY_ONLY = "".join(f", set_config('{name}', '{value}', true)" for name, value in BY_KEY_ONLY.items())
"""A call touches rows by key, like every unit of work: with plans that scan, a decision took 10.5 ms, not 5.8."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The rows that a person may see: the three transaction-local settings of row-level security."""

    region_from: str
    region_to: str
    grid: str


Then = Callable[[asyncpg.Connection, Report], Awaitable[None]]
"""What is written in the transaction of what has been decided: its audit row."""


def _unheard(consumer: str, report: Report, seconds: float) -> None:
    return None


@dataclass(slots=True)
class UnitOfWork:
    """One consumer's (or the API's) way into its service's tables.

    `subscribers` stand in the order of the routing table, in `subscriber` by topic. `wake` tells the relay in this
    process that something was emitted, and where that one holds the lease (`sends_itself`) nobody else is told;
    `observe` hears every committed report (the canonical log line, the metrics). `said` knows what lies in our topics
    already after a restore; `stopped`: why this process is unready, until a batch passes.
    """

    service: str
    consumer: str
    subscribers: Sequence[Subscriber]
    pool: asyncpg.Pool
    cipher: Cipher
    reading: record.Read = field(default_factory=record.Read)
    wake: Callable[[], None] = lambda: None
    observe: Callable[[str, Report, float], None] = _unheard
    sends_itself: Callable[[], bool] = lambda: False
    said: restore.Said = field(default_factory=restore.Said)
    stopped: str | None = None
    subscriber: dict[str, Subscriber] = field(init=False)
    _backoff: float = BACKOFF_FIRST_SECONDS
    _timed_out: frozenset[Place | None] = frozenset()
    _baselines: frozenset[tuple[str, int]] = frozenset()

    def __post_init__(self) -> None:
        self.subscriber = {subscriber.topic: subscriber for subscriber in self.subscribers}

    def is_baseline(self, place: Place) -> bool:
        """Whether this partition's log begins beyond our position: then a key's first number seen counts."""
        return (place.topic, place.partition) in self._baselines

    # ── streams: a Kafka batch, due deadlines, a chunk of a streamed body ───────────────────────────────────────

    async def process(self, inputs: Sequence[Input], firsts: Firsts = UNPLACED) -> Report:
        """Handle a batch; everything is committed when this returns. Raises Hole where one of its `firsts` lies beyond
        our position, and Retry after backing off.

        One batch at a time: two members of a group have a unit of work each.
        """
        started = asyncio.get_running_loop().time()
        effort = Effort(len(inputs), firsts)
        try:
            report = await self._halving(list(inputs), effort)
            for input, cause in effort.refused:
                if effort.reached:
                    crash_point("halved")
                effort.unsettled -= {input.place}
                report.add(await self._transact([input], effort, given_up={id(input): cause}))
            for line in sorted(report.more):
                report.add(await self._follow(line))
            if effort.held:
                raise effort.held[0]
        except Hole:
            raise
        except Exception as error:
            raise await self.come_again(error) from None
        self._backoff, self.stopped, self._timed_out = BACKOFF_FIRST_SECONDS, None, frozenset()
        try:
            self.observe(self.consumer, report, asyncio.get_running_loop().time() - started)
        except Exception as error:
            log.error("unit.unobserved", extra={"consumer": self.consumer, "cause": fingerprint(error)})
        return report

    async def come_again(self, error: Exception) -> Retry:
        """Back off first: the framework reads a batch again at once, a thousand times a second."""
        if not isinstance(error, Unavailable) and not is_infrastructure(error):
            # Nothing unknown may escape unheard: unready until a batch passes.
            self.stopped = str(error) if isinstance(error, Stopped) else f"unit of work: {fingerprint(error)}"
            self._backoff = BACKOFF_MAX_SECONDS
        await asyncio.sleep(self._backoff * random.uniform(0.5, 1.0))
        self._backoff = min(self._backoff * 2, BACKOFF_MAX_SECONDS)
        return Retry(self.stopped or fingerprint(error))

    async def _halving(self, inputs: list[Input], effort: Effort) -> Report:
        """One transaction; on an error of the data two halves, down to the one record that waits."""
        try:
            return await self._transact(inputs, effort)
        except Exception as error:
            if isinstance(error, Stopped | Unavailable | Hole):
                raise
            if is_infrastructure(error) and not self._is_second_timeout(error, inputs):
                raise
        if len(inputs) == 1:
            return await self._alone(inputs[0], effort)
        middle = len(inputs) // 2
        report = await self._halving(inputs[:middle], effort)
        report.add(await self._halving(inputs[middle:], effort))
        return report

    async def _alone(self, input: Input, effort: Effort) -> Report:
        """The one record, without what waits behind it (that may be what the database refuses).

        Once more, too: a unique violation may have been a race, whose winner is visible now.
        """
        try:
            return await self._transact([input], effort, by=By(followers=0))
        except Exception as error:
            if is_lock_timeout(error) and len(effort.held) < HELD_MAX:
                effort.held.append(error)
                effort.put_off(input)
            elif _is_beyond_the_record(error):
                raise
            else:
                effort.refuse(input, f"sql: {fingerprint(error)}")
        return Report()

    def _is_second_timeout(self, error: Exception, inputs: Sequence[Input]) -> bool:
        if not is_timeout(error):
            return False
        # Read again, a batch need not be cut as before; its halves are parts of it.
        places = frozenset(input.place for input in inputs)
        if places & self._timed_out:
            return True
        self._timed_out = places
        return False

    async def _follow(self, line: Line) -> Report:
        """What still waits behind a record that has been decided, a thousand at a time, fewer when they fail."""
        report, followers = Report(), FOLLOWERS_MAX
        while True:
            try:
                step = await self._transact([], Effort(0), by=By(follow=line, followers=followers))
            except Exception as error:
                if _is_beyond_the_record(error):
                    raise
                if followers > 1:
                    followers = max(1, followers // 4)
                    continue
                cause = f"sql: {fingerprint(error)}"
                step = await self._transact([], Effort(0), {line: cause}, By(follow=line, followers=1))
            report.add(step)
            if line not in step.more:
                return report

    async def _transact(
        self,
        inputs: list[Input],
        effort: Effort,
        given_up: GivenUp = NOTHING,
        by: By = NOBODY,
        then: Then | None = None,
    ) -> Report:
        wanted = {by.line[1]} if by.line else set()
        async with session(self.pool) as connection:
            for _ in range(BEGIN_AGAIN_MAX):
                batch = Batch(self, connection, inputs, given_up, by, effort)
                transaction = connection.transaction()
                await transaction.start()
                crash_point("begun")
                try:
                    report = await batch.run(wanted)
                    if then is not None:
                        await then(connection, report)
                    crash_point("finished")
                except BeginAgain as again:
                    await _roll_back(transaction)
                    wanted |= again.keys
                    continue
                except BaseException:
                    await _roll_back(transaction)
                    raise
                await transaction.commit()
                crash_point("committed")
                effort.troubles += batch.troubles
                effort.committed(batch.steps)
                if report.emits:
                    self.wake()
                return report
        raise Unavailable("the keys of this batch kept changing under it")

    async def announce(self, connection: asyncpg.Connection, made: Sequence[outbox.OutboxRow]) -> None:
        """A word to whoever sends them once they are committed, unless that is this process: it wakes its own relay."""
        if made and not self.sends_itself():
            await connection.execute("SELECT pg_notify($1, '')", f"outbox_{self.service}")

    # ── positions: where each partition goes on, and holes in a log ─────────────────────────────────────────────

    async def positions(self) -> dict[tuple[str, int], int]:
        """The stored next offsets; learns which partitions have lost records."""
        stored = await self.pool.fetch(positions.SQL.read, self.consumer)
        self._baselines = frozenset((row["topic"], row["partition"]) for row in stored if row["lost"])
        return {(row["topic"], row["partition"]): row["next_offset"] for row in stored}

    async def pass_hole(self, place: Place, lost: int) -> None:
        """A hole that is the log's own is passed and counted; `lost` when its start lies beyond our position."""
        await positions.passed_hole(self.pool, self.consumer, place, lost)
        if lost:
            self._baselines |= {(place.topic, place.partition)}

    # ── dead letters: a person replays or skips the first one of its line ───────────────────────────────────────

    async def replay(
        self, row: Waiting, then: Callable[[asyncpg.Connection, bool], Awaitable[None]] | None = None
    ) -> Report:
        """Decide a waiting record again, and what waited behind it; `then` writes the audit row in the transaction of
        the record itself, and is told whether that one has failed again.

        Raises NotFirst, Unavailable; see `failed`.
        """

        async def note(connection: asyncpg.Connection, report: Report) -> None:
            if then is not None:
                await then(connection, _has_failed(row, report))

        alone = By(replayed=row, followers=1)
        try:
            report = await self._by_hand(By(replayed=row), alone, then=note)
        except NotFirst:
            raise
        except Exception as error:
            if _is_beyond_the_record(error):
                raise _unavailable(error) from None
            cause: GivenUp = {(row.topic, row.key): f"sql: {fingerprint(error)}"}
            report = await self._by_hand(alone, alone, given_up=cause, then=note)
        return report

    async def skip(self, row: Waiting, then: Callable[[asyncpg.Connection], Awaitable[None]]) -> Report:
        """Move the number past the first record of a line; `then` writes the audit row in the same transaction.

        Raises NotFirst, Unavailable.
        """

        async def note(connection: asyncpg.Connection, _: Report) -> None:
            await then(connection)

        try:
            return await self._by_hand(By(skipped=row), By(skipped=row, followers=0), then=note)
        except Exception as error:
            raise _unavailable(error) from None

    async def _by_hand(self, by: By, alone: By, *, given_up: GivenUp = NOTHING, then: Then | None = None) -> Report:
        """The record with what waits behind it, or alone where that is what the database refuses."""
        try:
            report = await self._transact([], Effort(0), given_up, by, then)
        except Exception as error:
            if by is alone or isinstance(error, NotFirst) or _is_beyond_the_record(error):
                raise
            report = await self._transact([], Effort(0), given_up, alone, then)
        for line in sorted(report.more):
            report.add(await self._follow(line))
        return report

    # ── people: an HTTP call never waits ────────────────────────────────────────────────────────────────────────

    async def call(
        self, inputs: Sequence[Input], scope: Scope | None, slot: Slot | None = None, then: Then | None = None
    ) -> tuple[Report, Answer | None]:
        """A person's call: one transaction under the person's scope. Returns (report, answer to give or None).

        `then` writes its audit row in it, once: what is answered from an earlier call is not written again.
        With a scope the API role's functions lock and emit; without one this is the worker's own connection.
        Raises Refused (404, 409, 422: rolled back) and Unavailable (503); anything else is ours (500, an alarm).
        """
        started = asyncio.get_running_loop().time()
        try:
            report, answer = await self._call(list(inputs), scope, slot, then)
        except (Refused, Unavailable):
            raise
        except asyncpg.InsufficientPrivilegeError:
            raise Refused(Problem(404, "not_found", "There is no such thing in your area.")) from None
        except Exception as error:
            raise _unavailable(error) from None
        if report.emits:
            self.wake()
        self.observe(self.consumer, report, asyncio.get_running_loop().time() - started)
        return report, answer

    async def _call(
        self, inputs: list[Input], scope: Scope | None, slot: Slot | None, then: Then | None
    ) -> tuple[Report, Answer | None]:
        wanted: set[str] = set()
        async with session(self.pool) as connection:
            for _ in range(BEGIN_AGAIN_MAX):
                try:
                    async with connection.transaction():
                        crash_point("call_begun")
                        if scope is not None:
                            settings = SET_SCOPE + _BY_KEY_ONLY
                            await connection.execute(settings, scope.region_from, scope.region_to, scope.grid)
                        if slot is not None and (stored := await answers.claim(connection, slot)) is not None:
                            return Report(), stored
                        report = await self._decide_call(connection, inputs, scope, wanted)
                        if then is not None:
                            await then(connection, report)
                        answer = await answers.store(connection, slot, report) if slot is not None else None
                        crash_point("call_answered")
                except BeginAgain as again:
                    wanted |= again.keys
                    continue
                crash_point("call_committed")
                return report, answer
        raise Unavailable("the keys of this call kept changing under it")

    async def _decide_call(
        self, connection: asyncpg.Connection, inputs: list[Input], scope: Scope | None, wanted: set[str]
    ) -> Report:
        how = keys.lock if scope is None else keys.lock_as_person
        rows, now = await lock(connection, self.subscriber, inputs, wanted, how)
        crash_point("call_locked")
        report = Report()
        for topic, batch in routed(self.subscriber, inputs):
            subscriber, unit = self.subscriber[topic], unit_of(connection, now, rows)
            state: State = await subscriber.load(unit, batch)
            decided = []
            for input in batch:
                decision = subscriber.decide(state, input, now)
                if decision.problem is not None:
                    raise Refused(decision.problem)
                carry(state, rows, decision)
                report.count(decision)
                decided.append(Decided(input, decision))
            crash_point("call_decided")
            await subscriber.save(unit, state, decided)
            crash_point("call_saved")
            report.decided += decided
        facts = [e for d in report.decided for e in d.decision.emits]
        emits, there = await self.said.without(connection, facts)
        report.emits = outbox.rows(self.service, emits, rows, now)
        await self._emit_call(connection, report, rows, scope)
        await self.said.tell_again(connection, there)
        crash_point("call_emitted")
        return report

    async def _emit_call(
        self, connection: asyncpg.Connection, report: Report, rows: dict[str, keys.KeyRow], scope: Scope | None
    ) -> None:
        """A person's facts through the one function of that role; the worker's own as a batch's, with its key rows."""
        if scope is not None:
            if report.emits:
                await outbox.insert_as_person(connection, report.emits)
            return
        if homes := merged(report.decided, rows):
            await keys.merge(connection, homes)
        await finish(connection, self.consumer, report.emits, rows.values())
        await self.announce(connection, report.emits)


def _has_failed(row: Waiting, report: Report) -> bool:
    """Whether the replayed record itself is among what failed, and not only one behind it on its line. Where nothing
    is numbered nothing stands behind it."""
    return any(input.sequence in (None, row.sequence) for input, _ in report.failed)


def _is_beyond_the_record(error: Exception) -> bool:
    """Whether a failure says nothing about the one record on which it was met."""
    if isinstance(error, Stopped | Unavailable | Hole) or is_lock_timeout(error):
        return True
    return is_infrastructure(error) and not is_timeout(error)


def _unavailable(error: Exception) -> Exception:
    """To a person infrastructure is 503; anything else stays what it is."""
    return Unavailable(fingerprint(error)) if is_infrastructure(error) else error


async def _roll_back(transaction: asyncpg.transaction.Transaction) -> None:
    """On a dead connection a rollback raises too: the first error is the one to keep."""
    try:
        await transaction.rollback()
    except Exception:
        return


__all__ = ["NotFirst", "Refused", "Report", "Retry", "Scope", "Slot", "Unavailable", "UnitOfWork"]
