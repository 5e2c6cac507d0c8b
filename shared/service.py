"""One process of a service: pools, relay, consumers, loops and HTTP, started and stopped in order.

A service's `app.py` builds one of these and is the only file that does; `run` is its production entrance, `serving`
its test entrance.
"""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import structlog
import uvicorn
from aiokafka.errors import KafkaError
from fastapi import APIRouter, FastAPI

from shared import postgres
from shared.access.tokens import Verifier
from shared.clock import machine_now
from shared.crypto import Cipher, Keys, read_keys
from shared.messaging import conservation, kafka, pace, positions, record, relay, waiting
from shared.messaging.batch import Report
from shared.messaging.faults import fingerprint, is_infrastructure
from shared.messaging.room import Subscriber
from shared.messaging.unit_of_work import UnitOfWork
from shared.settings import Settings, SettingsError
from shared.telemetry import Metrics, configure_logging
from shared.web import operation
from shared.web.callers import Bearer
from shared.web.document import Shapes, document_of
from shared.web.problems import handle_problems

log = structlog.stdlib.get_logger(__name__)

START_RETRY_SECONDS = 0.5
LOOP_RETRY_SECONDS = 2.0
KEPT_SECONDS = 65
"""A quiet connection is the client's to close: ours would meet a call that is on its way (httpx keeps one for five)."""
HTTP_SECONDS, LEAVE_SECONDS = 5, 10.0
"""What a process that was told to stop waits for: calls in hand (an open page never ends), and each of the rest."""
ALL_LEAVE_SECONDS = 13.0
"""And for all of it together. What is in hand then is read again by the next one, as after a kill; whoever watches over
processes kills after 15 seconds or more, and takes it for a crash."""

Loop = Callable[[], Awaitable[None]]
Build = Callable[[Settings], Awaitable["Service"]]


