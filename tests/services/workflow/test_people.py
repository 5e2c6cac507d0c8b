"""A grid's people changed at once, leave entered and ended, and who is responsible on a day: on real PostgreSQL."""

import copy
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
import pytest_asyncio

from services.workflow.deciding import Claiming
from services.workflow.grid import PUT_GRID, Change, Grids, Holders
from services.workflow.leave import END, ENTER, End, Ending, Enter, Entering, LeaveGiven
from services.workflow.office import Officers, Post, posts_of, stands_in_for
from shared.access.tokens import Caller
from shared.crypto import Cipher, read_keys
from shared.messaging.faults import Refused
from shared.messaging.unit_of_work import UnitOfWork
from shared.postgres import session
from tests.services.workflow.house import CADRE, REGISTER, STEWARD, Desk, household, opened_desk
from tests.tokens import GRID, VILLAGE

OTHER = f"{VILLAGE}-04"
TOWNSHIP = Caller("tw-1", "township", "341221102")
PEOPLE: dict[str, Any] = copy.deepcopy(REGISTER)
PEOPLE["offices"].append(
    {"office_id": OTHER, "kind": "village_group", "region": VILLAGE, "name": {"zh": "第 4 组", "en": "group 4"}}
)
PEOPLE["grids"].append({"grid": OTHER, "region": VILLAGE, "office_id": OTHER})
PEOPLE["officers"].append(
    PEOPLE["officers"][0] | {"officer_id": "gw-4", "grid": OTHER, "office_id": OTHER, "post": "worker"}
)


@pytest_asyncio.fixture
async def desk(database: str, keys: Path) -> AsyncIterator[Desk]:
    built = await opened_desk(database, keys)
    rooms = (Officers(), Grids(), Entering(), Ending(), Claiming())
    built.calls = UnitOfWork("workflow", "workflow.calls", rooms, built.api, Cipher(read_keys(keys).waiting))
    for table in ("assignments", "leaves", "officers", "grids", "offices", "replaced", "outbox"):
        await (await _owner(database)).execute(f"DELETE FROM workflow.{table}")
    await built.upload(PEOPLE)
    await told(built)
    yield built
    await built.close()


async def _owner(dsn: str) -> asyncpg.Connection:
    return await asyncpg.connect(dsn)


async def told(desk: Desk) -> list[tuple[str, str, str, str | None]]:
    """(what, office, officer, in whose place) of every fact since the last look."""
    rows = await desk.worker.fetch("DELETE FROM outbox WHERE topic = 'officer.assigned' RETURNING id, type, value")
    found = []
    for row in sorted(rows, key=lambda row: row["id"]):
        data = orjson.loads(row["value"])["data"]
        assert "sick" not in str(data), "a reason is nobody else's business"
        found.append((row["type"].split(".")[2], data["office_id"], data["officer_id"], data["stands_in_for"]))
    return found


async def put(desk: Desk, grid: str = GRID, caller: Caller = TOWNSHIP, **given: Any) -> Any:
    return await desk._call(PUT_GRID, Change(caller, grid, Holders.model_validate(given)), caller, None)


async def enter(desk: Desk, officer: str, since: date, until: date, deputy: str | None = None) -> Any:
    given = LeaveGiven(officer_id=officer, since=since, until=until, deputy_id=deputy, reason_code="sick")
    return await desk._call(ENTER, Enter(TOWNSHIP, "tw-1", given), TOWNSHIP, None)


async def end(desk: Desk, leave: Any) -> Any:

    return await desk._call(END, End(TOWNSHIP, "tw-1", UUID(leave["leave_id"])), TOWNSHIP, None)


async def today(desk: Desk) -> date:
    return await desk.worker.fetchval("SELECT (civil.now() AT TIME ZONE 'Asia/Shanghai')::date")  # type: ignore[no-any-return]


async def here(desk: Desk, day: date | None = None, office: str = GRID) -> set[tuple[str, str, str | None]]:
    async with session(desk.worker) as connection:
        found: list[Post] = await posts_of(connection, [office], day)
    return {(one.officer_id, one.post, one.stands_in_for) for one in found}


