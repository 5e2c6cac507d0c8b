"""Stories of the human-resources office about wages that are owed: from 5,000 yuan on a household is warned of.

Every record says the whole of what is owed to a person; one of 0.00 says that it was paid.
"""

from datetime import date
from decimal import Decimal

from deploy.demo.desk import HUMAN_RESOURCES, Desk, Level, Record
from deploy.demo.employments import able
from deploy.demo.matters import Matter
from deploy.demo.people import Person
from deploy.demo.register import Household

LINE = Decimal(5000)  # the sum is this sample's default, yuan
LEVEL: dict[str, Level | None] = {"over": "yellow", "on_the_line": "yellow", "near": None, "quiet": None, "paid": None}


def take(desk: Desk, words: tuple[str, ...]) -> tuple[Household, Person]:
    home = desk.take(desk.ordinary_or_lifted_out(), lambda home: bool(able(home)))
    return home, desk.rng.choice(able(home))


def say(desk: Desk, home: Household, word: str) -> tuple[date, Record]:
    yuan = {
        "over": lambda: desk.over(LINE),
        "on_the_line": lambda: LINE,
        "near": lambda: desk.near(LINE),
        "quiet": lambda: desk.cents(Decimal(300), Decimal(3000)),
        "paid": lambda: Decimal("0.00"),
    }[word]()
    return desk.day(5, 30) if word == "paid" else desk.day(5, 150), {"yuan": str(yuan)}


WAGE_ARREARS = Matter(HUMAN_RESOURCES, "wage_arrears", LEVEL, take, say)
