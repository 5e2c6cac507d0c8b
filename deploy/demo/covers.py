"""Stories of the medical-insurance office about cover: who is insured, who no longer.

The latest word about a person counts, by the day on which it was true; one person's cover says nothing of
another's.
"""

from datetime import date

from deploy.demo.desk import (
    MEDICAL_INSURANCE,
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
from deploy.demo.people import Person
from deploy.demo.register import Household

# What each state of cover means
LEVEL: dict[str, Level | None] = {
    "uninsured": "orange",
    "paused": "orange",
    "arrears": "yellow",
    "insured": None,
    "employee": None,
    "resident": None,
    "elsewhere": None,
}
_COVERED = ("insured", "employee", "resident", "elsewhere")


def cover(desk: Desk, home: Household, person: Person, status: str, on: date) -> Record:
    data = {"status": status, "year": on.year}
    return upsert(desk.number(PREFIX[MEDICAL_INSURANCE]), "cover", on, desk.about_person(home, person), data)


def one(desk: Desk, status: str) -> Story:
    home, record = _said(desk, status)
    return _told(home, status, "one word of cover", record)


def overtaken(desk: Desk, before: str, after: str) -> Story:
    """A later word about the same person."""
    home, earlier, later = _two_words(desk, before, after)
    return _told(home, after, "overtaken", earlier, later)


def overtaken_out_of_order(desk: Desk, before: str, after: str) -> Story:
    """The later word arrives first; the earlier one must not overtake it."""
    home, earlier, later = _two_words(desk, before, after)
    return _told(home, after, "overtaken, out of order", later, earlier)


def two_people(desk: Desk, status: str) -> Story:
    """One member lost cover, and a later word says that another one has it: the first is still without."""
    home = desk.take(desk.ordinary_or_lifted_out(), lambda home: len(home.members) > 1)
    without, covered = desk.rng.sample(home.members, 2)
    earlier, later = desk.days(2)
    return _told(
        home,
        status,
        "two people",
        cover(desk, home, without, status, earlier),
        cover(desk, home, covered, desk.rng.choice(_COVERED), later),
    )


def taken_back(desk: Desk, status: str) -> Story:
    home, record = _said(desk, status)
    return _told(home, "insured", "cover withdrawn", record, withdrawn(record, 2))


def corrected_later(desk: Desk, before: str, after: str) -> Story:
    home, record = _said(desk, before)
    return _told(home, after, "cover corrected", record, corrected(record, 2, status=after))


def same_version_other_content(desk: Desk, status: str, other: str) -> Story:
    home, record = _said(desk, status)
    return _told(home, status, "cover, same version", record, corrected(record, 1, status=other))


def sent_twice(desk: Desk, status: str) -> Story:
    home, record = _said(desk, status)
    return _told(home, status, "cover sent twice", record, record)


def _two_words(desk: Desk, before: str, after: str) -> tuple[Household, Record, Record]:
    home = _anybody(desk)
    person = desk.rng.choice(home.members)
    earlier, later = desk.days(2)
    return home, cover(desk, home, person, before, earlier), cover(desk, home, person, after, later)


def _said(desk: Desk, status: str) -> tuple[Household, Record]:
    home = _anybody(desk)
    return home, cover(desk, home, desk.rng.choice(home.members), status, desk.day())


def _told(home: Household, status: str, situation: str, *records: Record) -> Story:
    intention = Intention(home.household_no, LEVEL[status], situation)
    return Story(tuple((MEDICAL_INSURANCE, record) for record in records), (intention,))


def _anybody(desk: Desk) -> Household:
    return desk.take(desk.ordinary_or_lifted_out())
