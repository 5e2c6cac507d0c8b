"""Forms from JSON Schema: drawn without examples as values, read back as the schema wants it, hostile input told."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.form import ROWS_MAX, asks_for_officers, draw, named_error, offered, read
from services.console.pages.task import near
from services.console.wording import Words
from services.workflow import pause
from services.workflow.form import Form, schema_of
from services.workflow.form import read as read_answer
from services.workflow.hops import HOPS
from services.workflow.hops.village_committee import RecordVisit
from services.workflow.hops.village_group import Report
from shared.policy import Names, load
from tests.services.workflow.packaged import asked_of

WORDS = Words("zh-CN", load("regular-2026"))
DEPARTMENTS = (("education", Names("教育部门", "education")), ("housing", Names("住建部门", "housing")))
ASKED = asked_of(
    date(2026, 11, 25), ("medical_burden",), ("vc-1", "vc-2"), evidence=(("photo", Names("照片", "photo")),),
    departments=DEPARTMENTS, fitting=("education",), asked_already=(DEPARTMENTS[-1][0],), pause_last=date(2026, 12, 5),
)  # fmt: skip
FORMS: list[tuple[str, str, type[Form]]] = [
    (hop, action, form) for hop, room in HOPS.items() for action, form in room.FORMS.items()
]
FORMS += [("pause", action, form) for action, form in pause.FORMS.items()]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["day", "sum", "sure", "who", "kind"],
    "properties": {
        "day": {"type": "string", "format": "date"},
        "sum": {"type": "integer", "minimum": 1, "maximum": 9},
        "sure": {"type": "boolean"},
        "who": {"type": "array", "minItems": 2, "maxItems": 3, "items": {"type": "string", "pattern": "^[a-z]+$"}},
        "kind": {"oneOf": [{"const": "a", "title": "甲"}, {"const": "b", "title": "乙"}]},
        "note": {"type": "string", "maxLength": 5},
        "place": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
    },
}
GOOD = {
    "form.day": ["2026-11-25"], "form.sum": ["3"], "form.sure": ["true"], "form.who.0": ["ab"], "form.who.1": ["cd"],
    "form.kind": ["a"],
}  # fmt: skip


def posted(value: Any, name: str = "form") -> dict[str, list[str]]:
    """An answer as a browser would post it."""
    if isinstance(value, dict):
        return {key: text for inner, one in value.items() for key, text in posted(one, f"{name}.{inner}").items()}
    if isinstance(value, bool):
        return {name: ["true" if value else "false"]}
    return {name: [str(value)]}


def as_rows(schema: Any, answer: dict[str, Any]) -> dict[str, list[str]]:
    """Lists become checkboxes where their items are a closed list, and numbered rows elsewhere."""
    found: dict[str, list[str]] = {}
    for key, value in answer.items():
        if not isinstance(value, Sequence) or isinstance(value, str):
            found |= posted({key: value})
        elif "enum" in schema["properties"][key].get("items", {}):
            found[f"form.{key}"] = [str(one) for one in value]
        else:
            found |= {f"form.{key}.{at}": [str(one)] for at, one in enumerate(value)}
    return found


@pytest.mark.parametrize(("hop", "action", "form"), FORMS, ids=[f"{hop}.{action}" for hop, action, _ in FORMS])
def test_every_form_of_every_hop_is_drawn_and_its_example_read_back(hop: str, action: str, form: type[Form]) -> None:
    schema = schema_of(form, ASKED)
    drawn = draw(schema, WORDS)
    assert drawn.kind == "group" and not any(one.given for one in drawn.fields), "an example is never a value"
    assert all(one.title for one in drawn.fields)
    value, errors = read(schema, as_rows(schema, dict(form.example(ASKED))), WORDS)
    assert errors == {}
    answer, wrong = read_answer(form, value, ASKED)
    assert wrong == [] and answer is not None


def test_what_is_missing_or_wrong_is_told_at_its_field() -> None:
    value, errors = read(SCHEMA, GOOD, WORDS)
    assert errors == {}
    assert value == {"day": "2026-11-25", "sum": 3, "sure": True, "who": ["ab", "cd"], "kind": "a"}
    _, errors = read(SCHEMA, {}, WORDS)
    assert set(errors) == {"form.day", "form.sum", "form.sure", "form.who", "form.kind"}


@pytest.mark.parametrize(
    ("name", "text", "field"),
    [
        ("form.day", "2026-13-01", "form.day"),
        ("form.sum", "0", "form.sum"),
        ("form.sum", "10", "form.sum"),
        ("form.sum", "1e400000", "form.sum"),
        ("form.sum", "NaN", "form.sum"),
        ("form.sum", "1.5", "form.sum"),
        ("form.sure", "maybe", "form.sure"),
        ("form.kind", "c", "form.kind"),
        ("form.who.1", "UPPER", "form.who.1"),
        ("form.who.1", "  ", "form.who"),
        ("form.note", "too long", "form.note"),
        ("form.place.other", "x", "form.place.name"),
    ],
)
def test_a_wrong_entry_is_named(name: str, text: str, field: str) -> None:
    _, errors = read(SCHEMA, GOOD | {name: [text]}, WORDS)
    assert list(errors) == [field]


def test_what_was_typed_and_what_was_wrong_is_drawn_again() -> None:
    given_back = GOOD | {"form.sum": ["0"]}
    _, errors = read(SCHEMA, given_back, WORDS)
    drawn = {one.name: one for one in draw(SCHEMA, WORDS, given_back, errors).fields}
    assert drawn["form.sum"].given == ("0",) and drawn["form.sum"].error
    assert [one.given for one in drawn["form.who"].fields] == [("ab",), ("cd",), ()], "one row more than is filled"
    assert dict(drawn["form.kind"].options) == {"a": "甲", "b": "乙"}


def test_rows_are_bounded_whatever_is_posted() -> None:
    wild = {f"form.who.{at}": ["x"] for at in range(99)}
    value, errors = read(SCHEMA, GOOD | wild, WORDS)
    assert len(value["who"]) <= ROWS_MAX and "form.who" in errors
    assert len(draw(SCHEMA, WORDS, wild).fields[3].fields) <= 3


@given(st.dictionaries(st.text(max_size=30), st.lists(st.text(max_size=20), max_size=3), max_size=8))
def test_no_post_whatever_breaks_the_reading(wild: dict[str, list[str]]) -> None:
    read(SCHEMA, wild | {f"form.{key}": value for key, value in wild.items()}, WORDS)


@pytest.mark.parametrize(
    ("field", "name"),
    [("form.visitors.0", "form.visitors.0"), ("body.form.note", "form.note"), ("form", "form"), ("note", "form.note")],
)
def test_a_services_error_finds_its_entry(field: str, name: str) -> None:
    assert named_error(field) == name


def test_who_visited_is_chosen_by_name_and_sent_by_id() -> None:
    schema = schema_of(RecordVisit, ASKED)
    assert asks_for_officers(schema) and not asks_for_officers(schema_of(Report, ASKED))
    people = {"vc-1": "赵** · 村干部", "vc-2": "钱** · 村干部"}
    shown = offered(schema, people)
    entry = next(one for one in draw(shown, WORDS).fields if one.name == "form.visitors")
    assert (entry.kind, dict(entry.options)) == ("choices", people)
    _, errors = read(shown, {"form.visitors": ["vc-1"]}, WORDS)
    assert "form.visitors" in errors, "two people visit"
    value, errors = read(shown, {"form.visitors": ["vc-1", "vc-2"]}, WORDS)
    assert value["visitors"] == ["vc-1", "vc-2"] and "form.visitors" not in errors
    assert "form.visitors" in read(shown, {"form.visitors": ["vc-1", "stranger"]}, WORDS)[1]


def test_the_people_offered_are_the_villages_the_groups_and_the_townships() -> None:
    def post(officer_id: str, kind: str, office: str, region: str) -> dict[str, str]:
        return {
            "officer_id": officer_id, "office_kind": kind, "office_id": office, "region": region,
            "display_name": "赵**", "role": "village",
        }  # fmt: skip

    task = {"region": "341221102201", "grid": "341221102201-03"}
    in_post = [
        post("to", "township", "341221102", "341221102000"), post("far", "township", "341221103", "341221103000"),
        post("gw", "village_group", "341221102201-03", "341221102201"),
        post("gw-other", "village_group", "341221102201-04", "341221102201"),
        post("vc", "village_committee", "341221102201", "341221102201"),
        post("vc-other", "village_committee", "341221102202", "341221102202"),
    ]  # fmt: skip
    assert list(near(task, in_post, WORDS)) == ["vc", "gw", "to"]
