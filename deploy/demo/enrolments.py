"""Stories of the education office about who goes to school: drop-outs, and children who are not enrolled.

Told of children between 8 and 14, well inside the years of compulsory schooling, and of people who are
clearly too young or too old for it.
"""

from datetime import date

from deploy.demo.desk import EDUCATION, CannotBeTold, Desk, Intention, Level, Record, Story
from deploy.demo.matters import Matter, record_of, told
from deploy.demo.people import Person
from deploy.demo.register import Household

# A drop-out, or 6-16 not enrolled, at once; a suspected drop-out below that
LEVEL: dict[str, Level | None] = {
    "dropped_out": "red",
    "not_enrolled": "red",
    "suspected_dropout": "orange",
    "enrolled": None,
    "too_young": None,
    "too_old": None,
}
_AGES = {"too_young": (0, 4), "too_old": (19, 60)}
_CHILDREN = (8, 14)
_STATUS = {"too_young": "not_enrolled", "too_old": "not_enrolled"}
_SCHOOLS = {"primary": "中心小学", "junior": "初级中学", "preschool": "中心幼儿园", "senior": "高级中学"}


def take(desk: Desk, words: tuple[str, ...]) -> tuple[Household, Person]:
    youngest, oldest = _AGES.get(words[0], _CHILDREN)
    home = desk.take(desk.ordinary_or_lifted_out(), lambda home: bool(aged(desk, home, youngest, oldest)))
    return home, desk.rng.choice(aged(desk, home, youngest, oldest))


def say(desk: Desk, home: Household, word: str) -> tuple[date, Record]:
    stage = {"too_young": "preschool", "too_old": "senior"}.get(word) or desk.rng.choice(("primary", "junior"))
    data = {"status": _STATUS.get(word, word), "stage": stage, "school": home.village.short_name + _SCHOOLS[stage]}
    return desk.day(), data


ENROLMENTS = Matter(EDUCATION, "enrolment", LEVEL, take, say)


def aged(desk: Desk, home: Household, youngest: int, oldest: int) -> list[Person]:
    """Members of these ages, by the year of birth as well as by the day."""
    return [
        member
        for member in home.members
        if youngest <= desk.age(member) and desk.today.year - member.born_on.year <= oldest
    ]


def two_children(desk: Desk) -> Story:
    """One child left school; a later word says that a brother or a sister attends: the first is still out."""
    home = desk.take("ordinary", lambda home: len(aged(desk, home, *_CHILDREN)) > 1)
    out, attending = desk.rng.sample(aged(desk, home, *_CHILDREN), 2)
    earlier, later = desk.days(2)
    records = (
        record_of(desk, ENROLMENTS, home, out, earlier, say(desk, home, "dropped_out")[1]),
        record_of(desk, ENROLMENTS, home, attending, later, say(desk, home, "enrolled")[1]),
    )
    return told(ENROLMENTS, home, "dropped_out", "two children", *records)


def named_by_mistake(desk: Desk) -> Story:
    """Version 1 names a child of one household, version 2 a child of another: the word moves with it."""
    (wrong, child), (right, other) = take(desk, ("dropped_out",)), take(desk, ("dropped_out",))
    if wrong.household_no == right.household_no:
        raise CannotBeTold
    on, data = say(desk, wrong, "dropped_out")
    first = record_of(desk, ENROLMENTS, wrong, child, on, data)
    second = first | {"version": 2, "subject": desk.about_person(right, other)}
    intentions = (
        Intention(wrong.household_no, None, "enrolment: named by mistake"),
        Intention(right.household_no, "red", "enrolment: named at last"),
    )
    return Story(((EDUCATION, first), (EDUCATION, second)), intentions)
