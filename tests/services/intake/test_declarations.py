"""A farmer's declaration: filed, matched or not, told once, repeated, asked about, appealed against and taken back."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg
import httpx
import pytest

from services.intake import receipt
from tests.services.intake.county import NOW, County, household, household_no, key, member, number
from tests.tokens import GRID, VILLAGE
from tests.until import until

NAME, PHONE, WORDS, ADDRESS = "欧阳拾穗", "13955550017", "房子漏雨屋顶快塌了", "东坡组老槐树旁"
DECLARATIONS = "/v1/declarations"
STATUS = "/v1/declarations/status"


def form(**more: Any) -> dict[str, Any]:
    return {"region": VILLAGE, "difficulty": WORDS, "channel": "page", "phone": PHONE} | more


async def post(desk: County, path: str, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await desk.client.post(path, content=content, headers={"content-type": "application/json"} | headers)


async def file(desk: County, headers: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    answer = await post(desk, DECLARATIONS, form(**more), **(headers or {}))
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def row(desk: County, receipt_no: str) -> asyncpg.Record:
    found = await desk.service.worker.fetchrow(
        "SELECT * FROM clues WHERE receipt = $1", receipt.index_of(desk.vault, receipt_no)
    )
    assert found is not None
    return found


async def told(desk: County, household_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    return [(one["type"].split(".")[2], one["data"]) for one in await desk.events("clue.reported", household_id)]


async def test_a_declaration_without_a_token_gets_a_receipt_and_a_case_s_fact(desk: County) -> None:
    answer = await file(desk)
    assert receipt.is_receipt(answer["receipt_no"]) and len(answer["receipt_no"]) == 12
    assert (answer["household"], answer["is_repeat"], answer["times"]) == ("unmatched", False, 1)
    kept = await row(desk, answer["receipt_no"])
    [(word, fact)] = await told(desk, kept["household_id"])
    assert word == "reported"
    assert fact["cause"] == "declaration" and fact["is_matched"] is False and fact["concerns"] == ["other"]
    assert fact["level"] is None, "a farmer's word is raised, never judged"


async def test_one_who_is_in_no_register_is_told_to_the_county_and_gets_a_household(desk: County) -> None:
    answer = await file(desk, name=NAME, id_no=number(), group=7)
    kept = await row(desk, answer["receipt_no"])
    offices = await desk.events("clue.reported", "office:341221")
    assert [one for one in offices if one["data"]["clue_id"] == str(kept["clue_id"])]
    [house] = await desk.events("household.registered", kept["household_id"])
    assert house["type"] == "shouwang.household.registered.v1" and house["grid"] == f"{VILLAGE}-07"
    assert NAME not in json.dumps(house, ensure_ascii=False) and house["data"]["members"] == []


@pytest.mark.parametrize("village", ["341221102999", "341221990001", "341299001001"])
async def test_a_village_that_is_newer_than_the_table_is_taken_and_its_place_kept(desk: County, village: str) -> None:
    """A new village, one of a new township, one of a new county: no farmer is refused for our table's age."""
    answer = await file(desk, region=village, group=3)
    kept = await row(desk, answer["receipt_no"])
    assert (kept["region"], kept["grid"]) == (village, f"{village}-03")
    for topic in ("clue.reported", "household.registered"):
        [event] = await desk.events(topic, kept["household_id"])
        assert (event["region"], event["grid"]) == (village, f"{village}-03"), topic
    offices = await desk.events("clue.reported", f"office:{village[:6]}")
    assert str(kept["clue_id"]) in [one["data"]["clue_id"] for one in offices], "the county says whose it is"


async def test_an_id_number_finds_the_household_and_its_register_s_place(desk: County) -> None:
    id_no = number()
    no = await desk.home(id_no)
    answer = await file(desk, id_no=id_no.lower(), risk="illness", concerns=["living"])
    assert answer["household"] == "matched"
    [(word, fact)] = await told(desk, desk.vault.household_id(no))
    assert (word, fact["is_matched"], fact["concerns"]) == ("reported", True, ["medical_burden", "living"])
    [event] = await desk.events("clue.reported", desk.vault.household_id(no))
    assert (event["region"], event["grid"]) == (VILLAGE, GRID)


