"""The group's first look: given a task, when it answers, then what follows. It reports facts and never refuses."""

from datetime import date
from typing import Any

import pytest

from services.workflow.form import read
from services.workflow.hops.papers import NotReached
from services.workflow.hops.village_group import FORMS, NotMine, Report, decide
from services.workflow.outcome import HandsOver, Onward, Stays
from shared.policy import load
from tests.services.workflow.packaged import asked_of, standing_of

TODAY = date(2026, 11, 25)
ASKED = asked_of(TODAY, ("medical_burden",))
HERE = standing_of("first_look", TODAY)
SEEN = {"seen_on": "2026-11-24", "how": "phone", "present": ["spouse"], "difficulty": "confirmed"}


@pytest.mark.parametrize(
    ("difficulty", "reason"),
    [("confirmed", "difficulty_seen"), ("not_seen", "no_difficulty_seen"), ("unclear", "not_sure")],
)
def test_every_report_goes_on_with_what_was_seen(difficulty: Any, reason: str) -> None:
    form = Report.model_validate(SEEN | {"difficulty": difficulty, "concerns": ["unsafe_house"]})
    assert decide(form, "", HERE) == Onward(reason, difficulty, ("unsafe_house",))


def test_an_attempt_stays_and_another_grids_household_is_not_the_deputys() -> None:
    tried = NotReached.model_validate({"tried_on": "2026-11-24", "how": "visit"})
    assert decide(tried, "moved", HERE) == Stays("moved")
    assert decide(NotMine(), "relative", HERE) == HandsOver("relative", to_deputy=True, stands_back=True)
    assert decide(NotMine(), "away", HERE) == HandsOver("away", to_deputy=True, stands_back=False)
    assert decide(NotMine(), "other_grid", HERE) == HandsOver("other_grid", to_deputy=False, stands_back=False)


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"seen_on": "2026-11-26"}, "form.seen_on", "in_the_future"),
        ({"seen_on": "yesterday"}, "form.seen_on", "date_from_datetime_parsing"),
        ({"how": "rumour"}, "form.how", "literal_error"),
        ({"present": []}, "form.present", "too_short"),
        ({"present": ["head"] * 9}, "form.present", "too_long"),
        ({"concerns": ["gossip"]}, "form.concerns.0", "value_error"),
        ({"note": "x" * 3000}, "form.note", "string_too_long"),
        ({"verdict": "refuse"}, "form.verdict", "extra_forbidden"),
    ],
)
def test_what_is_wrong_names_its_field_in_both_languages(change: dict[str, Any], field: str, code: str) -> None:
    form, wrong = read(Report, SEEN | change, ASKED)
    assert form is None and (wrong[0].field, wrong[0].code) == (field, code)
    assert wrong[0].zh and wrong[0].en


def test_nothing_at_this_hop_refuses_or_closes() -> None:
    assert set(FORMS) == {"report", "not_reached", "not_mine"}
    assert {one.effect for one in load("regular-2026").hop("village_group").actions} == {"onward", "stays"}
