"""A small TCP proxy between the services and a server: slow, deaf, or cutting a connection at its COMMIT.

It runs in a thread with a loop of its own, so that it goes on while a tester waits for a process.
"""

import asyncio
import contextlib
import random
import threading
from collections import Counter
from dataclasses import dataclass, field

from deploy.local.process import free_ports

COMMIT = b"COMMIT;\x00"
"""As the driver ends a transaction: a simple query."""
READ_BYTES = 65_536
HOLE_POLL_SECONDS, END_SECONDS = 0.05, 5.0


@dataclass
class Link:
    """One connection through the proxy, both sides of it."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    is_answer_swallowed: bool = False

    def cut(self) -> None:
        """At once, without a farewell."""
        for side in (self.client, self.server):
            side.transport.abort()


@dataclass
class Proxy:
    """Listens on `port` for the server on `target`. What it is told takes effect on the next bytes.

    `delay_seconds` each way; `is_deaf`: bytes are taken and nothing is passed on, no reset; `cuts_left`: so many
    COMMITs more lose their connection, one in `one_in`, half of them before the server has them, half after it has
    answered.
    """

    target: int
    seed: int = 0
    port: int = field(default_factory=lambda: free_ports(1)[0])
    delay_seconds: float = 0.0
    is_deaf: bool = False
    cuts_left: int = 0
    one_in: int = 3
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._chance = random.Random(f"{self.seed}:proxy")
        self._links: dict[asyncio.Task[None], Link] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", self.port), self._loop
        ).result()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(END_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(END_SECONDS)

    async def _end(self) -> None:
        self._server.close()
        for link in list(self._links.values()):
            link.cut()
        if self._links:
            await asyncio.wait(self._links, timeout=END_SECONDS / 2)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        link, task = Link(writer, server), asyncio.current_task()
        assert task is not None
        self._links[task] = link  # the loop itself does not keep a task that nobody waits for
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._ask(reader, link))
                both.create_task(self._answer(answers, link))
        except* OSError:
            self.done["connections reset"] += 1
        finally:
            del self._links[task]
            link.cut()

    async def _ask(self, reader: asyncio.StreamReader, link: Link) -> None:
        while data := await reader.read(READ_BYTES):
            await self._hold()
            if COMMIT in data and self._is_to_be_cut():
                if self._chance.random() < 0.5:
                    self.done["cut before COMMIT arrived"] += 1
                    link.cut()
                    return
                link.is_answer_swallowed = True
            link.server.write(data)
            await link.server.drain()
        with contextlib.suppress(OSError):
            link.server.write_eof()

    async def _answer(self, reader: asyncio.StreamReader, link: Link) -> None:
        while data := await reader.read(READ_BYTES):
            await self._hold()
            if link.is_answer_swallowed:
                self.done["cut after COMMIT was done"] += 1
                break
            link.client.write(data)
            await link.client.drain()
        link.cut()

    def _is_to_be_cut(self) -> bool:
        if not self.cuts_left or self._chance.randrange(self.one_in):
            return False
        self.cuts_left -= 1
        return True

    async def _hold(self) -> None:
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        while self.is_deaf:
            await asyncio.sleep(HOLE_POLL_SECONDS)