async def test_a_household_number_finds_it_too_and_a_contradiction_is_nobody_s_guess(desk: County) -> None:
    id_no = number()
    no, other = await desk.home(number()), await desk.home(id_no)
    assert (await file(desk, household_no=no))["household"] == "matched"
    assert (await file(desk, household_no=no, id_no=id_no))["household"] == "unmatched"
    assert [word for word, _ in await told(desk, desk.vault.household_id(other))] == []


async def test_a_repeat_within_thirty_days_strengthens_under_the_same_household(desk: County) -> None:
    who: dict[str, Any] = {"name": NAME, "phone": "13900001111"}
    first, second = await file(desk, **who), await file(desk, **who, concerns=["unsafe_water"])
    assert (second["is_repeat"], second["times"]) == (True, 2)
    assert first["receipt_no"] != second["receipt_no"]
    kept = await row(desk, first["receipt_no"])
    assert (await row(desk, second["receipt_no"]))["household_id"] == kept["household_id"]
    words = await told(desk, kept["household_id"])
    assert [(word, fact["times"]) for word, fact in words] == [("reported", 1), ("repeated", 2)]
    assert words[1][1]["concerns"] == ["unsafe_water"], "a repeat's new concern is told"


async def test_ten_at_once_are_one_household(desk: County) -> None:
    who: dict[str, Any] = {"name": NAME, "phone": "13900002222"}
    answers = await asyncio.gather(*(file(desk, **who) for _ in range(10)))
    assert sorted(one["times"] for one in answers) == list(range(1, 11))
    assert sum(not one["is_repeat"] for one in answers) == 1


async def test_after_thirty_days_it_is_told_anew(desk: County, database: str) -> None:
    who: dict[str, Any] = {"name": NAME, "phone": "13900009999"}
    first = await file(desk, **who)
    admin = await asyncpg.connect(database)
    await admin.execute(
        "UPDATE intake.clues SET reported_at = reported_at - interval '31 days' WHERE receipt = $1",
        receipt.index_of(desk.vault, first["receipt_no"]),
    )
    await admin.close()
    again = await file(desk, **who)
    assert (again["is_repeat"], again["times"]) == (False, 1)
    ids = [(await row(desk, one["receipt_no"]))["household_id"] for one in (first, again)]
    assert ids[0] != ids[1], "nobody matched them: a person may"


async def test_one_phone_on_two_people_s_forms_are_two_people(desk: County) -> None:
    first = await file(desk, name="王一", phone="13900003333", channel="cadre")
    second = await file(desk, name="王二", phone="13900003333", channel="cadre")
    assert (await row(desk, first["receipt_no"]))["household_id"] != (await row(desk, second["receipt_no"]))[
        "household_id"
    ]


async def test_the_same_key_and_body_give_the_same_receipt_and_another_body_none(desk: County) -> None:
    same = {"idempotency-key": key()}
    first, again = await post(desk, DECLARATIONS, form(), **same), await post(desk, DECLARATIONS, form(), **same)
    assert first.json() == again.json() and again.status_code == 201
    other = await post(desk, DECLARATIONS, form(difficulty="另一件事"), **same)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    stored = await desk.service.worker.fetch("SELECT answer::text FROM answers")
    assert not [one for one in stored if first.json()["receipt_no"] in one["answer"]], "no receipt lies in the clear"


