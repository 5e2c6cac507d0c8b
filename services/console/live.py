"""What happens now, for pages that are open: one reader a process, in no group, from now on; one ear a page.

An ear hears only its viewer's region and grid. It never says what is in a queue: it says that something changed, and
the page's numbers are asked for again from the service that owns them.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf

import msgspec

from shared.access.tokens import Caller
from shared.messaging import kafka

TOPICS = ("stage.advanced", "deadline.passed", "notice.sent", "warning.raised")
RECENT_MAX = 500
"""Kept to bridge the moment between a page's drawing and its listening, and a short break of the line."""
EAR_MAX = 200
"""An ear that hears nothing for so long has been left behind: it forgets the oldest and asks for the numbers anyway."""
SLACK = timedelta(seconds=3)
"""A transaction that committed just after the page was drawn bears an instant from just before."""


class _Data(msgspec.Struct, frozen=True):
    household_id: str
    case_id: str | None = None
    hop: str | None = None
    round: int = 1
    branch: str = "main"
    office: str | None = None
    task_id: str | None = None
    level: str | None = None
    officer_id: str | None = None


class _Event(msgspec.Struct, frozen=True):
    type: str
    time: datetime
    region: str
    data: _Data
    grid: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """One event as far as a page needs it. `word` is its last word: arrived, advanced, passed, sent, …"""

    topic: str
    word: str
    at: datetime
    region: str
    grid: str | None
    about: _Data

    @property
    def is_new_task(self) -> bool:
        return self.topic == "stage.advanced" and self.word == "arrived"

    def is_for(self, caller: Caller) -> bool:
        """Whether it lies in the caller's rows; a notice is its receiver's own."""
        if self.topic == "notice.sent":
            return self.about.officer_id == caller.officer_id
        is_there = caller.region_from <= self.region <= caller.region_to
        return is_there and (caller.grid == "*" or caller.grid == self.grid)


def heard(topic: str, value: bytes) -> Heard | None:
    """An event of the tail; None for what is not readable (the group `console` makes it wait, and says so)."""
    try:
        event = _decoder.decode(value)
    except (msgspec.MsgspecError, ValueError):
        return None
    word = event.type.split(".")[-2] if event.type.count(".") >= 2 else event.type
    return Heard(topic, word, event.time, event.region, event.grid, event.data)


_decoder = msgspec.json.Decoder(_Event)


@dataclass(slots=True, eq=False)
class Ear:
    """One open page and the topics that move it. `next` waits for what is new; None means that the process is going."""

    caller: Caller
    topics: Collection[str] = TOPICS
    _told_at: float = -inf
    _queue: "asyncio.Queue[Heard | None]" = field(default_factory=lambda: asyncio.Queue(EAR_MAX))

    def hears(self, one: Heard) -> bool:
        return one.topic in self.topics and one.is_for(self.caller)

    def hear(self, one: Heard | None) -> None:
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(one)

    async def next(self, gather_seconds: float, wait_seconds: float | None = None) -> list[Heard] | None:
        """What came: after a quiet moment at once, else with whatever follows within one: ten events are one change of
        the page. Nothing, where nothing came for as long as it waits."""
        try:
            async with asyncio.timeout(wait_seconds):
                first = await self._queue.get()
        except TimeoutError:
            return []
        if first is None:
            return None
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._told_at + gather_seconds - loop.time()))
        self._told_at = loop.time()
        found = [first]
        while not self._queue.empty():
            one = self._queue.get_nowait()
            if one is None:
                return None
            found.append(one)
        return found


@dataclass(slots=True)
class Live:
    """The reader and its ears."""

    bootstrap: str
    client: str
    _ears: set[Ear] = field(default_factory=set)
    _recent: deque[Heard] = field(default_factory=lambda: deque(maxlen=RECENT_MAX))
    _is_closed: bool = False

    async def run(self) -> None:
        """Read until cancelled; then every ear is told to go, so that no open page holds up the end."""
        try:
            await kafka.tail(self.bootstrap, TOPICS, self.client, self.handle)
        except asyncio.CancelledError:
            self._is_closed = True
            for ear in self._ears:
                ear.hear(None)
            raise

    def handle(self, topic: str, value: bytes) -> None:
        one = heard(topic, value)
        if one is None:
            return
        self._recent.append(one)
        for ear in self._ears:
            if ear.hears(one):
                ear.hear(one)

    def since(self, instant: datetime, ear: Ear) -> list[Heard]:
        """What came for a page after it was drawn, as far as it is still known here."""
        return [one for one in self._recent if one.at + SLACK > instant and ear.hears(one)]

    @contextlib.contextmanager
    def listening(self, caller: Caller, topics: Collection[str] = TOPICS) -> Iterator[Ear]:
        ear = Ear(caller, topics)
        if self._is_closed:
            ear.hear(None)
        self._ears.add(ear)
        try:
            yield ear
        finally:
            self._ears.discard(ear)


@dataclass(slots=True)
class Arrivals:
    """The new tasks of one page, by what they are about; one that has left again is no longer new, its case's others
    are. On a department's page those of its own branches alone are listed."""

    filters: dict[str, str]
    known: frozenset[str]
    department: str | None = None
    tasks: dict[tuple[str | None, str | None, int, str], str | None] = field(default_factory=dict)

    def note(self, one: Heard) -> None:
        about = one.about
        key = (about.case_id, about.hop, about.round, about.branch)
        if one.is_new_task:
            if self._fits(one):
                self.tasks[key] = about.task_id
        elif one.topic == "stage.advanced" and one.word not in ("opened", "noted"):
            is_whole = about.task_id is None or one.word in ("closed", "eliminated")
            self.tasks = {
                task: id_
                for task, id_ in self.tasks.items()
                if task[0] != about.case_id or not (is_whole or id_ == about.task_id)
            }

    def _fits(self, one: Heard) -> bool:
        about, filters = one.about, self.filters
        if self.department is not None and (about.hop, about.branch) != ("department", self.department):
            return False
        if about.task_id and about.task_id[:8] in self.known:
            return False
        if filters.get("mine") or filters.get("lateness", "normal") != "normal":
            return False
        wanted = (("hop", about.hop), ("office", about.office), ("level", about.level))
        return all(filters.get(name) in (None, "", value) for name, value in wanted)
