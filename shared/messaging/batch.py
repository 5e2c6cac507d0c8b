"""One transaction over a batch: lock → sift → decide → save → finish (`unit_of_work.py` opens and commits it)."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import msgspec

from shared.contracts.topics import TOPIC
from shared.messaging import keys, outbox, positions, record, waiting
from shared.messaging.faults import BeginAgain, NotFirst, Stopped, crash_point, fingerprint
from shared.messaging.finish import Firsts, finish
from shared.messaging.keys import KeyRow
from shared.messaging.positions import Step
from shared.messaging.room import DUPLICATE, REJECTED, Decided, Decision, Input, Place, State, Subscriber, Unit
from shared.messaging.sift import is_simple, is_unplaced, sift
from shared.messaging.waiting import FOLLOWERS_MAX, ToWait, Waiting

if TYPE_CHECKING:
    from shared.messaging.unit_of_work import UnitOfWork

WAITING = "waiting"
HALF_FAILED_FROM = 20
"""From this size on, a batch of which more than half fails is taken for our own failure."""

Line = tuple[str, str]
"""(topic, key): what keeps its order."""
GivenUp = Mapping[int | Line, str]
"""Causes of what PostgreSQL refused: by an input's identity, or for the first waiting row of a line."""

Lock = Callable[[asyncpg.Connection, set[str]], Awaitable[tuple[dict[str, KeyRow], datetime]]]


@dataclass(slots=True)
class Report:
    """What became of a batch: outcome → number, each input's decision, and what failed with its cause.

    `words`: finer word → number. `more`: lines of which what waits may have its turn now.
    """

    outcomes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    words: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    decided: list[Decided] = field(default_factory=list)
    failed: list[tuple[Input, str]] = field(default_factory=list)
    emits: list[outbox.OutboxRow] = field(default_factory=list)
    more: set[Line] = field(default_factory=set)

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
    """By whose hand lines move: a person replays or skips a first record, a line follows; or nobody (a batch came).

    `followers`: at most so many waiting rows of each line are taken.
    """

    replayed: Waiting | None = None
    skipped: Waiting | None = None
    follow: Line | None = None
    followers: int = FOLLOWERS_MAX

    @property
    def line(self) -> Line | None:
        """The one line that moves, where it is one."""
        chosen = self.replayed or self.skipped
        return (chosen.topic, chosen.key) if chosen is not None else self.follow


NOBODY = By()
NOTHING: GivenUp = {}


@dataclass(slots=True)
class Effort:
    """One batch across its halves: its size, how many of its records we failed on, and which the database refused.

    `refused` wait only when the whole batch is judged: else a broken `save` makes a dead letter of every record.
    `held` are those whose rows another holds. `unsettled` are both, while they lie in Kafka alone: their neighbours are
    committed meanwhile, and no position passes one (a process that died then would never read it again). `reached` is
    where the committed halves end, by partition.
    """

    whole: int
    firsts: Firsts = field(default_factory=dict)
    troubles: int = 0
    refused: list[tuple[Input, str]] = field(default_factory=list)
    held: list[Exception] = field(default_factory=list)
    unsettled: set[Place] = field(default_factory=set)
    reached: dict[tuple[str, int], int] = field(default_factory=dict)

    def judge(self, more: int, cause: str) -> None:
        """Raises Stopped when more than half failed."""
        if self.whole >= HALF_FAILED_FROM and self.troubles + more > self.whole / 2:
            raise Stopped(f"more than half of {self.whole} records failed: {cause}")

    def refuse(self, input: Input, cause: str) -> None:
        self.troubles += 1
        self.refused.append((input, cause))
        self.put_off(input)
        self.judge(0, cause)

    def put_off(self, input: Input) -> None:
        if input.place is not None:
            self.unsettled.add(input.place)

    def short_of_unsettled(self, steps: Sequence[Step]) -> list[Step]:
        """As far as the committed halves and these steps come, and up to the first record that is not settled."""
        first: dict[tuple[str, int], int] = {}
        for place in self.unsettled:
            where = (place.topic, place.partition)
            first[where] = min(place.offset, first.get(where, place.offset))
        return [replace(one, next_offset=min(self._end(one), first.get(one.where, self._end(one)))) for one in steps]

    def committed(self, steps: Sequence[Step]) -> None:
        self.reached.update((one.where, self._end(one)) for one in steps)

    def _end(self, step: Step) -> int:
        return max(step.next_offset, self.reached.get(step.where, 0))


