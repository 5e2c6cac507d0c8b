"""Housing 住建: the newest inspection of the household's house."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from services.screening.rules.finding import Answer, Change, Live, Measured, Quiet, Sight
from services.screening.rules.window import newest_words
from shared.contracts.data import Fact, HouseGrade
from shared.contracts.types import Level
from shared.contracts.warning import Words
from shared.domain.dated import Dated
from shared.domain.said_day import said_in_both
from shared.policy import Policy

DEPARTMENT = "housing"
GRADE = "housing.house_grade"


class HouseFact(Live, frozen=True, tag="h"):
    inspected_on: date
    grade: str


FACTS: tuple[type[Live], ...] = (HouseFact,)


@dataclass(frozen=True, slots=True)
class HouseLines:
    """`safe`: the grades that say nothing, as a change names them."""

    grades: Mapping[str, Dated[Level | None]]
    safe: str


def lines_of(policy: Policy, today: date) -> HouseLines:
    grades = {grade: policy.level(GRADE, grade, today) for grade in "ABCD"}
    return HouseLines(grades, "|".join(grade for grade, told in grades.items() if told.value is None))


def live_of(fact: Fact) -> Live | None:
    said = fact.values
    return HouseFact(fact.record_id, said.inspected_on, said.grade) if isinstance(said, HouseGrade) else None


def kept(facts: Sequence[Live], today: date) -> Sequence[Live]:
    return newest_words(cast(Sequence[HouseFact], facts), lambda _: "house", _inspected_on)


def check(facts: Sequence[Live], sight: Sight, lines: HouseLines, today: date) -> Iterator[Answer]:
    """A house does not change by waiting."""
    newest = _newest(facts)
    told = lines.grades[newest.grade]
    if told.value is not None:
        yield Measured(
            GRADE, "", DEPARTMENT, "unsafe_house", told.value,
            newest.grade, "C", "grade", told, newest.inspected_on, (newest.record_id,),
            Change(newest.record_id, "grade", "one_of", lines.safe, "grade"),
        )  # fmt: skip


def sentence(found: Measured) -> Words:
    day = said_in_both(found.occurred_on)
    return Words(
        zh=f"{day[0]}房屋安全鉴定为 {found.value} 级，来自住建局。",
        en=f"The house was graded {found.value} on {day[1]}; from the housing bureau.",
    )


def unless(found: Measured) -> Words:
    safe = found.unless.value.split("|")
    return Words(
        zh=f"房屋安全鉴定为 {'、'.join(safe)} 级（现为 {found.value} 级）",
        en=f"the house is graded {' or '.join(safe)} (now {found.value})",
    )


def why_not(facts: Sequence[Live], sight: Sight, lines: HouseLines, today: date) -> Iterator[Quiet]:
    newest = _newest(facts)
    told = lines.grades[newest.grade]
    if told.value is not None:
        return
    day, unsafe = said_in_both(newest.inspected_on), [grade for grade, one in lines.grades.items() if one.value]
    yield Quiet(
        GRADE, DEPARTMENT, newest.grade, "C", "grade", told, newest.inspected_on,
        Change(newest.record_id, "grade", "one_of", "|".join(unsafe), "grade"),
        Words(
            zh=f"{day[0]}房屋安全鉴定为 {newest.grade} 级，{'、'.join(unsafe)} 级才预警。",
            en=f"The house was graded {newest.grade} on {day[1]}; only {' or '.join(unsafe)} gives a warning.",
        ),
    )  # fmt: skip


def _newest(facts: Sequence[Live]) -> HouseFact:
    """The last inspection; of one day, what came last."""
    return max(reversed(cast(Sequence[HouseFact], facts)), key=_inspected_on)


def _inspected_on(fact: HouseFact) -> date:
    return fact.inspected_on
