"""The console's calls for programs: timeline with causes, search, conservation; each in its caller's place, graded."""

from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from services.console.api.conservation import Boundary, boundaries, differences
from services.console.pages import household
from tests.services.console.scene import COUNTY, Scene, household_id, signed_in
from tests.tokens import VILLAGE
from tests.until import until

HOUSE = household_id(1)
PATH = f"/v1/households/{HOUSE}/timeline"


@pytest_asyncio.fixture(scope="module", autouse=True)
async def warned(village: Scene) -> UUID:
    """Household 1 registered, its settlement known, warned of, its first task open and its worker told."""
    await village.register(1)
    await village.warn(1, "orange")
    task = await village.task_of(1)
    await village.notify(1, UUID(task["task_id"]), UUID(task["case_id"]))
    county = village.bearer("county", officer_id="co-1")

    async def is_whole() -> bool:
        async with httpx.AsyncClient(base_url=village.console.url) as client:
            answer = await client.get(PATH, headers=county)
        return answer.status_code == 200 and len(answer.json()["items"]) == 6

    await until(is_whole, 20, "six steps")
    return UUID(task["task_id"])


async def steps(village: Scene, role: str, **fields: Any) -> list[dict[str, Any]]:
    return list((await village.get(PATH, village.bearer(role, **fields)))["items"])


async def test_every_step_leads_by_its_causes_to_the_source_record(village: Scene) -> None:
    found = {one["event_id"]: one for one in await steps(village, "county", officer_id="co-1")}
    kinds = {one["type"].removeprefix("shouwang.").removesuffix(".v1") for one in found.values()}
    assert kinds == {
        "household.registered", "data.changed", "warning.raised", "stage.opened", "stage.arrived", "notice.sent",
    }  # fmt: skip
    arrived = next(one for one in found.values() if one["type"] == "shouwang.stage.arrived.v1")
    chain, last = [], arrived
    while last is not None:
        chain.append(last["topic"])
        last = found.get(last["cause_id"])  # type: ignore[assignment]
    assert chain == ["stage.advanced", "stage.advanced", "warning.raised", "data.changed"]
    record = next(one for one in found.values() if one["topic"] == "data.changed")
    assert record["source"] == {"department": "medical_insurance", "record_id": "YB-2026-000001", "version": 1}
    assert record["what"]["values"]["in_scope_self_paid_yuan"] == "20410.50"
    assert "20,410.50" in str(next(o for o in found.values() if o["topic"] == "warning.raised")["what"])
    notice = next(one for one in found.values() if one["topic"] == "notice.sent")
    assert notice["who"]["officer_id"] == "gw-1" and notice["what"]["text"]["zh"] == "已通知王**"


@pytest.mark.parametrize("role", ["village", "grid_worker", "group_leader", "resident_team"])
async def test_below_township_the_call_gives_bands(village: Scene, role: str) -> None:
    fields = {"region": VILLAGE} if role == "resident_team" else {}
    found = await steps(village, role, officer_id="x-1", **fields)
    assert len(found) == 6
    for secret in ("20410", "20,410", "48210", "medical_insurance", "医保局", "YB-2026", "61200"):
        assert secret not in str(found)
    assert next(one for one in found if one["topic"] == "data.changed")["source"]["band"] == "医疗负担较重"


async def test_the_township_reads_sums(village: Scene) -> None:
    assert "20410.50" in str(await steps(village, "township", officer_id="t-1"))


async def test_a_department_reads_the_sums_of_its_own_records_alone(village: Scene) -> None:
    own = await steps(village, "department", officer_id="d-1", region="341221", department="medical_insurance")
    assert "20410.50" in str(own) and "YB-2026" in str(own)
    others = await steps(village, "department", officer_id="d-2", region="341221", department="housing")
    assert [one["event_id"] for one in others] == [one["event_id"] for one in own]
    assert [one for one in ("20410", "20,410", "YB-2026", "医保局") if one in str(others)] == []