@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"region": "341221102"}, "region", "string_too_short"),
        ({"region": "999999999999"}, "region", "not_a_village"),
        ({"region": "341221102000"}, "village_name", "missing"),
        ({"difficulty": "  "}, "difficulty", "missing"),
        ({"difficulty": "字" * 2001}, "difficulty", "string_too_long"),
        ({"difficulty": "a\u0000b"}, "difficulty", "forbidden_character"),
        ({"phone": ""}, "phone", "missing"),
        ({"phone": "call me"}, "phone", "not_a_phone"),
        ({"channel": "pigeon"}, "channel", "not_one_of"),
        ({"risk": "laziness"}, "risk", "not_one_of"),
        ({"concerns": ["poverty"]}, "concerns.0", "not_one_of"),
        ({"email": "nobody"}, "email", "not_an_email"),
        ({"id_no": "341221199001011234"}, "id_no", "id_wrong_check_digit"),
        ({"id_no": "341221204001011233"}, "id_no", None),
        ({"proxy": {"name": "李四"}}, "proxy.relation", "missing"),
    ],
)
async def test_what_cannot_be_used_is_refused_with_its_field(
    desk: County, more: dict[str, Any], field: str, code: str | None
) -> None:
    answer = await post(desk, DECLARATIONS, form(**more))
    assert answer.status_code == 422, answer.text
    [fault] = answer.json()["errors"]
    assert fault["field"] == field and code in (None, fault["code"]), fault
    for secret in (WORDS, PHONE):
        assert secret not in answer.text


HOSTILE = [b"", b"null", b"[]", b"{", b'"x"', b"\xff\xfe", b'{"region": 1}', b'{"difficulty": "\\ud800"}', b"[" * 5000,
           b'{"region":"341221102201","difficulty":"x","channel":"page","phone":{"$gt":""}}',
           b'{"region":"341221102201","difficulty":"x","channel":"page","phone":"13900000000","proxy":[]}']  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize(
    "path", [DECLARATIONS, STATUS, f"{DECLARATIONS}/x/appeals", f"{DECLARATIONS}/%00/withdrawals", "/v1/objections"]
)
async def test_no_body_of_anybody_s_is_a_fault_of_ours(desk: County, path: str, body: bytes) -> None:
    answer = await post(desk, path, body)
    assert 400 <= answer.status_code < 500, answer.text


async def test_an_unknown_path_beside_the_farmer_s_needs_a_token(desk: County) -> None:
    for path in ("/v1/declarationsx", "/v1/clues", "/v1/complaints", "/v1/contacts/resolve"):
        assert (await post(desk, path, {})).status_code == 401, path
    assert (await post(desk, DECLARATIONS, form(), authorization="Bearer nonsense")).status_code == 401


async def test_a_window_files_for_its_own_place_alone_and_gets_no_farmer_s_code(desk: County) -> None:
    told_ = await file(desk, desk.token("clerk", officer_id="w-1"), channel="window")
    assert told_["code"] is None
    away = await post(desk, DECLARATIONS, form(), **desk.token("clerk", region="340822"))
    assert (away.status_code, away.json()["code"]) == (403, "region_not_yours")
    assert (await post(desk, DECLARATIONS, form(), **desk.token("city", region="3412"))).status_code == 403


async def test_a_proxy_never_gets_the_farmer_s_code(desk: County) -> None:
    assert (await file(desk))["code"] is not None
    assert (await file(desk, proxy={"name": "王干部", "relation": "村干部"}))["code"] is None


async def test_the_code_of_a_registered_household_goes_to_its_own_phone_alone(desk: County) -> None:
    id_no, no = number(), household_no()
    await desk.send("rural_revitalization", household(no, member(id_no, phone="13900004444")))
    assert (await file(desk, id_no=id_no, phone="139 0000 4444"))["code"] is not None
    assert (await file(desk, id_no=id_no, phone="13900005555"))["code"] is None


@pytest.mark.parametrize(
    ("risk", "sudden", "is_green"),
    [("natural_disaster", False, True), ("accident", False, True), ("illness", False, False),
     ("illness", True, True), ("schooling", True, False), (None, True, False)],
)  # fmt: skip
async def test_the_green_channel_is_for_what_the_package_lists(
    desk: County, risk: str | None, sudden: bool, is_green: bool
) -> None:
    assert (await file(desk, risk=risk, sudden=sudden))["is_green"] is is_green


async def test_one_address_may_ask_so_much_and_no_more_and_a_token_is_not_counted(desk: County) -> None:
    far = {"x-forwarded-for": "203.0.113.7"}
    answers = [(await post(desk, "/v1/objections", b"{}", **far)).status_code for _ in range(31)]
    assert answers == [422] * 30 + [429]
    assert (await post(desk, "/v1/objections", b"{}", **{"x-forwarded-for": "203.0.113.8"})).status_code == 422
    assert (await post(desk, "/v1/objections", b"{}", **far, **desk.token("clerk"))).status_code == 422


