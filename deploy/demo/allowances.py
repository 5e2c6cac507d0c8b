"""Stories of the civil-affairs office about allowances: a 低保 that ended is watched over for three months.

Told well to either side of three months, so that it does not matter whether they are counted in days.
"""

from datetime import date

from deploy.demo.desk import CIVIL_AFFAIRS, Desk, Level, Record
from deploy.demo.matters import Matter
from deploy.demo.register import Household

# An ended 低保 is watched for three months; nothing else of an allowance is a reason
LEVEL: dict[str, Level | None] = {
    "ended": "yellow",
    "ended_long_ago": None,
    "granted": None,
    "adjusted": None,
    "relief_ended": None,
    "relief_granted": None,
}
_DAYS = {
    "ended": (30, 85),
    "ended_long_ago": (100, 300),
    "granted": (3, 28),
    "adjusted": (3, 28),
    "relief_ended": (5, 85),
    "relief_granted": (5, 200),
}


def take(desk: Desk, words: tuple[str, ...]) -> tuple[Household, None]:
    return desk.take(desk.ordinary_or_lifted_out()), None


def say(desk: Desk, home: Household, word: str) -> tuple[date, Record]:
    is_relief = word.startswith("relief")
    change = word.removeprefix("relief_").removesuffix("_long_ago")
    data = {"type": "temporary_relief" if is_relief else "subsistence", "change": change}
    if change != "ended":
        data["monthly_yuan"] = str(desk.rng.randrange(300, 900, 10)) + ".00"
    return desk.day(*_DAYS[word]), data


ALLOWANCES = Matter(CIVIL_AFFAIRS, "allowance", LEVEL, take, say)
