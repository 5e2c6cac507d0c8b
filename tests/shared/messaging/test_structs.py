"""Structs and classes take and refuse the same facts, with the same values: golden, hostile by hand, and drawn."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, get_args
from uuid import UUID

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError, field_validator

from shared.contracts.data import DataChanged, Fact, HouseGrade, Settlement, Values
from shared.contracts.envelope import Event
from shared.contracts.stage import StageAdvanced
from shared.contracts.topics import TOPICS
from shared.contracts.types import Frozen
from shared.messaging import structs
from shared.messaging.structs import Plain, as_model, reader, struct_of
from tests.shared.contracts import golden

EVENTS: dict[str, type[Event]] = {topic.name: topic.event for topic in TOPICS}
GOLDEN: dict[str, dict[str, Any]] = {name: json.loads(golden.example(name)) for name in EVENTS}
"""One of each topic; of every type where they are read as they are."""
FAMILIES = [name for name in EVENTS if not name.startswith("hop.") or name == "hop.county"]
At = tuple[str | int, ...]

INSTANTS = (
    "2026-11-27T10:07:33.1234565Z", "2026-11-27T10:07:33.1234560Z", "2026-11-27T10:07:33.12345Z",
    "2026-11-27 10:07:33Z", "2026-11-27t10:07:33z", "2026-11-27T10:07:33+0800", "2026-11-27T10:07:33+08",
    "2026-11-27T10:07Z", "2026-11-27T10:07:33-00:00", "2026-11-27T10:07:33+23:59", "2026-11-27T10:07:33+24:00",
    "2026-11-27T24:00:00Z", "2026-11-27T10:07:60Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.9999999Z", "2026-11-27T10:07:33", "2026-11-27T10:07:33,5Z", "2026-11-27_10:07:33Z",
    "2026-02-29T00:00:00Z", "1732700853", "２026-11-27T10:07:33Z", " 2026-11-27T10:07:33Z", "2026-11-27T10:07:33+08:00",
    "2026-11-27T10:07:33.Z",
)  # fmt: skip
DAYS = (
    "2026-11-27",
    "2026-1-27",
    "20261127",
    "2026-02-29",
    "2026-11-27T00:00:00",
    "2026-11-27T00:00:00Z",
    "2026-W48-5",
)
SUMS = ( "1", "1.5", "1.50", "-1.50", "+1.50", "-0.00", "0.00", "-0", "00012.50", "1.505", "1e3", "1E+400000",
    "1_0", " 1.50", "1.50 ", "NaN", "inf", "-Infinity", "١.٥٠", "１.50", "999999999999.99", "9999999999999.99", "1,50",
    ".50", "1.",
)  # fmt: skip
IDS = (
    "7eb5c17a-475e-50cc-b353-3781252a6ebe", "7EB5C17A-475E-50CC-B353-3781252A6EBE", "7eb5c17a475e50ccb3533781252a6ebe",
    "urn:uuid:7eb5c17a-475e-50cc-b353-3781252a6ebe", "{7eb5c17a-475e-50cc-b353-3781252a6ebe}",
    "7eb5c17a-475e-50cc-b353-3781252a6eb", "00000000-0000-0000-0000-000000000000",
    "7eb5c17a-475e50cc-b353-3781252a6ebe",
)  # fmt: skip
CODES = (
    "341221102201", "34122110220", "341221102201\n", "٣٤١٢٢١١٠٢٢٠١", "341221102201-03", "341221102201-123456789",
    "000000000001", "000000000000", "/intake", "/intake\n", "/INTAKE", "intake",
    "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
)  # fmt: skip
TEXTS = (
    "", " ", "a" * 64, "a" * 65, "汉" * 64, "汉" * 65, "𠀀" * 64, "a" * 100, "a" * 101, "a" * 201, "a" * 2001,
    "a\x00b", "a\nb", 'a"b', "a\\b", "\x7f", "\u2028", "\ud800", "\ufeff", "null", "true", "red", "Red", "red ",
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 99, 100, 1899, 2200, 2201, 2**31 - 1, 2**31, 2**63, 2**64, 10**400, 0.0, 1.0, 1.5,
    -0.0, 1e300, float("nan"), float("inf"), [], [[]], ["a"], [None], [1], {}, {"kind": "cover"}, {"kind": "nothing"},
    {"": 0},
)  # fmt: skip
HOSTILE: tuple[Any, ...] = (*INSTANTS, *DAYS, *SUMS, *IDS, *CODES, *TEXTS, *OTHERS)


# ── one comparison ──────────────────────────────────────────────────────────────────────────────────────────────────


def as_the_class(event: type[Event], raw: bytes) -> bool:
    """Whether a struct took it. Fails when the fast reader says anything else than the class."""
    try:
        expected = event.model_validate_json(raw)
    except ValidationError as refused:
        with pytest.raises(ValidationError) as also:
            reader(event)(raw)
        assert words(also.value) == words(refused)
        return False
    found = reader(event)(raw)
    differs = difference(found, expected)
    assert differs is None, f"{differs} of {raw[:2000]!r}"
    return isinstance(found, Plain)


def words(refused: ValidationError) -> list[Any]:
    return refused.errors(include_url=False, include_context=False, include_input=False)


def difference(found: Any, expected: Any, at: str = "$") -> str | None:
    """Where two readings differ, field by field, in value, type, offset or digits; None where nowhere."""
    if isinstance(expected, BaseModel):
        fields = type(expected).model_fields
        assert isinstance(found, type(expected)), f"{at} is no {type(expected).__name__}"
        told = (difference(getattr(found, name), getattr(expected, name), f"{at}.{name}") for name in fields)
        return next((one for one in told if one), None)
    if isinstance(expected, tuple):
        if type(found) is not tuple or len(found) != len(expected):
            return at
        told = (difference(a, b, f"{at}[{n}]") for n, (a, b) in enumerate(zip(found, expected, strict=True)))
        return next((one for one in told if one), None)
    is_same = type(found) is type(expected) and found == expected
    if isinstance(expected, datetime):
        is_same = is_same and found.utcoffset() == expected.utcoffset()
    if isinstance(expected, Decimal):
        is_same = is_same and str(found) == str(expected)
    return None if is_same else at


def places(value: Any, at: At = ()) -> Iterator[At]:
    """Every place in a JSON value, the outermost first."""
    if at:
        yield at
    if isinstance(value, dict):
        for name, one in value.items():
            yield from places(one, (*at, name))
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from places(one, (*at, number))


def put(value: Any, at: At, new: Any) -> Any:
    """A copy with another value at a place; at a new name of an object it is added."""
    if not at:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    here = at[0]
    known = here in copy if isinstance(copy, dict) else True
    copy[here] = put(copy[here], at[1:], new) if known else new  # type: ignore[index]
    return copy


def without(value: Any, at: At) -> Any:
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(at) > 1:
        copy[at[0]] = without(copy[at[0]], at[1:])  # type: ignore[index]
    else:
        del copy[at[0]]  # type: ignore[arg-type]
    return copy


def written(value: Any, is_ascii: bool = False) -> bytes:
    return json.dumps(value, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")


# ── golden ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", golden.GOLDEN)
def test_a_struct_reads_each_golden_example_as_its_class_does(name: str) -> None:
    event, raw = golden.GOLDEN[name][0].event, golden.example(name).encode()
    assert as_the_class(event, raw), "a struct takes what is written plainly"
    assert as_model(reader(event)(raw)) == event.model_validate_json(raw)


def every_kind_of_value() -> Iterator[dict[str, Any]]:
    """A fact with the values of each kind, every field told, and every field that may be left out left out."""
    for kind in get_args(get_args(Values)[0]):
        for is_full in (True, False):
            values = {
                name: _example(field.annotation)
                for name, field in kind.model_fields.items()
                if is_full or field.is_required() or name == "kind"
            }
            yield put(GOLDEN["data.changed"], ("data", "values"), values)


def _example(annotation: Any) -> Any:
    text = str(annotation)
    if "Literal" in text:
        found = annotation
        while not isinstance(found, str):
            found = found.__args__[0]
        return found
    return next(
        one
        for word, one in (("Decimal", "12.50"), ("date", "2026-10-08"), ("int", 2026), ("str", "B-1"))
        if word in text
    )


def test_a_struct_reads_every_kind_of_a_departments_values() -> None:
    facts = list(every_kind_of_value())
    assert len(facts) >= 20
    assert all(as_the_class(DataChanged, written(one)) for one in facts)


# ── hostile ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("topic", FAMILIES)
def test_every_hostile_value_at_every_place_is_read_as_the_class_reads_it(topic: str) -> None:
    event, golden = EVENTS[topic], GOLDEN[topic]
    taken = 0
    for at in places(golden):
        for new in HOSTILE:
            taken += as_the_class(event, written(put(golden, at, new)))
        as_the_class(event, written(without(golden, at)))
    assert taken > 100, "many a hostile value is a true one at some place"


def test_every_hostile_value_at_every_place_of_every_kind_of_values_is_read_as_the_class_reads_it() -> None:
    for one in every_kind_of_value():
        for at in places(one["data"]["values"]):
            for new in HOSTILE:
                as_the_class(DataChanged, written(put(one, ("data", "values", *at), new)))
            as_the_class(DataChanged, written(without(one, ("data", "values", *at))))


@pytest.mark.parametrize("topic", FAMILIES)
def test_unknown_fields_escapes_and_spaces_change_nothing(topic: str) -> None:
    event, golden = EVENTS[topic], GOLDEN[topic]
    for at in ((), ("data",)):
        for new in HOSTILE:
            as_the_class(event, written(put(golden, (*at, "a_field_of_next_year"), new)))
    assert not as_the_class(event, written(put(golden, ("subject",), "张\\三"), is_ascii=True))
    assert as_the_class(event, json.dumps(golden, indent=3, ensure_ascii=False).encode())


RAW: tuple[tuple[str, str], ...] = (
    ("", ""), ('"version": 1', '"version": 01'), ('"version": 1', '"version": 1.0'),
    ('"version": 1', '"version": 1e0'), ('"version": 1', '"version": -0'), ('"version": 1', '"version": +1'),
    ('"version": 1', '"version": 0x1'), ('"version": 1', '"version": 1, "version": 2'),
    ('"version": 1', '"version": "x", "version": 2'), ('"version": 1', '"version": 2, "version": null'),
    ('"version": 1', '"version": NaN'), ('"version": 1', '"version": 1,'), ('"version": 1', '"version": 1 /* one */'),
    ('"version": 1', "'version': 1"), ('"version": 1', '"versi\\u006fn": 1'),
    ('"version": 1', '"version": 1, "x": "\\ud800"'), ('"version": 1', '"version": 1, "x": ' + "[" * 150 + "]" * 150),
    ('"version": 1', '"version": 1, "x": ' + "[" * 900 + "]" * 900),
    ('"version": 1', '"version": 1, "x": 1' + "0" * 5000), ('"kind": "settlement", "setting"', '"setting"'),
    ('"kind": "settlement", "setting"', '"kind": "cover", "setting"'),
    ('"kind": "settlement", "setting"', '"kind": "settlement", "kind": "cover", "setting"'),
    ('"kind": "settlement", "setting"', '"kind": "cover", "kind": "settlement", "setting"'),
    ('"kind": "settlement", "setting"', '"kind": "settlement", "kind": "settlement", "setting"'),
    ('"kind": "settlement", "setting"', '"kind": null, "setting"'),
    ('"kind": "settlement", "setting"', '"kind": 1, "setting"'), ('"settlement"', '"settlement\\u0000"'),
    ('"settlement"', '"settlement\x00"'), ('"settlement"', '"settle\tment"'),
)  # fmt: skip


@pytest.mark.parametrize(("old", "new"), RAW)
def test_json_that_is_no_json_or_odd_json_is_read_as_the_class_reads_it(old: str, new: str) -> None:
    fact = put(GOLDEN["data.changed"], ("data", "version"), 1)
    values = fact["data"]["values"]
    fact["data"]["values"] = {"kind": values["kind"]} | values
    text = json.dumps(fact)
    assert old in text
    as_the_class(DataChanged, text.replace(old, new, 1).encode())


@pytest.mark.parametrize(
    "raw", [b"", b" ", b"null", b"[]", b"1", b'"x"', b"{}", b"\xff", b"\xef\xbb\xbf{}", b"[" * 20_000]
)
def test_bytes_that_are_no_event_are_refused_as_the_class_refuses_them(raw: bytes) -> None:
    golden = json.dumps(GOLDEN["data.changed"]).encode()
    cut = (raw, golden + raw, golden[:-1] + raw, raw + golden, golden.replace(b"intake", b"in\xfftake"))
    assert sum(as_the_class(DataChanged, one) for one in cut) <= 3, "at most the whole one, with spaces beside it"


# ── drawn ───────────────────────────────────────────────────────────────────────────────────────────────────────────

TEXT = st.text(max_size=70) | st.sampled_from([one for one in HOSTILE if isinstance(one, str)])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
LIKELY = (
    st.datetimes(timezones=st.timezones()).map(lambda one: one.isoformat())
    | st.datetimes().map(lambda one: one.isoformat() + "Z")
    | st.dates().map(date.isoformat)
    | st.uuids().map(str)
    | st.decimals(-(10**13), 10**13, places=2).map(str)
    | st.from_regex(r"[+-]?[0-9]{1,13}(\.[0-9]{0,3})?", fullmatch=True)
    | st.from_regex(r"^\d{12}$")
    | st.integers(-1, 2**31)
)


@given(st.sampled_from(FAMILIES), st.data())
@settings(max_examples=1500, deadline=None)
def test_whatever_is_drawn_is_read_as_the_class_reads_it(topic: str, data: st.DataObject) -> None:
    changed = GOLDEN[topic]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.sampled_from(list(places(changed))))
        changed = put(changed, at, data.draw(LIKELY | JSON))
    as_the_class(EVENTS[topic], written(changed, data.draw(st.booleans())))


@given(st.sampled_from(FAMILIES), st.data())
@settings(max_examples=1000, deadline=None)
def test_bytes_that_were_damaged_are_read_as_the_class_reads_them(topic: str, data: st.DataObject) -> None:
    raw = bytearray(json.dumps(GOLDEN[topic], ensure_ascii=False).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b'"', b",", b"0"])
        )
        if not raw:
            break
    as_the_class(EVENTS[topic], bytes(raw))


# ── rooms ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def read(topic: str) -> Any:
    return reader(EVENTS[topic])(json.dumps(GOLDEN[topic], ensure_ascii=False).encode())


def test_to_a_room_a_struct_is_of_its_class() -> None:
    event = read("data.changed")
    assert isinstance(event, DataChanged) and isinstance(event.data, Fact)
    match event.data.values:
        case Settlement() as said:
            assert said.kind == "settlement"
        case _:
            pytest.fail("a settlement is one")
    assert not isinstance(event.data.values, HouseGrade)


@pytest.mark.parametrize("topic", EVENTS)
def test_what_a_room_dumps_or_copies_is_what_its_class_would(topic: str) -> None:
    event, expected = read(topic), EVENTS[topic].model_validate(GOLDEN[topic], strict=False)
    assert event.model_dump(mode="json") == expected.model_dump(mode="json")
    assert orjson.loads(event.data.model_dump_json()) == expected.data.model_dump(mode="json")
    assert event.data.model_dump(include={"household_id"}) == expected.data.model_dump(include={"household_id"})
    copy = event.data.model_copy(update={"region": "x"})
    assert type(copy) is type(expected.data)


def test_a_default_that_is_a_value_of_a_contract_is_a_struct_too() -> None:
    raw = written(without(GOLDEN["stage.advanced"], ("data", "actor")))
    assert as_the_class(StageAdvanced, raw)


# ── what no struct can say ──────────────────────────────────────────────────────────────────────────────────────────


class _Validated(Frozen):
    name: str

    @field_validator("name")
    @classmethod
    def _check(cls, value: str) -> str:
        return value.strip()


class _Settled(BaseModel):
    name: str
    model_config = {"str_strip_whitespace": True}


class _Multiple(Frozen):
    number: Annotated[int, Field(multiple_of=5)]


class _Plainly(Frozen):
    amount: Decimal


class _Listed(Frozen):
    names: list[str]


class _Renamed(Frozen):
    name: Annotated[str, Field(alias="Name")]


class _Loose(Frozen):
    code: Annotated[str, Field(pattern=r"^a|b$")]


@pytest.mark.parametrize("model", [_Validated, _Settled, _Multiple, _Plainly, _Listed, _Renamed, _Loose])
def test_a_class_that_says_what_no_struct_can_is_refused_by_name(model: type[BaseModel]) -> None:
    with pytest.raises(TypeError, match=model.__name__):
        struct_of(model)


PLANTED: dict[str, tuple[object, At, str]] = {
    "ESCAPE": (0, ("record_id",), "a\x00b"),
    "_FINER": (lambda _: None, ("known_at",), "2026-11-27T10:07:33.1234565Z"),
    "as_written": (Decimal, ("values", "total_yuan"), "-0.00"),
}


@pytest.mark.parametrize("guard", PLANTED)
def test_without_one_of_its_guards_a_difference_is_found(guard: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison fails where it must."""
    planted, at, new = PLANTED[guard]
    raw = written(put(GOLDEN["data.changed"], ("data", *at), new), is_ascii=True)
    monkeypatch.setattr(structs, guard, planted)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        as_the_class(DataChanged, raw)
    monkeypatch.undo()
    as_the_class(DataChanged, raw)


def test_a_unions_word_and_ids_are_what_they_were() -> None:
    event = read("data.changed")
    assert type(event.id) is UUID and event.data.values.kind == GOLDEN["data.changed"]["data"]["values"]["kind"]
    assert msgspec.structs.fields(type(event.data.values))[0].name != "kind"
