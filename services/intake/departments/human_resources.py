"""人社: who has work and since when, and whose wages are owed (method 3). The place of work stays in the vault.

What is owed to a person is said anew by every record about it, never added up over records: offices send their whole
list each month. A debt that is paid is a record of 0.00 yuan, or a withdrawal.
"""

from datetime import date
from typing import Any, cast

from services.intake.fields import Fields
from services.intake.kind import Kind
from shared.contracts.data import Employment, WageArrears

STATUSES = ("employed", "returned", "unemployed")


def employment(data: Fields, occurred_on: date) -> Employment:
    """`since` is the first day of this state; the day of the record where it is not told."""
    return Employment(
        status=cast(Any, data.must_choice("status", STATUSES)),
        since=data.day("since") or occurred_on,
        monthly_wage_yuan=data.gain("monthly_wage_yuan"),
    )


def wage_arrears(data: Fields, occurred_on: date) -> WageArrears:
    return WageArrears(yuan=data.must("yuan", data.gain("yuan")))


KINDS = (
    Kind("employment", "person", employment, ("status", "since", "place", "monthly_wage_yuan"), ("place",)),
    Kind("wage_arrears", "person", wage_arrears, ("yuan",)),
)
