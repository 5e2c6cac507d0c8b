"""One hop's group stopped for a week of the demo's clock: nothing is lost, its alarm fires, nothing else slows."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from services.workflow.app import build
from shared.service import serving
from tests.chaos.alarms import LADDER
from tests.services.workflow.house import household
from tests.services.workflow.outside import Outside
from tests.tokens import bearer, settings_of
from tests.until import until

WEEK = timedelta(days=8)
STOPPED = "village_committee"
HOUSES = [household(number) for number in (301, 302, 303)]
"""The first two are sent to the stopped hop before the week, the last one after it."""


async def test_a_hop_stopped_for_a_week_loses_nothing_and_takes_up_its_work(
    database: str, topics: str, keys: Path
) -> None:
    admin = await asyncpg.connect(database)
    county, auditor = bearer(keys, "county", officer_id="co-1"), bearer(keys, "auditor", officer_id="au-1")
    township = bearer(keys, "township", officer_id="to-1")

    def service(hops: tuple[str, ...], is_whole: bool = False) -> Any:
        name = f"workflow-{'-'.join(hops) or 'none'}"
        settings = settings_of("workflow", topics, database, keys, SHOUWANG_INSTANCE=name)
        return serving(partial(build, hops=hops, is_whole=is_whole), settings)

    async with (
        service((), is_whole=True) as api,
        service(("village_group",)),
        httpx.AsyncClient(base_url=api.url, timeout=20) as client,
    ):
        outside = Outside(api, client, keys, topics)
        for house in HOUSES[:2]:
            await handed_on(outside, house)
        counts = await outside.get("/v1/queues", county)
        assert (counts["total"], counts["on_its_way"]) == (2, 2)
        assert {row["hop"] for row in counts["hops"]} == {STOPPED}
        due = await admin.fetch("SELECT due_at FROM workflow.places WHERE hop = $1 AND state = 'on_its_way'", STOPPED)
        assert len(due) == 2 and all(row["due_at"] for row in due), "on their way, and dated"

        await admin.execute("UPDATE civil.clock SET is_demo = true")
        await admin.execute("SELECT civil.advance($1)", WEEK)
        await until(partial(is_alarmed, admin, 2), 30, "the whole ladder of what waits for the stopped hop")
        counts = await outside.get("/v1/queues", county)
        assert (counts["total"], counts["overdue"], counts["on_its_way"]) == (2, 2, 0), "counted once, as overdue"
        assert {row["lateness"] for row in counts["hops"]} == {"supervised"}
        assert (await outside.get("/v1/deadlines/unfired", auditor))["items"] == []
        asked = (await outside.get("/v1/supervisions", township, state="open"))["items"]
        assert {one["household_id"] for one in asked} == {str(house) for house in HOUSES[:2]}

        await handed_on(outside, HOUSES[2])
        assert (await outside.get("/v1/tasks", county, hop=STOPPED))["items"] == [], "nobody carries it still"

        async with service((STOPPED,)):
            for house in HOUSES:
                task = await outside.task(house, STOPPED, county)
                assert task["lateness"] == ("normal" if house == HOUSES[2] else "supervised"), "nothing is forgiven"
                await outside.decide(task, outside.cadre)
    lost = await admin.fetchval(
        "SELECT count(*) FROM workflow.cases c WHERE state = 'open' AND NOT EXISTS "
        "(SELECT FROM workflow.places p WHERE p.case_id = c.case_id AND p.is_main AND p.state <> 'ended')"
    )
    assert lost == 0 and await admin.fetchval("SELECT count(*) FROM workflow.waiting") == 0
    await admin.close()


async def handed_on(outside: Outside, house: UUID) -> None:
    """A warning goes through the group, whose hop runs."""
    await outside.warn(house, "red")
    await outside.decide(await outside.task(house, "village_group", outside.worker), outside.worker)


async def is_alarmed(admin: asyncpg.Connection, count: int) -> bool:
    rows = await admin.fetch("SELECT fired FROM workflow.deadlines WHERE hop = $1 AND state = 'done'", STOPPED)
    return len(rows) == count and all(tuple(row["fired"]) == LADDER for row in rows)