# ── the register hears of them later ────────────────────────────────────────────────────────────────────────────────


async def test_whoever_is_registered_later_is_merged_into_the_register_s_household(desk: County) -> None:
    id_no = number()
    answer = await file(desk, id_no=id_no)
    kept = await row(desk, answer["receipt_no"])
    no = await desk.home(id_no)

    async def is_merged() -> bool:
        return (await row(desk, answer["receipt_no"]))["matched_household_id"] is not None

    await until(is_merged)
    houses = await desk.events("household.registered", kept["household_id"])
    assert [one["type"].split(".")[2] for one in houses] == ["registered", "merged"]
    assert houses[1]["data"]["merged_into"] == str(desk.vault.household_id(no))
    assert houses[0]["data"]["household_no"] == houses[1]["data"]["household_no"]
    again = await file(desk, id_no=id_no)
    assert (again["household"], again["is_repeat"]) == ("matched", True)
    assert [word for word, _ in await told(desk, kept["household_id"])] == ["reported", "repeated"]


async def test_a_person_matches_one_who_is_in_no_register_and_a_second_click_says_the_same(desk: County) -> None:
    answer = await file(desk, name="周不识", phone="13900006666")
    kept, no = await row(desk, answer["receipt_no"]), await desk.home(number())
    village = desk.token("village", officer_id="v-1")
    listed = await desk.client.get("/v1/identity?state=unmatched&limit=200", headers=village)
    [mine] = [one for one in listed.json()["items"] if one["household_id"] == str(kept["household_id"])]
    assert "周不识" not in listed.text and "13900006666" not in listed.text
    body = {"household_id": str(desk.vault.household_id(no)), "reason": "户口本核对一致"}
    path, headers = f"/v1/identity/{mine['id']}/match", village | {"idempotency-key": key()}
    first = await desk.client.post(path, json=body, headers=headers)
    again = await desk.client.post(path, json=body, headers=headers)
    assert first.json() == again.json() == {"id": mine["id"], "household_id": body["household_id"], "state": "matched"}
    late = await desk.client.post(path, json=body, headers=village)
    assert late.json()["state"] == "matched_already"
    said = "SELECT count(*) FROM audit WHERE action = 'identity.match' AND subject = $1"
    assert await desk.service.worker.fetchval(said, str(kept["clue_id"])) == 1, "told once, of what was done once"
    elsewhere = await desk.client.post(path, json=body, headers=desk.token("county", region="340822"))
    assert elsewhere.status_code == 404
    houses = await desk.events("household.registered", kept["household_id"])
    assert [one["type"].split(".")[2] for one in houses] == ["registered", "merged"]


async def test_whoever_visits_sees_what_the_declarer_gave(desk: County) -> None:
    answer = await file(desk, name="郑候访", phone="13900007777", address=ADDRESS, group=3)
    household_id = (await row(desk, answer["receipt_no"]))["household_id"]
    village = desk.token("village", officer_id="v-1")
    path = f"/v1/households/{household_id}"
    masked = await desk.client.get(path, headers=village)
    assert masked.status_code == 200 and "郑候访" not in masked.text
    seen = await desk.client.post(f"{path}/unmask", json={"reason": "上门核实"}, headers=village)
    assert (seen.json()["head_name"], seen.json()["phone"], seen.json()["address"]) == (
        "郑候访",
        "13900007777",
        ADDRESS,
    )
    other = desk.token("village", region="341221102202")
    assert (await desk.client.get(path, headers=other)).status_code == 404