@dataclass(slots=True)
class Service:
    """What `app.py` fills: `stream` a group, `calls` for people and deadlines, `every` a loop, `include` routes.

    `public`: the paths under which a call needs no token. `closers` run when it leaves; `accounts` add their sums to
    what `conserved` says. `_works`: by which what waits for a consumer is replayed or skipped.
    """

    name: str
    settings: Settings
    keys: Keys
    worker: asyncpg.Pool
    api: asyncpg.Pool
    cipher: Cipher
    metrics: Metrics
    relay: relay.Relay
    http: FastAPI
    public: tuple[str, ...] = ()
    shapes: Shapes = field(default_factory=dict)
    consumers: list[kafka.Consumer] = field(default_factory=list)
    loops: list[tuple[str, Loop]] = field(default_factory=list)
    closers: list[Loop] = field(default_factory=list)
    accounts: list[Callable[[], Awaitable[dict[str, Any]]]] = field(default_factory=list)
    port: int = 0
    _works: dict[str, UnitOfWork] = field(default_factory=dict)
    _has_started: bool = False

    @classmethod
    async def open(cls, settings: Settings) -> "Service":
        """Connect to PostgreSQL, waiting for it if need be; nothing is read from Kafka yet."""
        keys, name = read_keys(settings.keys), settings.service
        worker = await _patiently(lambda: postgres.worker_pool(settings.postgres, name, keys.database))
        api = await _patiently(lambda: postgres.api_pool(settings.postgres, name, keys.database))
        return cls(
            name=name,
            settings=settings,
            keys=keys,
            worker=worker,
            api=api,
            cipher=Cipher(keys.waiting),
            metrics=Metrics(name),
            relay=relay.Relay(
                name,
                settings.instance,
                settings.kafka,
                lambda: postgres.worker_connection(settings.postgres, name, keys.database),
            ),
            http=FastAPI(title=f"Shouwang {name}", version="1", docs_url=None, redoc_url=None),
        )

    # ── what app.py calls ───────────────────────────────────────────────────────────────────────────────────────

    def stream(
        self,
        group: str,
        subscribers: Sequence[Subscriber],
        *,
        pattern: str | None = None,
        reading: record.Read | None = None,
    ) -> None:
        """A consumer group over the subscribers' topics, in the order of the routing table, or over a pattern."""
        work = self._work(group, subscribers, self.worker, reading or record.Read())
        topics = () if pattern else tuple(subscriber.topic for subscriber in subscribers)
        slot = self.settings.instance if self.settings.has_slot else None
        self.consumers.append(kafka.Consumer(work, slot, topics, pattern))
        # A person's replay has one of its own: this one handles one batch at a time, and backs off by what it met.
        self._works[group] = self._work(group, subscribers, self.worker, reading or record.Read())

    def knows(self, group: str, subscribers: Sequence[Subscriber]) -> None:
        """A group that other processes carry: what waits for it can be replayed and skipped here all the same."""
        self._works[group] = self._work(group, subscribers, self.worker, record.Read())

    def calls(self, subscribers: Sequence[Subscriber], *, as_worker: bool = False) -> UnitOfWork:
        """For people's calls (the API role) or, `as_worker`, for due deadlines and departments' records."""
        return self._work(f"{self.name}.calls", subscribers, self.worker if as_worker else self.api, record.Read())

    def every(self, name: str, loop: Loop) -> None:
        """A loop of the service's own: runs until stopped; what it raises is told and it begins again."""
        self.loops.append((name, loop))

    def include(self, *routers: APIRouter) -> None:
        for router in routers:
            self.http.include_router(router)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def work_of(self, consumer: str) -> UnitOfWork:
        """The unit of work with which a person replays or skips what waits for a consumer. Raises KeyError for one that
        this process does not know."""
        return self._works[consumer]

    def alarm(self, name: str) -> None:
        """Something that a person must look at."""
        self.metrics.alarms.labels(self.name, name).inc()
        log.error("alarm.raised", name=name)

    def _work(
        self, consumer: str, subscribers: Sequence[Subscriber], pool: asyncpg.Pool, reading: record.Read
    ) -> UnitOfWork:
        wake, sends_itself = self.relay.wake, lambda: self.relay.is_holder
        return UnitOfWork(
            self.name, consumer, subscribers, pool, self.cipher, reading, wake, self._observe, sends_itself
        )

    def _observe(self, consumer: str, report: Report, seconds: float) -> None:
        for outcome, number in report.outcomes.items():
            self.metrics.records.labels(self.name, consumer, outcome).inc(number)
        for row in report.emits:
            self.metrics.emitted.labels(self.name, row.topic).inc()
        self.metrics.batches.labels(self.name, consumer).observe(seconds)
        for input, cause in report.failed:
            log.warning("record.failed", consumer=consumer, topic=input.topic, key=input.key, cause=cause)
        log.info(
            "unit.committed",
            consumer=consumer,
            outcomes=dict(report.outcomes),
            words=dict(report.words),
            emitted=len(report.emits),
            milliseconds=round(seconds * 1000, 1),
        )

    # ── readiness and figures ───────────────────────────────────────────────────────────────────────────────────

    def unready(self) -> list[str]:
        """Why this process is not ready; empty when it is."""
        if not self._has_started:
            return ["starting"]
        reasons = [f"{one.group}: not yet in its group" for one in self.consumers if not one.has_joined]
        reasons += [f"{one.group}: {one.work.stopped}" for one in self.consumers if one.work.stopped]
        if self.relay.is_stuck(machine_now()):
            reasons.append(f"relay: the oldest fact is over a minute old ({self.relay.trouble})")
        return reasons

    async def lag(self) -> dict[str, dict[str, int]]:
        """Records not yet read, by consumer and topic."""
        found: dict[str, dict[str, int]] = {}
        for consumer in self.consumers:
            try:
                await asyncio.wait_for(consumer.read_lag(), 2)
            except (KafkaError, OSError, TimeoutError):
                consumer.lag = {}  # not known: an old number would say that records are gone
            for (topic, _), behind in consumer.lag.items():
                topics = found.setdefault(consumer.group, {})
                topics[topic] = topics.get(topic, 0) + behind
        return found

    async def measure(self) -> None:
        """Bring the gauges up to date: queue depths are questions to the database, asked when they are read."""
        depth = await self.worker.fetch(relay.SQL.depth)
        self.metrics.outbox.labels(self.name).set(sum(row["facts"] for row in depth))
        oldest = min((row["oldest"] for row in depth), default=None)
        self.metrics.outbox_age.labels(self.name).set((machine_now() - oldest).total_seconds() if oldest else 0)
        rows = await self.worker.fetch(waiting.SQL.count)
        self.metrics.waiting.clear()  # a label that is not set again would keep its last number
        for row in rows:
            self.metrics.waiting.labels(self.name, row["consumer"], row["topic"], row["state"]).set(row["records"])
        since = min((row["oldest"] for row in rows), default=None)
        now = await self.worker.fetchval("SELECT civil.now()")
        self.metrics.waiting_age.labels(self.name).set(max(0.0, (now - since).total_seconds()) if since else 0)
        lost: dict[str, int] = {}
        for row in await self.worker.fetch(positions.SQL.account):
            lost[row["consumer"]] = lost.get(row["consumer"], 0) + row["lost"]
        for consumer, number in lost.items():
            self.metrics.lost.labels(self.name, consumer).set(number)
        for consumer, topics in (await self.lag()).items():
            for topic, behind in topics.items():
                self.metrics.lag.labels(self.name, consumer, topic).set(behind)

    async def conserved(self) -> dict[str, Any]:
        """What `GET /v1/conservation` says. The lag is read first: what is read meanwhile counts twice, never not."""
        lag = await self.lag()
        async with postgres.session(self.worker) as connection:
            sums = await conservation.sums(connection, self.name)
        for more in self.accounts:
            sums |= await more()
        return sums | {"lag": lag}

    def watch(self) -> conservation.Watch:
        """Tells differences as this process's metric and alarm."""
        return conservation.Watch(
            lambda boundary, name, difference: self.metrics.conservation.labels(self.name, boundary, name).set(
                difference
            ),
            self.alarm,
        )

    def _watch_sums(self) -> Loop:
        watch = self.watch()

        async def loop() -> None:
            watch.look(conservation.differences(await self.conserved()))
            await asyncio.sleep(conservation.PERIOD_SECONDS)

        return loop

    def _watch_pace(self) -> Loop:
        slow = pace.Pace(lambda: self.alarm("batch_late"), lambda: self.alarm("facts_unsent"))

        async def loop() -> None:
            batches = {one.group: one.busy_since for one in self.consumers}
            slow.look(
                batches, time.monotonic(), kafka.POLL_INTERVAL_MS / 1000, self.relay.unsent_seconds(machine_now())
            )
            await asyncio.sleep(pace.PERIOD_SECONDS)

        return loop

    def _tell_kafka(self) -> Loop:
        async def loop() -> None:
            await self._tell_offsets()
            await asyncio.sleep(kafka.TELL_SECONDS)

        return loop

    async def _tell_offsets(self) -> None:
        """Every group's offsets to Kafka; what it does not take is told the next time."""
        with contextlib.suppress(TimeoutError, KafkaError):
            await asyncio.wait_for(asyncio.gather(*(one.tell() for one in self.consumers)), kafka.TELL_MAX_SECONDS)

    # ── life ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def live(self, stop: asyncio.Event, listener: socket.socket) -> None:
        """Serve until `stop` is set, then finish what is in hand and leave nothing behind."""
        self.mount()
        server = uvicorn.Server(
            uvicorn.Config(
                self.http,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=HTTP_SECONDS,
                timeout_keep_alive=KEPT_SECONDS,
            )
        )
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        self.port = listener.getsockname()[1]
        tasks = [asyncio.create_task(_serve(server, listener), name="http")]
        ended: list[str] = []
        try:
            tasks.append(asyncio.create_task(self.relay.run(), name="relay"))
            broker = await self._consume(stop)
            own = [("pace", self._watch_pace()), ("conservation", self._watch_sums()), ("offsets", self._tell_kafka())]
            loops = [*self.loops, *own]
            tasks += [asyncio.create_task(self._keep(name, loop, stop), name=name) for name, loop in loops]
            self._has_started = True
            log.info("service.started", port=self.port)
            needed = tasks[:2]  # http and the relay: without either the process is of no use
            waits = [asyncio.create_task(stop.wait()), *needed]
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for one in done & set(needed):
                error = one.exception()
                log.error("service.failed", name=one.get_name(), exc_info=error)
                ended.append(one.get_name())
            waits[0].cancel()
            await self._tell_offsets()
            await _stop_broker(broker)
        finally:
            server.should_exit = True
            await self._leave(tasks)
        if ended:
            # Whoever watches over the process starts it anew.
            raise RuntimeError(f"ended by itself: {', '.join(ended)}")

    def document(self) -> dict[str, Any]:
        """Its OpenAPI document, as `GET /openapi.json` says it."""
        return document_of(self.http, {**operation.SHAPES, **self.shapes}, self.public)

    def mount(self) -> None:
        """Add what every service has, once its own routes are there."""
        handle_problems(self.http, self.alarm)
        self.http.include_router(operation.router(self))
        self.http.openapi = self.document  # type: ignore[method-assign]
        self.http.add_middleware(Bearer, verifier=Verifier(self.keys.token_public), now=machine_now, public=self.public)

    async def _consume(self, stop: asyncio.Event) -> kafka.Broker:
        """Start the consumers; a broker that is away is waited for."""
        while True:
            broker = kafka.broker(self.settings.kafka)
            for consumer in self.consumers:
                consumer.attach(broker)
            if not self.consumers:
                return broker
            starting, stopping = asyncio.create_task(broker.start()), asyncio.create_task(stop.wait())
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if not starting.done():
                starting.cancel()  # told to stop while a broker that says nothing was waited for
                await asyncio.wait({starting}, timeout=1)
                return broker
            error = starting.exception()
            if error is None:
                return broker
            log.warning("kafka.away", cause=fingerprint(error))
            await _stop_broker(broker)
            if stop.is_set():
                return broker
            await asyncio.sleep(START_RETRY_SECONDS)

    async def _keep(self, name: str, loop: Loop, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await loop()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.warning("loop.failed", name=name, cause=fingerprint(error), exc_info=error)
                if not is_infrastructure(error):
                    self.alarm(f"{name}_failed")
                await asyncio.sleep(LOOP_RETRY_SECONDS)

    async def _leave(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks[1:]:
            task.cancel()
        done, left = await asyncio.wait(tasks, timeout=LEAVE_SECONDS)
        for task in done:
            if not task.cancelled() and task.exception():
                log.warning("service.task_failed", name=task.get_name(), exc_info=task.exception())
        for task in left:
            log.warning("service.task_left", name=task.get_name())
        for close in self.closers:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(close(), 3)
        for pool in (self.worker, self.api):
            try:
                await asyncio.wait_for(pool.close(), 3)
            except Exception:
                pool.terminate()
        log.info("service.stopped")


async def _stop_broker(broker: kafka.Broker) -> None:
    with contextlib.suppress(Exception):
        await asyncio.wait_for(broker.stop(), LEAVE_SECONDS)


async def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    # uvicorn's own handling of signals would end the process before the consumers have stopped.
    server.capture_signals = contextlib.nullcontext  # type: ignore[assignment,method-assign]
    await server.serve([listener])


async def _patiently(connect: Callable[[], Awaitable[asyncpg.Pool]]) -> asyncpg.Pool:
    while True:
        try:
            return await connect()
        except Exception as error:
            if not is_infrastructure(error):
                raise
            log.warning("postgres.away", cause=fingerprint(error))
            await asyncio.sleep(START_RETRY_SECONDS)


def listen(host: str, port: int) -> socket.socket:
    """The process's own port, taken before anything else. Raises SettingsError when it is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise SettingsError(f"Port {port} is in use: stop what uses it, or set SHOUWANG_PORT to another.") from None
    listener.listen(512)
    listener.setblocking(False)
    return listener


def run(service: str, build: Build) -> None:
    """The production entrance: `python -m services.<service>`."""
    try:
        settings = Settings.from_environment(service)
        configure_logging(service, settings.instance, settings.log_level)
        listener = listen(settings.host, settings.port)
    except SettingsError as error:
        sys.exit(str(error))
    with contextlib.suppress(ImportError):
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    try:
        asyncio.run(_run(settings, build, listener))
    except SettingsError as error:
        sys.exit(str(error))


async def _run(settings: Settings, build: Build, listener: socket.socket) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, _told, stop, loop)
    building, stopping = asyncio.ensure_future(build(settings)), asyncio.ensure_future(stop.wait())
    await asyncio.wait({building, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not building.done():
        building.cancel()  # told to stop while PostgreSQL was still waited for
        return
    service = building.result()
    # Thousands of live objects a batch set off full collections: a fifth of the rate.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    await service.live(stop, listener)


def _told(stop: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
    if not stop.is_set():
        stop.set()
        for end in (
            threading.Timer(ALL_LEAVE_SECONDS, _end, [loop]),
            threading.Timer(ALL_LEAVE_SECONDS + 1, os._exit, [0]),  # without a word, where words do not get out
        ):
            end.daemon = True  # one that leaves by itself is not kept
            end.start()


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """From a thread of its own: neither a task that does not end nor a loop that stands still holds it up."""
    try:
        left = sorted({getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks(loop)})
        log.warning("service.left_at_once", count=len(left), cause=", ".join(left))
        sys.stdout.flush()
    finally:
        os._exit(0)


@contextlib.asynccontextmanager
async def serving(build: Build, settings: Settings) -> AsyncIterator[Service]:
    """The test entrance: the same service in this loop on a free port, ready when it is given, stopped after."""
    listener, stop = listen(settings.host, 0), asyncio.Event()
    service = await build(settings)
    life = asyncio.create_task(service.live(stop, listener))
    try:
        while service.unready():
            if life.done():
                life.result()
            await asyncio.sleep(0.02)
        yield service
    finally:
        stop.set()
        await asyncio.wait_for(life, 20)


__all__ = ["Service", "run", "serving"]