class Candidate(msgspec.Struct, frozen=True):
    """A record whose turn has come: new, from the table `waiting`, or told again after a restore."""

    input: Input
    row: Waiting | None = None
    is_again: bool = False


@dataclass(slots=True)
class Batch:
    """The state of one transaction. Used once.

    `rows` are the locked key rows. Written at the end: `to_wait` (new rows of `waiting`), `removed` and `failed_rows`
    (of those that were there), `outcomes` of what has just been read and `released` of what was counted as waiting
    then (`steps`: both, by partition), and `settled`, what was told again and has come. `blocked` lines go no further;
    `moved` keys were merged a moment ago. `troubles`: on so many records we failed.
    """

    work: "UnitOfWork"
    connection: asyncpg.Connection
    inputs: Sequence[Input]
    given_up: GivenUp
    by: By
    effort: Effort
    report: Report = field(default_factory=Report)
    rows: dict[str, KeyRow] = field(default_factory=dict)
    to_wait: list[ToWait] = field(default_factory=list)
    removed: list[Waiting] = field(default_factory=list)
    failed_rows: list[tuple[Waiting, str]] = field(default_factory=list)
    outcomes: list[tuple[Place, str]] = field(default_factory=list)
    released: list[tuple[Place, str]] = field(default_factory=list)
    blocked: set[Line] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)
    settled: list[UUID] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    troubles: int = 0

    async def run(self, wanted: set[str]) -> Report:
        """Everything but BEGIN and COMMIT. Raises BeginAgain, Stopped, NotFirst, and whatever PostgreSQL says."""
        self.rows, now = await lock(
            self.connection, self.work.subscriber, self.inputs, wanted, keys.lock, self.given_up
        )
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
        lines: dict[Line, list[Input]] = defaultdict(list)
        candidates: dict[str, list[Candidate]] = defaultdict(list)
        owed = await self.work.said.owed(self.connection, self.inputs)
        for input in self.inputs:
            if input.sequence is None:
                candidates[input.topic].append(Candidate(input))
            elif (id_ := owed.pop((input.topic, input.key, input.sequence), None)) is not None:
                self.settled.append(id_)
                candidates[input.topic].append(Candidate(input, is_again=True))
            else:
                lines[input.topic, input.key].append(input)
        for line in [*lines, *(line for line in waits if line not in lines)]:
            inputs, (topic, key) = lines.get(line, []), line
            if line not in waits and topic in TOPIC and is_simple(key, self.rows[key].applied_number(topic), inputs):
                candidates[topic] += [Candidate(input) for input in inputs]
            else:
                self._sift_line(line, inputs, waits.get(line, []), candidates)
        opened = [one.input for batch in candidates.values() for one in batch if one.row is not None]
        missing = await keys_of(self.connection, self.work.subscriber, opened) - self.rows.keys()
        if missing:
            raise BeginAgain(self.rows.keys() | missing)
        return candidates

    async def _waiting_rows(self) -> dict[Line, list[Waiting]]:
        held = [key for key, row in self.rows.items() if row.waiting]
        waits: dict[Line, list[Waiting]] = defaultdict(list)
        if held:
            for row in await waiting.read(self.connection, self.work.consumer, held):
                waits[row.topic, row.key].append(row)
        chosen = self.by.replayed or self.by.skipped
        if chosen is not None and not self._has_its_turn(chosen, waits):
            raise NotFirst("only the first record of a line, with no gap before it, can be replayed or skipped")
        if self.by.line is not None:
            return {self.by.line: waits.get(self.by.line, [])}
        return waits

    def _has_its_turn(self, chosen: Waiting, waits: Mapping[Line, list[Waiting]]) -> bool:
        """First of its line; and what is ahead of a gap has not failed: skipped, it would lose what is late."""
        line = waits.get((chosen.topic, chosen.key))
        if not line or line[0].sequence != chosen.sequence:
            return False
        return line[0].state == "failed" or (
            chosen.topic in TOPIC and chosen.sequence == self.rows[chosen.key].applied_number(chosen.topic) + 1
        )

    def _sift_line(
        self,
        line: Line,
        inputs: list[Input],
        waits: list[Waiting],
        candidates: dict[str, list[Candidate]],
    ) -> None:
        topic, key = line
        row = self.rows[key]
        if self.by.skipped is not None and self.by.line == line:
            skipped, waits = waits[0], waits[1:]
            self._skip(skipped)
        replayed = waits[0] if self.by.replayed is not None and self.by.line == line else None
        if topic not in TOPIC:
            if replayed is not None:
                candidates[topic].append(self._open(replayed))
            return
        sifted = sift(
            key, row.applied_number(topic), waits, inputs,
            replayed=replayed, is_baseline=any(i.place and self.work.is_baseline(i.place) for i in inputs),
            followers=self.by.followers,
        )  # fmt: skip
        for one in sifted.ready:
            candidates[topic].append(self._open(one) if isinstance(one, Waiting) else Candidate(one))
        for input in sifted.duplicates:
            self._count(input, DUPLICATE)
        for input in sifted.ahead:
            self._let_wait(input, "ahead", None)
        for input in sifted.unplaced:
            self._let_wait(input, "failed", input.cause)
        if sifted.is_more:
            self.report.more.add(line)

    def _open(self, row: Waiting) -> Candidate:
        """One that cannot be opened (another key, a damaged disk) fails alone, and can be skipped."""
        try:
            plain = self.work.cipher.open(
                row.record, waiting.associated(row.consumer, row.topic, row.key, row.sequence)
            )
            return Candidate(record.again(plain, self.work.reading), row)
        except ValueError as error:
            cause = f"record: {fingerprint(error)}"
            return Candidate(Input(row.topic, row.key, row.sequence, None, row.region, row.type, cause), row)

    def _skip(self, row: Waiting) -> None:
        if row.topic in TOPIC:
            self.rows[row.key].apply(row.topic, row.sequence)
        self._remove(row, self._open(row).input.place, REJECTED)

    # ── decide ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _decide(self, subscriber: Subscriber, batch: Sequence[Candidate], now: datetime) -> None:
        unit = unit_of(self.connection, now, self.rows)
        causes = [self._cause_before(one) for one in batch]
        # What will not be decided is not loaded either: it may be what cannot be loaded.
        loadable = [one.input for one, cause in zip(batch, causes, strict=True) if cause is None]
        state: State = await subscriber.load(unit, loadable) if loadable else {}
        decided: list[Decided] = []
        for one, cause in zip(batch, causes, strict=True):
            line = (one.input.topic, one.input.key)
            if line in self.blocked:
                self._hold_back(one)
                continue
            if one.input.key in self.moved:
                # Merged a moment ago: it is about another household, whose state was not loaded for it.
                self._hold_back(one)
                self.blocked.add(line)
                self.report.more.add(line)
                continue
            outcome = self._decide_one(subscriber, state, one, cause, now)
            if isinstance(outcome, str):
                self._fail(one, outcome)
            else:
                self._decided(one, outcome, state)
                decided.append(Decided(one.input, outcome))
        self._judge_ourselves()
        if decided:
            await subscriber.save(unit, state, decided)
        self.report.decided += decided
        crash_point("saved")

    def _cause_before(self, one: Candidate) -> str | None:
        """Why a record is not to be decided at all: the database refused it, or its body cannot be read."""
        if self.given_up:
            cause = self.given_up.get(id(one.input) if one.row is None else (one.row.topic, one.row.key))
            if cause is not None:
                return cause
        return one.input.cause if one.input.sequence is not None else None

    def _decide_one(
        self, subscriber: Subscriber, state: State, one: Candidate, cause: str | None, now: datetime
    ) -> Decision | str:
        """The decision, or why there is none: we failed on this record alone."""
        if cause is None:
            try:
                return subscriber.decide(state, one.input, now)
            except Exception as error:
                self.troubles += 1
                cause = f"decide: {fingerprint(error)}"
        give_up = getattr(subscriber, "give_up", None)
        if one.input.place is None and give_up is not None:
            given_up: Decision = give_up(one.input, cause, now)
            self.report.failed.append((one.input, cause))
            return given_up
        return cause

    def _decided(self, one: Candidate, decision: Decision, state: State) -> None:
        carry(state, self.rows, decision)
        if decision.merged and one.input.sequence is not None:
            self.moved |= decision.merged.keys()
            self.moved |= {key for key, row in self.rows.items() if row.merged_into in decision.merged}
        if one.input.sequence is not None and not is_unplaced(one.input.key):
            self.rows[one.input.key].apply(one.input.topic, one.input.sequence)
        self.report.count(decision)
        if one.row is not None:
            self._remove(one.row, one.input.place, decision.outcome)
        elif one.input.place is not None:
            self.outcomes.append((one.input.place, decision.outcome))

    def _hold_back(self, one: Candidate) -> None:
        """Its turn will come; that of what is told again is past, so that a person replays it."""
        if one.is_again:
            self._let_wait(one.input, "failed", "told again behind a merge")
        elif one.row is None:
            self._let_wait(one.input, "ahead", None)

    def _fail(self, one: Candidate, cause: str) -> None:
        self.report.failed.append((one.input, cause))
        if one.row is None:
            self._let_wait(one.input, "failed", cause)
        else:
            self.failed_rows.append((one.row, cause))
        if one.input.sequence is not None and not one.is_again:
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
        decided = [emit for one in self.report.decided for emit in one.decision.emits]
        emits, there = await self.work.said.without(connection, decided)
        if emits:
            self.report.emits = outbox.rows(self.work.service, emits, self.rows, now)
        if homes := merged(self.report.decided, self.rows):
            await keys.merge(connection, homes)
        if self.settled:
            await self.work.said.settle(connection, self.settled)
        self.steps = positions.steps(self.outcomes, self.released)
        steps = self.effort.short_of_unsettled(self.steps)
        await finish(connection, consumer, self.report.emits, self.rows.values(), steps, self.effort.firsts)
        await self.work.announce(connection, self.report.emits)
        await self.work.said.tell_again(connection, there)

    def _judge_ourselves(self) -> None:
        if self.troubles:
            self.effort.judge(self.troubles, self.report.failed[-1][1])