async def test_a_village_in_no_list_is_its_townships_with_the_name_that_the_declarer_gave(desk: County) -> None:
    township = "341221102000"
    window = desk.token("clerk", region="341221", officer_id="cl-1")
    answer = await file(desk, window, region=township, village_name="新湖村", address=ADDRESS, name="郑候访", group=3)
    kept = await row(desk, answer["receipt_no"])
    assert (kept["region"], kept["grid"]) == (township, f"{township}-03")
    [event] = await desk.events("clue.reported", kept["household_id"])
    assert event["region"] == township and "新湖村" not in json.dumps(event, ensure_ascii=False), "words stay sealed"
    for role, status in (("township", 200), ("village", 404)):
        path = f"/v1/households/{kept['household_id']}/unmask"
        seen = await desk.client.post(path, json={"reason": "上门核实"}, headers=desk.token(role, officer_id="x-1"))
        assert seen.status_code == status
        assert status == 404 or seen.json()["address"] == f"新湖村 {ADDRESS}"
    whose = f"/v1/identity/clue:{kept['clue_id']}/unmask"
    seen = await desk.client.post(
        whose, json={"reason": "核对是哪一户"}, headers=desk.token("township", officer_id="x-1")
    )
    assert seen.json()["address"] == f"新湖村 {ADDRESS}"


# ── the farmer asks ─────────────────────────────────────────────────────────────────────────────────────────────────


async def status(desk: County, told_: dict[str, Any], last4: str | None = PHONE[-4:], **more: Any) -> httpx.Response:
    return await post(desk, STATUS, {"receipt_no": told_["receipt_no"], "phone_last4": last4} | more)


async def test_the_farmer_hears_that_it_was_received(desk: County) -> None:
    told_ = await file(desk)
    answer = await status(desk, told_)
    assert answer.status_code == 200, answer.text
    heard = answer.json()
    assert (heard["stage"], heard["next"], heard["result"], heard["can_withdraw"]) == (
        "received", "first_look", None, True,
    )  # fmt: skip
    grouped = "-".join(told_["receipt_no"][at : at + 4] for at in (0, 4, 8)).lower()
    assert (await status(desk, {"receipt_no": grouped})).status_code == 200
    for secret in (WORDS, PHONE, NAME):
        assert secret not in answer.text


async def test_one_without_a_phone_asks_by_the_receipt_alone(desk: County) -> None:
    told_ = await file(desk, phone=None, contact_person="邻居老王")
    assert (await status(desk, told_, None)).status_code == 200
    assert (await status(desk, told_, "1234")).status_code == 404


async def test_every_failure_is_one_and_the_same_answer(desk: County) -> None:
    told_ = await file(desk)
    wrong = await status(desk, told_, "0000")
    assert wrong.status_code == 404
    others = [
        await status(desk, {"receipt_no": "222222222222"}),
        await status(desk, {"receipt_no": "no receipt at all"}),
        await status(desk, told_, None),
        await status(desk, told_, code="000000"),
        await status(desk, told_, "٠٠٠٠"),
        await post(desk, f"{DECLARATIONS}/{told_['receipt_no']}/appeals", {"text": "不服", "phone_last4": "0000"}),
    ]
    assert {one.content for one in others} == {wrong.content} and {one.status_code for one in others} == {404}
    sixth = await status(desk, told_)
    assert sixth.content == wrong.content, "five wrong tries, and the right one is not heard for an hour"


async def test_a_slip_in_a_receipt_is_no_receipt_and_leaves_nothing_behind(desk: County) -> None:
    right = (await file(desk))["receipt_no"]
    slip = ("3" if right[0] != "3" else "4") + right[1:]
    before = await desk.service.worker.fetchval("SELECT count(*) FROM receipt_tries")
    assert (await status(desk, {"receipt_no": slip})).status_code == 404
    assert await desk.service.worker.fetchval("SELECT count(*) FROM receipt_tries") == before


async def test_right_answers_are_not_counted_and_a_hundred_wrong_ones_at_once_are_five(desk: County) -> None:
    told_ = await file(desk)
    assert {(await status(desk, told_)).status_code for _ in range(8)} == {200}
    await asyncio.gather(*(status(desk, told_, f"{guess:04d}") for guess in range(60)))
    kept = await desk.service.worker.fetchval(
        "SELECT count(*) FROM receipt_tries WHERE receipt = $1", receipt.index_of(desk.vault, told_["receipt_no"])
    )
    assert 5 < kept <= 40, "bounded"
    assert (await status(desk, told_)).status_code == 404
    await desk.service.worker.execute("DELETE FROM receipt_tries")
    assert (await status(desk, told_)).status_code == 200


