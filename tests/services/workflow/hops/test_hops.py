"""All seven hops: every action that a package names has a form with a valid example, and the rooms decide on it."""

import re
from dataclasses import MISSING, fields, replace
from datetime import date, timedelta

import pytest

from services.workflow import pause
from services.workflow.deciding import HANDING_OVER
from services.workflow.form import Asked, Form, read, schema_of
from services.workflow.hops import HOPS, county, department, township, village_committee, village_return
from services.workflow.hops.papers import NotEligible, Sign
from services.workflow.outcome import Ends, HandsOver, Onward, Outcome, Redirects, Refuses, Returns, Standing, Stays
from shared.contracts.types import Hop
from shared.policy import available, load
from tests.services.workflow.packaged import asked_of, standing_of

TODAY = date(2026, 11, 25)
DEPARTMENTS = tuple((one.code, one.names) for one in load("regular-2026").departments)
ASKED = asked_of(
    TODAY,
    ("medical_burden",),
    sent_on=TODAY,
    departments=DEPARTMENTS,
    fitting=("medical_insurance",),
    asked_already=("medical_insurance",),
    declined=("medical_insurance",),
    pause_last=TODAY + timedelta(days=10),
)
MORE = asked_of(
    TODAY, (), ("v-1", "v-2", "v-3"), visitors_least=3, evidence=(("photo", DEPARTMENTS[0][1]),), sent_on=TODAY,
    notice_until=TODAY - timedelta(days=1), departments=DEPARTMENTS, fitting=("education", "housing"),
    asked_already=("education",), pause_last=TODAY,
)  # fmt: skip


def _outcomes(form: Form, hop: str, step: str) -> list[Outcome]:
    standing = standing_of(step, TODAY, proposal="does_not_qualify", proposal_reason="no_risk")
    return [HOPS[hop].decide(form, "why", one) for one in (standing_of(step, TODAY), standing)]  # type: ignore[index]


@pytest.mark.parametrize("package", available())
@pytest.mark.parametrize("hop", HOPS)
def test_every_action_of_the_route_has_a_form_with_a_valid_example_and_an_answer(package: str, hop: str) -> None:
    policy, room = load(package), HOPS[hop]  # type: ignore[index]
    assert {one.code for one in policy.hop(hop).actions} == set(room.FORMS), (
        "the package's actions are the room's forms"
    )
    assert {one.code for one in policy.hop(hop).steps} == set(room.QUESTIONS), "each step asks something"
    for step in policy.hop(hop).steps:
        for action in step.actions:
            for asked in (ASKED, MORE):
                _has_a_valid_example(room.FORMS[action.code], asked)
            form, _ = read(room.FORMS[action.code], room.FORMS[action.code].example(ASKED), ASKED)
            assert form is not None
            kinds = {type(one) for one in _outcomes(form, hop, step.code)}
            wanted: dict[str, set[type]] = {
                "onward": {Onward, Redirects, Refuses}, "stays": {Stays}, "returns": {Returns, Redirects},
                "ends": {Ends, Refuses}, "refuses": {Refuses},
            }  # fmt: skip
            hands_over = HandsOver in kinds
            assert hands_over is (action.code in HANDING_OVER), (
                hop,
                action.code,
                "its posts are read if it hands over",
            )
            if not hands_over:
                assert kinds <= wanted[action.effect], (hop, action.code, "does what the package says")


def _has_a_valid_example(form: type[Form], asked: Asked) -> None:
    schema = schema_of(form, asked)
    found, wrong = read(form, schema["examples"][0], asked)
    assert found is not None and wrong == []
    assert not schema.get("$defs"), "a client needs to follow no references"
    assert all(field["x-title"]["zh"] for field in schema["properties"].values())


@pytest.mark.parametrize("asked", [ASKED, MORE])
def test_a_pause_and_its_end_have_valid_examples(asked: Asked) -> None:
    for form in pause.FORMS.values():
        _has_a_valid_example(form, asked)


def test_a_pause_has_a_ceiling() -> None:
    late = {"until": (ASKED.pause_last + timedelta(days=1)).isoformat()}
    wrong = read(pause.Pause, late, ASKED)[1][0]
    assert wrong.code == "too_long" and not re.search(r"\d{4}-\d\d-\d\d", wrong.zh + wrong.en)


