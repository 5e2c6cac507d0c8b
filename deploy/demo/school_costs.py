"""Stories of the education office about what schooling costs: a school year's cost, net of what was granted.

Told of pupils beyond compulsory schooling and of the school year that runs today; an old year means nothing.
"""

from datetime import date, timedelta
from decimal import Decimal

from deploy.demo.desk import EDUCATION, CannotBeTold, Desk, Level, Record, Story
from deploy.demo.matters import Matter, record_of, told
from deploy.demo.people import Person
from deploy.demo.register import Household

LINE = Decimal(10000)  # yuan a school year, after subsidies
LEVEL: dict[str, Level | None] = {
    "over": "yellow",
    "on_the_line": "yellow",
    "near": None,
    "quiet": None,
    "granted": None,
    "long_ago": None,
}
_FIRST_MONTH = 9  # a school year runs from September to August


def take(desk: Desk, words: tuple[str, ...]) -> tuple[Household, Person]:
    home = desk.take(desk.ordinary_or_lifted_out(), lambda home: bool(_pupils(desk, home)))
    return home, desk.rng.choice(_pupils(desk, home))


def say(desk: Desk, home: Household, word: str) -> tuple[date, Record]:
    if word == "long_ago":
        on = desk.day(least=1200, most=1500)
        return on, _data(desk, on, desk.over(LINE), Decimal(0))
    net = {
        "over": lambda: desk.over(LINE),
        "on_the_line": lambda: LINE,
        "near": lambda: desk.near(LINE),
        "quiet": lambda: desk.cents(Decimal(1200), Decimal(7000)),
        "granted": lambda: desk.cents(Decimal(2000), Decimal(8000)),
    }[word]()
    subsidy = desk.cents(Decimal(2500), Decimal(6000)) if desk.rng.random() < 0.4 else Decimal(0)
    if word == "granted":  # dear, but most of it granted
        subsidy = desk.cents(LINE, LINE * 2)
    return this_school_year(desk), _data(desk, desk.today, net, subsidy)


SCHOOL_COSTS = Matter(EDUCATION, "cost", LEVEL, take, say)


def in_two_parts(desk: Desk, word: str) -> Story:
    """Tuition and boarding of one pupil come apart; neither reaches the line, the school year does, or just not."""
    home, pupil = take(desk, (word,))
    net = desk.near(LINE) if word == "near" else desk.cents(LINE, LINE * Decimal("1.6"))
    tuition = desk.cents(net * Decimal("0.4"), net * Decimal("0.6"))
    records = [
        record_of(desk, SCHOOL_COSTS, home, pupil, this_school_year(desk), _data(desk, desk.today, part, Decimal(0)))
        for part in (tuition, net - tuition)
    ]
    return told(SCHOOL_COSTS, home, word, "in two parts", *records)


def two_years(desk: Desk) -> Story:
    """Two school years of which neither reaches the line are not added up."""
    home, pupil = take(desk, ("quiet",))
    before = this_school_year(desk) - timedelta(days=365)
    first, second = (desk.cents(LINE * Decimal("0.55"), LINE * Decimal("0.9")) for _ in range(2))
    last_year = desk.today - timedelta(days=365)
    records = (
        record_of(desk, SCHOOL_COSTS, home, pupil, before, _data(desk, last_year, first, Decimal(0))),
        record_of(desk, SCHOOL_COSTS, home, pupil, this_school_year(desk), _data(desk, desk.today, second, Decimal(0))),
    )
    return told(SCHOOL_COSTS, home, "quiet", "two school years", *records)


def this_school_year(desk: Desk) -> date:
    """A day of the school year that runs today, before today."""
    passed = (desk.today - date(school_year(desk.today), _FIRST_MONTH, 1)).days
    if passed < 2:
        raise CannotBeTold  # its first days
    return desk.today - timedelta(days=desk.rng.randint(1, min(passed, 300)))


def school_year(day: date) -> int:
    """The year in which the school year of a day began."""
    return day.year if day.month >= _FIRST_MONTH else day.year - 1


def _data(desk: Desk, on: date, net: Decimal, subsidy: Decimal) -> Record:
    year = school_year(on)
    data: Record = {"school_year": f"{year}-{year + 1}", "cost_yuan": str(net + subsidy)}
    if subsidy or desk.rng.random() < 0.5:
        data["subsidy_yuan"] = str(subsidy)
    return data


def _pupils(desk: Desk, home: Household) -> list[Person]:
    return [member for member in home.members if member.schooling is not None and 16 <= desk.age(member) <= 22]
