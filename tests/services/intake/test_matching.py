"""The clock of matching: what is urgent and nobody has matched in time alarms the county once; nothing else does."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.intake import matching
from shared.policy import load
from tests.services.intake.county import County, number
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
