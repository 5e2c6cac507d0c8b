"""FastStream's one room: a group's subscriber, its settings stated, raw bytes in, one unit of work a batch out.

NACK_ON_ERROR alone neither loses nor passes a record, and only our own `Retry` may leave a batch. Both hooks (`parser`
and `decoder`) are needed: a header that is not UTF-8 raises before any handler, and a batch is decoded before it too;
a header's name that is not is read in `fetched.py`.
"""

import asyncio
import contextlib
import dataclasses
import logging
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.message import AckStatus

from shared.messaging import fetched, record
from shared.messaging.faults import Hole, Retry, fingerprint
from shared.messaging.room import Place
from shared.messaging.unit_of_work import UnitOfWork

Broker = KafkaBroker
fetched.mend()

log = logging.getLogger(__name__)

BATCH_MAX = 1000
FETCH_MIN_BYTES, FETCH_MAX_WAIT_MS = 1, 500
"""Answered as soon as there is anything: a house at rest asks twice a second (20 ms for 64 kB took 36 % of a core), and
under load a batch gathers what came while the one before it was decided."""
TELL_SECONDS = 1.0
"""So often Kafka is told how far a group is, for other tools to see. A partition goes on where our own positions say,
so that no batch waits for it: the broker's answer took as long as the batch."""
HAND_OVER_SECONDS = 5.0
"""So long partitions that go to another one wait for the batch in hand, which that one would read again."""
TELL_MAX_SECONDS = 2.0
"""So long telling may take, and asking for our own positions: a process that leaves waits for it too."""
SESSION_TIMEOUT_MS, HEARTBEAT_MS, POLL_INTERVAL_MS = 10_000, 3_000, 120_000
GRACEFUL_SECONDS = 8.0


def broker(bootstrap: str) -> KafkaBroker:
    """The process's broker. It consumes only: the relay has a producer of its own, and nothing else produces."""
    return KafkaBroker(
        bootstrap,
        allow_auto_create_topics=False,
        graceful_timeout=GRACEFUL_SECONDS,
        logger=logging.getLogger("faststream"),
    )