async def test_pages_of_steps_follow_each_other_without_gap_or_double(village: Scene) -> None:
    headers, after, seen = village.bearer("county", officer_id="co-1"), None, []
    for _ in range(9):
        query = {"limit": 2} | ({"after": after} if after else {})
        page = await village.get(PATH, headers, **query)
        seen += [one["event_id"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [one["event_id"] for one in await steps(village, "county", officer_id="co-1")]
    assert (await village.get(PATH, headers, 422, after="nonsense"))["code"] == "cursor"
    assert (await village.get(PATH, headers, 422, limit=0))["code"] == "invalid"


async def test_another_place_sees_no_such_household(village: Scene) -> None:
    for role, fields in (
        ("county", {"region": "340822"}),
        ("grid_worker", {"grid": f"{VILLAGE}-07"}),
        ("village", {"region": "341221102202"}),
    ):
        assert (await village.get(PATH, village.bearer(role, officer_id="o-1", **fields), 404))["code"] == "not_found"
    assert (await village.get(PATH, {}, 401))["code"] == "unauthenticated"
    assert (await village.get(PATH, village.bearer("farmer", region=VILLAGE), 403))["code"] == "forbidden"


@pytest.mark.parametrize("q", ["H-0001", "H-00", "王", "王守信", ""])
async def test_a_household_is_found_by_number_or_by_how_its_name_begins(village: Scene, q: str) -> None:
    found = await village.get("/v1/households", village.bearer("county", officer_id="co-1"), q=q)
    assert "H-0001" in [one["household_no"] for one in found["items"]]
    assert found["total"] >= 1


@pytest.mark.parametrize("q", ["张", "%", "_", "H-0001%", "\\"])
async def test_nothing_else_is_found(village: Scene, q: str) -> None:
    assert (await village.get("/v1/households", village.bearer("county", officer_id="co-1"), q=q))["total"] == 0


async def test_the_search_is_of_ones_own_place_and_its_region_is_checked(village: Scene) -> None:
    far = village.bearer("county", officer_id="o", region="340822")
    assert (await village.get("/v1/households", far, q="H-0001"))["items"] == []
    assert (await village.get("/v1/households", far, region=VILLAGE))["items"] == []
    assert (await village.get("/v1/households", far, 422, region="12345"))["code"] == "region"
    county = village.bearer("county", officer_id="co-1")
    assert (await village.get("/v1/households", county, region="341221102"))["total"] == 1
    assert (await village.get("/v1/households", county, region="341221103"))["total"] == 0


async def test_conservation_adds_up_what_answers_and_names_what_is_away(village: Scene) -> None:
    steward = village.bearer("steward", officer_id="st", region="341221")

    async def is_even() -> Any:
        told = await village.get("/v1/conservation", steward)
        between = [one for one in told["boundaries"] if (one["producer"], one["consumer"]) == ("workflow", "console")]
        is_settled = all(one["is_settled"] and one["is_equal"] for one in between)
        return told if is_settled and len(between) == 3 else None

    told = await until(is_even, 20, "workflow → console even")
    assert told["service"] == "console" and set(told["away"]) == {"intake", "screening", "notify"}
    assert told["is_equal"] is False, "what does not answer is not even"
    assert all(one["is_equal"] for one in told["reads"])
    cadre = village.bearer("village", officer_id="v")
    assert (await village.get("/v1/conservation", cadre, 403))["code"] == "forbidden"


def test_a_boundary_is_even_only_when_what_was_emitted_is_somewhere() -> None:
    def sums(**given: Any) -> dict[str, Any]:
        return {"emitted": {}, "applied": {}, "waiting": [], "lag": {}, "outbox": {}} | given

    found = {
        (one.topic, one.consumer): one
        for one in boundaries({
            "workflow": sums(emitted={"officer.assigned": 10, "deadline.passed": 2}, outbox={"officer.assigned": 1}),
            "console": sums(
                applied={"officer.assigned": 5}, lag={"console": {"officer.assigned": 2, "stage.advanced": 0}},
                waiting=[{"topic": "officer.assigned", "records": 2}],
            ),
        })
    }  # fmt: skip
    one = found["officer.assigned", "console"]
    assert (one.difference, one.is_settled) == (0, False)
    assert found["officer.assigned", "notify"].difference is None
    assert found["stage.advanced", "console"].difference == 0
    assert found["deadline.passed", "console"].difference is None, "two were emitted, and nobody who was asked reads it"


def test_a_loss_is_certain_only_between_two_looks() -> None:
    def look(emitted: int, outbox: int, applied: int, lag: int) -> Boundary:
        return Boundary("data.changed", "intake", "screening", emitted, applied, 0, lag, outbox)

    def found(before: Boundary, now: Boundary) -> int:
        return differences([before], [now])["screening", "data.changed"]

    assert found(look(100, 20, 70, 10), look(900, 20, 80, 0)) == 0, "under way, and long since overtaken"
    assert found(look(100, 0, 100, 0), look(100, 0, 99, 0)) == 1
    assert found(look(100, 0, 80, 25), look(100, 0, 100, 0)) == 0, "read while the sums were: counted twice"
    assert found(look(100, 0, 103, 0), look(101, 0, 103, 0)) == -2


async def test_of_a_long_history_a_page_shows_the_newest_steps_and_says_so(
    village: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = [one["event_id"] for one in await steps(village, "county", officer_id="co-1")]
    monkeypatch.setattr(household, "STEPS_MAX", 4)
    async with httpx.AsyncClient(base_url=village.console.url) as client:
        await signed_in(client, f"COUNTY-{COUNTY}-1")
        page = (await client.get(f"/households/{HOUSE}")).text
        monkeypatch.setattr(household, "STEPS_MAX", len(every))
        whole = (await client.get(f"/households/{HOUSE}")).text
    assert [one for one in every if f'id="e-{one}"' in page] == every[-4:]
    assert "最近 4 步，更早的未列出" in page
    assert f"{len(every)} 步" in whole and "更早的未列出" not in whole
