"""Money: decimal strings with two places, nothing else."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.domain.money import SignedYuan, as_written

YUAN: TypeAdapter[Decimal] = TypeAdapter(SignedYuan)

amounts = st.decimals(min_value=0, max_value=Decimal("999999999999.99"), places=2)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("26810.50", "26810.50"),
        ("26810.5", "26810.50"),
        ("26810", "26810.00"),
        (5, "5.00"),
        (Decimal("1E+2"), "100.00"),
        ("-0", "0.00"),
        ("999999999999.99", "999999999999.99"),
    ],
)
def test_a_sum_has_two_places_and_is_a_string_in_json(value: Any, text: str) -> None:
    assert YUAN.dump_json(YUAN.validate_python(value)).decode() == f'"{text}"'


@pytest.mark.parametrize(
    "value",
    [
        *(26810.5, True, "NaN", "Infinity", "1E+2", "1E+400000", "1_000", "1,000", "１２", " 1", "", "1.005", "9" * 13),
        *(None, 2**70, 10**12, Decimal("1E+400000"), Decimal("NaN"), Decimal("1.005"), [], {}, "\x001"),
    ],
)
def test_what_is_no_sum_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        YUAN.validate_python(value)


def test_a_refund_is_negative() -> None:
    assert YUAN.validate_python("-20410.5") == Decimal("-20410.50")


@given(amounts)
def test_a_sum_survives_json_exactly(amount: Decimal) -> None:
    text = YUAN.dump_json(YUAN.validate_python(str(amount)))
    assert YUAN.validate_json(text) == amount
    assert YUAN.dump_json(YUAN.validate_json(text)) == text


@given(st.from_regex(r"[+-]?[0-9]{1,13}(\.[0-9]{1,3})?\n?") | st.text(max_size=6) | amounts.map(str))
def test_what_is_read_at_once_is_the_same_sum(text: str) -> None:
    found = as_written(text)
    if found is not None:
        assert str(found) == str(YUAN.validate_python(text))


def test_each_sum_as_we_write_it_is_read_at_once_and_no_other_text_of_nought() -> None:
    assert str(as_written("-20410.50")) == "-20410.50" and str(as_written("0.00")) == "0.00"
    assert [as_written(text) for text in ("-0.00", "0", "1.5", "+1.50", "1_0.00", "1.50\n")] == [None] * 6


def test_the_schema_says_string_with_a_pattern() -> None:
    for mode in ("validation", "serialization"):
        schema = YUAN.json_schema(mode=mode)
        assert schema["type"] == "string"
        assert "pattern" in schema
