"""Departments' documents and `record.parse` take the same; where a document takes more, it is named here."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from deploy.contracts import asyncapi
from deploy.contracts.documents import ASYNCAPI
from services.intake.contract import ANY, data_of
from services.intake.departments import KINDS
from services.intake.fields import Fields
from services.intake.kind import Kind
from services.intake.record import Origin, Refused, parse
from services.intake.vault import Vault
from shared.contracts.topics import DEPARTMENTS, department_topic
from shared.crypto import BlindIndex, Cipher
from tests import hostile
from tests.contracts.written import written
from tests.hostile import put
from tests.services.intake.county import SOUND, number

Json = dict[str, Any]

VAULT = Vault(Cipher(b"v" * 32), BlindIndex(b"i" * 32))
HERE = Origin("http", "341221")
ALL = [(code, kind) for code, kinds in KINDS.items() for kind in kinds]
DEPARTMENT_OF = {kind.name: code for code, kind in ALL}
ID_NO = number(1)
SUMS = {"medfee_sumamt": "48210.50", "fund_pay_sumamt": "21400.00", "psn_part_amt": "26810.50"}


@cache
def document(code: str) -> Draft202012Validator:
    """What the committed document takes on a department's topic."""
    told = json.loads(written()[ASYNCAPI])
    [message] = told["channels"][department_topic(code)]["messages"].values()
    payload = told["components"]["messages"][message["$ref"].rpartition("/")[2]]["payload"]
    return Draft202012Validator(
        {**payload, "components": told["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def sound(kind: str, /, **changes: Any) -> Json:
    """A sound record with other values at some places, `data__status` for one within; `...` leaves a field out."""
    found: Json = {**SOUND[kind]("HB-1", ID_NO), "record_id": "R-1"}
    for place, value in changes.items():
        path = tuple(place.split("__"))
        found = _without(found, path) if value is ... else put(found, path, value)
    return found


def _without(whole: Json, path: tuple[str, ...]) -> Json:
    name, *rest = path
    if rest:
        return {**whole, name: _without(whole[name], tuple(rest))}
    return {key: one for key, one in whole.items() if key != name}


def by_national_names(**more: Any) -> Json:
    return sound("settlement", data={"setting": "inpatient", **SUMS, **more})


def held(kind: str, told: Any) -> tuple[bool, bool]:
    """Whether the document takes it, and whether intake does."""
    code = DEPARTMENT_OF[kind]
    return document(code).is_valid(told), not isinstance(parse(orjson.dumps(told), code, HERE, VAULT), Refused)


TAKEN: dict[str, tuple[str, Json]] = {
    "withdrawn without a kind": ("cover", {"record_id": "R-1", "version": 2, "op": "withdraw"}),
    "withdrawn with anything else": (
        "cover", {"record_id": "R-1", "version": 2, "op": "withdraw", "kind": 7, "data": [], "occurred_on": "soon"},
    ),
    "no op": ("cover", sound("cover", op=...)),
    "an empty op": ("cover", sound("cover", op="")),
    "a number as its name": ("cover", sound("cover", record_id=41)),
    "words with blanks round them": ("cover", sound("cover", op=" upsert ", kind="cover\n", data__status="insured ")),
    "a word with a sign of no width": ("cover", sound("cover", data__status="in\u200bsured")),
    "a CloudEvent": ("cover", {"specversion": "1.0", "id": "1", "data": sound("cover")}),
    "an unknown field": ("cover", sound("cover", data__more={"x": 1}, more=[])),
    "a year left out": ("cover", sound("cover", data__year=None)),
    "nobody's number, a household's": ("cover", sound("cover", subject={"household_no": "HB-1"})),
    "whoever has no number": ("cover", sound("cover", subject={"id_no": "999999"})),
    "a number in two scripts": ("cover", sound("cover", subject={"id_no": hostile.spelt(ID_NO)["full-width"]})),
    "64 letters and a blank": ("settlement", sound("settlement", data__reverses="x" * 64 + " ")),
    "sums by the national names": ("settlement", by_national_names()),
    "a sum by both names, ours none": ("settlement", by_national_names(total_yuan=None)),
    "a sum by both names, ours none, in the other order": (
        "settlement", {**(told := by_national_names(total_yuan=None)), "data": dict(reversed(told["data"].items()))},
    ),
    "a sum by both names, theirs none": ("settlement", by_national_names(total_yuan="48210.50", medfee_sumamt="x")),
    "a whole sum as a number": ("wage_arrears", sound("wage_arrears", data__yuan=6000)),
    "a sum with a sign": ("wage_arrears", sound("wage_arrears", data__yuan="+6000.5")),
    "minus nought": ("wage_arrears", sound("wage_arrears", data__yuan="-0.00")),
    "a refund": (
        "settlement",
        sound("settlement", data__total_yuan="-8000", data__reimbursed_yuan=-2000, data__self_paid_yuan="-6000.00"),
    ),
    "a school year as a number": ("cost", sound("cost", data__school_year=2026)),
    "a grade without its day": ("house_grade", sound("house_grade", data__inspected_on="")),
    "a type that is on no list": ("allowance", sound("allowance", data__type="高龄津贴")),
    "a stage that is on no list": ("enrolment", sound("enrolment", data__stage="夜校")),
    "a place of any form": ("employment", sound("employment", data__place=["义乌"])),
    "one income of four": ("income", sound("income", data={"year": 2025, "transfer_yuan": "0"})),
    "monitoring of a category on no list": ("monitoring", sound("monitoring", data__category=5)),
    "a history in a word": ("household", sound("household", data__poverty_history="lifted_out")),
    "a history of nothing": ("household", sound("household", data__poverty_history=[])),
    "a year that nobody asks for": (
        "household", sound("household", data__poverty_history={"status": "none", "year": "x"}),
    ),
    "a household named by its subject": (
        "household", sound("household", data__household_no=..., subject__household_no="HB-1"),
    ),
    "a member without a number": ("household", sound("household", data__members=[{"name": "张守望"}])),
}  # fmt: skip
REFUSED: dict[str, tuple[str, Any]] = {
    "no day": ("house_grade", sound("house_grade", occurred_on=...)),
    "no subject, and no data": ("house_grade", sound("house_grade", subject=..., data=None)),
    "no kind": ("cover", sound("cover", kind=...)),
    "a kind of another department": ("cover", sound("house_grade")),
    "an unknown op": ("cover", sound("cover", op="delete")),
    "no version": ("cover", sound("cover", version=...)),
    "version nought": ("cover", sound("cover", version=0)),
    "a version in quotes": ("cover", sound("cover", version="1")),
    "withdrawn without a version": ("cover", {"record_id": "R-1", "op": "withdraw"}),
    "no name": ("cover", sound("cover", record_id="")),
    "a name of true": ("cover", sound("cover", record_id=True)),
    "a name of 65 letters": ("cover", sound("cover", record_id="x" * 65)),
    "a day by its figures": ("cover", sound("cover", occurred_on="20261003")),
    "a day that is none": ("cover", sound("cover", occurred_on="2026-02-30")),
    "nobody": ("cover", sound("cover", subject={"name": "张守望", "region": "341221102201"})),
    "a subject of text": ("cover", sound("cover", subject="张守望")),
    "a control sign": ("settlement", sound("settlement", data__reverses="A\u0000B")),
    "an unknown word": ("cover", sound("cover", data__status="no")),
    "no sums by either name": ("settlement", sound("settlement", data={"setting": "inpatient"})),
    "a needed sum of letters by the national name": ("settlement", by_national_names(medfee_sumamt="x")),
    "a sum as a float": ("settlement", sound("settlement", data__total_yuan=8000.5)),
    "a sum with three places": ("settlement", sound("settlement", data__total_yuan="8000.505")),
    "a sum of thirteen figures": ("settlement", sound("settlement", data__total_yuan=10**12)),
    "wages below nought": ("wage_arrears", sound("wage_arrears", data__yuan="-0.01")),
    "no income at all": ("income", sound("income", data={"year": 2025})),
    "a village's water": ("supply", sound("supply", data__scope="village")),
    "no members": ("household", sound("household", data__members=[])),
    "too many members": ("household", sound("household", data__members=[{"name": "张守望"}] * 61)),
    "a member without a name": ("household", sound("household", data__members=[{"relation": "户主"}])),
    "a group in words": ("household", sound("household", data__group="三组")),
    "no village": ("household", sound("household", subject={"household_no": "HB-1"})),
    "a list": ("cover", [sound("cover")]),
    "a CloudEvent of nothing": ("cover", {"specversion": "1.0", "data": {}}),
}
UNSAID: dict[str, tuple[str, Json]] = {
    "a check digit": ("cover", sound("cover", subject={"id_no": ID_NO[:-1] + ("1" if ID_NO[-1] != "1" else "2")})),
    "an ID number in the record's name": ("cover", sound("cover", record_id=f"R-{ID_NO}")),
    "a year after the record's own": ("income", sound("income", data__year=2199)),
    "a whole number written with a point": ("cover", sound("cover", version=1.0)),
    "nothing but signs without a width": ("cover", sound("cover", kind="\u200b")),
    "a school year in words": ("cost", sound("cost", data__school_year="去年")),
    "the form of a household's number": ("house_grade", sound("house_grade", subject={"household_no": "<HB>"})),
    "two numbers of one household": ("household", sound("household", subject__household_no="HB-2")),
    "a household without a number in either place": (
        "household", sound("household", data__household_no=..., subject__household_no=...),
    ),
    "a member who stands there twice": ("household", sound("household", data__members=[{"name": "张守望"}] * 2)),
    "a year of a history that asks for it": (
        "household", sound("household", data__poverty_history={"status": "lifted_out", "year": "x"}),
    ),
    "a sum of letters by a national name that may be left out": ("settlement", by_national_names(hifp_pay="x")),
    "a plain record with a CloudEvent's word": ("cover", sound("cover", specversion="1.0")),
}  # fmt: skip
"""What JSON Schema cannot say, or not without a schema that nobody reads: the document takes it, and intake refuses."""
UNSAID_CODES = frozenset({
    "too_large", "too_deep", "record_id_holds_id_no", "id_damaged_by_spreadsheet", "id_wrong_length",
    "id_no_such_date", "id_wrong_characters", "id_wrong_check_digit", "household_no_form", "household_no_differs",
    "not_a_school_year", "member_twice",
})  # fmt: skip
UNSAID_FIELDS = frozenset({("out_of_range", "data.year"), ("missing", "data.household_no")})
"""Refusals of the same sort: by their code, or by code and field."""


@pytest.mark.parametrize(("code", "kind"), ALL, ids=[kind.name for _, kind in ALL])
def test_a_sound_record_of_every_kind_is_taken_by_both(code: str, kind: Kind) -> None:
    assert held(kind.name, sound(kind.name)) == (True, True)


@pytest.mark.parametrize("what", TAKEN)
def test_what_intake_takes_the_document_takes(what: str) -> None:
    assert held(*TAKEN[what]) == (True, True)


@pytest.mark.parametrize("what", REFUSED)
def test_what_the_document_refuses_intake_refuses(what: str) -> None:
    assert held(*REFUSED[what]) == (False, False)


@pytest.mark.parametrize("what", UNSAID)
def test_what_a_schema_cannot_say_intake_alone_refuses(what: str) -> None:
    assert held(*UNSAID[what]) == (True, False)


@pytest.mark.parametrize(("code", "kind"), ALL, ids=[kind.name for _, kind in ALL])
def test_of_two_hundred_hostile_records_the_document_refuses_none_that_intake_takes(code: str, kind: Kind) -> None:
    seen = 0
    for name, raw, told in _readable(sound(kind.name)):
        found = parse(raw, code, HERE, VAULT)
        is_taken = document(code).is_valid(told)
        assert is_taken or isinstance(found, Refused), name
        if is_taken and isinstance(found, Refused):
            assert _is_unsaid(raw, found), (name, found.fault)
        seen += 1
    assert seen > 150


def _readable(record: Json) -> Iterator[tuple[str, bytes, Any]]:
    for one in hostile.records(record, 1):
        try:
            yield one.name, one.raw, orjson.loads(one.raw)
        except orjson.JSONDecodeError:
            continue


def _is_unsaid(raw: bytes, found: Refused) -> bool:
    """Also every text of which nothing is left, and numbers that no reader of JSON holds whole."""
    is_odd = rb"\u200b" in raw or str(2**70).encode() in raw
    return is_odd or found.fault.code in UNSAID_CODES or (found.fault.code, found.fault.field) in UNSAID_FIELDS


# ── the documents are the code's ────────────────────────────────────────────────────────────────────────────────────


def test_the_committed_document_is_what_the_code_says() -> None:
    assert json.loads(written()[ASYNCAPI]) == json.loads(json.dumps(asyncapi.document()))
    assert tuple(KINDS) == DEPARTMENTS


def test_the_call_takes_what_the_topics_take() -> None:
    schemas = json.loads(written()[ASYNCAPI])["components"]["schemas"]
    told = json.loads(written()["docs/contracts/openapi/intake.json"])
    for name in (ANY, *(f"{code}.{kind.name}" for code, kind in ALL)):
        assert told["components"]["schemas"][name] == schemas[name]
    content = told["paths"]["/v1/departments/{code}/records"]["post"]["requestBody"]["content"]
    line = {**content["application/x-ndjson"]["schema"], "components": told["components"]}
    body = {**content["application/json"]["schema"], "components": told["components"]}
    for _, kind in ALL:
        record = sound(kind.name)
        assert Draft202012Validator(line).is_valid(record) and Draft202012Validator(body).is_valid([record, record])
        assert not Draft202012Validator(line).is_valid(record | {"version": 0})


class Watched(dict[str, Any]):
    """An object that knows which of its fields were asked for."""

    def __init__(self, values: Mapping[str, Any], names: set[str]) -> None:
        super().__init__({name: self._watched(one, names) for name, one in values.items()})
        self.names = names

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)

    @classmethod
    def _watched(cls, value: Any, names: set[str]) -> Any:
        if isinstance(value, list):
            return [cls._watched(one, names) for one in value]
        return cls(value, names) if isinstance(value, dict) else value


@pytest.mark.parametrize(("code", "kind"), ALL, ids=[kind.name for _, kind in ALL])
def test_every_field_that_a_check_asks_for_is_published(code: str, kind: Kind) -> None:
    """Asked of a real record, by the check itself."""
    names: set[str] = set()
    told = sound(kind.name)["data"]
    if kind.about == "register":
        told |= {"poverty_history": {"status": "lifted_out", "year": 2015}}
    kind.check(Fields(Watched(told | {"region": "341221102201"}, names), "data"), date(2026, 10, 3))
    published = set(_names(data_of(kind)))
    assert names - {"region"} <= published and len(names) > 0
    assert set(kind.shown) | set(kind.aliases) <= published


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for one in schema:
            yield from _names(one)
    elif isinstance(schema, dict):
        yield from schema.get("properties", {})
        for one in schema.values():
            yield from _names(one)
