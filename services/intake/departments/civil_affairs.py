"""民政: allowances granted, ended and adjusted (method 3). An allowance is the household's, whoever draws it."""

from datetime import date
from typing import Any, cast

from services.intake.fields import Fields
from services.intake.kind import Kind
from shared.contracts.data import Allowance

CHANGES = ("granted", "ended", "adjusted")
TYPES = {
    "subsistence": "subsistence", "低保": "subsistence", "农村低保": "subsistence", "最低生活保障": "subsistence",
    "extreme_poverty": "extreme_poverty", "特困": "extreme_poverty", "特困供养": "extreme_poverty",
    "特困人员救助供养": "extreme_poverty",
    "temporary_relief": "temporary_relief", "临时救助": "temporary_relief",
    "orphan": "orphan", "孤儿": "orphan", "孤儿基本生活费": "orphan",
}  # fmt: skip


def allowance(data: Fields, occurred_on: date) -> Allowance:
    """A type that is not on the list is an allowance all the same: `other`."""
    return Allowance(
        type=cast(Any, TYPES.get(data.must_text("type"), "other")),
        change=cast(Any, data.must_choice("change", CHANGES)),
        monthly_yuan=data.gain("monthly_yuan"),
    )


KINDS = (Kind("allowance", "household", allowance, ("type", "change", "monthly_yuan"), ("type",)),)
