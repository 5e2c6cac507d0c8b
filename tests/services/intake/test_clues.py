"""What cadres report, what is held from the village, objections to a notice, and contacts."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from services.intake.complaint import Complained, held_at
from tests.services.intake.county import County, household, household_no, key, member, number
from tests.services.intake.test_declarations import file, post, row, told
from tests.tokens import GRID, VILLAGE

CLUES, OBJECTIONS, COMPLAINTS = "/v1/clues", "/v1/objections", "/v1/complaints"
CANARY = "村干部扣发慰问金金丝雀"
TOWNSHIP_PLACE, COUNTY_PLACE, CITY_PLACE = "341221102000", "341221000000", "341200000000"


def form(**more: Any) -> dict[str, Any]:
    return {"channel": "cadre_visit", "region": VILLAGE, "concern": ["unsafe_house"], "text": "东屋墙裂了"} | more


async def report(desk: County, role: str = "grid_worker", caller: dict[str, str] | None = None, **more: Any) -> Any:
    answer = await post(desk, CLUES, form(**more), **desk.token(role, officer_id="g-1", **(caller or {})))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def kept_clue(desk: County, clue_id: str) -> asyncpg.Record:
    found = await desk.service.worker.fetchrow("SELECT * FROM clues WHERE clue_id = $1", UUID(clue_id))
    assert found is not None
    return found


async def test_a_grid_worker_reports_a_household_of_the_own_grid(desk: County) -> None:
    no = await desk.home(number())
    answer = await report(desk, household=str(desk.vault.household_id(no)), region=None, level="orange")
    assert answer["state"] == "received"
    [(word, fact)] = await told(desk, desk.vault.household_id(no))
    assert (word, fact["cause"], fact["channel"], fact["level"], fact["reported_by_role"]) == (
        "reported", "clue", "cadre_visit", "orange", "grid_worker",
    )  # fmt: skip
    assert "东屋" not in json.dumps(fact, ensure_ascii=False)


async def test_a_household_that_a_cadre_names_is_the_one_whatever_the_subject_says(desk: County) -> None:
    id_no = number()
    no, other = await desk.home(number()), await desk.home(id_no)
    await report(desk, household=str(desk.vault.household_id(no)), region=None, subject={"id_no": id_no})
    assert [word for word, _ in await told(desk, desk.vault.household_id(no))] == ["reported"]
    assert await told(desk, desk.vault.household_id(other)) == []


async def test_a_household_out_of_sight_is_none(desk: County) -> None:
    no = await desk.home(number())
    body = form(household=str(desk.vault.household_id(no)), region=None)
    for headers in (desk.token("village", region="341221102202"), desk.token("grid_worker", grid=f"{VILLAGE}-09")):
        answer = await post(desk, CLUES, body, **headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "household_not_found")
    nobody = await post(desk, CLUES, form(household=str(uuid4()), region=None), **desk.token("county"))
    assert nobody.status_code == 404


async def test_a_subject_is_matched_by_number_else_told_under_a_household_of_its_own(desk: County) -> None:
    id_no = number()
    no = await desk.home(id_no)
    await report(desk, subject={"id_no": id_no, "name": "张守望"})
    assert [word for word, _ in await told(desk, desk.vault.household_id(no))] == ["reported"]
    answer = await report(desk, subject={"name": "赵不详", "phone": "13800001111"}, risk="natural_disaster")
    kept = await kept_clue(desk, answer["clue_id"])
    [(_, fact)] = await told(desk, kept["household_id"])
    assert (fact["is_matched"], fact["is_green"], fact["concerns"]) == (False, True, ["disaster", "unsafe_house"])
    assert kept["grid"] == GRID, "the grid worker's own, unless another group is said"


async def test_a_household_that_is_in_no_register_is_reported_again_under_the_same_key(desk: County) -> None:
    first = await kept_clue(desk, (await report(desk))["clue_id"])
    await report(desk, household=str(first["household_id"]), region=None)
    assert [word for word, _ in await told(desk, first["household_id"])] == ["reported", "repeated"]


async def test_a_farmer_s_own_word_after_a_cadre_s_is_a_declaration_of_its_own(desk: County) -> None:
    id_no = number()
    no = await desk.home(id_no)
    await report(desk, subject={"id_no": id_no})
    answer = await file(desk, id_no=id_no)
    assert (answer["is_repeat"], answer["times"]) == (False, 2)
    facts = await told(desk, desk.vault.household_id(no))
    assert [(word, fact["cause"]) for word, fact in facts] == [("reported", "clue"), ("reported", "declaration")]


@pytest.mark.parametrize("role", ["township", "county", "hotline"])
async def test_a_village_that_is_newer_than_the_table_is_reported_of_from_above(desk: County, role: str) -> None:
    village = "341221102999"
    place = village[:9] if role == "township" else village[:6]
    answer = await post(desk, CLUES, form(region=village), **desk.token(role, region=place))
    assert answer.status_code == 201, answer.text
    elsewhere = await post(desk, CLUES, form(region=village), **desk.token(role, region="340822"))
    assert elsewhere.json()["code"] == "region_not_yours"


@pytest.mark.parametrize("role", ["township", "county", "clerk", "hotline"])
async def test_a_village_in_no_list_is_reported_to_its_township_with_the_name_that_the_reporter_gave(
    desk: County, role: str
) -> None:
    caller = {"region": TOWNSHIP_PLACE[:9] if role in ("township", "clerk") else "341221"}
    subject = {"name": "郑候报", "address": "河东岸"}
    answer = await report(desk, role, caller, region=TOWNSHIP_PLACE, village_name="新湖村", subject=subject, group=3)
    kept = await kept_clue(desk, answer["clue_id"])
    assert (kept["region"], kept["grid"]) == (TOWNSHIP_PLACE, f"{TOWNSHIP_PLACE}-03")
    [event] = await desk.events("clue.reported", kept["household_id"])
    assert event["region"] == TOWNSHIP_PLACE and "新湖村" not in json.dumps(event, ensure_ascii=False)
    path = f"/v1/households/{kept['household_id']}/unmask"
    for other, status in (("township", 200), ("village", 404)):
        seen = await desk.client.post(path, json={"reason": "上门核实"}, headers=desk.token(other, officer_id="x-1"))
        assert seen.status_code == status
        assert status == 404 or seen.json()["address"] == "新湖村 河东岸"


async def test_a_later_report_does_not_hide_what_an_earlier_one_told_of_where_a_household_lives(desk: County) -> None:
    subject = {"name": "郑再报", "address": "河东岸", "phone": "13900001234"}
    first = await report(desk, "township", region=TOWNSHIP_PLACE, village_name="新湖村", subject=subject, group=3)
    id_ = str((await kept_clue(desk, first["clue_id"]))["household_id"])
    later = await report(desk, "township", household=id_, region=None, text="又漏雨了")
    assert str((await kept_clue(desk, later["clue_id"]))["household_id"]) == id_
    path, reason = f"/v1/households/{id_}/unmask", {"reason": "上门核实"}
    seen = (await desk.client.post(path, json=reason, headers=desk.token("township", officer_id="x-1"))).json()
    assert (seen["head_name"], seen["address"], seen["phone"]) == ("郑再报", "新湖村 河东岸", "13900001234")


async def test_a_village_in_no_list_without_its_name_is_refused_with_what_to_do(desk: County) -> None:
    answer = await post(desk, CLUES, form(region=TOWNSHIP_PLACE), **desk.token("hotline"))
    [wrong] = answer.json()["errors"]
    assert (answer.status_code, wrong["field"]) == (422, "village_name")
    assert wrong["message"] == "Say how the village is called, or choose it (region)."


async def test_a_village_in_no_list_is_nobody_s_own_below_its_township(desk: County) -> None:
    body = form(region=TOWNSHIP_PLACE, village_name="新湖村")
    for role, place in (
        ("village", VILLAGE), ("grid_worker", VILLAGE), ("resident_team", VILLAGE), ("township", "341221103"),
        ("hotline", "340822"),
    ):  # fmt: skip
        answer = await post(desk, CLUES, body, **desk.token(role, region=place))
        assert (answer.status_code, answer.json()["code"]) == (403, "region_not_yours"), role


async def test_a_household_that_is_named_has_its_own_place_whatever_village_is_told(desk: County) -> None:
    no = await desk.home(number())
    id_ = str(desk.vault.household_id(no))
    for name in (None, "新湖村"):
        answer = await report(desk, household=id_, region=TOWNSHIP_PLACE, village_name=name)
        kept = await kept_clue(desk, answer["clue_id"])
        assert (kept["region"], kept["grid"]) == (VILLAGE, GRID)


async def test_the_same_key_tells_it_once(desk: County) -> None:
    headers = desk.token("hotline", officer_id="h-1") | {"idempotency-key": key()}
    first, again = await post(desk, CLUES, form(), **headers), await post(desk, CLUES, form(), **headers)
    assert first.json() == again.json()
    other = await post(desk, CLUES, form(text="另一件"), **headers)
    assert other.json()["code"] == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"text": ""}, "text", "string_too_short"),
        ({"channel": "pigeon"}, "channel", "not_one_of"),
        ({"region": None}, "body", "missing"),
        ({"region": "340000000000"}, "region", "not_a_village"),
        ({"region": COUNTY_PLACE, "village_name": "新湖村"}, "region", "not_a_village"),
        ({"region": TOWNSHIP_PLACE}, "village_name", "missing"),
        ({"region": TOWNSHIP_PLACE, "village_name": " "}, "village_name", "missing"),
        ({"region": TOWNSHIP_PLACE, "village_name": "村" * 61}, "village_name", "string_too_long"),
        ({"region": TOWNSHIP_PLACE, "confidential": True}, "village_name", "missing"),
        ({"concern": ["x"]}, "concern.0", "not_one_of"),
        ({"level": "purple"}, "level", "literal_error"),
        ({"household": "me"}, "household", "uuid_parsing"),
        ({"about_offices": ["a b"]}, "about_offices.0", "string_pattern_mismatch"),
        ({"attachments": ["a"] * 21}, "attachments", "too_long"),
        ({"subject": {"id_no": "12"}}, "id_no", "id_wrong_length"),
    ],
)
async def test_what_cannot_be_used_is_refused(desk: County, more: dict[str, Any], field: str, code: str) -> None:
    answer = await post(desk, CLUES, form(**more), **desk.token("village"))
    assert answer.status_code == 422, answer.text
    assert (answer.json()["errors"][0]["field"], answer.json()["errors"][0]["code"]) == (field, code)


async def test_who_may_not_report(desk: County) -> None:
    others: list[tuple[str, dict[str, str]]] = [
        ("farmer", {}),
        ("auditor", {}),
        ("department", {"department": "housing"}),
    ]
    for role, fields in others:
        assert (await post(desk, CLUES, form(), **desk.token(role, **fields))).status_code == 403
    away = await post(desk, CLUES, form(), **desk.token("village", region="341221102202"))
    assert (away.status_code, away.json()["code"]) == (403, "region_not_yours")


# ── held from the village ───────────────────────────────────────────────────────────────────────────────────────────


async def complaints(desk: County, role: str, **fields: str) -> httpx.Response:
    return await desk.client.get(f"{COMPLAINTS}?limit=100", headers=desk.token(role, **fields))


async def texts(desk: County, role: str, **fields: str) -> list[str]:
    return [one["text"] for one in (await complaints(desk, role, **fields)).json()["items"]]


@pytest.mark.parametrize(
    ("about", "place"),
    [
        ({"about_offices": (VILLAGE,)}, TOWNSHIP_PLACE),
        ({"about_offices": (GRID, VILLAGE)}, TOWNSHIP_PLACE),
        ({"about_offices": (VILLAGE, "341221102")}, COUNTY_PLACE),
        ({"about_offices": (VILLAGE,), "about_officers": ("o-1",)}, COUNTY_PLACE),
        ({"is_confidential": True}, COUNTY_PLACE),
        ({"about_offices": ("the-village-head",)}, COUNTY_PLACE),
        ({"about_offices": ("341221-housing",)}, CITY_PLACE),
        ({"about_offices": ("341221",), "about_officers": ("o-1",)}, CITY_PLACE),
        ({"boundary": "objection"}, TOWNSHIP_PLACE),
        ({"village": TOWNSHIP_PLACE, "is_confidential": True}, COUNTY_PLACE),
        ({"village": TOWNSHIP_PLACE, "about_offices": (f"{TOWNSHIP_PLACE}-03",)}, COUNTY_PLACE),
        ({"village": TOWNSHIP_PLACE, "boundary": "objection"}, COUNTY_PLACE),
        ({"about_offices": (TOWNSHIP_PLACE,)}, COUNTY_PLACE),
        ({"about_offices": (COUNTY_PLACE,)}, CITY_PLACE),
        ({"about_offices": (CITY_PLACE,)}, "340000000000"),
        ({"about_offices": ("340000000000",)}, "340000000000"),
    ],
)
def test_it_goes_one_level_above_whomever_it_is_about(about: dict[str, Any], place: str) -> None:
    given: dict[str, Any] = {
        "complaint_id": uuid4(), "call_id": uuid4(), "boundary": "clue", "channel": "hotline", "village": VILLAGE,
        "household_id": None, "about_offices": (), "about_officers": (), "is_confidential": False, "role": "hotline",
        "told": "{}",
    } | about  # fmt: skip
    assert held_at(Complained(**given)) == place


async def test_each_handler_sees_what_is_its_own_to_handle(desk: County) -> None:
    await report(desk, "hotline", text="告村里", about_offices=[VILLAGE])
    await report(desk, "hotline", text="告镇里", about_offices=["341221102"])
    await report(desk, "hotline", text="告县里", about_offices=["341221"])
    await report(desk, "hotline", text="告某人", about_officers=["o-77"])
    assert await texts(desk, "township") == ["告村里"]
    assert set(await texts(desk, "county")) == {"告村里", "告镇里", "告某人"}
    assert set(await texts(desk, "county", officer_id="o-77")) == {"告村里", "告镇里"}, "nobody reads his own"
    assert "告县里" in await texts(desk, "city", region="3412")
    assert await texts(desk, "township", region="341221103") == []
    for role in ("village", "grid_worker", "clerk", "hotline", "resident_team", "auditor", "steward", "province"):
        fields = {"region": "34"} if role == "province" else {}
        assert (await complaints(desk, role, **fields)).status_code == 403, role


async def test_a_confidential_one_names_no_reporter_and_each_sight_is_audited(desk: County) -> None:
    await report(desk, "clerk", text="请保密", confidential=True, subject={"name": "钱某", "phone": "13800002222"})
    items = (await complaints(desk, "county", officer_id="c-1")).json()["items"]
    [mine] = [one for one in items if one["text"] == "请保密"]
    assert (mine["reported_by_role"], mine["reporter"], mine["phone"]) == (None, None, None)
    query = "SELECT actor FROM audit WHERE action = 'complaint.read' AND subject = $1"
    assert await desk.service.worker.fetchval(query, mine["complaint_id"]) == "c-1"


async def test_of_a_village_in_no_list_a_complaint_names_it_to_its_handler(desk: County) -> None:
    before = len(await desk.events("clue.reported"))
    place: dict[str, Any] = {"region": TOWNSHIP_PLACE, "village_name": "新湖村"}
    await report(desk, "hotline", **place, text="新湖村的事", confidential=True)
    items = (await complaints(desk, "county", officer_id="c-1")).json()["items"]
    [mine] = [one for one in items if one["text"] == "新湖村的事"]
    assert (mine["village"], mine["village_name"], mine["region"]) == (TOWNSHIP_PLACE, "新湖村", COUNTY_PLACE)
    assert "新湖村的事" not in await texts(desk, "township")
    assert len(await desk.events("clue.reported")) == before


async def test_no_path_topic_log_or_figure_below_shows_a_complaint(
    desk: County, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    id_no = number()
    no = await desk.home(id_no)
    household_id = desk.vault.household_id(no)

    async def figures() -> list[str]:
        lines = (await desk.client.get("/metrics")).text.splitlines()
        return [line for line in lines if line.startswith("shouwang_facts_emitted_total") or "complaint" in line]

    emitted = await figures()
    body: dict[str, Any] = {
        "household": str(household_id),
        "about_officers": ["canary-officer"],
        "channel": "hotline",
        "text": CANARY,
    }
    answer = await report(desk, "hotline", **body)
    id_ = answer["clue_id"]
    assert await figures() == emitted
    words = (CANARY, "canary-officer", id_)
    assert await told(desk, household_id) == []
    for topic in ("clue.reported", "household.registered", "data.changed"):
        assert not [word for word in words if word in json.dumps(await desk.events(topic), ensure_ascii=False)]
    paths = [
        "/v1/households", f"/v1/households/{household_id}", "/v1/identity", "/v1/identity?state=unmatched",
        COMPLAINTS, "/v1/conservation", "/v1/dead-letters", "/v1/feeds", "/metrics", "/openapi.json",
    ]  # fmt: skip
    for role in ("village", "grid_worker", "group_leader", "resident_team", "clerk", "hotline", "township"):
        for path in paths:
            shown = await desk.client.get(path, headers=desk.token(role))
            assert not [word for word in words if word in shown.text], (role, path)
    assert not [word for word in words if word in caplog.text] and "complaint" not in caplog.text
    admin = await asyncpg.connect(database)
    for table in await admin.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'intake'"):
        rows = await admin.fetch(f'SELECT t::text AS row FROM intake."{table["tablename"]}" t')
        text = "\n".join(one["row"] for one in rows)
        assert CANARY not in text and CANARY.encode().hex() not in text, table["tablename"]
        assert table["tablename"] == "complaints" or "canary-officer" not in text, table["tablename"]
    await admin.close()


async def test_the_database_itself_shows_a_village_no_complaint(desk: County) -> None:
    await report(desk, "hotline", text="告村里", about_offices=[VILLAGE])
    async with desk.service.api.acquire() as connection, connection.transaction():
        for start, end, is_seen in ((VILLAGE, VILLAGE, False), ("341221102000", "341221102999", True)):
            await connection.execute(
                "SELECT set_config('app.region_from', $1, true), set_config('app.region_to', $2, true), "
                "set_config('app.grid', '*', true)", start, end,
            )  # fmt: skip
            assert bool(await connection.fetchval("SELECT count(*) FROM complaints")) is is_seen


# ── objections ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def on_notice(desk: County, name: str) -> UUID:
    no = household_no()
    await desk.send("rural_revitalization", household(no, member(number(), name)))
    id_ = desk.vault.household_id(no)
    await hang(desk, id_)
    return id_


async def hang(desk: County, id_: UUID, region: str = VILLAGE) -> None:
    until = date.today() + timedelta(days=5)
    more = {"step": "notice", "action": "post_notice", "notice_until": until}
    await desk.step("noted", id_, "village_committee", datetime.now(UTC), region, **more)


async def test_an_objection_without_a_name_is_told_to_the_case_without_words_and_held_for_the_township(
    desk: County,
) -> None:
    id_ = await on_notice(desk, "冯公示")
    body = {"region": VILLAGE, "name": " 冯公示 ", "text": "他家有小汽车"}
    answer = await post(desk, OBJECTIONS, body)
    assert answer.status_code == 201 and set(answer.json()) == {"state", "received_at"}
    [(word, fact)] = await told(desk, id_)
    assert (word, fact["channel"], fact["reported_by_role"]) == ("objected", "notice", "restricted")
    assert "他家有小汽车" in await texts(desk, "township")
    assert (await complaints(desk, "village")).status_code == 403


async def test_an_objection_to_nobody_on_a_notice_gets_the_same_answer(desk: County) -> None:
    before = len(await desk.events("clue.reported"))
    body = {"region": VILLAGE, "name": "查无此人", "text": "不知道是哪家"}
    answer = await post(desk, OBJECTIONS, body)
    assert answer.status_code == 201 and set(answer.json()) == {"state", "received_at"}
    assert len(await desk.events("clue.reported")) == before
    assert "不知道是哪家" in await texts(desk, "township")


async def test_two_of_one_name_are_nobody_s_guess(desk: County) -> None:
    ids = [await on_notice(desk, "陈同名") for _ in range(2)]
    await post(desk, OBJECTIONS, {"region": VILLAGE, "name": "陈同名", "text": "两家同名"})
    assert [await told(desk, one) for one in ids] == [[], []]


async def test_an_objection_to_a_notice_of_a_village_in_no_list_is_the_countys_to_handle(desk: County) -> None:
    place: dict[str, Any] = {"region": TOWNSHIP_PLACE, "village_name": "新湖村"}
    kept = await kept_clue(desk, (await report(desk, "hotline", **place, subject={"name": "宋公示"}))["clue_id"])
    await hang(desk, kept["household_id"], TOWNSHIP_PLACE)
    answer = await post(desk, OBJECTIONS, {"region": TOWNSHIP_PLACE, "name": "宋公示", "text": "他家在城里有房"})
    assert answer.status_code == 201
    assert [word for word, _ in await told(desk, kept["household_id"])] == ["reported", "objected"]
    assert "他家在城里有房" in await texts(desk, "county") and "他家在城里有房" not in await texts(desk, "township")


# ── contacts ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def resolve(desk: County, *references: str, **more: Any) -> httpx.Response:
    body = {"references": list(references), "purpose": "notice: visit date"} | more
    return await post(desk, "/v1/contacts/resolve", body, **desk.token("system", officer_id="notify-0"))


async def test_contacts_are_the_declarer_s_else_the_head_s_and_an_officer_is_not_ours(desk: County) -> None:
    declared = await file(desk, name="孙有邮", phone="13811110000", email="sun@example.invalid")
    household_id = (await row(desk, declared["receipt_no"]))["household_id"]
    no = household_no()
    await desk.send("rural_revitalization", household(no, member(number(), "李户主", phone="13811112222")))
    head = f"household:{desk.vault.household_id(no)}"
    asked = [f"household:{household_id}", "officer:o-1", head, f"household:{uuid4()}", "household:me"]
    items = (await resolve(desk, *asked)).json()["items"]
    assert [one["reference"] for one in items] == asked
    assert [one["state"] for one in items] == ["found", "unknown", "found", "unknown", "unknown"]
    assert (items[0]["name"], items[0]["phone"], items[0]["email"]) == ("孙有邮", "13811110000", "sun@example.invalid")
    assert (items[2]["name"], items[2]["phone"], items[2]["email"]) == ("李户主", "13811112222", None)
    query = "SELECT purpose, details::text FROM audit WHERE action = 'contact.resolve' ORDER BY id DESC LIMIT 1"
    entry = await desk.service.worker.fetchrow(query)
    assert entry is not None and entry["purpose"] == "notice: visit date" and "13811110000" not in entry["details"]


async def test_contacts_are_for_the_system_alone_with_a_purpose_and_a_bound(desk: County) -> None:
    for role in ("county", "village", "steward", "auditor"):
        answer = await post(desk, "/v1/contacts/resolve", {"references": [], "purpose": "xyz"}, **desk.token(role))
        assert answer.status_code == 403
    assert (await resolve(desk, purpose="")).status_code == 422
    assert (await resolve(desk, *["household:x"] * 501)).status_code == 422
    assert (await resolve(desk, *["household:x"] * 500)).status_code == 200
    assert (await resolve(desk, "household:\x00")).status_code == 422


async def test_every_call_is_accounted_for(desk: County) -> None:
    told_ = (await desk.client.get("/v1/conservation", headers=desk.token("steward"))).json()
    for one in told_["sent"]:
        if one["department"] in ("clue", "objection"):
            assert one["is_equal"] and one["waiting"] == 0 and one["accepted"] > 0, one
