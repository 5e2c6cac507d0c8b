"""医保: settlements and cover (method 3). A disease and the finer sums stay in the vault; what counts is what was paid.

`total = reimbursed + self-paid` is flagged where it does not hold, never refused (people D1). A refund is a settlement
of its own with negative sums that names what it takes back in `reverses` (D2).
"""

from datetime import date
from typing import Any, cast

from services.intake.fields import Fields
from services.intake.kind import Kind
from shared.contracts.data import Cover, Settlement

SETTINGS = ("inpatient", "outpatient")
COVERS = ("insured", "uninsured", "paused", "arrears", "employee", "resident", "elsewhere")

FINER = (
    "basic_fund_yuan",
    "major_illness_yuan",
    "medical_aid_yuan",
    "other_fund_yuan",
    "account_yuan",
    "cash_yuan",
)


def settlement(data: Fields, occurred_on: date) -> Settlement:
    for name in FINER:
        data.yuan(name)
    for name in ("admitted_on", "discharged_on"):
        data.day(name)
    return Settlement(
        setting=cast(Any, data.must_choice("setting", SETTINGS)),
        settled_on=data.day("settled_on") or occurred_on,
        total_yuan=data.must_yuan("total_yuan"),
        reimbursed_yuan=data.must_yuan("reimbursed_yuan"),
        self_paid_yuan=data.must_yuan("self_paid_yuan"),
        in_scope_self_paid_yuan=data.yuan("in_scope_self_paid_yuan"),
        out_of_scope_yuan=data.yuan("out_of_scope_yuan"),
        reverses=data.text("reverses"),
    )


def cover(data: Fields, occurred_on: date) -> Cover:
    """Next year's cover is paid for in autumn: a year ahead is no slip."""
    year = data.number("year", 2000, occurred_on.year + 1)
    return Cover(status=cast(Any, data.must_choice("status", COVERS)), year=year or occurred_on.year)


def sums_differ(values: Settlement) -> bool:
    """Whether a settlement's own sums do not add up: its sender's to look at."""
    return values.total_yuan != values.reimbursed_yuan + values.self_paid_yuan


KINDS = (
    Kind(
        "settlement",
        "person",
        settlement,
        (
            "setting", "settled_on", "admitted_on", "discharged_on", "settlement_kind", "offsite", "reverses",
            "disease", "total_yuan", "reimbursed_yuan", "self_paid_yuan", "in_scope_self_paid_yuan",
            "out_of_scope_yuan", *FINER,
        ),
        ("settlement_kind", "offsite", "disease"),
    ),
    Kind("cover", "person", cover, ("status", "year")),
)  # fmt: skip
