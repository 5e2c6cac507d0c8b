"""Open pages: who hears what, what counts as new, and an end that holds nobody up."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.console.live import EAR_MAX, Arrivals, Ear, Heard, Live, heard
from shared.access.tokens import Caller
from shared.contracts.stage import Stage
from shared.messaging.outbox import serialise
from shared.messaging.room import Emit
from tests.tokens import GRID, VILLAGE

NOW = datetime(2026, 11, 25, 1, tzinfo=UTC)
VILLAGER = Caller("vc-1", "village", VILLAGE)


def event(word: str = "arrived", *, region: str = VILLAGE, grid: str | None = GRID, **about: Any) -> bytes:
    facts = {"case_id": uuid4(), "household_id": uuid4(), "policy": "p", "level": "red", "hop": "village_group"} | about
    data = Stage(clock_started_at=NOW, task_id=facts.pop("task_id", uuid4()), **facts)
    emit = Emit("stage.advanced", f"shouwang.stage.{word}.v1", "k", uuid4(), region, data, grid=grid)
    return serialise(emit, "/workflow", 1, NOW)


def told(word: str = "arrived", **how: Any) -> Heard:
    one = heard("stage.advanced", event(word, **how))
    assert one is not None
    return one


@pytest.mark.parametrize(
    ("caller", "hears"),
    [
        (VILLAGER, True),
        (Caller("c", "county", "341221"), True),
        (Caller("g", "grid_worker", VILLAGE, GRID), True),
        (Caller("g", "grid_worker", VILLAGE, f"{VILLAGE}-04"), False),
        (Caller("v", "village", "341221102202"), False),
        (Caller("c", "county", "340822"), False),
    ],
)
def test_a_page_hears_its_viewers_place_and_grid_alone(caller: Caller, hears: bool) -> None:
    assert told().is_for(caller) is hears


def test_an_event_without_a_grid_is_for_no_grid_worker() -> None:
    assert not told(grid=None).is_for(Caller("g", "grid_worker", VILLAGE, GRID))
    assert told(grid=None).is_for(VILLAGER)


@pytest.mark.parametrize("value", [b"", b"\xff", b"{}", b'{"type":"x"}', b"[1]", b'{"type":1,"time":2}'])
def test_what_cannot_be_read_is_left_to_the_group(value: bytes) -> None:
    assert heard("stage.advanced", value) is None


def test_a_new_task_counts_once_and_no_longer_when_it_has_gone_on() -> None:
    arrivals, case = Arrivals({}, frozenset()), uuid4()
    its: dict[str, Any] = {"case_id": case, "task_id": uuid4()}
    for one in (told(**its), told(**its), told()):
        arrivals.note(one)
    assert len(arrivals.tasks) == 2
    arrivals.note(told("noted", **its))
    assert len(arrivals.tasks) == 2
    arrivals.note(told("advanced", **its, hop="village_committee"))
    assert len(arrivals.tasks) == 1


def test_a_department_that_has_answered_takes_no_other_departments_new_task_with_it() -> None:
    arrivals, case, first = Arrivals({}, frozenset()), uuid4(), uuid4()
    at: dict[str, Any] = {"case_id": case, "hop": "department"}
    arrivals.note(told(**at, branch="medical_insurance", task_id=first))
    arrivals.note(told(**at, branch="housing"))
    arrivals.note(told("advanced", **at | {"hop": "township_return"}, task_id=first))
    assert [key[3] for key in arrivals.tasks] == ["housing"]
    arrivals.note(told("closed", **at))
    assert not arrivals.tasks


def test_a_department_is_told_of_new_tasks_of_its_own_branches_alone() -> None:
    arrivals, case = Arrivals({}, frozenset(), "housing"), uuid4()
    arrivals.note(told())
    for branch in ("medical_insurance", "housing"):
        arrivals.note(told(case_id=case, hop="department", branch=branch))
    assert [key[1:] for key in arrivals.tasks] == [("department", 1, "housing")]


@pytest.mark.parametrize(
    ("filters", "number"),
    [
        ({}, 1),
        ({"hop": "village_group", "level": "red"}, 1),
        ({"hop": "village_committee"}, 0),
        ({"level": "yellow"}, 0),
        ({"office": "elsewhere"}, 0),
        ({"mine": "1"}, 0),
        ({"lateness": "overdue"}, 0),
    ],
)
def test_only_what_fits_the_pages_filters_is_announced(filters: dict[str, str], number: int) -> None:
    arrivals = Arrivals(filters, frozenset())
    arrivals.note(told())
    assert len(arrivals.tasks) == number


def test_a_page_that_says_it_was_drawn_before_all_time_catches_up() -> None:
    live = Live("nowhere", "test")
    with live.listening(VILLAGER) as ear:
        live.handle("stage.advanced", event())
        assert len(live.since(datetime.min.replace(tzinfo=UTC), ear)) == 1


def test_what_the_page_shows_already_is_not_new() -> None:
    task = UUID("12345678-0000-4000-8000-000000000000")
    arrivals = Arrivals({}, frozenset({"12345678"}))
    arrivals.note(told(task_id=task))
    assert not arrivals.tasks


async def test_an_ear_gathers_what_comes_together_and_forgets_rather_than_grows() -> None:
    live = Live("nowhere", "test")
    with live.listening(VILLAGER) as ear:
        for _ in range(3):
            live.handle("stage.advanced", event())
        live.handle("stage.advanced", event(region="341221102202", grid=None))
        assert len(await ear.next(0) or []) == 3
        for _ in range(EAR_MAX + 50):
            live.handle("stage.advanced", event())
        assert len(await ear.next(0) or []) == EAR_MAX
    live.handle("stage.advanced", event())
    assert live._ears == set()


async def test_the_first_after_a_quiet_moment_is_told_at_once_and_what_follows_it_together() -> None:
    live = Live("nowhere", "test")
    with live.listening(VILLAGER) as ear:
        live.handle("stage.advanced", event())
        async with asyncio.timeout(5):
            assert len(await ear.next(600) or []) == 1
        live.handle("stage.advanced", event())
        following = asyncio.create_task(ear.next(0.2))
        await asyncio.sleep(0)
        live.handle("stage.advanced", event())
        assert len(await following or []) == 2


def test_what_came_between_drawing_and_listening_is_caught_up() -> None:
    live = Live("nowhere", "test")
    live.handle("stage.advanced", event())
    assert len(live.since(NOW - timedelta(seconds=1), Ear(VILLAGER))) == 1
    assert live.since(NOW + timedelta(seconds=60), Ear(VILLAGER)) == []
    assert live.since(NOW, Ear(Caller("c", "county", "340822"))) == []


def test_a_page_hears_the_topics_that_move_it_alone() -> None:
    live = Live("nowhere", "test")
    with live.listening(VILLAGER, ("notice.sent",)) as ear:
        live.handle("stage.advanced", event())
        assert ear._queue.empty() and live.since(NOW - timedelta(seconds=1), ear) == []


async def test_when_the_process_goes_every_open_page_is_let_go(kafka: str) -> None:
    live = Live(kafka, "test-live")
    with live.listening(VILLAGER) as ear:
        running = asyncio.create_task(live.run())
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await ear.next(0) is None
    with live.listening(VILLAGER) as late:
        assert await late.next(0) is None


def test_a_notice_is_its_receivers_own() -> None:
    about = told().about
    mine = Heard("notice.sent", "sent", NOW, VILLAGE, GRID, type(about)(household_id="h", officer_id="vc-1"))
    assert mine.is_for(VILLAGER) and not mine.is_for(Caller("vc-2", "village", VILLAGE))
