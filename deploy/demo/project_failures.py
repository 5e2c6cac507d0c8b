"""Stories of the rural-revitalisation office about help projects that failed: from 5,000 yuan of loss on.

Just under the line only households are told of whose income nobody knows, so that no share of it can matter.
"""

from datetime import date
from decimal import Decimal

from deploy.demo.desk import RURAL_REVITALIZATION, Desk, Level, Record
from deploy.demo.matters import Matter
from deploy.demo.register import Household

LINE = Decimal(5000)  # yuan
LEVEL: dict[str, Level | None] = {"over": "yellow", "on_the_line": "yellow", "near": None}


def take(desk: Desk, words: tuple[str, ...]) -> tuple[Household, None]:
    if "near" in words:
        return desk.take("ordinary", lambda home: not home.incomes), None
    return desk.take(desk.ordinary_or_lifted_out()), None


def say(desk: Desk, home: Household, word: str) -> tuple[date, Record]:
    loss = {"over": desk.over, "on_the_line": lambda line: line, "near": desk.near}[word](LINE)
    return desk.day(), {"loss_yuan": str(loss)}


PROJECT_FAILURES = Matter(RURAL_REVITALIZATION, "project_failure", LEVEL, take, say)
