"""Housing 住建: the newest inspection of the household's house."""

from collections.abc import Iterator, Sequence
from datetime import date

from services.screening.facts import HouseFact, Live
from services.screening.rules.finding import Lines, Measured, Sight

DEPARTMENT = "housing"
READS: tuple[str, ...] = ("house_grade",)
GRADE = "housing.house_grade"


def check(facts: Sequence[Live], sight: Sight, lines: Lines, today: date) -> Iterator[Measured]:
    inspected = [one for one in facts if isinstance(one, HouseFact)]
    if not inspected:
        return
    newest = max(inspected, key=lambda one: one.inspected_on)
    told = lines.house[newest.grade]
    if told.value is not None:
        yield Measured(
            GRADE, "", DEPARTMENT, "unsafe_house", told.value,
            newest.grade, "C", "grade", told.verified, newest.inspected_on, (newest.record_id,),
            {"grade": newest.grade, "inspected_on": newest.inspected_on.isoformat()},
        )  # fmt: skip