async def step(desk: County, household_id: UUID, word: str, **more: Any) -> None:
    """A fact of workflow about this household's case, just now."""
    await desk.step(word, household_id, at=datetime.now(UTC), **more)


@pytest.mark.parametrize(
    ("word", "more", "stage", "next_"),
    [
        ("opened", {"hop": "village_group", "step": "first_look"}, "first_look", "visit"),
        ("arrived", {"hop": "village_committee", "step": "visit", "due_at": NOW}, "visit", "review"),
        ("advanced", {"hop": "village_committee", "step": "review"}, "review", "notice"),
        ("advanced", {"hop": "village_committee", "step": "notice"}, "notice", "township"),
        ("arrived", {"hop": "township", "step": "sign"}, "township", "county"),
        ("arrived", {"hop": "county", "step": "review"}, "county", "entry"),
        ("arrived", {"hop": "county", "step": "entry"}, "entry", "measures"),
        ("arrived", {"hop": "township_return"}, "measures", "delivery"),
        ("arrived", {"hop": "village_return", "step": "deliver"}, "delivery", "helped"),
        ("helped", {"hop": "village_return"}, "helped", None),
    ],
)
async def test_each_stage_in_the_farmer_s_words(
    desk: County, word: str, more: dict[str, Any], stage: str, next_: str | None
) -> None:
    told_ = await file(desk)
    await step(desk, (await row(desk, told_["receipt_no"]))["household_id"], word, **more)
    heard = (await status(desk, told_)).json()
    assert (heard["stage"], heard["next"]) == (stage, next_)


async def test_what_stands_beside_the_main_way_moves_no_stage_but_tells_its_day(desk: County) -> None:
    told_ = await file(desk)
    household_id = (await row(desk, told_["receipt_no"]))["household_id"]
    await step(desk, household_id, "arrived", hop="village_committee", step="visit")
    await step(desk, household_id, "arrived", hop="township", step="relief", branch="relief")
    await step(desk, household_id, "noted", hop="village_committee", action="plan_visit", planned_on=date(2026, 10, 9))
    heard = (await status(desk, told_)).json()
    assert (heard["stage"], heard["planned_on"]) == ("visit", "2026-10-09")


async def refused(desk: County, until_: date | None = None, **more: Any) -> tuple[dict[str, Any], UUID]:
    told_ = await file(desk, **more)
    household_id = (await row(desk, told_["receipt_no"]))["household_id"]
    await step(desk, household_id, "arrived", hop="township", step="sign")
    await step(
        desk, household_id, "rejected", hop="township", step="sign", result="refused", reason_code="no_risk",
        appeal_until=until_,
    )  # fmt: skip
    return told_, household_id


async def appeal(desk: County, told_: dict[str, Any], **headers: str) -> httpx.Response:
    path = f"{DECLARATIONS}/{told_['receipt_no']}/appeals"
    return await post(desk, path, {"text": "房子确实漏雨，请再看一次", "phone_last4": PHONE[-4:]}, **headers)


async def test_a_refusal_is_heard_and_its_reason_by_code_or_at_a_window(desk: County) -> None:
    told_, _ = await refused(desk)
    heard = (await status(desk, told_)).json()
    assert (heard["stage"], heard["result"], heard["reason"], heard["reason_needs"]) == (
        "refused", "refused", None, "code_or_clerk",
    )  # fmt: skip
    assert (await status(desk, told_, code=told_["code"])).json()["reason"] == {"code": "no_risk"}
    body = {"receipt_no": told_["receipt_no"], "phone_last4": PHONE[-4:]}
    assert (await post(desk, STATUS, body, **desk.token("clerk"))).json()["reason"] == {"code": "no_risk"}
    assert (await post(desk, STATUS, body, **desk.token("village"))).json()["reason"] is None
    assert (await post(desk, STATUS, body, **desk.token("clerk", region="340822"))).json()["reason"] is None


