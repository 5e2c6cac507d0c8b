"""What an open page is told, and when: what is new at once, the totals counted anew at most so often."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from services.console.live import Live
from services.console.neighbours import Answer
from services.console.pages import events
from services.console.pages.events import Page
from services.console.wording import Words
from shared.access.tokens import Caller
from shared.policy import load
from tests.services.console.test_live import NOW, event
from tests.tokens import VILLAGE

COUNTED = Answer(200, {"on_its_way": 0, "open": 1, "due_today": 0, "overdue": 0, "tracking": 0, "total": 1, "hops": []})


class House:
    """Stands for the console around one page; `asked` are the calls for its totals."""

    def __init__(self) -> None:
        self.live, self.asked, self.is_signed_in = Live("nowhere", "test"), list[str](), True
        self.sessions = self.neighbours = self.frame = self

    async def find(self, _: object) -> bool:
        return self.is_signed_in

    async def get(self, service: str, path: str, *_: object, **__: object) -> Answer:
        self.asked.append(f"{service} {path}")
        return COUNTED

    def token(self, _: object) -> str:
        return ""

    def words(self, language: str) -> Words:
        return Words(language, load("regular-2026"))

    def part(self, _: object, template: str, **facts: object) -> str:
        return f"{template} {facts.get('number', '')}".strip()


async def told(house: House) -> AsyncIterator[str]:
    viewer: Any = SimpleNamespace(caller=Caller("v", "village", VILLAGE), language="en")
    around: Any = house
    request: Any = SimpleNamespace(query_params={})
    async for one in Page(around, request, viewer, "queues", {}, NOW, frozenset(), ()).events():
        yield f"{one.event}: {one.data}"


async def opened(house: House) -> AsyncIterator[str]:
    """A page that has been told of one new task, with the totals."""
    page = told(house)
    house.live.handle("stage.advanced", event())
    assert await anext(page) == "arrivals: parts/arrivals.html 1"
    assert await anext(page) == "totals: parts/totals_told.html"
    return page


async def after_a_change(house: House, page: AsyncIterator[str]) -> str:
    """What the page is told next, where it was waiting as one more came."""
    coming = asyncio.ensure_future(anext(page))
    await asyncio.sleep(0)
    house.live.handle("stage.advanced", event())
    return await coming


async def test_what_is_new_is_told_at_once_and_the_totals_are_counted_but_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "TOTALS_SECONDS", 600.0)
    house = House()
    async with asyncio.timeout(20):
        page = await opened(house)
        for number in (2, 3):
            assert await after_a_change(house, page) == f"arrivals: parts/arrivals.html {number}"
    assert house.asked == ["workflow /v1/queues"]


async def test_the_last_change_of_many_is_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "TOTALS_SECONDS", 0.3)
    house = House()
    async with asyncio.timeout(20):
        page = await opened(house)
        assert await after_a_change(house, page) == "arrivals: parts/arrivals.html 2"
        assert await anext(page) == "totals: parts/totals_told.html", "though nothing more came"
    assert len(house.asked) == 2


async def test_a_page_whose_session_has_ended_is_told_nothing_more() -> None:
    house = House()
    async with asyncio.timeout(20):
        page = await opened(house)
        house.is_signed_in = False
        with pytest.raises(StopAsyncIteration):
            await after_a_change(house, page)
    assert len(house.asked) == 1