async def test_a_new_worker_is_there_at_once_and_the_past_is_kept(desk: Desk) -> None:
    answer = await put(desk, worker="vc-2")
    assert (answer["worker"], answer["deputy"], answer["changed"]) == ("vc-2", "gw-2", 2)
    assert await told(desk) == [("relieved", GRID, "gw-1", None), ("assigned", GRID, "vc-2", None)]
    assert await here(desk) == {("vc-2", "worker", None), ("gw-2", "deputy", None)}
    assert await here(desk, date(2026, 2, 1)) == {("gw-1", "worker", None), ("gw-2", "deputy", None)}
    assert ("vc-2", "member", None) in await here(desk, office=VILLAGE), "a cadre keeps the office"
    assert (await put(desk, worker="vc-2"))["changed"] == 0
    row = await desk.worker.fetchrow("SELECT what, row FROM replaced ORDER BY number DESC LIMIT 1")
    assert row is not None and row["what"] == "assignments" and orjson.loads(row["row"])["until"] is None


async def test_a_worker_of_the_next_grid_moves_here_with_his_rows(desk: Desk) -> None:
    await put(desk, worker="gw-4", deputy=None)
    assert await here(desk) == {("gw-4", "worker", None)} and await here(desk, office=OTHER) == set()
    assert await desk.worker.fetchval("SELECT grid FROM officers WHERE officer_id = 'gw-4'") == GRID


async def test_worker_and_deputy_swap_and_swap_back_on_one_day(desk: Desk) -> None:
    await put(desk, worker="gw-2", deputy="gw-1")
    assert await here(desk) == {("gw-2", "worker", None), ("gw-1", "deputy", None)}
    await put(desk, worker="gw-1", deputy="gw-2")
    assert await here(desk) == {("gw-1", "worker", None), ("gw-2", "deputy", None)}


async def test_a_deputy_who_becomes_the_worker_leaves_the_deputys_post_empty(desk: Desk) -> None:
    answer = await put(desk, worker="gw-2")
    assert (answer["worker"], answer["deputy"]) == ("gw-2", None)


async def test_a_merged_grids_people_go_along_to_its_new_office(desk: Desk) -> None:
    await put(desk, office=VILLAGE)
    row = await desk.worker.fetchrow("SELECT office_id FROM grids WHERE grid = $1", GRID)
    assert row is not None and row["office_id"] == VILLAGE
    assert {("gw-1", "worker", None), ("gw-2", "deputy", None)} <= await here(desk)
    assert {("gw-1", "worker", None), ("vc-1", "leader", None)} <= await here(desk, office=VILLAGE)


