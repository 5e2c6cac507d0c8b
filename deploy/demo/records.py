"""What the departments sent: a plan of stories with known ends, and everyday records around them.

The plan is written for 1,300 records and scaled to what is asked for, thinner in a county, so that most of its
records mean nothing. Records of one story keep their order, which is often not the order in which things happened;
stories run into each other as they do in life.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from random import Random

from deploy.demo import (
    covers,
    employments,
    enrolments,
    house_grades,
    matters,
    school_costs,
    settlements,
    several_causes,
    strangers,
    water_supplies,
)
from deploy.demo.allowances import ALLOWANCES
from deploy.demo.county import Part
from deploy.demo.desk import CannotBeTold, Desk, Intention, Sent, Story
from deploy.demo.employments import EMPLOYMENTS
from deploy.demo.enrolments import ENROLMENTS
from deploy.demo.everyday import everyday
from deploy.demo.matters import Matter
from deploy.demo.people import Numbers
from deploy.demo.project_failures import PROJECT_FAILURES
from deploy.demo.register import Household, Village
from deploy.demo.school_costs import SCHOOL_COSTS
from deploy.demo.wage_arrears import WAGE_ARREARS
from deploy.demo.water_supplies import WATER_SUPPLIES

Tell = Callable[[Desk], Story]
_MOST_HOUSEHOLDS_IN_STORIES = 0.6  # the rest of the township has had nothing, or nothing that matters
_PLANNED_RECORDS = 1300
_PLANNED_RECORDS_OF_A_COUNTY = 6300  # some 45 warnings for 1,000 households, as Yi county had
_LONGEST_STORY = 5  # records; stories of several settlements are the longest


@dataclass(frozen=True, slots=True)
class Situation:
    """`times` in 1,300 records this story is told, each time about another household."""

    times: int
    tell: Tell


SETTLEMENTS = (
    Situation(18, partial(settlements.one, standing="ordinary", verdict="yellow")),
    Situation(10, partial(settlements.one, standing="ordinary", verdict="orange")),
    Situation(16, partial(settlements.one, standing="lifted_out", verdict="yellow")),
    Situation(8, partial(settlements.one, standing="lifted_out", verdict="orange")),
    Situation(6, partial(settlements.one, standing="monitored", verdict="yellow")),
    Situation(3, partial(settlements.one, standing="monitored", verdict="orange")),
    Situation(20, partial(settlements.one, standing="ordinary", verdict="near")),
    Situation(18, partial(settlements.one, standing="lifted_out", verdict="near")),
    Situation(6, partial(settlements.one, standing="monitored", verdict="near")),
    Situation(8, partial(settlements.several, standing="ordinary", verdict="yellow")),
    Situation(7, partial(settlements.several, standing="lifted_out", verdict="yellow")),
    Situation(3, partial(settlements.several, standing="lifted_out", verdict="orange")),
    Situation(8, partial(settlements.several, standing="ordinary", verdict="near")),
    Situation(6, partial(settlements.several, standing="lifted_out", verdict="near")),
    Situation(4, settlements.income_unknown),
    Situation(3, partial(settlements.on_the_line, standing="ordinary")),
    Situation(3, partial(settlements.on_the_line, standing="lifted_out")),
    Situation(2, partial(settlements.at_a_quarter, standing="ordinary", verdict="orange")),
    Situation(2, partial(settlements.at_a_quarter, standing="lifted_out", verdict="orange")),
    Situation(4, partial(settlements.at_a_quarter, standing="ordinary", verdict="yellow")),
    Situation(4, partial(settlements.at_a_quarter, standing="lifted_out", verdict="yellow")),
    Situation(6, partial(settlements.in_scope_absent, standing="ordinary", verdict="yellow")),
    Situation(4, partial(settlements.in_scope_absent, standing="lifted_out", verdict="orange")),
    Situation(6, partial(settlements.in_scope_absent, standing="lifted_out", verdict="near")),
    Situation(6, partial(settlements.mostly_out_of_scope, standing="ordinary", verdict="near")),
    Situation(6, partial(settlements.mostly_out_of_scope, standing="lifted_out", verdict="quiet")),
    Situation(12, settlements.between_the_lines),
    Situation(4, partial(settlements.over_the_new_year, standing="ordinary")),
    Situation(3, partial(settlements.over_the_new_year, standing="lifted_out")),
    Situation(5, partial(settlements.long_ago, standing="ordinary")),
    Situation(3, partial(settlements.long_ago, standing="lifted_out")),
    Situation(6, partial(settlements.corrected_later, standing="ordinary", before="yellow", verdict="quiet")),
    Situation(6, partial(settlements.corrected_later, standing="ordinary", before="quiet", verdict="yellow")),
    Situation(3, partial(settlements.corrected_later, standing="lifted_out", before="orange", verdict="near")),
    Situation(3, partial(settlements.corrected_later, standing="lifted_out", before="near", verdict="orange")),
    Situation(4, partial(settlements.lower_version_late, standing="ordinary", before="yellow", verdict="quiet")),
    Situation(4, partial(settlements.lower_version_late, standing="ordinary", before="quiet", verdict="yellow")),
    Situation(
        4,
        partial(settlements.same_version_other_content, standing="ordinary", verdict="quiet", after="yellow"),
    ),
    Situation(
        4,
        partial(settlements.same_version_other_content, standing="ordinary", verdict="yellow", after="quiet"),
    ),
    Situation(6, partial(settlements.taken_back, standing="ordinary")),
    Situation(3, partial(settlements.taken_back, standing="lifted_out")),
    Situation(3, partial(settlements.withdrawal_before_its_record, standing="ordinary")),
    Situation(3, partial(settlements.back_again, standing="ordinary")),
    Situation(6, partial(settlements.sent_twice, standing="ordinary", verdict="half")),
    Situation(4, partial(settlements.sent_twice, standing="lifted_out", verdict="near")),
    Situation(6, partial(settlements.refunded, standing="ordinary")),
    Situation(3, partial(settlements.refunded, standing="lifted_out")),
    Situation(2, partial(settlements.refund_withdrawn, standing="ordinary")),
    Situation(4, settlements.other_person),
)

COVERS = (
    Situation(10, partial(covers.one, status="uninsured")),
    Situation(6, partial(covers.one, status="paused")),
    Situation(9, partial(covers.one, status="arrears")),
    Situation(4, partial(covers.overtaken, before="uninsured", after="resident")),
    Situation(3, partial(covers.overtaken, before="arrears", after="insured")),
    Situation(3, partial(covers.overtaken, before="insured", after="paused")),
    Situation(2, partial(covers.overtaken, before="paused", after="arrears")),
    Situation(3, partial(covers.overtaken_out_of_order, before="uninsured", after="employee")),
    Situation(3, partial(covers.overtaken_out_of_order, before="resident", after="uninsured")),
    Situation(4, partial(covers.two_people, status="uninsured")),
    Situation(2, partial(covers.two_people, status="arrears")),
    Situation(3, partial(covers.taken_back, status="uninsured")),
    Situation(3, partial(covers.corrected_later, before="uninsured", after="elsewhere")),
    Situation(2, partial(covers.corrected_later, before="insured", after="arrears")),
    Situation(2, partial(covers.same_version_other_content, status="insured", other="uninsured")),
    Situation(1, partial(covers.same_version_other_content, status="paused", other="insured")),
    Situation(2, partial(covers.sent_twice, status="paused")),
)

HOUSE_GRADES = (
    Situation(8, partial(house_grades.one, grade="D")),
    Situation(12, partial(house_grades.one, grade="C")),
    Situation(4, partial(house_grades.inspected_again, before="D", after="B")),
    Situation(3, partial(house_grades.inspected_again, before="B", after="D")),
    Situation(2, partial(house_grades.inspected_again, before="D", after="C")),
    Situation(4, partial(house_grades.inspected_again_out_of_order, before="D", after="A")),
    Situation(3, partial(house_grades.inspected_again_out_of_order, before="A", after="C")),
    Situation(3, partial(house_grades.taken_back, grade="D")),
    Situation(2, partial(house_grades.newer_taken_back, before="D", after="B")),
    Situation(1, partial(house_grades.newer_taken_back, before="B", after="D")),
    Situation(3, partial(house_grades.corrected_later, before="D", after="B")),
    Situation(2, partial(house_grades.corrected_later, before="C", after="D")),
    Situation(2, partial(house_grades.same_version_other_content, grade="B", other="D")),
    Situation(1, partial(house_grades.same_version_other_content, grade="C", other="A")),
    Situation(3, partial(house_grades.sent_twice, grade="C")),
)

SEVERAL_CAUSES = (
    Situation(
        3,
        partial(several_causes.settlement_and_house, standing="ordinary", verdict="yellow", grade="D", level="red"),
    ),
    Situation(
        3,
        partial(several_causes.settlement_and_house, standing="ordinary", verdict="near", grade="B", level=None),
    ),
    Situation(
        3,
        partial(
            several_causes.settlement_and_house,
            standing="lifted_out",
            verdict="near",
            grade="C",
            level="yellow",
        ),
    ),
    Situation(
        2,
        partial(
            several_causes.settlement_and_house,
            standing="lifted_out",
            verdict="orange",
            grade="C",
            level="orange",
        ),
    ),
    Situation(
        3,
        partial(
            several_causes.settlement_and_cover,
            standing="ordinary",
            verdict="yellow",
            status="paused",
            level="orange",
        ),
    ),
    Situation(
        3,
        partial(
            several_causes.settlement_and_cover,
            standing="lifted_out",
            verdict="near",
            status="resident",
            level=None,
        ),
    ),
    Situation(3, partial(several_causes.cover_and_house, status="arrears", grade="C", level="yellow")),
    Situation(2, partial(several_causes.cover_and_house, status="uninsured", grade="D", level="red")),
    Situation(2, partial(several_causes.house_withdrawn_settlement_stays, standing="ordinary")),
    Situation(2, several_causes.school_and_water),
    Situation(2, several_causes.allowance_and_wages),
    Situation(2, several_causes.water_and_near_cost),
    Situation(2, partial(several_causes.settlement_and_near_wages, standing="ordinary")),
)


def _of(times: int, tell: Callable[..., Story], matter: Matter, *words: str) -> Situation:
    """A story that any record can have: the words are what it says, in the story's own order."""
    return Situation(times, partial(_told, tell, matter, words))


