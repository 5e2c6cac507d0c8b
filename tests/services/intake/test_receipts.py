"""Receipts: every slip of a finger is caught, and no two reports share one."""

from collections.abc import Iterator
from itertools import combinations
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake import receipt
from services.intake.limit import ADDRESSES_MAX, BOUNDS, WINDOW_SECONDS, Limit
from services.intake.receipt import SIGNS
from services.intake.vault import Vault
from shared.crypto import BlindIndex, Cipher

VAULT = Vault(Cipher(b"v" * 32), BlindIndex(b"i" * 32))
stems = st.text(SIGNS, min_size=11, max_size=11)


@given(stems, st.integers(0, 11), st.sampled_from(SIGNS))
def test_a_single_wrong_sign_is_caught(stem: str, place: int, sign: str) -> None:
    whole = stem + receipt.check_sign(stem)
    wrong = whole[:place] + sign + whole[place + 1 :]
    assert receipt.is_receipt(whole) and receipt.is_receipt(wrong) == (wrong == whole)


@given(stems)
def test_two_signs_exchanged_are_caught(stem: str) -> None:
    whole = stem + receipt.check_sign(stem)
    for one, other in combinations(range(12), 2):
        signs = list(whole)
        signs[one], signs[other] = signs[other], signs[one]
        assert receipt.is_receipt("".join(signs)) == (whole[one] == whole[other])


def test_a_thousand_reports_have_a_thousand_receipts_with_no_sign_that_reads_as_another() -> None:
    made = {receipt.receipt_of(VAULT, uuid4()) for _ in range(1000)}
    assert len(made) == 1000 and all(receipt.is_receipt(one) for one in made)
    assert not set("01ILO") & set(SIGNS)


@pytest.mark.parametrize("typed", ["7k3m-9qwe-rt2x", " 7K3M 9QWE RT2X ", "７Ｋ３Ｍ９ＱＷＥＲＴ２Ｘ", "7K3M_9QWE_RT2X"])
def test_a_receipt_is_read_as_people_type_it(typed: str) -> None:
    assert receipt.plain(typed) == "7K3M9QWERT2X"


def test_an_address_s_bound_is_over_after_its_window_and_the_memory_is_bounded() -> None:
    clock: list[float] = [0.0]
    limit = Limit(lambda: clock[0])
    answers: Iterator[bool] = (limit.allows("file", "a") for _ in range(BOUNDS["file"] + 1))
    assert list(answers) == [True] * BOUNDS["file"] + [False]
    assert limit.allows("ask", "a") and limit.allows("file", "b")
    clock[0] = WINDOW_SECONDS
    assert limit.allows("file", "a")
    for one in range(ADDRESSES_MAX + 10):
        limit.allows("ask", f"address {one}")
    assert len(limit._seen) == ADDRESSES_MAX