@dataclass(slots=True)
class Consumer(ConsumerRebalanceListener):  # type: ignore[misc]
    """One group's member in this process. `topics`, or a `pattern`; a batch may mix topics and partitions.

    `slot`: the name under which it comes back after a restart, to the partitions that it had. Without one it says
    farewell when it ends, so that nobody waits out its session. `busy_since`: since when it has the batch that it has
    in hand, by the monotonic clock. `_holes`: (topic, partition, expected offset) of what was read again once, because
    a batch began behind it. `_untold`: next offsets of which Kafka does not know yet.
    """

    work: UnitOfWork
    slot: str | None
    topics: tuple[str, ...] = ()
    pattern: str | None = None
    has_joined: bool = False
    lag: dict[tuple[str, int], int] = field(default_factory=dict)
    busy_since: float | None = None
    _placed: asyncio.Event = field(default_factory=asyncio.Event)
    _empty_handed: asyncio.Event = field(default_factory=asyncio.Event)
    _untold: dict[tuple[str, int], int] = field(default_factory=dict)
    _holes: set[tuple[str, int, int]] = field(default_factory=set)
    _subscriber: Any = None

    def __post_init__(self) -> None:
        self._empty_handed.set()

    @property
    def group(self) -> str:
        return self.work.consumer

    @property
    def member(self) -> str | None:
        """The static member's name, if it is one. It changes with the topics: a broker gives a member that comes back
        under its old name its old partitions, so that a topic added since would be read by nobody, and nobody told."""
        if self.slot is None:
            return None
        read = zlib.crc32("\x1f".join(sorted(self.topics) or [self.pattern or ""]).encode())
        return f"{self.group}-{self.slot}-{read:08x}"

    def attach(self, to: KafkaBroker) -> None:
        """State every setting; a default of the framework loses messages (ACK_FIRST, latest)."""
        self._subscriber = to.subscriber(
            *self.topics,
            pattern=self.pattern,
            group_id=self.group,
            group_instance_id=self.member,
            ack_policy=AckPolicy.NACK_ON_ERROR,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            batch=True,
            max_records=BATCH_MAX,
            fetch_min_bytes=FETCH_MIN_BYTES,
            fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            max_poll_interval_ms=POLL_INTERVAL_MS,
            listener=self,
            parser=_parse,
            decoder=_leave_raw,
        )
        self._subscriber.get_msg = self._next
        self._subscriber(self._handler())

    async def _next(self, consumer: AIOKafkaConsumer) -> tuple[ConsumerRecord[bytes, bytes], ...]:
        """The next batch, or nothing after a while. The framework's own sleeps after nothing as long as it waited, and
        does not hear meanwhile what comes."""
        if not self._placed.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._placed.wait(), FETCH_MAX_WAIT_MS / 1000)
            if not self._placed.is_set() and consumer.assignment():
                await self._place(consumer)
            return ()
        found = await consumer.getmany(timeout_ms=FETCH_MAX_WAIT_MS, max_records=BATCH_MAX)
        # What was fetched while partitions moved is read again from where our positions say.
        if not found or not self._placed.is_set():
            return ()
        self._empty_handed.clear()
        return tuple(chain.from_iterable(found.values()))

    def _handler(self) -> Callable[[KafkaMessage], Awaitable[None]]:
        async def on_batch(message: KafkaMessage) -> None:
            records = message.raw_message
            assert isinstance(records, tuple)
            await self.on_records(records, message.consumer)
            # Our positions are committed; the framework would wait for Kafka's now.
            message.committed = AckStatus.ACKED

        return on_batch

    async def on_records(self, records: Sequence[ConsumerRecord[bytes, bytes]], consumer: AIOKafkaConsumer) -> None:
        """A batch as fetched. Returns when its effects are committed, or after seeking back; raises Retry alone."""
        self.busy_since = time.monotonic()
        try:
            reading = self.work.reading
            inputs = [record.read(r.topic, r.partition, r.offset, r.headers, r.value, reading) for r in records]
            firsts = {(one.topic, one.partition): one.offset for one in reversed(records)}
            await self.work.process(inputs, firsts)
            self._untold.update({(one.topic, one.partition): one.offset + 1 for one in records})
        except Hole as hole:
            await self._go_back(hole, firsts, consumer)
            return
        except Exception as error:
            raise error if isinstance(error, Retry) else await self.work.come_again(error) from None
        finally:
            self.busy_since = None
            self._empty_handed.set()
        if self._holes:
            read = {(one.topic, one.partition) for one in records}
            self._holes = {hole for hole in self._holes if hole[:2] not in read}

    async def _go_back(self, hole: Hole, firsts: dict[tuple[str, int], int], consumer: AIOKafkaConsumer) -> None:
        """A batch that began beyond our position is read again from there; the same hole twice is the log's own, and
        passed. Raises Retry."""
        try:
            for where, expected in hole.stored.items():
                if (*where, expected) in self._holes:
                    await self._pass(where, expected, firsts[where], consumer)
                else:
                    self._holes.add((*where, expected))
                    firsts[where] = expected
            for where, first in firsts.items():
                consumer.seek(TopicPartition(*where), first)
        except Exception as error:
            raise await self.work.come_again(error) from None
        log.warning("positions.hole", extra={"consumer": self.group, "partitions": len(hole.stored)})

    async def _pass(self, where: tuple[str, int], expected: int, first: int, consumer: AIOKafkaConsumer) -> None:
        partition = TopicPartition(*where)
        start = (await consumer.beginning_offsets([partition]))[partition]
        lost = max(0, min(start, first) - expected)
        await self.work.pass_hole(Place(*where, first), lost)
        log.warning("positions.hole_passed", extra={"consumer": self.group, "lost": lost})

    # ── membership ──────────────────────────────────────────────────────────────────────────────────────────────

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Whoever reads them next begins where our positions stand then."""
        self._placed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._empty_handed.wait(), HAND_OVER_SECONDS)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self.has_joined = True
        self._placed.clear()
        await self._place(self._subscriber.consumer)

    async def _place(self, consumer: AIOKafkaConsumer) -> None:
        """Go on where our own positions say. Until they can be read, nothing is: `_next` asks again."""
        try:
            stored = await asyncio.wait_for(self.work.positions(), TELL_MAX_SECONDS)
        except Exception as error:
            log.warning("positions.unread", extra={"consumer": self.group, "cause": fingerprint(error)})
            return
        for part in consumer.assignment():
            consumer.seek(part, stored.get((part.topic, part.partition), 0))
        self._placed.set()

    async def tell(self) -> None:
        """Tell Kafka how far this member has read; what another one reads by now is that one's to tell. Raises
        KafkaError."""
        consumer: AIOKafkaConsumer | None = getattr(self._subscriber, "consumer", None)
        if consumer is None:
            return
        untold, self._untold = self._untold, {}
        mine = {TopicPartition(*where): at for where, at in untold.items() if where in consumer.assignment()}
        if not mine:
            return
        try:
            await consumer.commit(mine)
        except BaseException:
            self._untold = untold | self._untold
            raise

    async def read_lag(self) -> None:
        """Bring `lag` up to date: records behind the end, by partition of the group's topics, whoever in the group
        reads it. Raises KafkaError."""
        consumer: AIOKafkaConsumer | None = getattr(self._subscriber, "consumer", None)
        if consumer is None:
            return
        topics = consumer.subscription() if consumer.assignment() else ()
        parts = [TopicPartition(one, number) for one in topics for number in consumer.partitions_for_topic(one) or ()]
        ends = await consumer.end_offsets(parts) if parts else {}
        stored = await self.work.positions()
        self.lag = {
            (part.topic, part.partition): max(0, end - stored.get((part.topic, part.partition), 0))
            for part, end in ends.items()
        }


async def _parse(records: Any, original: Callable[[Any], Awaitable[Any]]) -> Any:
    """The framework decodes header bytes strictly: hand it the first record, clean; we keep all."""
    message = await original((_clean(records[0]),))
    message.raw_message = tuple(records)
    return message


def _clean(one: ConsumerRecord[bytes, bytes]) -> ConsumerRecord[bytes, bytes]:
    headers = tuple((name, (raw or b"").decode("utf-8", "replace").encode()) for name, raw in one.headers)
    return dataclasses.replace(one, headers=headers)


async def _leave_raw(message: KafkaMessage) -> None:
    return None


async def tail(bootstrap: str, topics: Sequence[str], client: str, handle: Callable[[str, bytes], None]) -> None:
    """Hear topics from now on, in no group and without a position: for pages that are open. Runs until cancelled."""
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap,
        client_id=client,
        group_id=None,
        auto_offset_reset="latest",
        enable_auto_commit=False,
        fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
    )
    await consumer.start()
    try:
        async for one in consumer:
            handle(one.topic, one.value or b"")
    finally:
        await consumer.stop()
