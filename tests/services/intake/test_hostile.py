"""Hostile bytes: each is one rejected line with its code, its field and its remedy; never a 5xx, never a neighbour."""

import json
from typing import Any

import pytest

from services.intake.rejection import message
from shared.domain.identity import check_digit
from tests import hostile
from tests.services.intake.county import County, household, household_no, income, member, number, record, settlement

MEDICAL = "medical_insurance"
REGISTER = "rural_revitalization"
HOUSEHOLD = "subject.household_no"


def spoilt(at: str, value: Any) -> bytes:
    """A sound settlement but for one field; `at` is its path."""
    sent = settlement(number())
    place, _, name = at.rpartition(".")
    (sent[place] if place else sent)[name] = value
    return json.dumps(sent, ensure_ascii=False).encode()


def with_its_number(around: str) -> bytes:
    """A sound settlement whose id holds its subject's own number."""
    sent = settlement(id_no := number())
    return json.dumps(sent | {"record_id": around.format(id_no, id_no[:6], id_no[6:])}, ensure_ascii=False).encode()


def raw_value(at: str, text: str) -> bytes:
    """The same, with a value that Python's json would not write."""
    return spoilt(at, "@@").replace(b'"@@"', text.encode())


def wrong_check_digit() -> str:
    id_no = number()
    return id_no[:17] + ("1" if id_no[17] != "1" else "2")