def _told(tell: Callable[..., Story], matter: Matter, words: tuple[str, ...], desk: Desk) -> Story:
    return tell(desk, matter, *words)


EDUCATION = (
    _of(5, matters.one, ENROLMENTS, "dropped_out"),
    _of(3, matters.one, ENROLMENTS, "not_enrolled"),
    _of(4, matters.one, ENROLMENTS, "suspected_dropout"),
    _of(2, matters.one, ENROLMENTS, "too_young"),
    _of(2, matters.one, ENROLMENTS, "too_old"),
    _of(3, matters.overtaken, ENROLMENTS, "suspected_dropout", "enrolled"),
    _of(2, matters.overtaken, ENROLMENTS, "enrolled", "dropped_out"),
    _of(2, matters.overtaken, ENROLMENTS, "suspected_dropout", "dropped_out"),
    _of(2, matters.overtaken_out_of_order, ENROLMENTS, "dropped_out", "enrolled"),
    _of(2, matters.overtaken_out_of_order, ENROLMENTS, "enrolled", "suspected_dropout"),
    _of(1, matters.newer_taken_back, ENROLMENTS, "dropped_out", "enrolled"),
    _of(2, matters.corrected_later, ENROLMENTS, "dropped_out", "enrolled"),
    _of(1, matters.lower_version_late, ENROLMENTS, "suspected_dropout", "enrolled"),
    _of(2, matters.same_version_other_content, ENROLMENTS, "enrolled", "dropped_out"),
    _of(2, matters.taken_back, ENROLMENTS, "not_enrolled"),
    _of(1, matters.withdrawal_first, ENROLMENTS, "dropped_out"),
    _of(1, matters.back_again, ENROLMENTS, "suspected_dropout"),
    _of(2, matters.sent_twice, ENROLMENTS, "suspected_dropout"),
    Situation(1, enrolments.two_children),
    Situation(1, enrolments.named_by_mistake),
    _of(5, matters.one, SCHOOL_COSTS, "over"),
    _of(2, matters.one, SCHOOL_COSTS, "on_the_line"),
    _of(8, matters.one, SCHOOL_COSTS, "near"),
    _of(4, matters.one, SCHOOL_COSTS, "granted"),
    _of(2, matters.one, SCHOOL_COSTS, "long_ago"),
    _of(2, matters.corrected_later, SCHOOL_COSTS, "over", "near"),
    _of(2, matters.corrected_later, SCHOOL_COSTS, "quiet", "over"),
    _of(1, matters.lower_version_late, SCHOOL_COSTS, "over", "granted"),
    _of(1, matters.same_version_other_content, SCHOOL_COSTS, "near", "over"),
    _of(1, matters.taken_back, SCHOOL_COSTS, "over"),
    _of(2, matters.sent_twice, SCHOOL_COSTS, "quiet"),
    Situation(2, partial(school_costs.in_two_parts, word="over")),
    Situation(3, partial(school_costs.in_two_parts, word="near")),
    Situation(2, school_costs.two_years),
)