@pytest.mark.parametrize("hop", ["township", "county"])
def test_a_signature_carries_out_what_was_proposed(hop: str) -> None:
    room = HOPS[hop]  # type: ignore[index]
    refused = standing_of("sign", TODAY, proposal="does_not_qualify", proposal_reason="no_risk")
    assert room.decide(Sign(), "", refused) == Refuses("no_risk")
    passed = room.decide(Sign(), "", standing_of("sign", TODAY, proposal="qualifies"))
    assert isinstance(passed, Onward)
    if hop == "county":
        assert passed.result == "identified"
        assert {one.branch for one in passed.beside} == {"announcement", "result"}, "the farmer hears at once"
    proposed = room.decide(NotEligible(basis="无风险", referrals=("none",)), "no_risk", standing_of("review", TODAY))
    assert proposed == Onward("no_risk", proposal="does_not_qualify"), "nobody refuses alone"


def test_the_township_passes_on_nobody_who_was_not_on_the_notice() -> None:
    assert not township.offers("pass", standing_of("review", TODAY))
    assert township.offers("pass", standing_of("review", TODAY, is_noticed=True))


def test_an_overturned_refusal_goes_on_where_it_had_not_been_yet() -> None:
    form = county.Overturn(basis="支出未计入")
    ways: list[tuple[bool, tuple[Hop, str]]] = [(False, ("village_committee", "review")), (True, ("county", "review"))]
    for is_noticed, to in ways:
        assert county.decide(form, "", standing_of("appeal", TODAY, is_noticed=is_noticed)) == Onward(to=to)


def test_a_department_declines_to_the_county_and_the_county_asks_another_one() -> None:
    declined = department.decide(
        department.Decline(basis="不属本部门"), "other_department", standing_of("measure_plan", TODAY, branch="housing")
    )
    assert declined == Redirects("other_department", ("county", "reassign"), "housing")
    assert read(county.Reassign, {"department": "education"}, MORE)[1][0].code == "asked_already"
    assert read(county.Reassign, {"department": "weather"}, MORE)[1][0].code == "not_listed"


@pytest.mark.parametrize(("how", "proof"), [("phone", "signature"), ("in_person", "none")])
def test_a_refusal_is_delivered_in_person_or_on_paper_with_proof(how: str, proof: str) -> None:
    answer = {"told_on": "2026-11-25", "how": how, "proof": proof}
    refused = asked_of(TODAY, is_refused=True)
    assert read(village_return.Tell, answer, refused)[1][0].code == "not_proven"
    assert read(village_return.Tell, answer, ASKED)[1] == []


def test_nothing_is_told_before_it_was_decided_so_that_the_days_to_appeal_are_not_over_at_once() -> None:
    answer = {"told_on": "2026-11-24", "how": "paper", "proof": "signature"}
    [wrong] = read(village_return.Tell, answer, asked_of(TODAY, sent_on=TODAY, is_refused=True))[1]
    assert (wrong.field, wrong.code) == ("form.told_on", "too_early")
    assert read(village_return.Tell, answer | {"told_on": "2026-11-25"}, asked_of(TODAY, sent_on=TODAY))[1] == []


@pytest.mark.parametrize(
    ("days", "zh", "en"), [(183, "2027 年 5 月 27 日", "27 May 2027"), (31, "2026 年 12 月 26 日", "26 December 2026")]
)
def test_how_far_ahead_one_plans_is_the_packages_word_and_the_sentence_names_the_last_day(
    days: int, zh: str, en: str
) -> None:
    asked, last = replace(ASKED, planned_within=timedelta(days=days)), TODAY + timedelta(days=days)
    for form, name in ((village_committee.PlanVisit, "planned_on"), (department.Plan, "in_place_by")):
        answer = dict(form.example(asked))
        assert read(form, answer | {name: last.isoformat()}, asked)[1] == []
        for day in (last + timedelta(days=1), TODAY - timedelta(days=1)):
            [wrong] = read(form, answer | {name: day.isoformat()}, asked)[1]
            assert (wrong.field, wrong.code) == (f"form.{name}", "not_ahead")
            assert wrong.zh == f"日期须在 2026 年 11 月 25 日至 {zh}之间。"
            assert wrong.en == f"Choose a day from 25 November 2026 to {en}."


def test_no_rule_of_the_package_stands_a_second_time_in_the_code() -> None:
    rules = {"visitors_least", "quorum", "planned_within", "notice_days", "majority"}
    known = {one.name: one for kind in (Asked, Standing) for one in fields(kind)}
    assert rules <= known.keys() and {name for name in rules if known[name].default is not MISSING} == set()
