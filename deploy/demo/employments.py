"""Stories of the human-resources office about work: who came home or lost it, and how many else earn.

Told of households with exactly one member able to work, and of such with two or more, well to either side
of one month and of three.
"""

from collections.abc import Sequence
from datetime import date

from deploy.demo.desk import HUMAN_RESOURCES, Desk, Level, Record, Story
from deploy.demo.matters import Matter, record_of, told
from deploy.demo.people import Person
from deploy.demo.register import Household

# From one month on where nobody else earns, from three months on otherwise
LEVEL: dict[str, Level | None] = {
    "alone_out": "yellow",
    "alone_out_lately": None,
    "others_out": "yellow",
    "others_out_lately": None,
    "at_work": None,
}
_DAYS = {
    "alone_out": (36, 85),
    "alone_out_lately": (3, 25),
    "others_out": (97, 250),
    "others_out_lately": (36, 85),
    "at_work": (3, 24),
}
_ABLE = ("普通劳动力", "技能劳动力")
_PLACES = ("浙江省宁波市", "江苏省昆山市", "上海市松江区", "安徽省合肥市", "临泉县工业园区")


def take(desk: Desk, words: tuple[str, ...]) -> tuple[Household, Person]:
    is_alone = any(word.startswith("alone") for word in words)
    home = desk.take(desk.ordinary_or_lifted_out(), earns_alone if is_alone else _several_earn)
    return home, desk.rng.choice(able(home))


def say(desk: Desk, home: Household, word: str) -> tuple[date, Record]:
    since = desk.day(*_DAYS[word])
    data: Record = {"status": "employed" if word == "at_work" else desk.rng.choice(("returned", "unemployed"))}
    if desk.rng.random() < 0.8:
        data["since"] = since.isoformat()
    if word == "at_work":
        data |= {"place": desk.rng.choice(_PLACES), "monthly_wage_yuan": f"{desk.rng.randrange(2800, 7500, 50)}.00"}
    return since, data


EMPLOYMENTS = Matter(HUMAN_RESOURCES, "employment", LEVEL, take, say)


def able(home: Household) -> Sequence[Person]:
    return [member for member in home.members if member.labour in _ABLE]


def earns_alone(home: Household) -> bool:
    """One member is able to work, and nobody else even in part."""
    return len(able(home)) == 1 and all(member.labour != "弱劳动力或半劳动力" for member in home.members)


def _several_earn(home: Household) -> bool:
    return len(able(home)) > 1


def told_late(desk: Desk) -> Story:
    """Reported yesterday, but at home for months: the day since which counts, not the report's."""
    home, person = take(desk, ("others_out",))
    _, data = say(desk, home, "others_out")
    data["since"] = desk.day(*_DAYS["others_out"]).isoformat()
    return told(
        EMPLOYMENTS, home, "others_out", "told late", record_of(desk, EMPLOYMENTS, home, person, desk.day(1, 2), data)
    )


def another_works(desk: Desk) -> Story:
    """One came home long ago; a later word says that another one works: the first is still at home."""
    home, _ = take(desk, ("others_out",))
    out, working = desk.rng.sample(list(able(home)), 2)
    (since, out_data), (later, work_data) = say(desk, home, "others_out"), say(desk, home, "at_work")
    records = (
        record_of(desk, EMPLOYMENTS, home, out, since, out_data),
        record_of(desk, EMPLOYMENTS, home, working, later, work_data),
    )
    return told(EMPLOYMENTS, home, "others_out", "another works", *records)
