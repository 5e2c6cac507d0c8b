"""/events: Server-Sent Events for open pages. What is new is announced at once and comes on a click; the totals are
counted anew within a second."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from math import inf

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from services.console.console import Console
from services.console.live import Arrivals, Heard
from services.console.pages.queues import address_of, counts_of
from services.console.pages.warnings import Asked, shown
from services.console.queue import Totals, chosen
from services.console.remaining import as_instant
from services.console.session import Viewer

MOVED_BY = {
    "queues": ("stage.advanced", "deadline.passed"),
    "warnings": ("warning.raised", "stage.advanced"),
    "notices": ("notice.sent",),
}
"""The topics that move a page's numbers."""
GATHER_SECONDS = 0.05
"""A batch of a hundred cases moves the numbers once, not a hundred times."""
TOTALS_SECONDS = 1.0
"""What is new is announced at once; the totals are counted anew at most so often, the last change included. Counted
with every change, forty pages at 200 records/s took half of this process's time for asking workflow."""
PING_SECONDS = 15
KNOWN_LENGTH_MAX = 400
DRAWN_LENGTH_MAX, DRAWN = 2000, re.compile(r"[0-9A-Za-z_-]{1,80}")


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/events")
    async def events(request: Request) -> Response:
        viewer = await console.viewer(request)
        given = request.query_params
        page = Page(
            console, request, viewer, given.get("page", "queues"), chosen(given),
            _instant(given.get("since"), viewer.now), frozenset(given.get("known", "")[:KNOWN_LENGTH_MAX].split(".")),
            tuple(one for one in given.get("drawn", "")[:DRAWN_LENGTH_MAX].split() if DRAWN.fullmatch(one)),
        )  # fmt: skip
        return EventSourceResponse(page.events(), ping=PING_SECONDS, headers={"Cache-Control": "no-store"})

    return routes


@dataclass(slots=True)
class Page:
    """One open page and what it is told. `_is_behind`: its totals have changed since they were counted."""

    console: Console
    request: Request
    viewer: Viewer
    name: str
    filters: dict[str, str]
    since: datetime
    known: frozenset[str]
    drawn: tuple[str, ...]
    _is_behind: bool = False
    _counted_at: float = -inf

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        """Until the page closes, the session ends or the process goes. What came meanwhile is caught up at once."""
        arrivals, notices, warned = Arrivals(self.filters, self.known, self.viewer.caller.department), 0, set[str]()
        with self.console.live.listening(self.viewer.caller, MOVED_BY.get(self.name, ())) as ear:
            heard: list[Heard] | None = self.console.live.since(self.since, ear)
            while heard is not None and await self.console.sessions.find(self.request):
                for one in heard:
                    arrivals.note(one)
                    notices += one.topic == "notice.sent" and one.word == "sent"
                if self.name == "queues":
                    async for event in self._queue(heard, arrivals):
                        yield event
                elif self.name == "warnings":
                    asked = Asked.of(self.request.query_params, self.viewer.officer.region)
                    warned |= {one.about.household_id for one in heard if asked.is_new(one)}
                    number = sum(one[:8] not in self.known for one in warned)
                    async for event in self._warnings(asked, heard, number):
                        yield event
                elif self.name == "notices" and notices:
                    yield self._told("notices", "parts/new_notices.html", number=notices)
                heard = await ear.next(GATHER_SECONDS, self._rest() if self._is_behind else None)

    def _rest(self) -> float:
        """Seconds until the totals may be counted anew."""
        return max(0.0, self._counted_at + TOTALS_SECONDS - asyncio.get_running_loop().time())

    def _is_due(self) -> bool:
        """Whether the totals are counted now."""
        if not self._is_behind or self._rest():
            return False
        self._is_behind, self._counted_at = False, asyncio.get_running_loop().time()
        return True

    async def _queue(self, heard: list[Heard], arrivals: Arrivals) -> AsyncIterator[ServerSentEvent]:
        if heard:
            self._is_behind, address = True, address_of(self.filters)
            yield self._told("arrivals", "parts/arrivals.html", number=len(arrivals.tasks), address=address)
        if not self._is_due():
            return
        answer = await self.console.neighbours.get("workflow", "/v1/queues", self.console.token(self.viewer))
        if answer.is_fine:
            words = self.console.frame.words(self.viewer.language)
            yield self._told(
                "totals", "parts/totals_told.html", totals=Totals.of(answer.body),
                counts=counts_of(self.drawn, answer.body.get("hops", ()), self.filters, words),
            )  # fmt: skip

    async def _warnings(self, asked: Asked, heard: list[Heard], number: int) -> AsyncIterator[ServerSentEvent]:
        """What is warned of changes when screening speaks, and when a case is closed."""
        if heard:
            self._is_behind = True
            yield self._told("arrivals", "parts/new_warnings.html", number=number, address=asked.address())
        if not self._is_due():
            return
        token = self.console.token(self.viewer)
        answer = await self.console.neighbours.get("screening", "/v1/warnings/tally", token, region=asked.region)
        if answer.is_fine:
            yield self._told(
                "totals", "parts/warnings_told.html", drawn=self.drawn, **shown(asked, answer.body["items"])
            )

    def _told(self, event: str, template: str, **facts: object) -> ServerSentEvent:
        return ServerSentEvent(self.console.frame.part(self.viewer, template, **facts), event=event)


def _instant(text: str | None, otherwise: datetime) -> datetime:
    try:
        found = as_instant(text or "")
    except ValueError:
        return otherwise
    return found if found.tzinfo else otherwise
