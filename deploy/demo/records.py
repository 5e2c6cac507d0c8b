"""What the departments sent: a plan of stories with known ends, and everyday records around them.

The plan is written for 1,000 records and scaled to what is asked for. Records of one story keep their
order, which is often not the order in which things happened; stories run into each other as they do in
life.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from random import Random

from deploy.demo import covers, house_grades, settlements, several_causes, strangers
from deploy.demo.desk import CannotBeTold, Desk, Intention, Sent, Story
from deploy.demo.everyday import everyday
from deploy.demo.people import Numbers
from deploy.demo.register import Household, Village

Tell = Callable[[Desk], Story]
_MOST_HOUSEHOLDS_IN_STORIES = 0.6  # the rest of the township has had nothing, or nothing that matters
_PLANNED_RECORDS = 1000
_LONGEST_STORY = 5  # records; stories of several settlements are the longest


@dataclass(frozen=True, slots=True)
class Situation:
    """`times` in 1,000 records this story is told, each time about another household."""

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
)

SITUATIONS = (*SETTLEMENTS, *COVERS, *HOUSE_GRADES, *SEVERAL_CAUSES)
"""Told in rounds, each situation once a round, so that a small sample has some of each."""

_STRANGERS = 24
_STRANGERS_BY_HOUSEHOLD_NO = 5


def records(
    seed: int,
    homes: Sequence[Household],
    villages: Sequence[Village],
    numbers: Numbers,
    today: date,
    count: int,
) -> tuple[tuple[Sent, ...], tuple[Intention, ...]]:
    """Exactly `count` records in order of arrival, and what is meant to come of them.

    Raises ValueError where there are too few households for so many records.
    """
    rng = Random(f"{seed}:records")
    desk = Desk(rng, homes, today)
    stories = _strangers(desk, numbers, villages, count)
    stories += _plan(desk, len(homes), count, count - _length(stories))
    stories += everyday(desk, desk.left(), count - _length(stories))
    intentions = tuple(intention for story in stories for intention in story.intentions)
    return _mixed(rng, stories), intentions


def _plan(desk: Desk, homes: int, count: int, room: int) -> list[Story]:
    wanted = [max(1, round(situation.times * count / _PLANNED_RECORDS)) for situation in SITUATIONS]
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
            desk, numbers, desk.rng.choice(villages), desk.rng.choice(("settlement", "settlement", "cover"))
        )
        for _ in range(_STRANGERS * count // _PLANNED_RECORDS)
    ]
    houses = [
        strangers.by_household_no(desk, desk.rng.choice(villages))
        for _ in range(_STRANGERS_BY_HOUSEHOLD_NO * count // _PLANNED_RECORDS)
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