WATER = (
    _of(8, matters.one, WATER_SUPPLIES, "off"),
    _of(5, matters.one, WATER_SUPPLIES, "off_lately"),
    _of(6, matters.one, WATER_SUPPLIES, "unfit"),
    _of(4, matters.overtaken, WATER_SUPPLIES, "off", "restored"),
    _of(3, matters.overtaken, WATER_SUPPLIES, "unfit", "fit"),
    _of(2, matters.overtaken, WATER_SUPPLIES, "fit", "unfit"),
    _of(2, matters.overtaken_out_of_order, WATER_SUPPLIES, "off", "restored"),
    _of(2, matters.overtaken_out_of_order, WATER_SUPPLIES, "fit", "unfit"),
    _of(2, matters.newer_taken_back, WATER_SUPPLIES, "off", "restored"),
    _of(2, matters.corrected_later, WATER_SUPPLIES, "unfit", "fit"),
    _of(1, matters.corrected_later, WATER_SUPPLIES, "off_lately", "off"),
    _of(1, matters.lower_version_late, WATER_SUPPLIES, "off", "off_lately"),
    _of(2, matters.same_version_other_content, WATER_SUPPLIES, "fit", "unfit"),
    _of(1, matters.same_version_other_content, WATER_SUPPLIES, "off", "off_lately"),
    _of(2, matters.taken_back, WATER_SUPPLIES, "off"),
    _of(1, matters.withdrawal_first, WATER_SUPPLIES, "unfit"),
    _of(1, matters.back_again, WATER_SUPPLIES, "off"),
    _of(2, matters.sent_twice, WATER_SUPPLIES, "unfit"),
    _of(1, matters.sent_twice, WATER_SUPPLIES, "off"),
    Situation(3, water_supplies.told_late),
)

