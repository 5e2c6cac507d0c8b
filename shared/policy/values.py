"""Dated values of a package: units with the range that a sane value has, and no day with two answers or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from shared.domain.dated import Dated, overlap
from shared.policy.reading import Field, Record

UNITS: Mapping[str, tuple[Decimal, Decimal, bool]] = {
    # unit: least, most, whole numbers only
    "yuan": (Decimal("0.01"), Decimal(10_000_000), False),
    "yuan_per_person_year": (Decimal(100), Decimal(1_000_000), False),
    "ratio": (Decimal("0.0001"), Decimal(1), False),
    "times": (Decimal(1), Decimal(100), False),
    "years_of_age": (Decimal(0), Decimal(120), True),
    "people": (Decimal(1), Decimal(100), True),
    "households": (Decimal(1), Decimal(1000), True),
    "warnings": (Decimal(1), Decimal(100_000), True),
    "months": (Decimal(1), Decimal(120), True),
    "calendar_years": (Decimal(1), Decimal(10), True),
    "hours": (Decimal(1), Decimal(720), True),
    "hour_of_day": (Decimal(0), Decimal(23), True),
    "calendar_days": (Decimal(1), Decimal(366), True),
    "working_days": (Decimal(1), Decimal(250), True),
}

DATED = ("source", "verified")
DATED_TOO = ("from", "to", "document")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Frame:
    """What a value inherits from its package: the package's first and last day, and its list of sources, each in the
    words in which a fact carries it."""

    valid_from: date
    valid_to: date | None
    sources: Mapping[str, str]


def dated(frame: Frame, here: Record, value: Value, unit: str) -> Dated[Value]:
    """A value with the provenance that stands beside it: from the package's first day on without
    `from`, for good without `to`."""
    name = here["source"].text()
    if name not in frame.sources:
        raise here["source"].wrong(f"is {name!r}", "name one of the sources of this package")
    first = here["from"].day() if "from" in here else frame.valid_from
    last = here["to"].day() if "to" in here else None
    if last is not None and last < first:
        raise here["to"].wrong("lies before from", "correct one of the two")
    return Dated(
        value=value,
        unit=unit,
        valid_from=first,
        valid_to=last,
        source=frame.sources[name],
        document=here["document"].text() if "document" in here else None,
        verified=here["verified"].truth(),
    )


def figures(frame: Frame, place: Field, *units: str) -> tuple[Dated[Decimal], ...]:
    """The figures of one key over time, in one of these units (any known one where none is named)."""
    found: list[Dated[Decimal]] = []
    for item in place.items():
        here = item.record("value", "unit", *DATED, optional=DATED_TOO)
        unit = here["unit"].choice(*(units or UNITS))
        least, most, is_whole = UNITS[unit]
        found.append(dated(frame, here, here["value"].number(least, most, is_whole), unit))
    return covering(frame, place, found)


def covering(frame: Frame, place: Field, values: Sequence[Dated[Value]]) -> tuple[Dated[Value], ...]:
    """The values in the order of time. Refused: none, two on one day, or a day of the package without one."""
    ordered = sorted(values, key=lambda one: one.valid_from)
    if not ordered:
        raise place.wrong("has no value", "add one with value, unit, source and verified")
    twice = overlap(ordered)
    if twice is not None:
        raise place.wrong(f"has two values from {twice[1].valid_from} on", "end the earlier one with to")
    expected = frame.valid_from
    for one in ordered:
        if one.valid_from > expected:
            raise place.wrong(f"has no value from {expected} to {one.valid_from}", "close the gap")
        expected = (one.valid_to or date.max - timedelta(days=1)) + timedelta(days=1)
    if expected <= (frame.valid_to or date.max - timedelta(days=2)):
        raise place.wrong(f"has no value from {expected} on", "add one, or leave out the last to")
    return tuple(ordered)
