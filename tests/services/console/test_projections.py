"""The console's read tables on real PostgreSQL: repeated, late, out of order, moved; seen in one's own place alone."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest_asyncio

from services.console.projections import SUBSCRIBERS, household, officer, timeline
from shared import postgres
from shared.access.tokens import Caller
from shared.contracts.envelope import event_id
from shared.contracts.officer import Assignment
from shared.contracts.topics import TOPICS
from shared.crypto import Cipher, read_keys
from shared.messaging.room import Emit, Input
from shared.messaging.unit_of_work import UnitOfWork
from shared.web.callers import scoped
from tests.services.console.scene import household as a_household
from tests.services.console.scene import household_id, settlement
from tests.services.workflow.house import as_input
from tests.tokens import GRID, VILLAGE

OTHER, OTHER_GRID = "341221102202", "341221102202-01"
COUNTY = Caller("c", "county", "341221")


@dataclass
class Tables:
    work: UnitOfWork
    worker: asyncpg.Pool
    api: asyncpg.Pool
    offset: int = 0
    given: dict[str, Input] = field(default_factory=dict)

    def fact(self, topic: str, word: str, key: str, sequence: int, data: Any, **place: str) -> Input:
        self.offset += 1
        type_ = f"shouwang.{topic.split('.')[0]}.{word}.v1"
        where: dict[str, Any] = {"region": VILLAGE, "grid": GRID} | place
        emit = Emit(topic, type_, key, event_id("t", type_, key, sequence), data=data, **where)
        return as_input(emit, sequence, self.offset)

    def home(self, number: int, sequence: int = 1, word: str = "registered", **how: Any) -> Input:
        data = a_household(number, **how)
        return self.fact(
            "household.registered", word, str(data.household_id), sequence, data, region=data.region, grid=data.grid
        )

    def record(self, number: int, sequence: int = 1) -> Input:
        return self.fact("data.changed", "changed", str(household_id(number)), sequence, settlement(number))

    async def process(self, *inputs: Input) -> dict[str, int]:
        return dict((await self.work.process(list(inputs))).outcomes)

    async def steps(self, number: int, caller: Caller = COUNTY) -> list[str]:
        async with scoped(self.api, caller) as connection:
            rows = await connection.fetch(timeline.SQL.of_household, household_id(number), *_beginning(), 100)
        return [row["type"].split(".")[2] for row in rows]


def _beginning() -> tuple[Any, str, int]:
    from services.console.api.timeline import BEGINNING

    return BEGINNING


@pytest_asyncio.fixture(scope="module")
async def tables(database: str, keys: Path) -> AsyncIterator[Tables]:
    secrets = read_keys(keys)
    worker = await postgres.worker_pool(database, "console", secrets.database)
    api = await postgres.api_pool(database, "console", secrets.database)
    yield Tables(UnitOfWork("console", "console", SUBSCRIBERS, worker, Cipher(secrets.waiting)), worker, api)
    await worker.close()
    await api.close()


def test_the_console_hears_every_topic_that_names_it() -> None:
    assert {one.topic for one in SUBSCRIBERS} == {topic.name for topic in TOPICS if "console" in topic.consumers}


async def test_a_repeated_event_is_one_step(tables: Tables) -> None:
    first = tables.home(1)
    assert await tables.process(first) == {"accepted": 1}
    assert await tables.process(first, tables.record(1)) == {"duplicate": 1, "accepted": 1}
    assert sorted(await tables.steps(1)) == ["changed", "registered"]


async def test_what_is_ahead_waits_and_the_newest_state_stays(tables: Tables) -> None:
    assert await tables.process(tables.home(2, 2, "changed", size=5)) == {"waiting": 1}
    assert await tables.steps(2) == []
    await tables.process(tables.home(2, 1, size=4))
    assert sorted(await tables.steps(2)) == ["changed", "registered"]
    async with scoped(tables.api, COUNTY) as connection:
        row = await connection.fetchrow(household.SQL.one, household_id(2))
    assert row is not None and row["size"] == 5


async def test_a_step_may_come_before_its_household_and_stands_where_the_event_says(tables: Tables) -> None:
    await tables.process(tables.record(3))
    assert await tables.steps(3, Caller("w", "grid_worker", VILLAGE, GRID)) == ["changed"]


async def test_a_household_that_moves_takes_its_past_along(tables: Tables) -> None:
    await tables.process(tables.home(4), tables.record(4))
    await tables.process(tables.home(4, 2, "changed", region=OTHER, grid=OTHER_GRID))
    await tables.process(tables.record(4, 2))
    before, now = Caller("w", "grid_worker", VILLAGE, GRID), Caller("w", "grid_worker", OTHER, OTHER_GRID)
    assert await tables.steps(4, before) == []
    assert len(await tables.steps(4, now)) == 4, "the late record too, although its event names the old place"


async def test_row_level_security_alone_shows_ones_own_place(tables: Tables) -> None:
    await tables.process(tables.home(5), tables.home(6, region=OTHER, grid=OTHER_GRID))
    for caller, seen in (
        (COUNTY, {5, 6}),
        (Caller("v", "village", VILLAGE), {5}),
        (Caller("w", "grid_worker", VILLAGE, GRID), {5}),
        (Caller("w", "grid_worker", VILLAGE, f"{VILLAGE}-09"), set()),
        (Caller("c", "county", "340822"), set()),
    ):
        assert {number for number in (5, 6) if await tables.steps(number, caller)} == seen
    rows = await tables.api.fetch("SELECT count(*) AS n FROM timeline")
    assert rows[0]["n"] == 0, "unset means none"


async def test_no_table_with_a_region_is_unprotected(tables: Tables) -> None:
    unprotected = "SELECT relname FROM pg_class WHERE relname = ANY ($1) AND NOT relforcerowsecurity"
    rows = await tables.worker.fetch(unprotected, ["timeline", "households", "officers"])
    assert rows == []


async def test_an_officers_newest_post_counts_and_who_has_left_is_not_in_post(tables: Tables) -> None:
    def post(sequence: int, word: str = "assigned", **more: Any) -> Input:
        facts: dict[str, Any] = {
            "office_id": GRID, "office_kind": "village_group", "office_zh": "第 3 组", "office_en": "group 3",
            "officer_id": "gw-1", "display_name": "王**", "role": "grid_worker", "post": "worker", "region": VILLAGE,
            "grid": GRID, "since": "2026-01-01",
        }  # fmt: skip
        return tables.fact("officer.assigned", word, f"office:{GRID}", sequence, Assignment(**(facts | more)))

    await tables.process(post(1), post(2, display_name="王*"))
    async with scoped(tables.api, COUNTY) as connection:
        [row] = await connection.fetch(officer.SQL.in_post)
    assert row["display_name"] == "王*"
    await tables.process(post(3, "relieved", until="2026-02-01"))
    async with scoped(tables.api, COUNTY) as connection:
        assert await connection.fetch(officer.SQL.in_post) == []
        assert len(await connection.fetch(officer.SQL.named, ["gw-1"])) == 1, "a past step still has its name"


async def test_an_officer_is_named_by_the_office_of_today_else_by_the_last_one(tables: Tables) -> None:
    async with scoped(tables.api, COUNTY) as connection:
        today = await connection.fetchval("SELECT (civil.now() AT TIME ZONE 'Asia/Shanghai')::date")
    numbers: dict[str, int] = {}

    async def post(officer_id: str, village: str, since: int, until: int | None) -> str:
        """Days from today. Returns by which office the officer is named."""
        number = numbers[village] = numbers.get(village, 0) + 1
        data = Assignment(
            office_id=village, office_kind="village_committee", office_zh=village[-3:], office_en=village[-3:],
            officer_id=officer_id, display_name="吴**", role="village", post="member", region=village,
            since=today + timedelta(days=since), until=None if until is None else today + timedelta(days=until),
        )  # fmt: skip
        told = tables.fact("officer.assigned", "assigned", f"office:{village}", number, data, region=village)
        await tables.process(told)
        async with scoped(tables.api, COUNTY) as connection:
            [row] = await connection.fetch(officer.SQL.named, [officer_id])
        return str(row["office_zh"])

    old, new, third = "341221102211", "341221102212", "341221102213"
    assert await post("moved", old, -300, -30) == "211", "an ended post still names whoever acted"
    assert await post("moved", new, -30, None) == "212"
    assert await post("back", new, -300, -30) == "212"
    assert await post("back", old, -30, None) == "211", "whichever code is the lower one"
    assert await post("both", old, -300, None) == "211"
    assert await post("both", new, -30, -9) == "211", "a later post that has ended gives way to one that has not"
    assert await post("gone", old, -300, -30) == "211"
    assert await post("gone", new, -30, -9) == "212", "of two that have ended the newer one"
    assert await post("gone", third, 9, None) == "212", "nobody has acted yet in a post of next week"


async def test_a_post_is_held_from_its_first_day_to_the_day_before_it_is_anothers(tables: Tables) -> None:
    async with scoped(tables.api, COUNTY) as connection:
        today = await connection.fetchval("SELECT (civil.now() AT TIME ZONE 'Asia/Shanghai')::date")

    async def is_in_post(number: int, since: timedelta, until: timedelta | None) -> bool:
        post = Assignment(
            office_id=VILLAGE, office_kind="village_committee", office_zh="村委会", office_en="committee",
            officer_id=f"vc-{number}", display_name="赵**", role="village", post="member", region=VILLAGE,
            since=today + since, until=None if until is None else today + until,
        )  # fmt: skip
        await tables.process(tables.fact("officer.assigned", "assigned", f"office:{VILLAGE}", number, post))
        async with scoped(tables.api, COUNTY) as connection:
            return f"vc-{number}" in [row["officer_id"] for row in await connection.fetch(officer.SQL.in_post)]

    day = timedelta(days=1)
    assert await is_in_post(1, 0 * day, None), "the first day counts"
    assert not await is_in_post(2, day, None), "tomorrow's is not yet in post"
    assert await is_in_post(3, -9 * day, day), "the last day counts"
    assert not await is_in_post(4, -9 * day, 0 * day), "`until` is the first day on which it is another's"


async def test_one_bad_event_waits_and_its_neighbours_pass(tables: Tables) -> None:
    good = [tables.home(number) for number in range(20, 40)]
    bad = tables.home(40)
    broken = as_broken(bad)
    outcomes = await tables.process(*good[:10], broken, *good[10:])
    assert outcomes == {"accepted": 20, "waiting": 1}
    assert UUID(broken.key) == household_id(40)


def as_broken(one: Input) -> Input:
    from msgspec.structs import replace

    return replace(one, body=None, cause="contract: data.size: int_parsing")