CIVIL_AFFAIRS = (
    _of(8, matters.one, ALLOWANCES, "ended"),
    _of(5, matters.one, ALLOWANCES, "ended_long_ago"),
    _of(3, matters.one, ALLOWANCES, "granted"),
    _of(3, matters.one, ALLOWANCES, "relief_ended"),
    _of(3, matters.overtaken, ALLOWANCES, "ended", "granted"),
    _of(2, matters.overtaken, ALLOWANCES, "ended_long_ago", "ended"),
    _of(2, matters.overtaken_out_of_order, ALLOWANCES, "ended", "granted"),
    _of(2, matters.newer_taken_back, ALLOWANCES, "ended", "granted"),
    _of(2, matters.corrected_later, ALLOWANCES, "ended", "adjusted"),
    _of(1, matters.corrected_later, ALLOWANCES, "relief_ended", "ended"),
    _of(1, matters.lower_version_late, ALLOWANCES, "ended", "granted"),
    _of(2, matters.same_version_other_content, ALLOWANCES, "ended", "granted"),
    _of(1, matters.same_version_other_content, ALLOWANCES, "granted", "ended"),
    _of(2, matters.taken_back, ALLOWANCES, "ended"),
    _of(1, matters.withdrawal_first, ALLOWANCES, "ended"),
    _of(1, matters.back_again, ALLOWANCES, "ended"),
    _of(3, matters.sent_twice, ALLOWANCES, "ended"),
)

