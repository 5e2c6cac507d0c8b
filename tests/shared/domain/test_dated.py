"""Dated values."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.dated import Dated, nearest, on, overlap


def _value(what: int, first: date, last: date | None = None) -> Dated[int]:
    return Dated(what, "yuan", first, "a source", True, last)


OLD = _value(1, date(2024, 1, 1), date(2024, 12, 31))
NEW = _value(2, date(2025, 1, 1))


def test_a_value_holds_from_its_first_day_to_its_last() -> None:
    assert on([OLD, NEW], date(2023, 12, 31)) is None
    assert on([OLD, NEW], date(2024, 1, 1)) is OLD
    assert on([OLD, NEW], date(2024, 12, 31)) is OLD
    assert on([OLD, NEW], date(2025, 1, 1)) is NEW
    assert on([OLD, NEW], date(2999, 1, 1)) is NEW


def test_the_nearest_value_leaves_no_day_without_one() -> None:
    assert nearest([OLD, NEW], date(1990, 1, 1)) is OLD
    assert nearest([OLD], date(2030, 1, 1)) is OLD
    assert nearest([OLD, NEW], None) is NEW


def test_two_values_for_one_day_are_found() -> None:
    assert overlap([OLD, NEW]) is None
    late = _value(3, date(2024, 12, 31))
    assert overlap([late, OLD]) == (OLD, late)
    assert overlap([NEW, _value(4, date(2026, 1, 1))]) is not None


@given(st.lists(st.integers(1, 400), min_size=1, max_size=6), st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_in_a_row_without_gap_every_day_has_the_value_that_holds(lengths: list[int], day: date) -> None:
    values, first = [], date(2020, 1, 1)
    for n, length in enumerate(lengths):
        last = first + timedelta(days=length - 1)
        values.append(_value(n, first, last if n < len(lengths) - 1 else None))
        first = last + timedelta(days=1)
    assert overlap(values) is None
    assert nearest(values, day) is on(values, day)
