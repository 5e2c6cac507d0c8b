"""One transaction over a batch: lock → sift → decide → save → finish (`unit_of_work.py` opens and commits it)."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg

from shared.contracts.topics import TOPIC
from shared.messaging import keys, outbox, positions, record, waiting
from shared.messaging.faults import BeginAgain, NotFirst, Stopped, crash_point, fingerprint
from shared.messaging.keys import KeyRow
from shared.messaging.room import DUPLICATE, REJECTED, Decided, Decision, Input, Place, State, Subscriber, Unit
from shared.messaging.sift import is_unplaced, sift
from shared.messaging.waiting import FOLLOWERS_MAX, ToWait, Waiting

if TYPE_CHECKING:
    from shared.messaging.unit_of_work import UnitOfWork

WAITING = "waiting"
HALF_FAILED_FROM = 20
"""From this size on, a batch of which more than half fails is taken for our own failure."""

Lock = Callable[[asyncpg.Connection, set[str]], Awaitable[tuple[dict[str, KeyRow], datetime]]]


@dataclass(slots=True)
class Report:
    """What became of a batch: outcome → number, each input's decision, and what failed with its cause."""

    outcomes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    words: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    decided: list[Decided] = field(default_factory=list)
    failed: list[tuple[Input, str]] = field(default_factory=list)
    emits: list[outbox.OutboxRow] = field(default_factory=list)
    more: set[str] = field(default_factory=set)

    def add(self, other: "Report") -> None:
        for outcome, number in other.outcomes.items():
            self.outcomes[outcome] += number
        for word, number in other.words.items():
            self.words[word] += number
        self.decided += other.decided
        self.failed += other.failed
        self.emits += other.emits
        self.more |= other.more

    def count(self, decision: Decision) -> None:
        self.outcomes[decision.outcome] += 1
        if decision.word:
            self.words[decision.word] += 1


@dataclass(frozen=True, slots=True)
class By:
    """By whose hand a line moves: a person replays or skips its first record; or nobody (a batch came)."""

    replayed: Waiting | None = None
    skipped: Waiting | None = None
    follow: frozenset[str] = frozenset()


NOBODY = By()