HUMAN_RESOURCES = (
    _of(4, matters.one, EMPLOYMENTS, "alone_out"),
    _of(3, matters.one, EMPLOYMENTS, "alone_out_lately"),
    _of(4, matters.one, EMPLOYMENTS, "others_out"),
    _of(4, matters.one, EMPLOYMENTS, "others_out_lately"),
    _of(3, matters.overtaken, EMPLOYMENTS, "others_out", "at_work"),
    _of(2, matters.overtaken, EMPLOYMENTS, "alone_out", "at_work"),
    _of(2, matters.overtaken_out_of_order, EMPLOYMENTS, "others_out", "at_work"),
    _of(1, matters.newer_taken_back, EMPLOYMENTS, "alone_out", "at_work"),
    _of(2, matters.corrected_later, EMPLOYMENTS, "others_out", "others_out_lately"),
    _of(1, matters.corrected_later, EMPLOYMENTS, "alone_out_lately", "alone_out"),
    _of(1, matters.lower_version_late, EMPLOYMENTS, "others_out", "at_work"),
    _of(1, matters.taken_back, EMPLOYMENTS, "alone_out"),
    _of(1, matters.sent_twice, EMPLOYMENTS, "others_out"),
    Situation(2, employments.told_late),
    Situation(2, employments.another_works),
    _of(5, matters.one, WAGE_ARREARS, "over"),
    _of(2, matters.one, WAGE_ARREARS, "on_the_line"),
    _of(8, matters.one, WAGE_ARREARS, "near"),
    _of(3, matters.overtaken, WAGE_ARREARS, "over", "paid"),
    _of(2, matters.overtaken, WAGE_ARREARS, "near", "near"),
    _of(1, matters.overtaken_out_of_order, WAGE_ARREARS, "over", "paid"),
    _of(2, matters.corrected_later, WAGE_ARREARS, "over", "near"),
    _of(1, matters.lower_version_late, WAGE_ARREARS, "over", "quiet"),
    _of(2, matters.same_version_other_content, WAGE_ARREARS, "near", "over"),
    _of(1, matters.same_version_other_content, EMPLOYMENTS, "others_out", "others_out_lately"),
    _of(1, matters.taken_back, WAGE_ARREARS, "over"),
    _of(2, matters.sent_twice, WAGE_ARREARS, "near"),
)

RURAL_REVITALIZATION = (
    _of(3, matters.one, PROJECT_FAILURES, "over"),
    _of(1, matters.one, PROJECT_FAILURES, "on_the_line"),
    _of(4, matters.one, PROJECT_FAILURES, "near"),
    _of(1, matters.taken_back, PROJECT_FAILURES, "over"),
)