async def test_an_appeal_is_told_once_and_one_that_was_answered_is_appealed_no_more(desk: County) -> None:
    told_, household_id = await refused(desk)
    first, again = await appeal(desk, told_), await appeal(desk, told_)
    assert (first.status_code, again.status_code) == (201, 200) and first.json() == again.json()
    assert [word for word, _ in await told(desk, household_id)] == ["reported", "appealed"]
    await step(desk, household_id, "appealed", hop="county", step="appeal")
    assert (await status(desk, told_)).json()["stage"] == "appeal"
    await step(desk, household_id, "rejected", hop="county", result="refused", reason_code="no_risk")
    upheld = await appeal(desk, told_)
    assert (upheld.status_code, upheld.json()["code"]) == (409, "appeal_answered")
    assert (await status(desk, told_)).json()["can_appeal"] is False
    assert [word for word, _ in await told(desk, household_id)] == ["reported", "appealed"]


async def test_an_appeal_before_a_refusal_or_after_its_days_is_refused_with_a_remedy(desk: County) -> None:
    told_ = await file(desk)
    early = await appeal(desk, told_)
    assert (early.status_code, early.json()["code"]) == (409, "not_refused")
    late, _ = await refused(desk, date.today() - timedelta(days=2))
    answer = await appeal(desk, late)
    assert (answer.status_code, answer.json()["code"]) == (409, "appeal_too_late")
    assert "new declaration" in answer.json()["detail"]
    in_time, _ = await refused(desk, date.today() + timedelta(days=2))
    assert (await status(desk, in_time)).json()["can_appeal"] is True
    assert (await appeal(desk, in_time)).status_code == 201


async def test_after_a_refusal_a_new_declaration_begins_anew(desk: County) -> None:
    who: dict[str, Any] = {"name": NAME, "phone": "13900008888"}
    told_ = await file(desk, **who)
    household_id = (await row(desk, told_["receipt_no"]))["household_id"]
    await step(desk, household_id, "rejected", hop="township", result="refused", reason_code="no_risk")
    await step(desk, household_id, "closed", hop="village_return", result="refused")
    again = await file(desk, **who)
    assert (again["is_repeat"], again["times"]) == (False, 2)
    assert [word for word, _ in await told(desk, household_id)] == ["reported", "reported"]
    last4 = "8888"
    assert (await status(desk, told_, last4)).json()["stage"] == "refused"
    assert (await status(desk, again, last4)).json()["stage"] == "received", "the closed case is another one"


async def test_an_appeal_names_its_own_case_whatever_the_household_has_had_since(desk: County) -> None:
    """A newer case was closed by withdrawal meanwhile: the older refusal is heard, shown and appealed against."""
    told_, household_id = await refused(desk, date.today() + timedelta(days=5))
    await step(desk, household_id, "closed", hop="village_return", result="refused",
               appeal_until=date.today() + timedelta(days=5))  # fmt: skip
    newer = {"case_id": uuid4()}
    await step(desk, household_id, "opened", hop="village_group", step="first_look", **newer)
    await step(desk, household_id, "closed", reason_code="cause_withdrawn", **newer)
    heard = (await status(desk, told_)).json()
    assert (heard["stage"], heard["can_appeal"]) == ("refused", True)
    assert (await appeal(desk, told_)).status_code == 201
    [(_, fact)] = [one for one in await told(desk, household_id) if one[0] == "appealed"]
    assert fact["case_id"] == str(uuid5(household_id, "case"))
    assert (await status(desk, told_)).json()["stage"] == "appeal", "though its case does not say so yet"


async def test_a_second_case_of_a_household_has_an_appeal_of_its_own(desk: County) -> None:
    who: dict[str, Any] = {"name": NAME, "phone": PHONE}
    first, household_id = await refused(desk, **who | {"name": "欧阳二"})
    assert (await appeal(desk, first)).status_code == 201
    await step(desk, household_id, "rejected", hop="county", result="refused", reason_code="no_risk")
    await step(desk, household_id, "closed", hop="village_return", result="refused")
    again = await file(desk, **who | {"name": "欧阳二"})
    newer = {"case_id": uuid4()}
    await step(desk, household_id, "opened", hop="village_group", step="first_look", **newer)
    await step(desk, household_id, "rejected", hop="township", result="refused", reason_code="no_risk", **newer)
    assert (await status(desk, first)).json()["can_appeal"] is False
    answer = await appeal(desk, again)
    assert answer.status_code == 201, answer.text
    facts = [fact["case_id"] for word, fact in await told(desk, household_id) if word == "appealed"]
    assert facts == [str(uuid5(household_id, "case")), str(newer["case_id"])]