# ── shared with a person's call ─────────────────────────────────────────────────────────────────────────────────


async def lock(
    connection: asyncpg.Connection,
    subscribers: Mapping[str, Subscriber],
    inputs: Sequence[Input],
    wanted: set[str],
    how: Lock,
    given_up: GivenUp = NOTHING,
) -> tuple[dict[str, KeyRow], datetime]:
    """Lock the inputs' keys. What had to be looked up is looked up again under the locks, and so are merges."""
    named = wanted | await keys_of(connection, subscribers, inputs, given_up)
    rows, now = await how(connection, named)
    found = {row.merged_into for row in rows.values() if row.merged_into} - rows.keys()
    if any(getattr(subscribers[topic], "looks_up_keys", True) for topic in {input.topic for input in inputs}):
        found |= await keys_of(connection, subscribers, inputs, given_up) - rows.keys()
    if found:
        raise BeginAgain(named | found)
    return rows, now


async def keys_of(
    connection: asyncpg.Connection,
    subscribers: Mapping[str, Subscriber],
    inputs: Sequence[Input],
    given_up: GivenUp = NOTHING,
) -> set[str]:
    """The keys to lock. Of what was given up only the key that it carries: its look-up may be what failed."""
    found: set[str] = set()
    for topic, batch in routed(subscribers, inputs):
        readable = [input for input in batch if input.cause is None and id(input) not in given_up]
        found.update(input.key for input in batch if input.key and id(input) in given_up)
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


def merged(decided: Sequence[Decided], rows: Mapping[str, KeyRow]) -> dict[str, str]:
    """Key → its new home, with what was merged before, or a moment ago, followed to the end."""
    homes: dict[str, str] = {}
    for key, target in (pair for one in decided for pair in one.decision.merged.items()):
        row = rows.get(target)
        home = homes.get(target) or (row.merged_into if row is not None else None) or target
        if home != key:
            homes = {earlier: home if into == key else into for earlier, into in homes.items()} | {key: home}
    return homes
