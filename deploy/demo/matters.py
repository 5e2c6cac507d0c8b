"""Stories that any department's record can have: told once, corrected, taken back, late, twice, refused.

A matter is one kind of record with the words that it can say. What a word means — a level, or nothing —
is written beside each kind; the stories here only say which word stands at the end.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from deploy.demo.desk import PREFIX, Desk, Intention, Level, Record, Story, upsert, withdrawn
from deploy.demo.people import Person
from deploy.demo.register import Household


@dataclass(frozen=True, slots=True)
class Matter:
    """One kind of a department's records.

    `take` gives a household in which each of the words can be said, and whom they are about (None: the
    household as a whole); `say` the day and the data of a word. Both raise CannotBeTold.
    """

    department: str
    kind: str
    level: Mapping[str, Level | None]
    take: Callable[[Desk, tuple[str, ...]], tuple[Household, Person | None]]
    say: Callable[[Desk, Household, str], tuple[date, Record]]


def one(desk: Desk, matter: Matter, word: str) -> Story:
    home, record = _said(desk, matter, word)
    return told(matter, home, word, "told once", record)


def taken_back(desk: Desk, matter: Matter, word: str) -> Story:
    home, record = _said(desk, matter, word)
    return told(matter, home, None, "withdrawn", record, withdrawn(record, 2))


def withdrawal_first(desk: Desk, matter: Matter, word: str) -> Story:
    home, record = _said(desk, matter, word)
    return told(matter, home, None, "withdrawal first", withdrawn(record, 2), record)


def back_again(desk: Desk, matter: Matter, word: str) -> Story:
    """Withdrawn by mistake, then sent again as version 3."""
    home, record = _said(desk, matter, word)
    return told(matter, home, word, "back after withdrawal", record, withdrawn(record, 2), record | {"version": 3})


def sent_twice(desk: Desk, matter: Matter, word: str) -> Story:
    home, record = _said(desk, matter, word)
    return told(matter, home, word, "sent twice", record, record)


def corrected_later(desk: Desk, matter: Matter, before: str, after: str) -> Story:
    """A slip, then version 2: the later version alone counts."""
    home, first, second = _two_versions(desk, matter, before, after)
    return told(matter, home, after, "corrected", first, second)


def lower_version_late(desk: Desk, matter: Matter, before: str, after: str) -> Story:
    """Version 2 comes first; version 1, late, is history and says nothing."""
    home, first, second = _two_versions(desk, matter, before, after)
    return told(matter, home, after, "lower version late", second, first)


def same_version_other_content(desk: Desk, matter: Matter, word: str, other: str) -> Story:
    """The same version with other content is refused; what came first stands."""
    home, first, second = _two_versions(desk, matter, word, other)
    return told(matter, home, word, "same version, other content", first, second | {"version": 1})


def overtaken(desk: Desk, matter: Matter, before: str, after: str) -> Story:
    """A record of an earlier day, then one of a later day about the same: the later day's word counts."""
    home, earlier, later = two_records(desk, matter, before, after)
    return told(matter, home, after, "overtaken", earlier, later)


def overtaken_out_of_order(desk: Desk, matter: Matter, before: str, after: str) -> Story:
    """The later day's record arrives first; the earlier one must not overtake it."""
    home, earlier, later = two_records(desk, matter, before, after)
    return told(matter, home, after, "overtaken, out of order", later, earlier)


def newer_taken_back(desk: Desk, matter: Matter, before: str, after: str) -> Story:
    """The later day's word was a mistake: the earlier one holds again."""
    home, earlier, later = two_records(desk, matter, before, after)
    return told(matter, home, before, "newer word withdrawn", earlier, later, withdrawn(later, 2))


def record_of(desk: Desk, matter: Matter, home: Household, person: Person | None, on: date, data: Record) -> Record:
    subject = desk.about_household(home) if person is None else desk.about_person(home, person)
    return upsert(desk.number(PREFIX[matter.department]), matter.kind, on, subject, data)


def told(matter: Matter, home: Household, word: str | None, situation: str, *records: Record) -> Story:
    """What stands at the end is `word`; None where nothing stands."""
    level = matter.level[word] if word else None
    intention = Intention(home.household_no, level, f"{matter.kind}: {situation}", is_near=word == "near")
    return Story(tuple((matter.department, record) for record in records), (intention,))


def _said(desk: Desk, matter: Matter, word: str) -> tuple[Household, Record]:
    home, person = matter.take(desk, (word,))
    on, data = matter.say(desk, home, word)
    return home, record_of(desk, matter, home, person, on, data)


def _two_versions(desk: Desk, matter: Matter, before: str, after: str) -> tuple[Household, Record, Record]:
    home, person = matter.take(desk, (before, after))
    on, data = matter.say(desk, home, before)
    first = record_of(desk, matter, home, person, on, data)
    later, other = matter.say(desk, home, after)
    return home, first, first | {"version": 2, "occurred_on": later.isoformat(), "data": other}


def two_records(desk: Desk, matter: Matter, before: str, after: str) -> tuple[Household, Record, Record]:
    """Two records about the same, the first of the earlier day."""
    home, person = matter.take(desk, (before, after))
    (earlier, first), (later, second) = matter.say(desk, home, before), matter.say(desk, home, after)
    for _ in range(100):
        if earlier < later:
            break
        (earlier, first), (later, second) = matter.say(desk, home, before), matter.say(desk, home, after)
    else:
        raise ValueError(f"{matter.kind}: {before} never comes before {after}")
    return (
        home,
        record_of(desk, matter, home, person, earlier, first),
        record_of(desk, matter, home, person, later, second),
    )
