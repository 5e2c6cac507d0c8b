"""The village's visit by two people: given a task, when it answers, then what follows."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.workflow.form import read, schema_of
from services.workflow.hops.papers import NotReached, Return
from services.workflow.hops.village_committee import (
    TOWNSHIP,
    CloseNotice,
    PostNotice,
    RecordReview,
    RecordVisit,
    decide,
    offers,
)
from services.workflow.outcome import Onward, Outcome, Returns, Stays
from shared.policy import Names
from tests.services.workflow.packaged import asked_of, standing_of

TODAY = date(2026, 11, 25)
ASKED = asked_of(TODAY, ("medical_burden",), ("vc-1", "vc-2"), evidence=(("photo", Names("照片", "photo")),))
AT_VISIT = standing_of("visit", TODAY)
VISIT = {
    "visited_on": "2026-11-24", "visitors": ["vc-1", "rt-1"], "present": ["head"], "facts": "已看房屋和收支。",
    "difficulty_confirmed": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("is_confirmed", "is_noticed", "outcome"),
    [
        (True, False, Onward("difficulty_confirmed", "confirmed")),
        # The township asked again after the notice: the notice was held.
        (True, True, Onward("difficulty_confirmed", "confirmed", (), "qualifies", TOWNSHIP)),
        # The village proposes, and never decides.
        (False, False, Onward("no_difficulty_found", "not_seen", (), "does_not_qualify", TOWNSHIP)),
    ],
)
def test_a_recorded_visit_goes_on_with_what_was_found(is_confirmed: bool, is_noticed: bool, outcome: Outcome) -> None:
    form = RecordVisit.model_validate(VISIT | {"difficulty_confirmed": is_confirmed})
    assert decide(form, "", standing_of("visit", TODAY, is_noticed=is_noticed)) == outcome


REVIEW = {
    "held_on": "2026-11-25", "roster": 30, "present": 20, "votes_for": 11, "votes_against": 9, "minutes_no": "2026-07",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"present": 19, "votes_against": 8}, "form.present", "no_quorum"),
        ({"present": 31, "votes_for": 31, "votes_against": 0}, "form.present", "over_the_roster"),
        ({"votes_against": 10}, "form.votes_for", "too_many_votes"),
        ({"recused": 1}, "form.votes_for", "too_many_votes"),
        ({"minutes_no": ""}, "form.minutes_no", "too_short"),
        ({"held_on": "2026-11-26"}, "form.held_on", "in_the_future"),
    ],
)
def test_a_review_without_a_quorum_or_with_too_many_votes_is_none(
    change: dict[str, Any], field: str, code: str
) -> None:
    form, wrong = read(RecordReview, REVIEW | change, ASKED)
    assert form is None and (field, code) in [(one.field, one.code) for one in wrong]


@pytest.mark.parametrize(("quorum", "least"), [(0.6666, 20), (0.5, 15), (0.9, 27)])
def test_how_many_must_be_present_is_the_packages_word(quorum: float, least: int) -> None:
    asked = replace(ASKED, quorum=quorum)
    few = REVIEW | {"votes_for": 1, "votes_against": 0}
    form, wrong = read(RecordReview, few | {"present": least - 1}, asked)
    assert form is None and [one.code for one in wrong] == ["no_quorum"]
    assert f"至少 {least} 人" in wrong[0].zh and f"at least {least} " in wrong[0].en
    assert read(RecordReview, few | {"present": least}, asked)[1] == []


@pytest.mark.parametrize(("votes_for", "reason"), [(11, "review_passed"), (10, "review_not_passed")])
def test_a_review_passes_with_more_than_half_of_those_present(votes_for: int, reason: str) -> None:
    form, wrong = read(RecordReview, REVIEW | {"votes_for": votes_for}, ASKED)
    assert form is not None and wrong == []
    outcome = decide(form, "", standing_of("review", TODAY))
    assert isinstance(outcome, Onward) and outcome.reason_code == reason
    assert (outcome.proposal, outcome.to) == ((None, None) if votes_for == 11 else ("does_not_qualify", TOWNSHIP))


def test_a_notice_counts_its_days_from_the_day_it_went_up_and_is_closed_only_when_they_have_ended() -> None:
    posted = PostNotice(posted_on=date(2026, 11, 20), posted_at="村务公开栏")
    outcome = decide(posted, "", standing_of("notice", TODAY))
    assert outcome == Stays(notice_until=date(2026, 11, 25))
    assert not offers("close_notice", standing_of("notice", TODAY)) and offers(
        "post_notice", standing_of("notice", TODAY)
    )
    up = standing_of("notice", TODAY, notice_until=date(2026, 11, 25))
    assert offers("close_notice", up) and not offers("post_notice", up)
    answer = {"removed_on": "2026-11-25", "objections": "none"}
    on_the_last_day = asked_of(TODAY, notice_until=date(2026, 11, 25))
    running = read(CloseNotice, answer, on_the_last_day)[1][0]
    assert running.code == "notice_running" and running.zh == "公示到 2026 年 11 月 25 日结束，此前不能撤下。"
    assert running.en == "The notice stays up until 25 November 2026 has ended."
    day_after = asked_of(date(2026, 11, 26), notice_until=date(2026, 11, 25))
    assert read(CloseNotice, answer, day_after)[1][0].code == "notice_running", "taken down a day early"
    form, wrong = read(CloseNotice, answer | {"removed_on": "2026-11-26"}, day_after)
    assert form is not None and wrong == []
    assert decide(form, "", up) == Onward("no_objection", proposal="qualifies", has_been_noticed=True)


def test_a_notice_is_not_dated_back_before_it_could_have_been_put_up() -> None:
    asked = asked_of(TODAY, sent_on=date(2026, 11, 24))
    answer = {"posted_on": "2026-11-20", "posted_at": "村口"}
    assert read(PostNotice, answer, asked)[1][0].code == "too_early"


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
    tried = NotReached.model_validate({"tried_on": "2026-11-24", "how": "visit"})
    assert decide(tried, "not_home", AT_VISIT) == Stays("not_home")
    assert decide(Return(defects=("缺在场人员",)), "incomplete", AT_VISIT) == Returns("incomplete")
    assert read(Return, {"defects": []}, ASKED)[1][0].code == "too_short"


def test_the_schema_says_the_packages_own_figures_and_the_villages_own_people() -> None:
    schema = schema_of(RecordVisit, ASKED)
    assert schema["properties"]["visitors"]["minItems"] == 2
    assert schema["properties"]["evidence"]["items"]["enum"] == ["photo"]
    assert schema["examples"][0]["visitors"] == ["vc-1", "vc-2"]
