"""The two packages that ship: what they hold, and that every value says where it comes from."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args

import pytest

from shared.contracts.types import Hop, Level
from shared.domain.dated import Dated
from shared.policy import Policy, PolicyError, available, load
from shared.policy.loader import PACKAGES

REGULAR, TRANSITION = "regular-2026", "transition-2021-2025"
LEVELS: tuple[Level, ...] = get_args(Level)
TODAY = date(2026, 11, 25)

both = pytest.mark.parametrize("policy", [load(REGULAR), load(TRANSITION)], ids=[REGULAR, TRANSITION])


def test_two_packages_ship() -> None:
    assert available() == (REGULAR, TRANSITION)


def test_a_package_is_read_once() -> None:
    assert load(REGULAR) is load(REGULAR)


@pytest.mark.parametrize("name", ["regular-2027", "", "../secret"])
def test_an_unknown_package_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(PolicyError, match=r"SHOUWANG_POLICY .*regular-2026, transition-2021-2025"):
        load(name)


@both
def test_the_medical_thresholds_of_the_domain(policy: Policy) -> None:
    for kind, yuan in (("monitored", 5000), ("others", 10000)):
        found = policy.value(f"medical.self_paid.{kind}")
        assert (found.value, found.unit) == (Decimal(yuan), "yuan")
        assert found.source
    ratio = policy.value("medical.self_paid.income_ratio")
    assert (ratio.value, ratio.unit) == (Decimal("0.25"), "ratio")
    assert policy.value("medical.self_paid.rolling_window").value == 12
    assert policy.value("medical.self_paid.calendar_window").unit == "calendar_years"


@both
def test_when_a_rule_is_put_in_question_and_which_never_is(policy: Policy) -> None:
    found = policy.precision.on(policy.valid_from)
    assert (found.share.value, found.share.unit) == (Decimal("0.02"), "ratio")
    assert (found.judged.value, found.judged.unit) == (Decimal(200), "warnings")
    assert {one.rule: set(one.values) for one in found.exempt} == {
        "housing.house_grade": {"D"}, "education.enrolment": set(), "water.supply_off": set(), "water.quality": set(),
    }  # fmt: skip


@both
@pytest.mark.parametrize(
    ("table", "levels"),
    [
        ("medical.self_paid", {"at_threshold": "yellow", "over_income_ratio": "orange"}),
        (
            "medical.cover",
            {
                "uninsured": "orange",
                "paused": "orange",
                "arrears": "yellow",
                "insured": None,
                "employee": None,
                "resident": None,
                "elsewhere": None,
            },
        ),
        ("housing.house_grade", {"A": None, "B": None, "C": "yellow", "D": "red"}),
        ("education.enrolment", {"enrolled": None, "suspected_dropout": "orange", "dropped_out": "red"}),
        ("education.enrolment_outside", {"suspected_dropout": None, "dropped_out": "yellow", "not_enrolled": None}),
        ("water.supply", {"off": "orange", "quality_fail": "orange"}),
        ("civil_affairs.ended", {"subsistence": "yellow", "orphan": None}),
        ("human_resources.employment", {"single_earner": "yellow", "others": "yellow"}),
    ],
)
def test_levels_of_the_road(policy: Policy, table: str, levels: dict[str, str | None]) -> None:
    assert {code: policy.level(table, code, TODAY).value for code in levels} == levels


@pytest.mark.parametrize(
    ("history", "status", "kind"),
    [
        ("none", "none", "others"),
        ("lifted_out", "none", "monitored"),
        ("none", "monitored", "monitored"),
        ("lifted_out", "monitored", "monitored"),
        ("none", "eliminated", "others"),
        ("lifted_out", "eliminated", "monitored"),
    ],
)
@both
def test_which_threshold_counts_for_a_household(policy: Policy, history: str, status: str, kind: str) -> None:
    assert policy.household_kind(history, status) == kind
    assert set(policy.household_kinds) == {"monitored", "others"}


@both
def test_the_route_is_the_seven_hops_in_order(policy: Policy) -> None:
    assert tuple(one.hop for one in policy.route) == get_args(Hop)
    for one, after in zip(policy.route, policy.route[1:], strict=False):
        assert one.follows == (after.hop,)
    assert policy.route[-1].follows == ()
    assert {one.hop: [step.code for step in one.main_steps] for one in policy.route} == {
        "village_group": ["first_look"],
        "village_committee": ["visit", "review", "notice"],
        "township": ["review", "sign"],
        "county": ["review", "sign", "entry"],
        "department": ["measure_plan"],
        "township_return": ["hand_back"],
        "village_return": ["deliver"],
    }
    asides = {f"{one.hop}.{step.code}" for one in policy.route for step in one.steps if step.is_aside}
    assert asides == {
        "township.relief", "county.announcement", "county.reassign", "county.appeal", "village_return.tell",
    }  # fmt: skip
    assert [step.code for one in policy.route for step in one.steps if step.is_fixed] == ["notice"]
    assert policy.hop_names["village_group"].zh == "村民小组初核"
    assert policy.hop("village_committee").office.en == "Village committee"


@pytest.mark.parametrize(
    ("name", "hop", "level", "step", "amount", "unit"),
    [
        (REGULAR, "village_group", "red", None, 24, "hours"),
        (REGULAR, "village_group", "orange", None, 3, "calendar_days"),
        (REGULAR, "village_group", "yellow", None, 7, "calendar_days"),
        (TRANSITION, "village_group", "red", None, 3, "calendar_days"),
        (TRANSITION, "village_group", "orange", None, 7, "calendar_days"),
        (TRANSITION, "village_group", "yellow", None, 15, "calendar_days"),
        (REGULAR, "village_committee", "yellow", None, 2, "working_days"),
        (TRANSITION, "village_committee", "red", "visit", 2, "working_days"),
        (REGULAR, "village_committee", "red", "review", 2, "calendar_days"),
        (REGULAR, "village_committee", "red", "notice", 5, "calendar_days"),
        (REGULAR, "township", "red", None, 1, "calendar_days"),
        (REGULAR, "township", "red", "sign", 1, "calendar_days"),
        (REGULAR, "township", "yellow", "relief", 24, "hours"),
        (REGULAR, "county", "red", None, 1, "calendar_days"),
        (REGULAR, "county", "red", "announcement", 1, "calendar_days"),
    ],
)
def test_limits_of_the_hops(name: str, hop: str, level: Level, step: str, amount: int, unit: str) -> None:
    limit = load(name).limit(hop, level, step)
    assert (limit.amount, limit.unit) == (amount, unit)


def test_a_red_first_look_is_due_in_24_hours_holiday_or_not() -> None:
    start = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)
    assert load(REGULAR).limit("village_group", "red").due(start) == datetime(2026, 10, 2, 9, 30, tzinfo=UTC)


def test_the_visit_is_due_two_working_days_later_and_wants_two_visitors() -> None:
    start = datetime(2026, 9, 30, 2, tzinfo=UTC)
    policy = load(REGULAR)
    assert policy.limit("village_committee", "red").due(start) == datetime(2026, 10, 9, 16, tzinfo=UTC)
    assert policy.value("visit.visitors_least").value == 2


@both
def test_a_visit_or_a_measure_is_planned_within_half_a_year_which_no_document_says(policy: Policy) -> None:
    within = policy.value("planned.within")
    assert within.value == 183 and (within.unit, within.verified) == ("calendar_days", False)


def test_identification_takes_15_days_and_before_december_2023_20_working_days() -> None:
    now = load(REGULAR).total("identification", "yellow")
    assert (now.amount, now.unit, now.verified) == (15, "calendar_days", True)
    then = load(TRANSITION).total("identification", "yellow", on=date(2022, 6, 1))
    assert (then.amount, then.unit) == (20, "working_days")
    assert load(TRANSITION).total("identification", "yellow", on=date(2024, 6, 1)).amount == 15


@both
def test_the_whole_journey_is_in_calendar_days_and_shorter_the_higher_the_level(policy: Policy) -> None:
    limits = [policy.journey(level) for level in LEVELS]
    assert {one.unit for one in limits} == {"calendar_days"}
    assert [one.amount for one in limits] == sorted(one.amount for one in limits)
    assert policy.total("measures", "red").amount == 10


def test_income_lines_are_sourced_for_2021_and_unverified_later() -> None:
    policy = load(TRANSITION)
    line = policy.income_line("341221102201", date(2021, 7, 1))
    assert line is not None and line.value == 6000 and line.verified and line.document
    for year, yuan in ((2022, 6500), (2023, 7300), (2024, 8000), (2025, 8500)):
        line = policy.income_line("341221", date(year, 7, 1))
        assert line is not None and line.value == yuan and not line.verified
    line = load(REGULAR).income_line("341221102201", TODAY)
    assert line is not None and line.value == 8800 and not line.verified


def test_a_line_is_not_carried_over_to_another_year_or_another_province() -> None:
    assert load(REGULAR).income_line("341221", date(2027, 1, 1)) is None
    assert load(REGULAR).income_line("520100", TODAY) is None


def test_categories_keep_the_three_kinds_as_optional_sub_categories() -> None:
    three = ["lifted_out_unstable", "marginal", "sudden_hardship"]
    assert [one.code for one in load(TRANSITION).categories] == three
    assert all(one.within is None for one in load(TRANSITION).categories)
    regular = load(REGULAR)
    assert [one.code for one in regular.categories] == ["at_risk", *three]
    assert {one.within for one in regular.categories[1:]} == {"at_risk"}
    assert regular.categories[0].names.zh == "防止返贫致贫对象"


@both
def test_group_and_grid_report_and_never_refuse(policy: Policy) -> None:
    actions = policy.hop("village_group").actions
    assert actions[0].code == "report"
    assert {one.effect for one in actions} == {"onward", "stays"}


@both
def test_a_refusal_gives_its_reason_at_every_hop(policy: Policy) -> None:
    for hop in policy.route:
        for action in hop.actions:
            assert not action.needs_reason or action.reasons
            if action.effect == "returns" or action.code in ("not_eligible", "uphold", "decline", "no_relief"):
                assert action.needs_reason, (hop.hop, action.code)
    ends = [hop.hop for hop in policy.route if any(one.code == "not_eligible" for one in hop.actions)]
    assert ends == ["township", "county"], "the village proposes, the township or the county signs"
    signed = [f"{hop.hop}.{step.code}" for hop in policy.route for step in hop.steps if step.signs]
    assert signed == ["township.sign", "county.sign", "county.appeal"], "by another person than who prepared it"


@both
def test_every_value_has_a_source_a_unit_and_a_first_day(policy: Policy) -> None:
    values = [one for by_key in (policy._values, policy._lines) for rows in by_key.values() for one in rows]
    limits = [one for hop in policy.route for step in hop.steps for rows in step.limits.values() for one in rows]
    dated: list[Dated[Any]] = [*values, *limits]
    for one in dated:
        assert len(one.source) > 10
        assert one.unit
        assert one.valid_from >= policy.valid_from


@both
def test_every_source_is_used_and_names_no_file_of_ours(policy: Policy) -> None:
    text = (PACKAGES / f"{policy.name}.yaml").read_text("utf-8")
    listed = re.findall(r"^  ([a-z0-9-]+):\n    zh:", text, re.M)
    assert len(listed) > 10
    for name in listed:
        assert re.search(rf"source: {name}\b", text), name
    assert not re.search(r"\.md\b|TODO", text)


@both
def test_every_source_is_named_in_both_languages(policy: Policy) -> None:
    for one in policy._sources.values():
        assert re.search(r"[\u4e00-\u9fff]", one.zh) and not re.search(r"\b(default|derived|no document)\b", one.zh)
        cited = [set(re.findall(r"[a-z]+\.(?:cn|com|net)|\d{4}-\d\d(?:-\d\d)?", text)) for text in (one.zh, one.en)]
        assert cited[0] == cited[1], one.en
        assert policy.source(one.en) is one
    assert policy.source("told by an older package").zh == "told by an older package"


@both
def test_names_are_given_in_both_languages(policy: Policy) -> None:
    pairs = [policy.names, *policy.hop_names.values(), *(hop.office for hop in policy.route)]
    for hop in policy.route:
        pairs += [one.names for one in hop.steps]
        pairs += [one.names for one in hop.evidence]
        pairs += [one.names for one in hop.actions]
        pairs += [reason.names for action in hop.actions for reason in action.reasons]
    for one in pairs:
        assert re.search(r"[\u4e00-\u9fff]", one.zh), one
        assert re.search(r"[a-z]", one.en) and one.en.isascii(), one


@pytest.mark.parametrize(
    "asked",
    [
        lambda policy: policy.value("medical.self_payd.others"),
        lambda policy: policy.level("medical.cover", "unknown"),
        lambda policy: policy.level("medical.covers", "arrears"),
        lambda policy: policy.limit("village", "red"),
        lambda policy: policy.limit("village_committee", "red", "vote"),
        lambda policy: policy.action("township", "vote"),
        lambda policy: policy.total("x", "red"),
        lambda policy: policy.single_limit("x", "red"),
    ],
)
def test_what_a_package_does_not_have_is_an_error_and_never_a_silence(asked: object) -> None:
    assert callable(asked)
    with pytest.raises(LookupError):
        asked(load(REGULAR))
