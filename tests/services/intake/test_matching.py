"""The clock of matching: what is urgent and nobody has matched in time alarms the county once; nothing else does.

And whom its loops fail on: put off with an alarm, and nobody else waits for them.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.intake import app, matching
from shared.policy import load
from tests.databases import execute
from tests.services.intake.county import County, household, household_no, member, number
from tests.services.intake.test_batches import alarms
from tests.services.intake.test_clues import report
from tests.services.intake.test_declarations import file, row
from tests.until import until

OFFICE = "office:341221"


async def is_older(database: str, clue_id: UUID, hours: int = 5) -> None:
    """Time passes."""
    admin = await asyncpg.connect(database)
    await admin.execute(
        "UPDATE intake.clues SET reported_at = reported_at - make_interval(hours => $2) WHERE clue_id = $1",
        clue_id,
        hours,
    )
    await admin.close()


async def overdue(desk: County) -> list[dict[str, Any]]:
    """What the county was told of whose hours are over."""
    found = await desk.events("clue.reported", OFFICE)
    return [one["data"] for one in found if one["data"]["reason_code"] == matching.REASON]


async def is_told(desk: County, clue_id: UUID) -> dict[str, Any]:
    async def told() -> list[dict[str, Any]]:
        return [one for one in await overdue(desk) if one["clue_id"] == str(clue_id)]

    [fact] = await until(told, 30, "the alarm")
    return dict(fact)


async def test_a_declaration_that_nobody_has_matched_in_time_alarms_once(desk: County, database: str) -> None:
    told = await file(desk, id_no=number())
    kept = await row(desk, told["receipt_no"])
    await is_older(database, kept["clue_id"])
    fact = await is_told(desk, kept["clue_id"])
    assert (fact["household_id"], fact["cause"], fact["is_matched"]) == (
        str(kept["household_id"]), "declaration", False,
    )  # fmt: skip
    metrics = (await desk.client.get("/metrics")).text
    assert 'match_overdue"' in metrics
    within = matching.matched_within(load("regular-2026"))
    assert await matching.overdue(desk.service.worker, within) == [], "once"


@pytest.mark.parametrize("why", ["in time", "withdrawn", "matched", "not ours", "unhurried"])
async def test_nobody_else_s_clock_rings(desk: County, database: str, why: str) -> None:
    admin = await asyncpg.connect(database)
    if why == "unhurried":
        clue_id = UUID((await report(desk, subject={"name": "某人", "id_no": number()}))["clue_id"])
    else:
        clue_id = (await row(desk, (await file(desk, id_no=number()))["receipt_no"]))["clue_id"]
    match why:
        case "withdrawn":
            await admin.execute("UPDATE intake.clues SET withdrawn_at = now() WHERE clue_id = $1", clue_id)
        case "matched":
            await admin.execute(
                "UPDATE intake.clues SET matched_household_id = $2 WHERE clue_id = $1", clue_id, uuid4()
            )
        case "not ours":
            await admin.execute(
                "INSERT INTO intake.identity_answers (subject, said_by, role, reason, region) "
                "VALUES ('clue:' || $1::uuid, 'co-1', 'county', 'not ours', '341221000000')",
                clue_id,
            )
    await admin.close()
    await is_older(database, clue_id, 3 if why == "in time" else 5)
    late = await matching.overdue(desk.service.worker, matching.matched_within(load("regular-2026")))
    assert clue_id not in {one.clue_id for one in late}


# ── whom a loop fails on ────────────────────────────────────────────────────────────────────────────────────────────


@contextlib.asynccontextmanager
async def refused(database: str, act: str, which: str) -> AsyncIterator[None]:
    """The database refuses this act on such a row, by a unique violation."""
    await execute(
        database,
        "CREATE FUNCTION intake.refused() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {which} THEN RAISE unique_violation; END IF; RETURN NEW; END $$",
        f"CREATE TRIGGER refused BEFORE {act} FOR EACH ROW EXECUTE FUNCTION intake.refused()",
    )
    try:
        yield
    finally:
        await execute(database, f"DROP TRIGGER refused ON {act.rpartition(' ')[2]}; DROP FUNCTION intake.refused()")


async def is_put_off(desk: County, subject: str) -> bool:
    query = "SELECT retry_at - civil.now() BETWEEN '4 min' AND '5 min' FROM put_off WHERE subject = $1"
    return bool(await desk.service.worker.fetchval(query, subject))


async def its_time_comes(desk: County, subject: str) -> None:
    await desk.service.worker.execute("UPDATE put_off SET retry_at = civil.now() WHERE subject = $1", subject)


async def test_one_whom_the_loop_cannot_match_is_put_off_with_an_alarm_and_the_next_is_matched(
    desk: County, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "ASK_AT_ONCE", 1)
    before, id_nos = alarms(desk, "match_failed"), [number(), number()]
    kept = [await row(desk, (await file(desk, id_no=one))["receipt_no"]) for one in id_nos]
    bad, good = sorted(one["household_id"] for one in kept)  # the loop takes them in this order

    async def is_matched(household_id: UUID) -> bool:
        query = "SELECT matched_household_id IS NOT NULL FROM clues WHERE household_id = $1"
        return bool(await desk.service.worker.fetchval(query, household_id))

    async with refused(database, "UPDATE ON intake.clues", f"NEW.household_id = '{bad}'"):
        homes = [household(household_no(), member(one)) for one in id_nos]
        await desk.send("rural_revitalization", *homes)
        await until(lambda: is_matched(good), 20, "its neighbour")
        assert not await is_matched(bad) and await is_put_off(desk, f"household:{bad}")
        assert alarms(desk, "match_failed") == before + 1
    await its_time_comes(desk, f"household:{bad}")
    await until(lambda: is_matched(bad), 20, "itself, once it can be")


async def test_one_of_whom_the_county_cannot_be_told_is_put_off_with_an_alarm_and_the_next_is_told(
    desk: County, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "AT_ONCE", 1)
    before = alarms(desk, "overdue_failed")
    bad, good = [(await row(desk, (await file(desk, id_no=number()))["receipt_no"]))["clue_id"] for _ in range(2)]
    async with refused(database, "INSERT ON intake.matching_alarms", f"NEW.subject = 'clue:{bad}'"):
        await is_older(database, bad, hours=6)
        await is_older(database, good)
        await is_told(desk, good)
        assert await is_put_off(desk, f"clue:{bad}") and alarms(desk, "overdue_failed") == before + 1
        assert str(bad) not in {one["clue_id"] for one in await overdue(desk)}
    await its_time_comes(desk, f"clue:{bad}")
    await is_told(desk, bad)
