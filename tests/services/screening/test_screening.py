"""Screening on a real PostgreSQL: one open warning a household, whatever comes, in whatever order."""

from pathlib import Path
from typing import Any

import httpx
import msgspec
import orjson

from services.screening.app import build
from services.screening.household import unpack
from shared.service import serving
from tests.services.screening.conftest import Room
from tests.services.screening.people import changed, household_id, paid, registered, reported
from tests.tokens import bearer, settings_of

NEEDY = {"poverty_history": "lifted_out", "number": "H-1"}


H = household_id(1)


async def test_a_warning_is_raised_strengthened_and_withdrawn_with_its_cause(room: Room) -> None:
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, paid(6000, id="A"))])
    await room.work.process(
        [changed(H, 2, paid(500, id="B")), changed(H, 3, {"house": "D", "day": "2026-10-02", "id": "C"})]
    )
    assert await room.kinds() == ["raised", "strengthened", "strengthened"]
    last = (await room.told())[-1].data
    assert (last.level, last.new_concerns, len(last.findings)) == ("red", ("unsafe_house",), 2)
    await room.work.process([changed(H, 4, {"withdrawn": True, "house": "D", "day": "2026-10-02", "id": "C"}, 2)])
    assert (await room.kinds())[-1] == "weakened"
    assert await room.states() == [("open", "yellow")]
    await room.work.process(
        [changed(H, 5, paid(0, id="A", withdrawn=True), 2), changed(H, 6, paid(0, id="B", withdrawn=True), 2)]
    )
    assert (await room.kinds())[-1] == "withdrawn"
    assert await room.states() == [("withdrawn", "yellow")]
    await room.work.process([changed(H, 7, paid(7000, id="Z"))])
    ids = {one.data.warning_id for one in await room.told()}
    assert (await room.kinds())[-1] == "raised" and len(ids) == 1, "the same one, until people close it"
    assert await room.states() == [("open", "yellow")]


async def test_a_correction_says_what_is_true_now_and_the_facts_keep_both(room: Room) -> None:
    await room.work.process(
        [registered(H, 1, NEEDY), changed(H, 1, paid(6000, id="A")), changed(H, 2, paid(100, id="A"), 2)]
    )
    assert await room.kinds() == ["raised", "withdrawn"]
    rows = await room.pool.fetch("SELECT told, version FROM facts ORDER BY version")
    assert [tuple(row) for row in rows] == [("changed", 1), ("corrected", 2)]


async def test_a_repeat_changes_nothing(room: Room) -> None:
    batch = [registered(H, 1, NEEDY), changed(H, 1, paid(6000))]
    await room.work.process(batch)
    report = await room.work.process(batch)
    assert dict(report.outcomes) == {"duplicate": 2}
    assert await room.kinds() == ["raised"]


async def test_before_its_household_is_registered_a_warning_is_provisional_and_then_final(room: Room) -> None:
    await room.work.process([changed(H, 1, paid(6000, id="A"))])
    assert await room.kinds() == [], "it would not speak for every kind of household"
    await room.work.process([changed(H, 2, paid(5000, id="B"))])
    assert (await room.told())[0].data.provisional
    await room.work.process([registered(H, 1, NEEDY | {"income": 20000})])
    last = (await room.told())[-1]
    assert (last.type.split(".")[2], last.data.provisional, last.data.level) == ("strengthened", False, "orange")
    assert last.data.household_no == "H-1"


async def test_a_household_that_is_registered_late_is_judged_by_its_own_line(room: Room) -> None:
    await room.work.process([changed(H, 1, paid(6000))])
    await room.work.process([registered(H, 1, NEEDY)])
    assert await room.kinds() == ["raised"]
    assert not (await room.told())[0].data.provisional


async def test_what_becomes_known_of_a_household_is_read_in_its_warning_though_nobody_is_told_again(room: Room) -> None:
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, paid(6000))])
    assert "家庭年收入未知" in await _read(room)
    await room.work.process([registered(H, 2, NEEDY | {"income": 90000, "number": "H-2"})])
    assert "为 2025 年家庭收入 90,000.00 元的 6.7%" in await _read(room)
    assert await room.pool.fetchval("SELECT household_no FROM warnings") == "H-2"
    assert await room.kinds() == ["raised"]


async def test_a_finding_that_becomes_graver_under_a_graver_report_is_known_so(room: Room) -> None:
    await room.work.process([registered(H, 1, NEEDY), reported(H, 1, level="red"), changed(H, 1, paid(6000))])
    told = await room.kinds()
    await room.work.process([registered(H, 2, NEEDY | {"income": 20000})])
    assert await room.kinds() == told and await room.states() == [("open", "red")]
    digest = unpack(await room.pool.fetchval("SELECT digest FROM keys WHERE key = $1", str(H)))
    assert digest.spoken is not None and [word.level for word in digest.spoken.told.values()] == ["orange"]
    assert orjson.loads(await room.pool.fetchval("SELECT told FROM warnings"))["findings"][0]["level"] == "orange"


