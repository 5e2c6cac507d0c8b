"""Identity numbers: what real people and real spreadsheets send. All numbers are invented."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.cn import ric

from shared.domain.identity import (
    Identity,
    IdentityProblem,
    check_digit,
    identify,
    mask_name,
    mask_number,
    mask_phone,
    normalise,
)

TODAY = date(2026, 11, 25)

places = st.from_regex(r"\A[1-6][0-9]{5}\Z").filter(lambda text: not text.startswith("999999"))
births = st.dates(date(1900, 1, 1), TODAY)
orders = st.from_regex(r"\A[0-9]{3}\Z")


def _number(place: str, born_on: date, order: str) -> str:
    seventeen = f"{place}{born_on:%Y%m%d}{order}"
    return seventeen + str(ric.calc_check_digit(seventeen + "0"))


numbers = st.builds(_number, places, births, orders)


def _code(text: str, today: date = TODAY) -> str | None:
    found = identify(text, today)
    return found.code if isinstance(found, IdentityProblem) else None


def _sound(text: str) -> Identity:
    found = identify(text, TODAY)
    assert isinstance(found, Identity), found
    return found


def test_the_invented_number_is_sound() -> None:
    seventeen = "34122119650307123"
    assert check_digit(seventeen) == str(ric.calc_check_digit(seventeen + "0"))
    whole = seventeen + check_digit(seventeen)
    assert _sound(whole) == Identity(whole, date(1965, 3, 7), "male")


@given(places, births, orders)
def test_numbers_of_every_county_and_year_are_accepted(place: str, born_on: date, order: str) -> None:
    found = _sound(_number(place, born_on, order))
    assert found.born_on == born_on
    assert found.sex == ("male" if int(order) % 2 else "female")


@pytest.mark.parametrize(("place", "year"), [("341221", 1965), ("341221", 1990), ("341602", 1988), ("340281", 1980)])
def test_a_county_code_that_did_not_exist_in_the_year_of_birth_is_no_reason(place: str, year: int) -> None:
    number = _number(place, date(year, 5, 1), "012")
    assert not ric.is_valid(number) or place == "340281"  # the library refuses real people
    assert _sound(number).number == number


@given(numbers)
def test_any_copy_of_a_number_comes_to_one_form(number: str) -> None:
    wide = number.translate({ord("0") + n: chr(0xFF10 + n) for n in range(10)})
    spaced = f"\ufeff {number[:6]} {number[6:14]}\u00a0{number[14:]}\u200b\t"
    copies = [number.lower(), wide, spaced, f"'{number}", f"{number[:6]}-{number[6:]}", f"\u3000{number}\r\n"]
    copies += [number.replace("X", sign) for sign in "xｘＸХхΧχ×"]
    for copy in copies:
        assert _sound(copy).number == number
        assert normalise(copy) == number


@given(numbers, st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(number: str, place: int, shift: int) -> None:
    assume(number[place] != "X")
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    assert _code(wrong) is not None


@given(numbers, st.integers(0, 16))
def test_two_neighbours_swapped_are_always_noticed(number: str, place: int) -> None:
    assume(number[place] != number[place + 1])
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert _code(swapped) is not None


@given(places, st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.integers(0, 995))
def test_an_old_number_of_15_digits_becomes_the_same_as_its_18(place: str, born_on: date, order: int) -> None:
    assert _sound(f"{place}{born_on:%y%m%d}{order:03}").number == _number(place, born_on, f"{order:03}")


def test_a_centenarian_of_the_old_form_was_born_a_century_earlier() -> None:
    assert _sound("341221980307998").born_on == date(1898, 3, 7)


@pytest.mark.parametrize("suffix", ["", "B1", "11"])
@given(number=numbers, kind=st.integers(1, 7), level=st.integers(1, 4))
def test_a_disability_card_names_the_same_person(number: str, kind: int, level: int, suffix: str) -> None:
    assert _sound(f"{number}{kind}{level}{suffix}").number == number


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "id_missing"),
        (" \u200b\ufeff", "id_missing"),
        ("999999196503071234", "id_none"),
        ("999999", "id_none"),
        ("3.40822E+17", "id_damaged_by_spreadsheet"),
        ("3.40822e+17", "id_damaged_by_spreadsheet"),
        ("３.40822E+17", "id_damaged_by_spreadsheet"),
        ("3.41221196503071E17", "id_damaged_by_spreadsheet"),
        ("3E+17", "id_damaged_by_spreadsheet"),
        ("341221196503071230.0", "id_damaged_by_spreadsheet"),
        ("341221196503071000", "id_damaged_by_spreadsheet"),
        ("34122119650307123", "id_wrong_length"),
        ("3412211965030712345", "id_wrong_length"),
        ("341221196513071234", "id_no_such_date"),
        ("341221196502291234", "id_no_such_date"),
        ("341221000003071234", "id_no_such_date"),
        ("341221170003071234", "id_no_such_date"),
        ("3412211965030712AB", "id_wrong_characters"),
        ("34X221196503071234", "id_wrong_characters"),
        ("34122165030712X", "id_wrong_characters"),
        ("张三", "id_wrong_characters"),
        ("34122119650307123X81", "id_wrong_disability_card"),
        ("34122119650307123X15", "id_wrong_disability_card"),
        ("٣٤١٢٢١١٩٦٥٠٣٠٧١٢٣٤", "id_wrong_characters"),
    ],
)
def test_each_fault_has_its_own_code(text: str, code: str) -> None:
    assert _code(text) == code


def test_a_wrong_check_digit_is_told() -> None:
    right = check_digit("34122119650307123")
    wrong = "0" if right != "0" else "1"
    assert _code("34122119650307123" + wrong) == "id_wrong_check_digit"


def test_a_child_is_not_born_tomorrow() -> None:
    number = _number("341221", date(2026, 11, 26), "123")
    assert _code(number) == "id_born_in_future"
    assert _code(number, date(2026, 11, 26)) is None


@given(st.text(max_size=100))
def test_any_text_gives_a_number_or_a_problem_with_both_languages(text: str) -> None:
    found = identify(text, TODAY)
    if isinstance(found, IdentityProblem):
        assert found.message_zh.endswith("。")
        assert found.message_en.endswith(".")
        assert len(text) < 6 or text not in found.message_en + found.message_zh
    else:
        assert identify(found.number, TODAY) == Identity(found.number, found.born_on, found.sex)


@given(numbers)
def test_a_number_does_not_show_in_its_repr(number: str) -> None:
    assert number not in repr(identify(number, TODAY))


@pytest.mark.parametrize(
    ("masked", "expected"),
    [
        (mask_number("34122119650307123X"), "341221********123X"),
        (mask_number("341221"), "******"),
        (mask_number(""), ""),
        (mask_name("张三"), "张**"),
        (mask_name("欧阳建国"), "欧**"),
        (mask_name(" 李四 "), "李**"),
        (mask_name(""), "**"),
        (mask_phone("13812341234"), "138****1234"),
        (mask_phone("138 1234 1234"), "138****1234"),
        (mask_phone("０５５８-6512345"), "055****2345"),
        (mask_phone("6512345"), "****"),
        (mask_phone(""), "****"),
    ],
)
def test_masks(masked: str, expected: str) -> None:
    assert masked == expected
