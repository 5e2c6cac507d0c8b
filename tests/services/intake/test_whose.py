"""Whose it is: urgent ones first with their clock, both sides masked, a match or "not ours", each look audited."""

from datetime import datetime, timedelta
from typing import Any

from tests.services.intake.county import (
    County,
    Record,
    house_grade,
    household,
    household_no,
    member,
    number,
    settlement,
)
from tests.services.intake.test_declarations import file
from tests.tokens import VILLAGE

MEDICAL, HOUSING, REGISTER = "medical_insurance", "housing", "rural_revitalization"
NAME = "欧阳守望"


async def get(desk: County, path: str, role: str = "county", status: int = 200, **query: Any) -> Any:
    answer = await desk.client.get(path, headers=desk.token(role, officer_id=f"{role}-1"), params=query)
    assert answer.status_code == status, (path, answer.text)
    return answer.json()


async def post(
    desk: County, id_: str, what: str, body: Record, role: str = "county", status: int = 200, **more: Any
) -> Any:
    headers = desk.token(role, officer_id=f"{role}-1") | more
    answer = await desk.client.post(f"/v1/identity/{id_}/{what}", headers=headers, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def listed(desk: County, **query: Any) -> list[Record]:
    found: list[Record] = []
    after: dict[str, Any] = {}
    while True:
        page = await get(desk, "/v1/identity", limit="3", **query, **after)
        found += page["items"]
        if not page["next"]:
            return found
        after = {"after": page["next"]}


async def of_record(desk: County, record_id: str, **query: Any) -> Record:
    [found] = [one for one in await listed(desk, **query) if one["record_id"] == record_id]
    return found


async def test_what_is_red_or_declared_comes_first_with_its_clock_and_all_add_up(desk: County) -> None:
    plain, red = settlement(number()), house_grade(household_no(), "D")
    await desk.send(MEDICAL, plain)
    await desk.send(HOUSING, house_grade(household_no(), "C"), red)
    await file(desk, name=NAME, id_no=None)
    items = await listed(desk)
    assert [one["is_urgent"] for one in items] == sorted((one["is_urgent"] for one in items), reverse=True)
    for group in (True, False):
        since = [one["since"] for one in items if one["is_urgent"] is group]
        assert since == sorted(since)
    mine = await of_record(desk, red["record_id"])
    assert mine["is_urgent"] and _hours(mine) == timedelta(hours=4)
    assert (await of_record(desk, plain["record_id"]))["due_at"] is None
    declared = [one for one in items if one["what"] == "clue"]
    assert declared and all(one["is_urgent"] and one["kind"] == "declaration" for one in declared)
    tally = (await get(desk, "/v1/identity/tally"))["items"]
    assert sum(one["count"] for one in tally if not one["is_answered"]) == len(items)
    assert sum(one["count"] for one in tally if one["is_urgent"] and not one["is_answered"]) == sum(
        one["is_urgent"] for one in items
    )
    only = await listed(desk, department=HOUSING)
    assert only and {one["department"] for one in only} == {HOUSING}


def _hours(one: Record) -> timedelta:
    return datetime.fromisoformat(one["due_at"]) - datetime.fromisoformat(one["since"])


async def test_a_corrected_grade_is_red_no_more(desk: County) -> None:
    sent = house_grade(household_no(), "D")
    await desk.send(HOUSING, sent)
    assert (await of_record(desk, sent["record_id"]))["is_urgent"]
    await desk.send(HOUSING, sent | {"version": 2, "data": {"grade": "B"}})
    assert not (await of_record(desk, sent["record_id"]))["is_urgent"]


async def test_both_sides_are_shown_masked_and_the_likely_household_is_matched(desk: County) -> None:
    here, there = household_no(), household_no()
    await desk.send(
        REGISTER, household(here, member(number(), name=NAME), member(number(), name="李秀英", relation="配偶")),
        household(there, member(number(), name="欧阳别人")),
    )  # fmt: skip
    stranger = number()
    sent = settlement(stranger, subject={"name": NAME})
    await desk.send(MEDICAL, sent)
    item = await of_record(desk, sent["record_id"])
    both = await get(desk, f"/v1/identity/{item['id']}")
    subject = both["sent"]["subject"]
    assert (subject["name"], subject["id_no"]) == ("欧**", f"{stranger[:6]}{'*' * 8}{stranger[-4:]}")
    assert both["sent"]["version"]["data"]["in_scope_self_paid_yuan"] == "6000.00"
    likely = {one["household_no"]: one for one in both["candidates"]}
    assert likely[here]["because"] == ["name", "village"] and there not in likely, (
        "a namesake, not everybody of the surname"
    )
    text = str(both)
    assert NAME not in text and stranger not in text and "李秀英" not in text
    village = await get(desk, f"/v1/identity/{item['id']}", "village")
    assert "6000" not in str(village) and village["sent"]["subject"]["name"] == "欧**"
    body = {"household_id": likely[here]["household_id"], "reason": "电话核实是同一人"}
    assert (await post(desk, item["id"], "match", body))["state"] == "matched"
    await get(desk, f"/v1/identity/{item['id']}", status=404)
    assert await desk.said(here, sent["record_id"]) == [("changed", 1)]


async def test_numbers_that_contradict_show_both_households(desk: County) -> None:
    id_no = number()
    by_person, by_number = await desk.home(id_no), await desk.home(number())
    sent = settlement(id_no, subject={"household_no": by_number})
    await desk.send(MEDICAL, sent)
    item = await of_record(desk, sent["record_id"])
    both = await get(desk, f"/v1/identity/{item['id']}")
    why = {one["household_no"]: one["because"][0] for one in both["candidates"]}
    assert both["reason"] == "identity_contradicts" and (why[by_person], why[by_number]) == ("id_no", "household_no")


async def test_not_ours_ends_the_clock_until_it_is_sent_anew(desk: County) -> None:
    sent = house_grade(household_no(), "D")
    await desk.send(HOUSING, sent)
    item = await of_record(desk, sent["record_id"])
    await post(desk, item["id"], "not-ours", {"reason": "x"}, status=422)
    await post(desk, item["id"], "not-ours", {"reason": "查无此户"}, role="auditor", status=403)
    told: dict[str, Any] = {"idempotency-key": "not-ours-1"}
    first = await post(desk, item["id"], "not-ours", {"reason": "外县住户"}, **told)
    assert await post(desk, item["id"], "not-ours", {"reason": "外县住户"}, **told) == first
    await post(desk, item["id"], "not-ours", {"reason": "另一句话"}, status=422, **told)
    assert sent["record_id"] not in [one["record_id"] for one in await listed(desk)]
    said = await of_record(desk, sent["record_id"], state="not_ours")
    assert said["not_ours"]["reason"] == "外县住户" and said["not_ours"]["role"] == "county"
    await desk.send(HOUSING, sent | {"version": 2})
    assert (await of_record(desk, sent["record_id"]))["not_ours"] is None, "sent anew, asked anew"


async def test_a_declarer_in_no_register_is_shown_and_seen_by_reason_alone(desk: County) -> None:
    here = household_no()
    await desk.send(REGISTER, household(here, member(number(), name="司马守望")))
    await file(desk, name="司马守望", id_no=None, phone="13905580123")
    items = [one for one in await listed(desk) if one["display_name"] == "司**"]
    both = await get(desk, f"/v1/identity/{items[-1]['id']}")
    assert both["what"] == "clue" and both["sent"]["subject"]["phone"] == "139****0123"
    assert here in [one["household_no"] for one in both["candidates"]]
    assert "司马守望" not in str(both) and "13905580123" not in str(both)
    await post(desk, both["id"], "unmask", {}, status=422)
    seen = await post(desk, both["id"], "unmask", {"reason": "回拨核实身份"})
    assert (seen["name"], seen["phone"]) == ("司马守望", "13905580123")
    rows = await desk.service.worker.fetch("SELECT action, purpose FROM audit WHERE action LIKE 'identity.%'")
    assert {"identity.read", "identity.unmask", "identity.not_ours"} <= {row["action"] for row in rows}
    assert [row["purpose"] for row in rows if row["action"] == "identity.unmask"] == ["回拨核实身份"]


async def test_nobody_reads_what_waits_in_another_area_or_by_a_made_up_name(desk: County) -> None:
    sent = settlement(number())
    await desk.send(MEDICAL, sent)
    item = await of_record(desk, sent["record_id"])
    for headers in (desk.token("county", region="340822"), desk.token("village", region="341221102202")):
        answer = await desk.client.get(f"/v1/identity/{item['id']}", headers=headers)
        assert answer.status_code == 404, answer.text
    for made_up in ("clue:x", "%00", "YQ", "clue:00000000-0000-4000-8000-000000000000"):
        await get(desk, f"/v1/identity/{made_up}", status=404)
    for after in ("%00", "x", "MB4yMDI2"):
        await get(desk, "/v1/identity", status=422, after=after)
    assert VILLAGE