@dataclass(slots=True)
class Effort:
    """One batch across its halves: its size, and how many of its records we failed on."""

    whole: int
    troubles: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record whose turn has come: new, or from the table `waiting`."""

    input: Input
    row: Waiting | None = None


@dataclass(slots=True)
class Batch:
    """The state of one transaction. Used once."""

    work: "UnitOfWork"
    connection: asyncpg.Connection
    inputs: Sequence[Input]
    given_up: Mapping[int, str]
    by: By
    effort: Effort
    report: Report = field(default_factory=Report)
    rows: dict[str, KeyRow] = field(default_factory=dict)
    to_wait: list[ToWait] = field(default_factory=list)
    removed: list[Waiting] = field(default_factory=list)
    failed_rows: list[tuple[Waiting, str]] = field(default_factory=list)
    outcomes: list[tuple[Place, str]] = field(default_factory=list)
    released: list[tuple[Place, str]] = field(default_factory=list)
    blocked: set[tuple[str, str]] = field(default_factory=set)
    troubles: int = 0

    async def run(self, wanted: set[str]) -> Report:
        """Everything but BEGIN and COMMIT. Raises BeginAgain, Stopped, NotFirst, and whatever PostgreSQL says."""
        self.rows, now = await lock(self.connection, self.work.subscriber, self.inputs, wanted, keys.lock)
        crash_point("locked")
        candidates = await self._sift()
        for topic, subscriber in self.work.subscriber.items():
            if batch := candidates.get(topic):
                await self._decide(subscriber, batch, now)
        crash_point("decided")
        await self._finish(now)
        return self.report

    # ── sift ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _sift(self) -> dict[str, list[Candidate]]:
        waits = await self._waiting_rows()
        lines: dict[tuple[str, str], list[Input]] = defaultdict(list)
        candidates: dict[str, list[Candidate]] = defaultdict(list)
        for input in self.inputs:
            if input.sequence is None:
                candidates[input.topic].append(Candidate(input))
            else:
                lines[input.topic, input.key].append(input)
        for line in [*lines, *(line for line in waits if line not in lines)]:
            self._sift_line(line, lines.get(line, []), waits.get(line, []), candidates)
        opened = [one.input for batch in candidates.values() for one in batch if one.row is not None]
        missing = await keys_of(self.connection, self.work.subscriber, opened) - self.rows.keys()
        if missing:
            raise BeginAgain(self.rows.keys() | missing)
        return candidates

    async def _waiting_rows(self) -> dict[tuple[str, str], list[Waiting]]:
        held = [key for key, row in self.rows.items() if row.waiting]
        waits: dict[tuple[str, str], list[Waiting]] = defaultdict(list)
        if held:
            for row in await waiting.read(self.connection, self.work.consumer, held):
                waits[row.topic, row.key].append(row)
        for chosen in (self.by.replayed, self.by.skipped):
            if chosen is not None:
                line = waits.get((chosen.topic, chosen.key))
                if not line or line[0].sequence != chosen.sequence:
                    raise NotFirst("only the first record of a line can be replayed or skipped")
        return waits

    def _sift_line(
        self,
        line: tuple[str, str],
        inputs: list[Input],
        waits: list[Waiting],
        candidates: dict[str, list[Candidate]],
    ) -> None:
        topic, key = line
        row = self.rows[key]
        if self.by.skipped is not None and (self.by.skipped.topic, self.by.skipped.key) == line:
            skipped, waits = waits[0], waits[1:]
            self._skip(skipped)
        replayed = self.by.replayed if waits and self.by.replayed == waits[0] else None
        if topic not in TOPIC:
            if replayed is not None:
                candidates[topic].append(self._open(replayed))
            return
        sifted = sift(
            key, row.applied_number(topic), waits, inputs,
            replayed=replayed, is_baseline=any(i.place and self.work.is_baseline(i.place) for i in inputs),
        )  # fmt: skip
        for one in sifted.ready:
            candidates[topic].append(self._open(one) if isinstance(one, Waiting) else Candidate(one))
        for input in sifted.duplicates:
            self._count(input, DUPLICATE)
        for input in sifted.ahead:
            self._let_wait(input, "ahead", None)
        for input in sifted.unplaced:
            self._let_wait(input, "failed", input.cause)
        if len(waits) >= FOLLOWERS_MAX and len(sifted.ready) >= FOLLOWERS_MAX:
            self.report.more.add(key)

    def _open(self, row: Waiting) -> Candidate:
        plain = self.work.cipher.open(row.record, waiting.associated(row.consumer, row.topic, row.key, row.sequence))
        return Candidate(record.again(plain, self.work.reading), row)

    def _skip(self, row: Waiting) -> None:
        if row.topic in TOPIC:
            self.rows[row.key].apply(row.topic, row.sequence)
        self._remove(row, self._open(row).input.place, REJECTED)

    # ── decide ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _decide(self, subscriber: Subscriber, batch: Sequence[Candidate], now: datetime) -> None:
        unit = unit_of(self.connection, now, self.rows)
        state = await subscriber.load(unit, [one.input for one in batch])
        decided: list[Decided] = []
        for one in batch:
            line = (one.input.topic, one.input.key)
            if line in self.blocked:
                if one.row is None:
                    self._let_wait(one.input, "ahead", None)
                continue
            outcome = self._decide_one(subscriber, state, one, now)
            if isinstance(outcome, str):
                self._fail(one, outcome)
            else:
                self._decided(one, outcome, state)
                decided.append(Decided(one.input, outcome))
        if decided:
            await subscriber.save(unit, state, decided)
        self.report.decided += decided
        crash_point("saved")

    def _decide_one(self, subscriber: Subscriber, state: State, one: Candidate, now: datetime) -> Decision | str:
        """The decision, or why there is none: we failed on this record alone."""
        cause = self.given_up.get(id(one.input))
        if cause is None and one.input.sequence is not None:
            cause = one.input.cause
        if cause is None:
            try:
                return subscriber.decide(state, one.input, now)
            except Exception as error:
                self.troubles += 1
                cause = f"decide: {fingerprint(error)}"
        elif one.input.cause is None:
            self.troubles += 1
        give_up = getattr(subscriber, "give_up", None)
        if one.input.place is None and give_up is not None:
            given_up: Decision = give_up(one.input, cause, now)
            self.report.failed.append((one.input, cause))
            return given_up
        return cause

    def _decided(self, one: Candidate, decision: Decision, state: State) -> None:
        carry(state, self.rows, decision)
        if one.input.sequence is not None and not is_unplaced(one.input.key):
            self.rows[one.input.key].apply(one.input.topic, one.input.sequence)
        self.report.count(decision)
        if one.row is not None:
            self._remove(one.row, one.input.place, decision.outcome)
        elif one.input.place is not None:
            self.outcomes.append((one.input.place, decision.outcome))

    def _fail(self, one: Candidate, cause: str) -> None:
        self.report.failed.append((one.input, cause))
        if one.row is None:
            self._let_wait(one.input, "failed", cause)
        else:
            self.failed_rows.append((one.row, cause))
        if one.input.sequence is not None:
            self.blocked.add((one.input.topic, one.input.key))

    # ── wait ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _let_wait(self, input: Input, state: str, cause: str | None) -> None:
        assert input.place is not None, "only a record of a topic waits"
        self.to_wait.append(ToWait(input, line_key(input), input.sequence or input.place.offset, state, cause))

    def _count(self, input: Input, outcome: str) -> None:
        self.report.outcomes[outcome] += 1
        if input.place is not None:
            self.outcomes.append((input.place, outcome))

    def _remove(self, row: Waiting, place: Place | None, outcome: str) -> None:
        self.removed.append(row)
        self.rows[row.key].wait(-1)
        if place is not None:
            self.released.append((place, outcome))

    # ── finish ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _finish(self, now: datetime) -> None:
        connection, consumer = self.connection, self.work.consumer
        self._judge_ourselves()
        if self.to_wait:
            new = await waiting.put(connection, consumer, self.work.cipher, self.to_wait, now)
            for one in self.to_wait:
                is_new = (one.input.topic, one.key, one.sequence) in new
                self.rows[one.key].wait(is_new)
                self._count(one.input, WAITING if is_new else DUPLICATE)
        if self.removed:
            await waiting.remove(connection, consumer, self.removed)
        if self.failed_rows:
            await waiting.fail(connection, self.failed_rows)
        emits = [emit for one in self.report.decided for emit in one.decision.emits]
        if emits:
            self.report.emits = outbox.rows(self.work.service, emits, self.rows, now)
            await outbox.insert(connection, self.report.emits)
        crash_point("emitted")
        await keys.write(connection, self.rows.values(), merged(self.report.decided))
        made = positions.steps(self.outcomes, self.released)
        if made:
            await positions.advance(connection, consumer, made)
        if emits:
            await connection.execute("SELECT pg_notify($1, '')", f"outbox_{self.work.service}")

    def _judge_ourselves(self) -> None:
        whole = self.effort.whole
        if whole >= HALF_FAILED_FROM and self.effort.troubles + self.troubles > whole / 2:
            raise Stopped(f"more than half of {whole} records failed: {self.report.failed[-1][1]}")


# ── shared with a person's call ─────────────────────────────────────────────────────────────────────────────────


async def lock(
    connection: asyncpg.Connection,
    subscribers: Mapping[str, Subscriber],
    inputs: Sequence[Input],
    wanted: set[str],
    how: Lock,
) -> tuple[dict[str, KeyRow], datetime]:
    """Lock the inputs' keys. What had to be looked up is looked up again under the locks, and so are merges."""
    named = wanted | await keys_of(connection, subscribers, inputs)
    rows, now = await how(connection, named)
    found = {row.merged_into for row in rows.values() if row.merged_into} - rows.keys()
    if any(getattr(subscribers[input.topic], "looks_up_keys", True) for input in inputs):
        found |= await keys_of(connection, subscribers, inputs) - rows.keys()
    if found:
        raise BeginAgain(named | found)
    return rows, now