async def test_a_case_that_was_matched_is_followed_to_the_register_s_household(desk: County) -> None:
    id_no = number()
    told_ = await file(desk, id_no=id_no)
    kept = await row(desk, told_["receipt_no"])
    case = {"case_id": uuid4()}
    await step(desk, kept["household_id"], "opened", hop="village_group", step="first_look", **case)
    no = await desk.home(id_no)
    target = desk.vault.household_id(no)

    async def is_matched() -> bool:
        return bool((await row(desk, told_["receipt_no"]))["matched_household_id"] == target)

    await until(is_matched, 20, "the register's next word")
    await step(desk, target, "arrived", hop="village_committee", step="visit", **case)
    assert (await status(desk, told_)).json()["stage"] == "visit"
    await step(desk, target, "rejected", hop="township", result="refused", reason_code="no_risk", **case)
    assert (await appeal(desk, told_)).status_code == 201


async def test_a_withdrawal_is_told_once_and_not_after_a_decision(desk: County) -> None:
    told_ = await file(desk)
    household_id = (await row(desk, told_["receipt_no"]))["household_id"]
    path, body = f"{DECLARATIONS}/{told_['receipt_no']}/withdrawals", {"phone_last4": PHONE[-4:]}
    first, again = await post(desk, path, body), await post(desk, path, body)
    assert first.status_code == 200 and first.json() == again.json() and first.json()["state"] == "withdrawn"
    assert [word for word, _ in await told(desk, household_id)] == ["reported", "withdrawn"]
    assert (await status(desk, told_)).json()["stage"] == "withdrawn"
    decided, _ = await refused(desk)
    late = await post(desk, f"{DECLARATIONS}/{decided['receipt_no']}/withdrawals", body)
    assert (late.status_code, late.json()["code"]) == (409, "decided_already")


# ── the vault, and the account ──────────────────────────────────────────────────────────────────────────────────────


async def test_no_word_name_or_number_of_a_declarer_lies_in_the_clear(
    desk: County, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    id_no, words, phone, mail = number(), f"难处{uuid4().hex}", "13911112345", "laowang@example.invalid"
    who: dict[str, Any] = {
        "name": NAME,
        "id_no": id_no,
        "difficulty": words,
        "phone": phone,
        "email": mail,
        "address": ADDRESS,
    }
    told_ = await file(desk, proxy={"name": "代办人甲", "relation": "邻居"}, **who)
    await status(desk, told_, phone[-4:])
    secrets = (NAME, id_no, words, phone, mail, ADDRESS, "代办人甲", told_["receipt_no"])
    admin = await asyncpg.connect(database)
    for table in await admin.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'intake'"):
        rows = await admin.fetch(f'SELECT t::text AS row FROM intake."{table["tablename"]}" t')
        text = "\n".join(one["row"] for one in rows)
        for secret in secrets:
            assert secret not in text and secret.encode().hex() not in text, table["tablename"]
    await admin.close()
    for topic in ("household.registered", "clue.reported"):
        text = json.dumps(await desk.events(topic), ensure_ascii=False)
        assert not [secret for secret in secrets if secret in text], topic
    metrics = (await desk.client.get("/metrics")).text
    assert not [secret for secret in secrets if secret in metrics + caplog.text]


async def test_every_call_is_accounted_for(desk: County) -> None:
    await file(desk)
    await post(desk, DECLARATIONS, b"{}")
    told_ = (await desk.client.get("/v1/conservation", headers=desk.token("steward"))).json()
    [mine] = [one for one in told_["sent"] if one["department"] == "declaration"]
    assert mine["is_equal"] and mine["waiting"] == 0, mine
    assert mine["received"] == sum(mine[name] for name in ("accepted", "duplicates", "rejected", "parked"))
    assert min(mine[name] for name in ("accepted", "duplicates", "rejected", "parked")) > 0
