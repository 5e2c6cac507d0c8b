"""Dated values: a figure of the field with its unit, its time, its source, and whether anybody has checked
it.

No limit, line or threshold of this product is a bare number: each was decided somewhere, from a day on, by
somebody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Dated(Generic[Value]):
    """One value. `valid_to` is its last day (None: until further notice); `verified` means that the source
    was read.

    An unverified value may warn but never decide, and is shown as unverified wherever it is shown.
    """

    value: Value
    unit: str
    valid_from: date
    source: str
    verified: bool
    valid_to: date | None = None
    document: str | None = None

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


One = TypeVar("One", bound=Dated[Any])


def on(values: Iterable[One], day: date) -> One | None:
    """The value that holds on a day, or None."""
    return next((one for one in values if one.holds_on(day)), None)


def nearest(values: Sequence[One], day: date | None) -> One:
    """The value that holds on a day; before the first of them the first, after their end or in a gap the
    one before.

    Without a day: the last. `values` is in the order of time and not empty. No date leaves a household
    unjudged.
    """
    if day is None:
        return values[-1]
    return next((one for one in reversed(values) if one.valid_from <= day), values[0])


def overlap(values: Sequence[One]) -> tuple[One, One] | None:
    """Two values that would both hold on one day, or None: a day must never have two answers."""
    for earlier, later in pairwise(sorted(values, key=lambda one: one.valid_from)):
        if earlier.valid_to is None or later.valid_from <= earlier.valid_to:
            return earlier, later
    return None
