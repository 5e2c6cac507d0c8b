"""Supervision: a written answer is required, only the office above closes it, and nothing closes by itself."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.workflow.app import build
from services.workflow.supervision import Supervision, asked_of, office_of, supervision
from shared.access.tokens import Caller
from shared.messaging.faults import Refused
from shared.service import serving
from tests.services.workflow.house import CADRE, WORKER, Desk, household, report
from tests.services.workflow.outside import Outside
from tests.tokens import GRID, VILLAGE, settings_of

DAY = timedelta(days=1)
TOWNSHIP = Caller("to-1", "township", VILLAGE[:9])
COUNTY = Caller("co-1", "county", VILLAGE[:6])
SECOND = Caller("gw-2", "grid_worker", VILLAGE, GRID)


async def opened(desk: Desk, number: int) -> tuple[UUID, Supervision]:
    """A household whose first look is supervised."""
    house = household(number)
    await desk.opened(house, "red")
    await desk.advance(10 * DAY)
    while (await desk.ring())[0]:
        continue
    return house, await read(desk, house)


async def read(desk: Desk, house: UUID) -> Supervision:
    row = await desk.worker.fetchrow(
        "SELECT s.*, p.step FROM supervisions s JOIN places p USING (place_id) WHERE s.household_id = $1", house
    )
    assert row is not None
    return supervision(row)


async def refused(call: Any) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        await call
    return caught.value.problem.status, caught.value.problem.code


async def test_it_is_answered_by_the_late_office_and_closed_by_the_one_above(desk: Desk) -> None:
    house, one = await opened(desk, 1)
    id_ = one.supervision_id
    assert await refused(desk.write("closure", id_, "已阅", TOWNSHIP)) == (409, "not_answered")
    assert await refused(desk.write("answer", id_, "代答", TOWNSHIP)) == (403, "forbidden")
    answered = await desk.write("answer", id_, "连日暴雨，道路中断，明日入户。", WORKER)
    assert answered == {"supervision_id": str(id_), "case_id": str(one.case_id), "state": "answered", "emitted": []}
    assert await refused(desk.write("closure", id_, "不能由本级办结", CADRE)) == (403, "forbidden")
    assert await refused(desk.write("closure", id_, "不能越级办结", COUNTY)) == (403, "forbidden")
    assert (await desk.write("answer", id_, "已入户。", SECOND))["state"] == "answered", "and a further one"
    assert (await desk.write("closure", id_, "同意，已办结。", TOWNSHIP))["state"] == "closed"
    for what, who in (("answer", WORKER), ("closure", TOWNSHIP)):
        assert await refused(desk.write(what, id_, "再写", who)) == (409, "supervision_closed")  # type: ignore[arg-type]
    now = await read(desk, house)
    assert (now.state, now.answered_by, now.closed_by) == ("closed", ("gw-1", "gw-2"), "to-1")
    written = await desk.worker.fetch(
        "SELECT kind, officer_id, role FROM statements WHERE supervision_id = $1 ORDER BY number", id_
    )
    assert [tuple(row) for row in written] == [
        ("answer", "gw-1", "grid_worker"), ("answer", "gw-2", "grid_worker"), ("closure", "to-1", "township")
    ]  # fmt: skip


async def test_it_is_audited_in_the_history_each_step_with_its_cause_and_its_words(desk: Desk) -> None:
    from services.workflow import history

    _, one = await opened(desk, 2)
    await desk.write("answer", one.supervision_id, "入户受阻", WORKER)
    await desk.write("closure", one.supervision_id, "知悉", TOWNSHIP)
    rows = await desk.worker.fetch(history.SQL.of_case, one.case_id)
    supervised, *_, answered, closed = (row for row in rows if row["word"] != "reported")
    supervised = next(row for row in rows if row["word"] == "supervised")
    assert [answered["word"], closed["word"]] == ["supervision_answered", "supervision_closed"]
    assert answered["cause_id"] == supervised["event_id"] and closed["cause_id"] == answered["event_id"]
    assert [row["comment"] for row in (answered, closed)] == ["入户受阻", "知悉"]
    assert [row["officer_id"] for row in (answered, closed)] == ["gw-1", "to-1"]


async def test_nothing_closes_it_but_the_supervisor(desk: Desk) -> None:
    house, one = await opened(desk, 3)
    await desk.decide(await desk.task(house), "report", report())
    assert (await read(desk, house)).state == "open", "not even the task's being done"
    await desk.write("answer", one.supervision_id, "今日已初核。", WORKER)
    await desk.warn(house, "withdrawn", state="withdrawn")
    assert (await read(desk, house)).state == "answered"
    assert (await desk.write("closure", one.supervision_id, "知悉", TOWNSHIP))["state"] == "closed"


async def test_whoever_answered_does_not_close(desk: Desk) -> None:
    _, one = await opened(desk, 4)
    await desk.write("answer", one.supervision_id, "同一人", Caller("to-1", "village", VILLAGE))
    assert await refused(desk.write("closure", one.supervision_id, "自办自结", TOWNSHIP)) == (403, "same_person")
    assert (await desk.write("closure", one.supervision_id, "另一人", Caller("to-2", "township", VILLAGE[:9])))["state"]


async def test_the_village_stands_in_for_its_group_and_nobody_for_the_village(desk: Desk) -> None:
    house, one = await opened(desk, 5)
    assert asked_of(CADRE, one) == asked_of(WORKER, one) == "answer" and asked_of(TOWNSHIP, one) is None
    assert (await desk.write("answer", one.supervision_id, "村里代答", CADRE))["state"] == "answered"
    assert (
        asked_of(TOWNSHIP, await read(desk, house)) == "closure" and asked_of(COUNTY, await read(desk, house)) is None
    )


async def test_another_area_sees_none_of_it(desk: Desk) -> None:
    _, one = await opened(desk, 6)
    elsewhere = Caller("gw-9", "grid_worker", VILLAGE, f"{VILLAGE}-09")
    abroad = Caller("to-9", "township", "341222101")
    assert await refused(desk.write("answer", one.supervision_id, "别的网格", elsewhere)) == (404, "not_found")
    assert await refused(desk.write("closure", one.supervision_id, "别的乡镇", abroad)) == (404, "not_found")
    assert await refused(desk.write("answer", uuid4(), "没有这一件", WORKER)) == (404, "not_found")


@pytest.mark.parametrize(
    ("caller", "office"),
    [
        (WORKER, GRID),
        (CADRE, VILLAGE),
        (TOWNSHIP, VILLAGE[:9]),
        (COUNTY, "341221"),
        (Caller("d-1", "department", "341221", department="education"), "341221-education"),
        (Caller("c-1", "city", "3412"), "3412"),
    ],
)
def test_for_which_office_a_person_acts(caller: Caller, office: str) -> None:
    assert office_of(caller) == office


async def test_from_outside_by_tokens_and_calls_alone(database: str, topics: str, keys: Path, desk: Desk) -> None:
    house, one = await opened(desk, 101)
    async with (
        serving(build, settings_of("workflow", topics, database, keys)) as service,
        httpx.AsyncClient(base_url=service.url, timeout=20) as client,
    ):
        outside = Outside(service, client, keys, topics)
        township, auditor = outside.headers("township", "to-1"), outside.headers("auditor", "au-1")
        path = f"/v1/supervisions/{one.supervision_id}"

        found = [one for one in await all_of(outside, township, state="open") if one["household_id"] == str(house)]
        assert [(item["office"], item["supervisor"], item["asks"]) for item in found] == [(GRID, VILLAGE[:9], None)]
        assert (await outside.post(f"{path}/answers", outside.worker, {"text": "  "}, 422))["code"] == "invalid"
        assert (await outside.post(f"{path}/answers", outside.worker, {}, 422))["errors"][0]["field"] == "text"
        await outside.post(f"{path}/closures", township, {"text": "已阅"}, 409)
        await outside.post(f"{path}/answers", auditor, {"text": "审计不答"}, 403)
        await outside.post(f"{path}/closures", outside.cadre, {"text": "村级不结"}, 403)
        housing = outside.headers("department", "dp-1", region="341221", department="housing")
        assert await all_of(outside, housing) == [], "no branch of its own is late"
        await outside.post(f"{path}/answers", housing, {"text": "不是部门的"}, 404)
        await outside.post(f"{path}/answers", outside.worker, {"text": "明日入户"})
        [item] = [one for one in await all_of(outside, township, state="answered") if one["household_id"] == str(house)]
        assert item["asks"] == "closure"
        assert [(each["kind"], each["text"]) for each in item["statements"]] == [("answer", "明日入户")]
        await outside.post(f"{path}/closures", township, {"text": "同意"})
        mine = await all_of(outside, outside.worker, office=GRID)
        assert str(house) in {item["household_id"] for item in mine if item["state"] == "closed"}
        assert await all_of(outside, township, office="341221102299") == []
        await outside.get("/v1/supervisions", township, 422, after="yesterday")

        audit = await outside.get("/v1/deadlines/unfired", auditor)
        assert audit["items"] == [] and audit["watched"] > 0
        await outside.get("/v1/deadlines/unfired", outside.headers("steward", "st-1"))
        await outside.get("/v1/deadlines/unfired", outside.worker, 403)


async def all_of(outside: Outside, headers: dict[str, str], **query: Any) -> list[Any]:
    """Every page, two at a time."""
    found: list[Any] = []
    after: dict[str, Any] = {}
    while True:
        page = await outside.get("/v1/supervisions", headers, limit="2", **query, **after)
        found += page["items"]
        if page["next"] is None:
            return found
        after = {"after": page["next"]}
