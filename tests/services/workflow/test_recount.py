"""A limit that reaches into a year whose holidays are not announced: provisional, and counted again once they are."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import pytest_asyncio

from services.workflow import desk as desk_room
from services.workflow import recount
from shared.crypto import Cipher, read_keys
from shared.domain import calendar
from shared.domain.calendar import start_of
from shared.messaging.faults import Retry
from shared.messaging.unit_of_work import UnitOfWork
from shared.postgres import session
from shared.service import Service
from tests.services.workflow.house import REGISTER, Desk, household, report

EVE = datetime(2026, 12, 30, 2, 0, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module")
async def desk(desk: Desk) -> Desk:
    await desk.upload(REGISTER)
    now = await desk.worker.fetchval("SELECT civil.now()")
    await desk.advance(EVE - now)
    return desk


async def clock(desk: Desk, task: Any) -> dict[str, Any]:
    async with session(desk.worker) as connection:
        shown = await desk_room.whole(connection, task["task_id"], "gw-1", "exact")
    assert shown is not None
    found: dict[str, Any] = shown["clock"]
    return found


async def test_a_limit_into_a_year_not_announced_is_provisional_and_counted_again_once(
    desk: Desk, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, work = household(1), UnitOfWork(
        "workflow", "workflow.calls", [recount.Recounting()], desk.worker, Cipher(read_keys(keys).waiting)
    )  # fmt: skip
    look = await desk.opened(house, "yellow", started_at=EVE)
    assert not (await clock(desk, look))["provisional"], "seven calendar days are no matter of holidays"
    await desk.decide(look, "report", report(seen_on="2026-12-30"))
    await desk.deliver()
    task = await desk.task(house)
    assert (await clock(desk, task))["provisional"]
    assert task["due_at"] == start_of(date(2027, 1, 2)), "Thursday and, for all that is known, Friday"
    assert await recount.recount(work) == 0, "nothing reaches into a year that was just announced"

    announced = {**calendar._differing(), date(2027, 1, 1): False, date(2027, 1, 3): True}
    monkeypatch.setattr(calendar, "_differing", lambda: announced)
    monkeypatch.setattr(calendar, "ANNOUNCED", range(2004, 2028))
    monkeypatch.setattr(recount, "ANNOUNCED", range(2004, 2028))
    for _ in range(2):
        assert await recount.recount(work) == 1
    task = await desk.task(house)
    shown = await clock(desk, task)
    assert (task["due_at"], shown["provisional"]) == (start_of(date(2027, 1, 4)), False), "Sunday the 3rd is worked"
    deadline = await desk.worker.fetchrow("SELECT * FROM deadlines WHERE place_id = $1", task["place_id"])
    assert deadline is not None and deadline["due_at"] == task["due_at"]
    assert deadline["wake_at"] == task["due_at"] - timedelta(days=1)
    noted = [one for one in await desk.emitted(house, "stage.advanced") if one["data"]["action"] == "recounted"]
    assert [datetime.fromisoformat(one["data"]["due_at"]) for one in noted] == [task["due_at"]], "told once"


@pytest.mark.parametrize("stopped", [None, "unit of work: AssertionError"])
async def test_a_batch_that_is_to_come_again_is_alarmed_only_where_it_was_stopped(
    stopped: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarms = list[str]()

    async def away(_: UnitOfWork) -> int:
        raise Retry(stopped or "ConnectionDoesNotExistError")

    monkeypatch.setattr(recount, "recount", away)
    service = SimpleNamespace(alarm=alarms.append, calls=lambda *_, as_worker: SimpleNamespace(stopped=stopped))
    await recount.recounts(cast(Service, service))()
    assert alarms == (["calendar_stopped"] if stopped else [])
