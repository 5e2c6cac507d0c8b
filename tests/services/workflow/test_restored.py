"""Workflow's database was put back to before a case that the logs know: its hops' entries are read before the case is
there again. On real PostgreSQL; the logs are the outbox of the hour that is gone.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from services.workflow.subscribers.hop_entered import HopEntered
from shared.contracts.topics import TOPIC
from shared.messaging import waiting
from shared.messaging.batch import Report
from shared.messaging.restore import Told, take_in
from shared.messaging.room import Decision, Input, State
from tests import databases
from tests.services.workflow.house import CADRE, Desk, household, opened_desk, read, report, visit

Log = list[asyncpg.Record]


@pytest_asyncio.fixture(scope="module")
async def gone(postgres: str, template: str, keys: Path) -> AsyncIterator[Desk]:
    """The house as it was in the hour that is gone."""
    async with databases.fresh(postgres, databases.next_name(), template) as dsn:
        built = await opened_desk(dsn, keys)
        yield built
        await built.close()


async def _log(gone: Desk, house: UUID) -> Log:
    """A case that was opened and reported on, in the order in which it was told."""
    rows: dict[Any, asyncpg.Record] = {}

    async def look() -> None:
        for row in await gone.worker.fetch("SELECT * FROM outbox WHERE key = $1 ORDER BY id", str(house)):
            rows.setdefault(row["event_id"], row)

    await gone.warn(house)
    await look()
    await gone.deliver()
    await gone.decide(await gone.task(house), "report", report())
    await look()
    await gone.deliver()
    await look()
    return sorted(rows.values(), key=lambda row: row["id"])


async def _put_back(desk: Desk, log: Log) -> None:
    admin = await asyncpg.connect(desk.dsn)
    for row in log:
        topic = TOPIC[row["topic"]]
        value = row["value"] if "workflow" in topic.consumers else None
        await take_in(admin, topic, [Told(row["key"], row["sequence"], row["event_id"], value)])
    await admin.close()
    for work in (desk.stream, desk.calls, desk.alarm, *desk.hops.values()):
        work.said.is_any = None  # every service is started anew after a restore


async def _read(desk: Desk, log: Log, hop: str) -> Report:
    return await desk.hops[hop].process([_entered(desk, row) for row in log if row["topic"] == f"hop.{hop}"])


def _entered(desk: Desk, row: asyncpg.Record) -> Input:
    desk.offsets += 1
    place = (row["topic"], row["key"], row["sequence"], str(row["event_id"]))
    return read(*place, row["type"], row["region"], row["value"], desk.offsets)


async def _out(desk: Desk, house: UUID) -> list[tuple[Any, ...]]:
    rows = await desk.worker.fetch("SELECT * FROM outbox WHERE key = $1 ORDER BY id", str(house))
    return [_said(row) for row in rows]


def _said(row: asyncpg.Record) -> tuple[Any, ...]:
    names = ("topic", "key", "sequence", "event_id", "type", "source", "region", "value")
    return tuple(row[name] for name in names)


async def _kept(desk: Desk, house: UUID) -> list[str]:
    rows = await desk.worker.fetch("SELECT topic FROM restored WHERE key = $1 ORDER BY topic, sequence", str(house))
    return [row["topic"] for row in rows]


async def _is_settled(desk: Desk) -> bool:
    owed = await desk.worker.fetchval("SELECT count(*) FROM restored WHERE is_owed")
    waits = await desk.worker.fetchval("SELECT count(*) FROM waiting")
    return not owed and not waits


async def test_what_was_read_before_its_case_is_decided_when_the_case_is_told_again(desk: Desk, gone: Desk) -> None:
    house = household(1)
    log = await _log(gone, house)
    [first] = [row for row in log if row["topic"] == "hop.village_group"]
    [second] = [row for row in log if row["topic"] == "hop.village_committee"]
    await _put_back(desk, log)
    assert dict((await _read(desk, log, "village_group")).words) == {"stale": 1}
    assert dict((await _read(desk, log, "village_committee")).words) == {"stale": 1}
    assert await _is_settled(desk), "nothing stands in the line's way"

    await desk.warn(house)
    assert await _out(desk, house) == [_said(first)], "the very record of the log, and nothing else is said again"
    reports = await desk.deliver()
    assert [dict(one.words) for one in reports] == [{"arrived": 1}]
    assert dict((await _read(desk, log, "village_group")).outcomes) == {"duplicate": 1}, "once, whatever comes again"

    await desk.decide(await desk.task(house), "report", report())
    assert await _out(desk, house) == [_said(second)], "a person's decision tells again too"
    assert [dict(one.words) for one in await desk.deliver()] == [{"arrived": 1}]
    row = await desk.worker.fetchrow("SELECT applied, emitted FROM keys WHERE key = $1", str(house))
    assert row is not None and (row["applied"][4:6], row["emitted"][3:6]) == ([1, 1], [4, 1, 1])
    await desk.decide(await desk.task(house), "record_visit", visit(), CADRE)
    assert [said[:3] for said in await _out(desk, house)] == [
        ("stage.advanced", str(house), 5),
        ("hop.village_committee", str(house), 2),
    ], "what is new goes on behind the end"
    assert [dict(one.words) for one in await desk.deliver()] == [{"arrived": 1}]
    assert await _is_settled(desk)
    assert await _kept(desk, house) == [], "all of it has been told again, and nobody asks for it any more"


async def test_what_is_read_after_its_case_was_told_again_is_not_sent_once_more(desk: Desk, gone: Desk) -> None:
    house = household(2)
    log = await _log(gone, house)
    await _put_back(desk, log)
    await desk.warn(house)
    assert await _out(desk, house) == []
    assert dict((await _read(desk, log, "village_group")).words) == {"arrived": 1}
    assert dict((await _read(desk, log, "village_committee")).words) == {"stale": 1}
    assert await _out(desk, house) == [] and await _is_settled(desk)
    assert await _kept(desk, house) == ["hop.village_committee", "stage.advanced", "stage.advanced"]
    await desk.decide(await desk.task(house), "report", report())
    kept = await _kept(desk, house)
    assert kept == ["hop.village_committee", "stage.advanced"], "one goes out once more, one is to come"
    await desk.deliver()
    assert await _kept(desk, house) == []


class Broken(HopEntered):
    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        raise RuntimeError("planted")


async def test_a_copy_that_fails_waits_for_a_person_and_holds_nobody_up(
    desk: Desk, gone: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, topic = household(3), "hop.village_group"
    log = await _log(gone, house)
    await _put_back(desk, log)
    await _read(desk, log, "village_group")
    await desk.warn(house)
    with monkeypatch.context() as planted:
        planted.setitem(desk.hops["village_group"].subscriber, topic, Broken(topic))
        [failed] = await desk.deliver()
    assert [cause for _, cause in failed.failed] == ["decide: RuntimeError"]
    connection = await asyncpg.connect(desk.dsn, server_settings={"search_path": "workflow, civil"})
    [row] = await waiting.read(connection, "workflow.village_group", [str(house)])
    await connection.close()
    assert (row.sequence, row.state) == (1, "failed")
    applied = "SELECT applied FROM keys WHERE key = $1"
    assert (await desk.worker.fetchval(applied, str(house)))[4] == 1
    report = await desk.hops["village_group"].replay(row)
    assert dict(report.words) == {"arrived": 1}
    assert (await desk.worker.fetchval(applied, str(house)))[4] == 1, "no number goes back"
    assert await _is_settled(desk)