_BY_SUBJECT = (
    SETTLEMENTS,
    COVERS,
    HOUSE_GRADES,
    SEVERAL_CAUSES,
    EDUCATION,
    WATER,
    CIVIL_AFFAIRS,
    HUMAN_RESOURCES,
    RURAL_REVITALIZATION,
)
SITUATIONS = tuple(
    one
    for _, one in sorted(
        ((place / len(those), one) for those in _BY_SUBJECT for place, one in enumerate(those)),
        key=lambda placed: placed[0],
    )
)
"""Told in rounds, each situation once a round and the subjects mixed, so that a small sample has some of each."""

_STRANGERS = 28
_STRANGERS_BY_HOUSEHOLD_NO = 9


def records(
    seed: int,
    homes: Sequence[Household],
    part: Part,
    numbers: Numbers,
    today: date,
) -> tuple[tuple[Sent, ...], tuple[Intention, ...]]:
    """Exactly as many records as the part shall have, in order of arrival, and what is meant to come of them.

    Raises ValueError where there are too few households for so many records.
    """
    rng, count = Random(f"{seed}:records {part.index}"), part.records
    villages = [place.village for place in part.places]
    desk = Desk(rng, homes, today, part.first_record)
    stories = _strangers(desk, numbers, villages, count)
    stories += _plan(desk, len(homes), _times(rng, part), count - _length(stories))
    stories += everyday(desk, desk.left(), count - _length(stories))
    intentions = tuple(intention for story in stories for intention in story.intentions)
    return _mixed(rng, stories), intentions


def _times(rng: Random, part: Part) -> list[int]:
    """How often each situation is told: in a sample of one part at least once, in a county by chance where it is
    less than once a part.
    """
    if part.is_alone:
        return [max(1, round(one.times * part.records / _PLANNED_RECORDS)) for one in SITUATIONS]
    return [int(one.times * part.records / _PLANNED_RECORDS_OF_A_COUNTY + rng.random()) for one in SITUATIONS]


def _plan(desk: Desk, homes: int, wanted: Sequence[int], room: int) -> list[Story]:
    most_households = int(homes * _MOST_HOUSEHOLDS_IN_STORIES)
    stories: list[Story] = []
    for turn in range(max(wanted)):
        for situation, times in zip(SITUATIONS, wanted, strict=True):
            if turn >= times or room < _LONGEST_STORY or most_households < _LONGEST_STORY:
                continue
            with suppress(CannotBeTold):
                stories.append(situation.tell(desk))
                room -= len(stories[-1].records)
                most_households -= len(stories[-1].intentions)
    return stories


def _strangers(desk: Desk, numbers: Numbers, villages: Sequence[Village], count: int) -> list[Story]:
    people = [
        strangers.by_id_no(
            desk, numbers, desk.rng.choice(villages), *strangers.BY_ID_NO[turn % len(strangers.BY_ID_NO)]
        )
        for turn in range(_STRANGERS * count // _PLANNED_RECORDS)
    ]
    houses = [
        strangers.by_household_no(
            desk, desk.rng.choice(villages), *strangers.BY_HOUSEHOLD_NO[turn % len(strangers.BY_HOUSEHOLD_NO)]
        )
        for turn in range(_STRANGERS_BY_HOUSEHOLD_NO * count // _PLANNED_RECORDS)
    ]
    return people + houses


def _length(stories: Sequence[Story]) -> int:
    return sum(len(story.records) for story in stories)


def _mixed(rng: Random, stories: Sequence[Story]) -> tuple[Sent, ...]:
    """Every story's records at random moments, each story's own in its order."""
    placed: list[tuple[float, int, Sent]] = []
    for story in stories:
        moments = sorted(rng.random() for _ in story.records)
        placed.extend(
            (moment, len(placed) + n, sent) for n, (moment, sent) in enumerate(zip(moments, story.records, strict=True))
        )
    return tuple(sent for _, _, sent in sorted(placed, key=lambda place: place[:2]))