async def _read(room: Room) -> str:
    told = orjson.loads(await room.pool.fetchval("SELECT told FROM warnings"))
    return str(told["explanation"]["exact"]["zh"])


async def test_every_warning_names_its_cause_and_its_journey(room: Room) -> None:
    change = changed(H, 1, paid(6000))
    await room.work.process([registered(H, 1, NEEDY), change])
    [event] = await room.told()
    assert (event.causationid, event.correlationid) == (change.body.id, change.body.correlationid)
    assert event.data.findings[0].record_ids == (change.body.data.record_id,)


async def test_one_household_never_has_two_open_warnings(room: Room) -> None:
    batch = [registered(H, 1, NEEDY)] + [changed(H, n, paid(2000, id=f"S{n}")) for n in range(1, 30)]
    await room.work.process(batch)
    assert await room.states() == [("open", "yellow")]
    assert (await room.kinds())[0] == "raised"
    assert set((await room.kinds())[1:]) == {"strengthened"}


async def test_what_a_person_sees_depends_on_where_he_stands(
    database: str, topics: str, keys: Path, room: Room
) -> None:
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, paid(6000, id="A"))])
    other = household_id(2)
    await room.work.process([registered(other, 1, NEEDY | {"number": "H-2"}), changed(other, 1, paid(4950))])
    async with (
        serving(build, settings_of("screening", topics, database, keys)) as service,
        httpx.AsyncClient(base_url=service.url) as client,
    ):

        async def get(path: str, role: str, **fields: str) -> Any:
            return (await client.get(path, headers=bearer(keys, role, **fields))).json()

        [seen] = (await get("/v1/warnings", "county"))["items"]
        assert "6,000.00" in seen["explanation"]["zh"] and seen["findings"][0]["record_id"] == "A"
        for role in ("village", "grid_worker"):
            [band] = (await get("/v1/warnings", role))["items"]
            text = orjson.dumps(band).decode()
            assert "6,000" not in text and "6000" not in text and "medical_insurance" not in text and '"A"' not in text
            assert band["explanation"]["zh"] == "医疗负担较重，请上门了解。"
        assert (await get("/v1/warnings", "county", region="340822"))["items"] == []
        assert (await get("/v1/warnings", "grid_worker", grid="341221102201-07"))["items"] == []
        why = await get(f"/v1/households/{other}/why", "county")
        assert not why["is_warned"] and "还差 50.00 元" in why["explanation"]["zh"]
        assert "50" not in str((await get(f"/v1/households/{other}/why", "village"))["explanation"])
        assert (await get(f"/v1/households/{H}/why", "county"))["warning"]["warning_id"] == seen["warning_id"]
        assert (await get(f"/v1/households/{H}/why", "county", region="340822"))["code"] == "not_found"
        one = await get(f"/v1/warnings/{seen['warning_id']}", "county")
        assert one["findings"][0].items() >= seen["findings"][0].items()
        [line] = [(each["threshold_source_zh"], each["threshold_source"]) for each in one["findings"]]
        assert line[0].startswith("某县医保部门职责") and line[1].startswith("a county's medical insurance duties")
        assert {each["threshold_source_zh"][:8] for each in why["looked_at"]} == {line[0][:8]}
        assert one["findings"][0]["counterfactual"]["words"]["zh"] == (
            "若合规自付不足 5,000.00 元（现多 1,000.00 元）则不预警。"
        )
        assert (await get("/v1/warnings/tally", "county"))["items"] == [
            {"state": "open", "level": seen["level"], "count": 1}
        ], "what the list adds up to"
        assert (await get("/v1/warnings/tally", "county", region="340822"))["items"] == []
        for level in ("red", "orange", "yellow"):
            listed = (await client.get(f"/v1/warnings?level={level}", headers=bearer(keys, "county"))).json()["items"]
            assert [one["level"] for one in listed] == [level] * (level == seen["level"])
        bad = await client.get("/v1/warnings?after=%00&state=x", headers=bearer(keys, "county"))
        assert bad.status_code == 422


async def test_a_household_that_moved_is_explained_where_it_lives_and_no_more_where_it_lived(
    database: str, topics: str, keys: Path, room: Room
) -> None:
    moved = registered(H, 2, NEEDY)
    there = {"region": "341221103201", "grid": "341221103201-01"}
    data = moved.body.data.model_copy(update=there)
    moved = msgspec.structs.replace(moved, body=moved.body.model_copy(update={"data": data, **there}))
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, paid(4950))])
    async with (
        serving(build, settings_of("screening", topics, database, keys)) as service,
        httpx.AsyncClient(base_url=service.url) as client,
    ):

        async def status(region: str) -> int:
            headers = bearer(keys, "township", region=region)
            return (await client.get(f"/v1/households/{H}/why", headers=headers)).status_code

        assert (await status("341221102"), await status("341221103")) == (200, 404)
        await room.work.process([moved])
        assert (await status("341221102"), await status("341221103")) == (404, 200)
