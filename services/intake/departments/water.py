"""水利: whether a household has water, and whether it is fit to drink (method 3).

A supply that fails a whole village is refused, not taken for one household's: it is a fact of the place, to be stored
once and asked of the village in one task, and there is no place for it yet. Parked it would wait for an identity that
it has not; refused with its remedy its sender can send the affected households today, and nothing is lost in silence.
"""

from datetime import date
from typing import Any, cast

from services.intake.fields import Fields
from services.intake.kind import Kind
from shared.contracts.data import WaterSupply

STATUSES = ("normal", "interrupted", "restored")
QUALITIES = ("pass", "fail")
SCOPES = ("household",)
NOT_YET = {"village": "place_wide_by_household"}


def supply(data: Fields, occurred_on: date) -> WaterSupply:
    """`since` is the first day without water, or with it again; the day of the record where it is not told."""
    data.choice("scope", SCOPES, NOT_YET)
    return WaterSupply(
        status=cast(Any, data.must_choice("status", STATUSES)),
        since=data.day("since") or occurred_on,
        quality=cast(Any, data.choice("quality", QUALITIES)),
    )


KINDS = (Kind("supply", "household", supply, ("status", "since", "quality", "scope")),)
