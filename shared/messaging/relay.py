"""The relay: the one way out. It sends the outbox in row order and deletes what Kafka acknowledged.

Every process runs a candidate; the holder of the service's lease sends. A restarted instance takes its own lease over
at once with the next token; a paused holder's delete finds another token and removes nothing, so its rows go out a
second time and are dropped by their numbers. Nothing else produces.
"""

import asyncio
import contextlib
import logging
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zlib import crc32

import asyncpg
import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.clock import Machine, machine_now
from shared.messaging.faults import crash_point, fingerprint, is_infrastructure
from shared.postgres import queries

SQL = queries(__file__)
log = logging.getLogger(__name__)

LEASE = timedelta(seconds=5)
RENEW_SECONDS = LEASE.total_seconds() / 3
ROWS_MAX = 2000
POLL_SECONDS = 1.0
"""Behind the NOTIFY: a signal can be lost with its connection."""
STUCK_SECONDS = 60.0
BATCH_BYTES = 900_000
"""Under the broker's message limit of 1 MB with room for headers; one event is at most 256 kB."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """A committed fact on its way."""

    id: int
    topic: str
    key: str
    sequence: int
    event_id: str
    type: str
    source: str
    region: str
    value: bytes

    def headers(self) -> list[tuple[str, bytes]]:
        """What a reader needs of a record whose body it cannot read: its place in line."""
        return [
            ("content-type", b"application/cloudevents+json"),
            ("ce_id", self.event_id.encode()),
            ("ce_type", self.type.encode()),
            ("ce_source", self.source.encode()),
            ("ce_sequence", f"{self.sequence:012d}".encode()),
            ("ce_partitionkey", self.key.encode()),
            ("ce_region", self.region.encode()),
        ]


@dataclass(slots=True)
class Floor:
    """The id under which there is nothing any more and nothing can come, so that no claim begins below it.

    What was deleted stays in the index for as long as anybody's old snapshot could see it: beside a reader that idled,
    claims from the first row on walked past a million dead ones (p99 1.7 s). A fact may become visible behind one that
    was numbered later, so that an id counts as settled only when every transaction that was open when it was given has
    ended. Whoever takes an id holds a key row's lock, and so has a transaction id, before.
    """

    id: int = 0
    settled: int = 0
    _mark: tuple[int, int] = (0, 0)

    def look(self, last_id: int, transaction: int, oldest: int) -> None:
        """`last_id` was given before `transaction` began; every transaction before `oldest` has ended."""
        marked_id, marked_transaction = self._mark
        if oldest >= marked_transaction:
            self.settled = max(self.settled, marked_id)
            self._mark = (last_id, transaction)

    def rise(self, first_id: int | None) -> None:
        """`first_id` is the first row that there is; None where there is none."""
        self.id = max(self.id, self.settled if first_id is None else min(self.settled, first_id - 1))


@dataclass(slots=True)
class Relay:
    """One candidate. `connect` gives the relay's own connection; `sent` counts what it has had acknowledged."""

    service: str
    instance: str
    bootstrap: str
    connect: Callable[[], Awaitable[asyncpg.Connection]]
    now: Machine = machine_now
    token: int = 0
    oldest_at: datetime | None = None
    sent: int = 0
    is_holder: bool = False
    trouble: str | None = None
    _incarnation: str = field(default_factory=lambda: secrets.token_hex(8))
    _signal: asyncio.Event = field(default_factory=asyncio.Event)
    _until: datetime | None = None
    _connection: asyncpg.Connection | None = None
    _producer: AIOKafkaProducer | None = None
    _partitions: dict[str, int] = field(default_factory=dict)
    _floor: Floor = field(default_factory=Floor)

    def wake(self) -> None:
        """Something was emitted, in this process or (by NOTIFY) in another."""
        self._signal.set()

    async def run(self) -> None:
        """Send until cancelled. Trouble with Kafka or PostgreSQL is waited out, and shown in `trouble`."""
        pause = 0.05
        try:
            while True:
                try:
                    await self._open()
                    await self._loop()
                except Exception as error:
                    if not (isinstance(error, KafkaError | asyncpg.PostgresError) or is_infrastructure(error)):
                        raise
                    self.is_holder, self.trouble = False, fingerprint(error)
                    if not isinstance(error, KafkaError):
                        self.oldest_at = None  # whether anything is unsent cannot be known
                    log.warning("relay.trouble", extra={"cause": self.trouble})
                    await self._close()
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 5.0)
                else:
                    pause = 0.05
        finally:
            await self._give_up_lease()
            await self._close()

    async def _loop(self) -> None:
        while True:
            self._signal.clear()
            if not await self._hold():
                self.is_holder, self.oldest_at, self.trouble = False, None, None
                await self._wait(RENEW_SECONDS)
                continue
            self.is_holder = True
            rows = await self._select()
            self.trouble = None
            if not rows:
                await self._wait(POLL_SECONDS)
                continue
            crash_point("selected")
            acked = await self._send(rows)
            crash_point("sent")
            await self._delete(acked)
            crash_point("deleted")
            if len(acked) == len(rows) < ROWS_MAX:
                await self._wait(POLL_SECONDS)  # not at all where something was emitted meanwhile
            elif len(acked) < len(rows):
                # An idempotent producer that has failed for good refuses everything that comes after.
                await self._close_producer()
                await self._wait(POLL_SECONDS)
                await self._open()

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._signal.wait(), seconds)
        except TimeoutError:
            return

    # ── the lease ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _hold(self) -> bool:
        """Take, keep or leave the lease. By the machine's clock; the token grows with every new holder."""
        now = self.now()
        if self.is_holder and self._until is not None and self._until - now > LEASE * 2 / 3:
            return True
        assert self._connection is not None
        last_id = await self._connection.fetchval(SQL.last_id)
        held = await self._connection.fetchrow(
            SQL.hold, self.instance, self._incarnation, now, now + LEASE, self.token == 0
        )
        if held is None:
            return False
        self.token, self._until = held["token"], now + LEASE
        self._floor.look(last_id, held["transaction"], held["oldest"])
        return True

    async def _give_up_lease(self) -> None:
        if self._connection is None or self._connection.is_closed():
            return
        with contextlib.suppress(Exception):  # it runs out by itself
            await self._connection.execute(SQL.give_up, self.instance, self._incarnation, timeout=2)

    # ── select, send, delete ────────────────────────────────────────────────────────────────────────────────────

    async def _select(self) -> list[Row]:
        assert self._connection is not None
        found = await self._connection.fetch(SQL.select, ROWS_MAX, self._floor.id)
        self._floor.rise(found[0]["id"] if found else None)
        self.oldest_at = found[0]["emitted_at"] if found else None
        return [
            Row(
                r["id"], r["topic"], r["key"], r["sequence"], str(r["event_id"]),
                r["type"], r["source"], r["region"], r["value"],
            )
            for r in found
        ]  # fmt: skip

    async def _send(self, rows: Sequence[Row]) -> list[int]:
        """Send by partition, each in row order up to its first failure. Returns the ids that were acknowledged."""
        lines: dict[tuple[str, int], list[Row]] = defaultdict(list)
        for row in rows:
            # crc32, once a row: the client's own partitioner is pure Python, 4.8 µs a key.
            partitions = self._partitions.get(row.topic) or await self._partitions_of(row.topic)
            lines[row.topic, crc32(row.key.encode()) % partitions].append(row)
        results = await asyncio.gather(*(self._send_line(topic, part, line) for (topic, part), line in lines.items()))
        return [id_ for acked in results for id_ in acked]

    async def _send_line(self, topic: str, partition: int, rows: list[Row]) -> list[int]:
        assert self._producer is not None
        acked: list[int] = []
        stamp = int(self.now().timestamp() * 1000)
        start = 0
        while start < len(rows):
            builder = self._producer.create_batch()
            end = start
            while end < len(rows):
                row = rows[end]
                if (
                    builder.append(key=row.key.encode(), value=row.value, timestamp=stamp, headers=row.headers())
                    is None
                ):
                    break
                end += 1
            assert end > start, "an event of at most 256 kB fits an empty batch"
            try:
                await (await self._producer.send_batch(builder, topic, partition=partition))
            except KafkaError as error:
                self.trouble = fingerprint(error)
                return acked
            acked += [row.id for row in rows[start:end]]
            start = end
        return acked

    async def _partitions_of(self, topic: str) -> int:
        assert self._producer is not None
        self._partitions[topic] = len(await self._producer.partitions_for(topic))
        return self._partitions[topic]

    async def _delete(self, ids: Sequence[int]) -> None:
        """Guarded by the token, in one statement: a late holder's delete finds nothing."""
        if not ids:
            return
        assert self._connection is not None
        await self._connection.execute(SQL.delete, list(ids), self.token)
        self.sent += len(ids)

    # ── its own connections ─────────────────────────────────────────────────────────────────────────────────────

    async def _open(self) -> None:
        if self._connection is None or self._connection.is_closed():
            self._connection, self._floor = await self.connect(), Floor()  # the database may be an older one now
            await self._connection.add_listener(f"outbox_{self.service}", lambda *_: self.wake())
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self.bootstrap,
                client_id=f"{self.instance}-relay",
                enable_idempotence=True,
                acks="all",
                max_batch_size=BATCH_BYTES,
                request_timeout_ms=10_000,
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer

    async def _close_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                await asyncio.wait_for(producer.stop(), 3)
            except (KafkaError, OSError, TimeoutError):
                log.warning("relay.producer_left")

    async def _close(self) -> None:
        await self._close_producer()
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            try:
                await connection.close(timeout=2)
            except Exception:
                connection.terminate()

    def unsent_seconds(self, now: datetime) -> float:
        """How long the oldest fact has been on its way, where this process holds the lease or cannot ask for it."""
        if self.oldest_at is None or not (self.is_holder or self.trouble is not None):
            return 0.0
        return (now - self.oldest_at).total_seconds()

    def is_stuck(self, now: datetime) -> bool:
        """Unready: the oldest fact is a minute old."""
        return self.unsent_seconds(now) > STUCK_SECONDS