BORN_AHEAD = "34122120990101123" + check_digit("34122120990101123")
DEEP_ENOUGH = b'{"record_id": "A", "version": 1, "op": "withdraw", "x": ' + b"[" * 300 + b"]" * 300 + b"}"
CASES: dict[str, tuple[bytes, str, str | None]] = {
    **{name: (raw, "not_json", None) for name, raw in hostile.NOT_JSON.items() if raw.strip()},
    **{name: (raw, "not_an_object", None) for name, raw in hostile.NO_OBJECT.items()},
    "empty": (b"{}", "missing", "record_id"),
    "NaN for a sum": (raw_value("data.total_yuan", "NaN"), "not_json", None),
    "Infinity for a sum": (raw_value("data.total_yuan", "-Infinity"), "not_json", None),
    "300 deep in a field": (DEEP_ENOUGH, "too_deep", None),
    "over 256 kB": (spoilt("more", "x" * 300_000), "too_large", None),
    "a number of 400 digits": (raw_value("data.total_yuan", "1" + "0" * 400), "not_json", None),
    "1E+400000 as a sum": (spoilt("data.total_yuan", "1E+400000"), "not_money", "data.total_yuan"),
    "10^400 as a sum": (spoilt("data.total_yuan", "1" + "0" * 400), "not_money", "data.total_yuan"),
    "a float as a sum": (spoilt("data.total_yuan", 12.5), "not_money", "data.total_yuan"),
    "three places": (spoilt("data.self_paid_yuan", "1.234"), "not_money", "data.self_paid_yuan"),
    "NaN as a sum": (spoilt("data.total_yuan", "NaN"), "not_money", "data.total_yuan"),
    "full-width figures as a sum": (spoilt("data.total_yuan", "１２"), "not_money", "data.total_yuan"),
    "a list as a sum": (spoilt("data.basic_fund_yuan", []), "not_money", "data.basic_fund_yuan"),
    "no sum": (spoilt("data.total_yuan", None), "missing", "data.total_yuan"),
    "2^70 as a version": (spoilt("version", 2**70), "not_a_whole_number", "version"),
    "2^40 as a version": (spoilt("version", 2**40), "out_of_range", "version"),
    "version nought": (spoilt("version", 0), "out_of_range", "version"),
    "true as a version": (spoilt("version", True), "not_a_whole_number", "version"),
    "a text as a version": (spoilt("version", "1"), "not_a_whole_number", "version"),
    "no version": (spoilt("version", None), "missing", "version"),
    "an object as a record id": (spoilt("record_id", {"a": 1}), "not_text", "record_id"),
    "a NUL in a record id": (spoilt("record_id", "A\x00B"), "forbidden_character", "record_id"),
    "a line end in a record id": (spoilt("record_id", "A\nB"), "forbidden_character", "record_id"),
    "a long record id": (spoilt("record_id", "A" * 65), "text_length", "record_id"),
    "an ID number in a record id": (spoilt("record_id", f"YB-{number()}"), "record_id_holds_id_no", "record_id"),
    "its number before a day": (with_its_number("{0}20261125"), "record_id_holds_id_no", "record_id"),
    "its number within dashes": (with_its_number("YB-{1}-{2}-01"), "record_id_holds_id_no", "record_id"),
    "an unknown op": (spoilt("op", "delete"), "not_one_of", "op"),
    "an unknown kind": (spoilt("kind", "house_grade"), "unknown_kind", "kind"),
    "a NUL as a kind": (spoilt("kind", "\x00"), "forbidden_character", "kind"),
    "no day": (spoilt("occurred_on", None), "missing", "occurred_on"),
    "a day that is none": (spoilt("occurred_on", "2026-02-30"), "not_a_date", "occurred_on"),
    "a day in figures": (spoilt("occurred_on", 20261003), "not_a_date", "occurred_on"),
    "a day ahead": (spoilt("occurred_on", "2199-01-01"), "date_in_future", "occurred_on"),
    "a finer day ahead": (spoilt("data.discharged_on", "2199-01-01"), "date_in_future", "data.discharged_on"),
    "settled in the year nought": (spoilt("data.settled_on", "0000-01-01"), "not_a_date", "data.settled_on"),
    "a subject in words": (spoilt("subject", "张三"), "not_an_object_here", "subject"),
    "no subject": (spoilt("subject", {}), "subject_missing", "subject"),
    "data in a list": (spoilt("data", ["x"]), "not_an_object_here", "data"),
    "no data": (spoilt("data", None), "missing", "data.setting"),
    "a setting that is none": (spoilt("data.setting", "home"), "not_one_of", "data.setting"),
    "a NUL in a reference": (spoilt("data.reverses", "A\x00"), "forbidden_character", "data.reverses"),
    "a number as an ID number": (spoilt("subject.id_no", 341221197001011234), "not_text", "subject.id_no"),
    "a wrong check digit": (spoilt("subject.id_no", wrong_check_digit()), "id_wrong_check_digit", "subject.id_no"),
    "17 digits": (spoilt("subject.id_no", number()[:17]), "id_wrong_length", "subject.id_no"),
    "a spreadsheet's": (spoilt("subject.id_no", "3.40822E+17"), "id_damaged_by_spreadsheet", "subject.id_no"),
    "a birth that is none": (spoilt("subject.id_no", "341221197013011231"), "id_no_such_date", "subject.id_no"),
    "born ahead": (spoilt("subject.id_no", BORN_AHEAD), "id_born_in_future", "subject.id_no"),
    "an ID number as a household": (spoilt("subject.household_no", number()), "household_no_form", HOUSEHOLD),
    "a path as a household": (spoilt("subject.household_no", "../1"), "household_no_form", HOUSEHOLD),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
async def test_a_hostile_line_is_rejected_with_its_code_and_its_neighbours_are_accepted(
    desk: County, case: str
) -> None:
    raw, code, field = CASES[case]
    before, after = settlement(number()), settlement(number())
    body = b"\n".join((json.dumps(before).encode(), raw, json.dumps(after).encode()))
    answer = await desk.post(MEDICAL, body)
    assert answer.status_code == 202, answer.text
    account = answer.json()
    assert (account["received"], account["rejected"], account["parked"]) == (3, 1, 2)
    [refused] = account["rejections"]
    assert (refused["line"], refused["code"], refused["field"]) == (2, code, field)
    assert len(refused["message"]) > 5


async def test_over_kafka_the_same_are_rejected_and_nothing_waits(desk: County) -> None:
    before = await desk.account(MEDICAL)
    no_value: bytes | None = None
    values = [raw for raw, _, _ in CASES.values() if len(raw) < 200_000]
    sound = settlement(number())
    await desk.stream(MEDICAL, no_value, b"", *values, sound)
    after = await desk.account(MEDICAL)
    told = {name: after[name] - before[name] for name in after}
    assert told == {
        "received": len(values) + 3, "accepted": 0, "duplicates": 0, "rejected": len(values) + 2, "parked": 1
    }  # fmt: skip
    query = "SELECT code, field FROM rejections WHERE channel = 'kafka' ORDER BY line"
    found = [tuple(row) for row in await desk.service.worker.fetch(query)]
    assert found[-len(values) :] == [(code, field) for raw, code, field in CASES.values() if len(raw) < 200_000]
    assert await desk.service.worker.fetchval("SELECT count(*) FROM waiting") == 0
    await desk.is_conserved()


REGISTERED: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "no members": ({"members": []}, "list_length", "data.members"),
    "members in an object": ({"members": {"a": 1}}, "not_a_list", "data.members"),
    "members of words": ({"members": ["张三"]}, "not_an_object_here", "data.members[0]"),
    "61 members": ({"members": [member(None, f"张{n}") for n in range(61)]}, "list_length", "data.members"),
    "a member of invisible signs": ({"members": [member(None, "\u202e\u200b")]}, "missing", "data.members[0].name"),
    "a nameless member": ({"members": [member(None, "")]}, "missing", "data.members[0].name"),
    "a NUL in a name": ({"members": [member(None, "张\x00")]}, "forbidden_character", "data.members[0].name"),
    "a wrong number": (
        {"members": [member(number()), member(wrong_check_digit())]},
        "id_wrong_check_digit",
        "data.members[1].id_no",
    ),
    "one person twice": ({"members": [member(number(7))] * 2}, "member_twice", "data.members"),
    "a group of none": ({"group": 0}, "out_of_range", "data.group"),
    "a group in words": ({"group": "三组"}, "not_a_whole_number", "data.group"),
    "another number": ({"household_no": "HB-OTHER"}, "household_no_differs", "data.household_no"),
    "an unknown history": ({"poverty_history": {"status": "rich"}}, "not_one_of", "data.poverty_history.status"),
}


