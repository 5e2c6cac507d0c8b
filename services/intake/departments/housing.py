"""住建: the safety grade of a house (method 3). A and B are safe, C is partly, D wholly dangerous."""

from datetime import date
from typing import Any, cast

from services.intake.fields import Fields
from services.intake.kind import Kind
from shared.contracts.data import HouseGrade

GRADES = ("A", "B", "C", "D")


def house_grade(data: Fields, occurred_on: date) -> HouseGrade:
    return HouseGrade(
        grade=cast(Any, data.must_choice("grade", GRADES)),
        cause=words_alone(data.loose("cause")),
        inspected_on=data.day("inspected_on") or occurred_on,
    )


def words_alone(cause: str | None) -> str | None:
    """A cause travels in events: one that holds a number as long as a phone's stays in the vault."""
    digits = sum(sign.isdigit() for sign in cause or "")
    return cause if cause and digits < 7 and cause.isprintable() else None


KINDS = (Kind("house_grade", "household", house_grade, ("grade", "cause", "inspected_on"), ("cause",)),)