async def keys_of(
    connection: asyncpg.Connection, subscribers: Mapping[str, Subscriber], inputs: Sequence[Input]
) -> set[str]:
    found: set[str] = set()
    for topic, batch in routed(subscribers, inputs):
        readable = [input for input in batch if input.cause is None]
        if readable:
            for several in await subscribers[topic].keys(connection, readable):
                found.update(several)
        found.update(line_key(input) for input in batch if input.sequence is not None or input.place is not None)
    return found


def routed(subscribers: Mapping[str, Subscriber], inputs: Sequence[Input]) -> list[tuple[str, list[Input]]]:
    """Inputs by topic, in the order of the routing table."""
    by_topic: dict[str, list[Input]] = {}
    for input in inputs:
        by_topic.setdefault(input.topic, []).append(input)
    return [(topic, by_topic[topic]) for topic in subscribers if topic in by_topic]


def line_key(input: Input) -> str:
    """The key under which an input waits, if it must."""
    if input.sequence is not None:
        return input.key
    assert input.place is not None
    return f"partition:{input.place.partition}"


def unit_of(connection: asyncpg.Connection, now: datetime, rows: Mapping[str, KeyRow]) -> Unit:
    homes = {key: row.merged_into for key, row in rows.items() if row.merged_into}
    return Unit(connection, now, {key: row.digest for key, row in rows.items()}, homes)


def carry(state: State, rows: Mapping[str, KeyRow], decision: Decision) -> None:
    """After a decision only: the next record of the batch sees its state."""
    state.update(decision.puts)
    for key, digest in decision.digests.items():
        rows[key].put_digest(digest)


def merged(decided: Sequence[Decided]) -> dict[str, str]:
    return {key: target for one in decided for key, target in one.decision.merged.items()}
