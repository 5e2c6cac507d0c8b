"""Stories of the housing office: grade C and D houses, and the newer inspections that overtake older ones."""

from datetime import date
from typing import Literal

from deploy.demo.desk import (
    HOUSING,
    PREFIX,
    Desk,
    Intention,
    Level,
    Record,
    Story,
    corrected,
    upsert,
    withdrawn,
)
from deploy.demo.register import Household

Grade = Literal["A", "B", "C", "D"]

# D immediate, C ordinary
LEVEL: dict[Grade, Level | None] = {"A": None, "B": None, "C": "yellow", "D": "red"}
_CAUSES: dict[Grade, tuple[str, ...]] = {
    "A": ("例行鉴定",),
    "B": ("例行鉴定", "局部渗漏"),
    "C": ("墙体开裂", "屋面局部塌陷", "年久失修"),
    "D": ("承重墙倾斜", "屋架腐朽", "暴雨后墙体坍塌"),
}


def house_grade(desk: Desk, home: Household, grade: Grade, on: date) -> Record:
    data = {"grade": grade, "cause": desk.rng.choice(_CAUSES[grade]), "inspected_on": on.isoformat()}
    return upsert(desk.number(PREFIX[HOUSING]), "house_grade", on, desk.about_household(home), data)


def one(desk: Desk, grade: Grade) -> Story:
    home, record = _inspected(desk, grade)
    return _told(home, grade, "one inspection", record)


def inspected_again(desk: Desk, before: Grade, after: Grade) -> Story:
    home, older, newer = _two_inspections(desk, before, after)
    return _told(home, after, "inspected again", older, newer)


def inspected_again_out_of_order(desk: Desk, before: Grade, after: Grade) -> Story:
    """The older inspection arrives last and must not overtake the newer one."""
    home, older, newer = _two_inspections(desk, before, after)
    return _told(home, after, "inspected again, out of order", newer, older)


def taken_back(desk: Desk, grade: Grade) -> Story:
    home, record = _inspected(desk, grade)
    return _told(home, "A", "inspection withdrawn", record, withdrawn(record, 2))


def newer_taken_back(desk: Desk, before: Grade, after: Grade) -> Story:
    """The newer inspection was a mistake: the older one holds again."""
    home, older, newer = _two_inspections(desk, before, after)
    return _told(home, before, "newer inspection withdrawn", older, newer, withdrawn(newer, 2))


def corrected_later(desk: Desk, before: Grade, after: Grade) -> Story:
    home, record = _inspected(desk, before)
    second = corrected(record, 2, grade=after, cause=desk.rng.choice(_CAUSES[after]))
    return _told(home, after, "grade corrected", record, second)


def same_version_other_content(desk: Desk, grade: Grade, other: Grade) -> Story:
    home, record = _inspected(desk, grade)
    return _told(home, grade, "grade, same version", record, corrected(record, 1, grade=other))


def sent_twice(desk: Desk, grade: Grade) -> Story:
    home, record = _inspected(desk, grade)
    return _told(home, grade, "inspection sent twice", record, record)


def _two_inspections(desk: Desk, before: Grade, after: Grade) -> tuple[Household, Record, Record]:
    home = _anybody(desk)
    older, newer = desk.days(2)
    return home, house_grade(desk, home, before, older), house_grade(desk, home, after, newer)


def _inspected(desk: Desk, grade: Grade) -> tuple[Household, Record]:
    home = _anybody(desk)
    return home, house_grade(desk, home, grade, desk.day())


def _told(home: Household, grade: Grade, situation: str, *records: Record) -> Story:
    intention = Intention(home.household_no, LEVEL[grade], situation)
    return Story(tuple((HOUSING, record) for record in records), (intention,))


def _anybody(desk: Desk) -> Household:
    return desk.take(desk.ordinary_or_lifted_out())
