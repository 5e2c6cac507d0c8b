"""Officers: an upload changes what it names and tells it once; whoever moves is relieved where he was."""

import copy
from typing import Any

import orjson
import pytest

from shared.access.tokens import Caller
from shared.messaging.faults import Refused
from tests.services.workflow.house import REGISTER, Desk
from tests.tokens import GRID, VILLAGE


async def told(desk: Desk) -> list[tuple[str, str, str]]:
    """(what, office, officer) of every fact since the last look."""
    rows = await desk.worker.fetch("DELETE FROM outbox WHERE topic = 'officer.assigned' RETURNING id, type, value")
    found = []
    for row in sorted(rows, key=lambda row: row["id"]):
        data = orjson.loads(row["value"])["data"]
        assert "王守望" not in str(data)
        found.append((row["type"].split(".")[2], data["office_id"], data["officer_id"]))
    return found


async def test_an_upload_tells_each_assignment_once_and_a_repetition_tells_nothing(desk: Desk) -> None:
    answer = await desk.upload(REGISTER)
    assert (answer["officers"], answer["changed"]) == (4, 4)
    assert await told(desk) == [
        ("assigned", GRID, "gw-1"),
        ("assigned", GRID, "gw-2"),
        ("assigned", VILLAGE, "vc-1"),
        ("assigned", VILLAGE, "vc-2"),
    ]
    assert (await desk.upload(REGISTER))["changed"] == 0
    assert await told(desk) == []


async def test_only_what_changed_is_told_and_who_moves_is_relieved(desk: Desk) -> None:
    await desk.upload(REGISTER)
    await told(desk)
    changed = copy.deepcopy(REGISTER)
    changed["officers"][0]["post"] = "leader"
    changed["officers"][1]["post"] = "worker"
    changed["officers"][2] |= {"office_id": GRID, "grid": GRID, "role": "grid_worker", "post": "deputy"}
    assert (await desk.upload(changed))["changed"] == 4
    assert await told(desk) == [
        ("relieved", VILLAGE, "vc-1"),
        ("assigned", GRID, "gw-1"),
        ("assigned", GRID, "gw-2"),
        ("assigned", GRID, "vc-1"),
    ]
    assert (await desk.upload(changed))["changed"] == 0
    until = await desk.worker.fetchval(
        "SELECT until FROM assignments WHERE officer_id = 'vc-1' AND office_id = $1", VILLAGE
    )
    assert str(until) == "2026-01-01"


@pytest.mark.parametrize(
    ("part", "change", "field", "code"),
    [
        ("officers", {"office_id": "341221102299"}, "officers.0.office_id", "no_such_office"),
        ("officers", {"region": "340822104200"}, "officers.0.region", "outside_your_area"),
        ("offices", {"office_id": VILLAGE}, "offices.1.office_id", "twice"),
        ("officers", {"post": "deputy"}, "officers.1.post", "one_each"),
        ("officers", {"until": "2025-12-31"}, "officers.0.until", "before_since"),
    ],
)
async def test_rows_that_cannot_be_used_are_named_and_nothing_is_written(
    desk: Desk, part: str, change: dict[str, Any], field: str, code: str
) -> None:
    register = copy.deepcopy(REGISTER)
    register[part][0] |= change
    register["officers"][0]["officer_id"] = "gw-new"
    with pytest.raises(Refused) as refused:
        await desk.upload(register)
    assert refused.value.problem.status == 422
    assert (field, code) in [(one["field"], one["code"]) for one in refused.value.problem.errors]
    assert await desk.worker.fetchval("SELECT count(*) FROM officers WHERE officer_id = 'gw-new'") == 0


async def test_another_countys_officer_is_out_of_reach_even_without_the_codes_own_check(desk: Desk) -> None:
    await desk.upload(REGISTER)
    far = copy.deepcopy(REGISTER)
    for part in far.values():
        for row in part:
            row["region"] = "340822104200"
    with pytest.raises(Refused) as refused:
        await desk.upload(far, Caller("st-2", "steward", "340822"))
    assert refused.value.problem.status == 404
