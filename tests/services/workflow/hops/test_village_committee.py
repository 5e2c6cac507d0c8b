"""The village's visit by two people: given a task, when it answers, then what follows."""

from datetime import date
from typing import Any

import pytest

from services.workflow.form import Asked, read, schema_of
from services.workflow.hops.village_committee import RecordVisit, Return, decide
from services.workflow.hops.village_group import NotReached
from services.workflow.outcome import Onward, Returns, Stays
from shared.policy import Names

ASKED = Asked(date(2026, 11, 25), ("medical_burden",), ("vc-1", "vc-2"), 2, (("photo", Names("照片", "photo")),))
VISIT = {
    "visited_on": "2026-11-24", "visitors": ["vc-1", "rt-1"], "present": ["head"], "facts": "已看房屋和收支。",
    "difficulty_confirmed": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("is_confirmed", "difficulty", "reason"),
    [(True, "confirmed", "difficulty_confirmed"), (False, "not_seen", "no_difficulty_found")],
)
def test_a_recorded_visit_goes_on_with_what_was_found(is_confirmed: bool, difficulty: Any, reason: str) -> None:
    form = RecordVisit.model_validate(VISIT | {"difficulty_confirmed": is_confirmed})
    assert decide(form, "") == Onward(difficulty, reason, ())


def test_a_missing_photo_signature_or_member_never_refuses_a_visit() -> None:
    form, wrong = read(RecordVisit, VISIT | {"absences": ["working_away", "declined"]}, ASKED)
    assert form is not None and wrong == []


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"visitors": ["vc-1"]}, "form.visitors", "too_few_visitors"),
        ({"visitors": ["vc-1", "vc-1"]}, "form.visitors", "too_few_visitors"),
        ({"visitors": []}, "form.visitors", "too_short"),
        ({"visitors": ["王 村官", "vc-2"]}, "form.visitors.0", "string_pattern_mismatch"),
        ({"facts": ""}, "form.facts", "too_short"),
        ({"difficulty_confirmed": "perhaps"}, "form.difficulty_confirmed", "bool_parsing"),
        ({"evidence": ["rumour"]}, "form.evidence", "not_listed"),
        ({"visited_on": "2027-01-01"}, "form.visited_on", "in_the_future"),
    ],
)
def test_what_is_wrong_names_its_field(change: dict[str, Any], field: str, code: str) -> None:
    form, wrong = read(RecordVisit, VISIT | change, ASKED)
    assert form is None and (field, code) in [(one.field, one.code) for one in wrong]


def test_an_attempt_stays_and_a_return_lists_its_defects() -> None:
    assert decide(NotReached.model_validate({"tried_on": "2026-11-24", "how": "visit"}), "not_home") == Stays(
        "not_home"
    )
    assert decide(Return(defects=("缺在场人员",)), "incomplete") == Returns("incomplete")
    assert read(Return, {"defects": []}, ASKED)[1][0].code == "too_short"


def test_the_schema_says_the_packages_own_figures_and_the_villages_own_people() -> None:
    schema = schema_of(RecordVisit, ASKED)
    assert schema["properties"]["visitors"]["minItems"] == 2
    assert schema["properties"]["evidence"]["items"]["enum"] == ["photo"]
    assert schema["examples"][0]["visitors"] == ["vc-1", "vc-2"]
