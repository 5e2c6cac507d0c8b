"""A cursor: what was packed is read again as it was; all else is refused in one way, and is never an error of ours."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.faults import Refused
from shared.web.cursor import LONG_AGO, NIL, NUMBER_MAX, packed, read, unpacked

FIRST = (LONG_AGO, date.min, NIL, False, 0, "")
LAST = (datetime(2026, 11, 25, 4, 0, 0, 250, UTC), date(2026, 11, 25), UUID(int=7), True, NUMBER_MAX, "安\x1f徽~|")


def code_of(after: str, first: Any = FIRST, **how: int) -> str:
    with pytest.raises(Refused) as refused:
        read(after, first, **how)
    assert refused.value.problem.status == 422
    return refused.value.problem.code


def test_what_was_packed_is_read_again() -> None:
    assert read(packed(*LAST), FIRST) == LAST
    assert packed(*LAST).isascii() and not set("=+/~&?") & set(packed(*LAST))


def test_without_a_cursor_a_list_begins_at_its_first_row() -> None:
    assert read(None, FIRST) == read("", FIRST) == FIRST


def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    there = LAST[0].astimezone(timezone(timedelta(hours=8)))
    assert packed(there) == packed(LAST[0])


@pytest.mark.parametrize(
    ("first", "parts"),
    [
        ((LONG_AGO,), ("2026-11-25T04:00:00",)), ((LONG_AGO,), ("0001-01-01T00:00:00+14:00",)), ((LONG_AGO,), ("x",)),
        ((date.min,), ("2026-13-01",)), ((NIL,), ("7",)), ((False,), ("yes",)), ((0,), (-1,)), ((0,), (2**63,)),
        ((0,), ("9" * 5000,)), (("",), ("a\x00b",)), (("", ""), ("a",)), ((0,), (1, 2)), (("",), ("a", "b")),
    ],
)  # fmt: skip
def test_what_is_of_another_kind_is_refused(first: Any, parts: tuple[object, ...]) -> None:
    assert code_of(packed(*parts), first) == "cursor"


def test_a_number_beyond_the_lists_own_is_refused() -> None:
    assert read(packed(2), (0,), number_max=2) == (2,)
    assert code_of(packed(3), (0,), number_max=2) == "cursor"


@given(st.text(min_size=1))
def test_any_other_text_is_refused(text: str) -> None:
    assert code_of(text) == "cursor"


@given(st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), min_size=1))
def test_texts_come_back_as_they_were(texts: list[str]) -> None:
    assert unpacked(packed(*texts), len(texts)) == texts


@given(st.lists(st.text("\x1e\x1fes", max_size=6), min_size=1, max_size=4))
def test_no_two_rows_have_one_id(texts: list[str]) -> None:
    """A dead letter whose key holds the sign between parts is found under its own id and under no other one's."""
    assert unpacked(packed(*texts), len(texts)) == texts