async def test_a_new_grid_is_opened_with_its_office(desk: Desk) -> None:
    with pytest.raises(Refused) as refused:
        await put(desk, f"{VILLAGE}-09", worker="vc-2")
    assert refused.value.problem.status == 404
    answer = await put(desk, f"{VILLAGE}-09", office=VILLAGE, worker="vc-2")
    assert answer["worker"] == "vc-2"


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"worker": "gw-1", "deputy": "gw-1"}, "deputy", "same_person"),
        ({"worker": "nobody"}, "worker", "no_such_officer"),
        ({"office": "341221102299"}, "office", "no_such_office"),
    ],
)
async def test_what_cannot_be_is_named_and_nothing_changes(
    desk: Desk, given: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        await put(desk, **given)
    assert [(one["field"], one["code"]) for one in refused.value.problem.errors] == [(field, code)]
    assert await told(desk) == []


async def test_another_township_finds_no_such_grid(desk: Desk) -> None:
    with pytest.raises(Refused) as refused:
        await put(desk, caller=Caller("tw-2", "township", "341221103"), worker="gw-2")
    assert refused.value.problem.status == 404


async def test_the_database_holds_one_worker_a_grid(desk: Desk) -> None:
    with pytest.raises(asyncpg.ExclusionViolationError):
        await desk.worker.execute("UPDATE assignments SET post = 'worker' WHERE office_id = $1", GRID)


async def test_a_worker_on_leave_is_stood_in_for_until_the_first_day_back(desk: Desk) -> None:
    now = await today(desk)
    since, until = now, now + timedelta(days=3)
    leave = await enter(desk, "gw-1", since, until)
    assert leave["stand_ins"] == [{"office_id": GRID, "officer_id": "gw-2"}]
    assert await told(desk) == [("deputised", GRID, "gw-2", "gw-1")]
    assert await here(desk) == {("gw-2", "deputy", None), ("gw-2", "worker", "gw-1")}
    assert await here(desk, until) == {("gw-1", "worker", None), ("gw-2", "deputy", None)}
    async with session(desk.worker) as connection:
        assert stands_in_for(await posts_of(connection, [GRID]), "gw-2", now) == {"gw-1"}
    assert await enter(desk, "gw-1", since, until) | {"emitted": []} == leave | {"emitted": []}
    with pytest.raises(Refused) as refused:
        await enter(desk, "gw-1", since + timedelta(days=1), until + timedelta(days=1))
    assert refused.value.problem.code == "overlaps"
    assert (await end(desk, leave))["ended_on"] == now.isoformat()
    assert await told(desk) == [("relieved", GRID, "gw-2", "gw-1")]
    assert await here(desk) == {("gw-1", "worker", None), ("gw-2", "deputy", None)}
    assert (await end(desk, leave))["ended_on"] == now.isoformat() and await told(desk) == []


async def test_who_stands_in_takes_over_what_the_one_on_leave_has_in_hand_and_nobody_else_does(desk: Desk) -> None:
    now = await today(desk)
    deputy, worker = Caller("gw-2", "grid_worker", VILLAGE, GRID), Caller("gw-1", "grid_worker", VILLAGE, GRID)
    task = await desk.opened(household(1))
    assert (await desk.claim(task, worker))["claimed_by"] == "gw-1"
    with pytest.raises(Refused) as refused:
        await desk.claim(task, deputy)
    assert refused.value.problem.code == "already_claimed", "the deputy alone, while the worker is there"
    leave = await enter(desk, "gw-1", now, now + timedelta(days=3))
    with pytest.raises(Refused) as refused:
        await desk.claim(task, CADRE)
    assert refused.value.problem.code == "already_claimed", "who does not stand in for him"
    assert (await desk.claim(task, deputy))["claimed_by"] == "gw-2"
    assert await desk.worker.fetchval("SELECT version FROM tasks WHERE task_id = $1", task["task_id"]) == 1
    await end(desk, leave)
    with pytest.raises(Refused) as refused:
        await desk.claim(task, worker)
    assert refused.value.problem.code == "already_claimed", "who comes back asks for it"


async def test_the_named_deputy_comes_before_the_grids_own_and_may_be_away_too(desk: Desk) -> None:
    now = await today(desk)
    until = now + timedelta(days=3)
    await enter(desk, "gw-1", now, until, "vc-2")
    assert await here(desk) == {("gw-2", "deputy", None), ("vc-2", "worker", "gw-1")}
    await told(desk)
    await enter(desk, "vc-2", now, until)
    assert await here(desk) == {("gw-2", "deputy", None), ("gw-2", "worker", "gw-1")}
    assert await told(desk) == [("relieved", GRID, "vc-2", "gw-1"), ("deputised", GRID, "gw-2", "gw-1")]
    await enter(desk, "gw-2", now, until)
    assert await here(desk) == set()
    assert await told(desk) == [("relieved", GRID, "gw-2", "gw-1")]


async def test_a_leave_to_come_changes_nothing_today_and_can_be_called_off(desk: Desk) -> None:
    now = await today(desk)
    since = now + timedelta(days=5)
    leave = await enter(desk, "gw-1", since, since + timedelta(days=5))
    assert await here(desk) == {("gw-1", "worker", None), ("gw-2", "deputy", None)}
    assert await here(desk, since) == {("gw-2", "deputy", None), ("gw-2", "worker", "gw-1")}
    assert (await end(desk, leave))["ended_on"] == since.isoformat()
    assert await here(desk, since) == {("gw-1", "worker", None), ("gw-2", "deputy", None)}


@pytest.mark.parametrize(
    ("deputy", "days", "field", "code"),
    [
        ("gw-4", 3, "deputy_id", "outside_the_area"),
        ("gw-1", 3, "deputy_id", "same_person"),
        ("nobody", 3, "deputy_id", "no_such_officer"),
        (None, 0, "until", "before_since"),
        (None, 400, "until", "too_long"),
    ],
)
async def test_a_leave_that_cannot_be_is_refused_by_field(
    desk: Desk, deputy: str | None, days: int, field: str, code: str
) -> None:
    now = await today(desk)
    with pytest.raises(Refused) as refused:
        await enter(desk, "gw-1", now, now + timedelta(days=days), deputy)
    assert [(one["field"], one["code"]) for one in refused.value.problem.errors] == [(field, code)]


async def test_an_upload_of_the_old_register_brings_nobody_back(desk: Desk) -> None:
    await put(desk, worker="vc-2")
    await told(desk)
    assert (await desk.upload(PEOPLE, STEWARD))["changed"] == 0
    assert ("vc-2", "worker", None) in await here(desk)