@pytest.mark.parametrize("case", REGISTERED)
async def test_a_hostile_household_is_rejected_with_the_place_of_its_fault(desk: County, case: str) -> None:
    data, code, field = REGISTERED[case]
    sound = household(household_no(), member(number()))
    account = await desk.send(REGISTER, household(household_no(), member(number()), data=data), sound)
    assert account["accepted"] == 1
    assert [(one["code"], one["field"]) for one in account["rejections"]] == [(code, field)]


@pytest.mark.parametrize("region", ["341221102", "341221102000", "3412211022０1", 341221102201, None, "anywhere"])
async def test_a_household_stands_in_a_village(desk: County, region: Any) -> None:
    sent = household(household_no(), member(number()), region=region)
    [refused] = (await desk.send(REGISTER, sent))["rejections"]
    assert refused["field"] == "subject.region"


async def test_a_text_that_is_too_long_is_told_the_limit_of_its_own_field(desk: County) -> None:
    sent = [
        household(household_no(), member(number()), data={"address": "字" * 201}),
        household(household_no(), member(number(), "张" * 61)),
        household(household_no(), member(number()), data={"household_no": "A" * 65}),
    ]
    told = (await desk.send(REGISTER, *sent))["rejections"]
    assert [(one["code"], one["field"], one["message"]) for one in told] == [
        ("text_length", "data.address", "此字段须有 1 至 200 个字。"),
        ("text_length", "data.members[0].name", "此字段须有 1 至 60 个字。"),
        ("text_length", "data.household_no", "此字段须有 1 至 64 个字。"),
    ]
    assert message("text_length", "en", "data.address") == "This field has 1 to 200 characters."


async def test_an_income_beyond_every_sum_is_rejected(desk: County) -> None:
    no = household_no()
    sums = {name: "9" * 12 for name in ("wage_yuan", "operating_yuan")}
    beyond = record("income", {"household_no": no}, {"year": 2025} | sums)
    ahead = record("income", {"household_no": no}, {"year": 2199, "wage_yuan": "1.00"})
    below = record("income", {"household_no": no}, {"year": 2025, "wage_yuan": "-1.00"})
    nothing = record("income", {"household_no": no}, {"year": 2025})
    account = await desk.send(REGISTER, beyond, ahead, below, nothing, income(no))
    assert [one["code"] for one in account["rejections"]] == ["out_of_range", "out_of_range", "negative_sum", "missing"]
    assert account["parked"] == 1


async def test_a_refusal_speaks_the_callers_language_and_never_repeats_what_was_sent(desk: County) -> None:
    id_no = wrong_check_digit()
    body = json.dumps(settlement(id_no)).encode()
    zh = (await desk.post(MEDICAL, body)).json()["rejections"][0]["message"]
    en = (await desk.post(MEDICAL, body, accept_language="en-GB")).json()["rejections"][0]["message"]
    assert "校验位" in zh and "check digit" in en
    assert id_no not in zh + en


async def test_unknown_fields_are_kept_not_refused(desk: County) -> None:
    sent = settlement(number(), more={"any": ["thing", None, 2**63]}, data={"disease": "\x00", "new": "\x00"})
    assert (await desk.send(MEDICAL, sent))["parked"] == 1


async def test_a_cloud_event_is_read_by_its_data(desk: County) -> None:
    sent = settlement(number())
    event = {"specversion": "1.0", "id": "1", "source": "/departments/medical_insurance", "type": "x", "data": sent}
    assert (await desk.send(MEDICAL, event))["parked"] == 1
    assert (await desk.send(MEDICAL, sent))["duplicates"] == 1


@pytest.mark.parametrize(
    "path",
    ["%00", "a%00b", "x" * 3000, "%ff", "..%2f..", "%F0%9F%98%80"],
)
async def test_a_hostile_record_id_in_an_address_is_not_found(desk: County, path: str) -> None:
    answer = await desk.client.get(f"/v1/departments/{MEDICAL}/records/{path}", headers=desk.token("county"))
    assert answer.status_code in (404, 422), answer.text


@pytest.mark.parametrize(
    "call",
    [
        ("GET", "/v1/batches/nothing"),
        ("GET", "/v1/households?q=%00"),
        ("GET", "/v1/households?after=%00&limit=201"),
        ("GET", "/v1/identity?after=AAAA"),
        ("GET", "/v1/identity?after=MjAyNi0wMS0wMQFhAWI"),
        ("GET", "/v1/identity?after=MjAyNi0wMS0wMR9hH2I"),
        ("GET", "/v1/identity?after=%C3%A9"),
        ("POST", "/v1/identity/%00/match"),
        ("POST", "/v1/identity/AAAA/match"),
        ("POST", "/v1/households/nothing/unmask"),
    ],
)
async def test_no_address_and_no_cursor_is_an_error_of_ours(desk: County, call: tuple[str, str]) -> None:
    method, path = call
    body = {"household_id": "00000000-0000-0000-0000-000000000000", "reason": "核对"}
    answer = await desk.client.request(
        method, path, headers=desk.token("county"), json=body if method == "POST" else None
    )
    assert 400 <= answer.status_code < 500 or answer.status_code == 200, answer.text
