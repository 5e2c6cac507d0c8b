"""Resident identity numbers: brought to one form, checked, masked. Pure; the register's index is made from
the result.

A number is refused for its own faults only (length, letters, check digit, a date that is none or lies
ahead). The county in it is never a reason: it was given at registration, and real people carry codes that
did not exist in the year of their birth. A spreadsheet's damage, a disability card's number and "no number"
are told apart.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from operator import mul
from typing import Literal

IdentityFault = Literal[
    "id_missing",
    "id_none",
    "id_damaged_by_spreadsheet",
    "id_wrong_characters",
    "id_wrong_length",
    "id_wrong_check_digit",
    "id_no_such_date",
    "id_born_in_future",
    "id_wrong_disability_card",
]

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11643, ISO 7064 MOD 11-2."""
CHECK_DIGITS = "10X98765432"
BORN_EARLIEST = 1850
"""An earlier year is a slip of the keyboard."""
TEXT_LENGTH_MAX = 64

_X = dict.fromkeys(map(ord, "xｘＸхХχΧ×✕"), "X")
"""What is typed for the X: small, full-width, Cyrillic, Greek, the sign of multiplication."""
_CENTENARIAN = frozenset({"996", "997", "998", "999"})
"""Order numbers that the old 15-digit form kept for people born in the 19th century."""
_BROUGHT_ALONG = frozenset("'’‘`\"-‐‑‒–—_")
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?E\+?[0-9]{1,2}")


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """A sound number in its one form, 18 characters with a capital X. Its repr does not show it."""

    number: str
    born_on: date
    sex: Literal["male", "female"]


@dataclass(frozen=True, slots=True)
class IdentityProblem:
    """Why a number cannot be used, and what to do. Never holds the number."""

    code: IdentityFault
    message_zh: str
    message_en: str


def identify(text: str, today: date) -> Identity | IdentityProblem:
    """The identity that a text names (15, 18, 20 or 22 characters), or the one problem to tell its sender."""
    number = normalise(text)
    if not number:
        return _PROBLEMS["id_missing"]
    if _is_damaged(number):
        return _PROBLEMS["id_damaged_by_spreadsheet"]
    if number.startswith("999999"):
        return _PROBLEMS["id_none"]
    if not re.fullmatch(r"[0-9A-Z]+", number):
        return _PROBLEMS["id_wrong_characters"]
    match len(number):
        case 15:
            return _old(number, today)
        case 18:
            return _resident(number, today)
        case 20 | 22:
            return _with_card(number, today)
        case _:
            return _PROBLEMS["id_wrong_length"]


def identity_problem(code: IdentityFault) -> IdentityProblem:
    """The sentences of a code that was kept alone."""
    return _PROBLEMS[code]


def normalise(text: str) -> str:
    """Full-width digits made plain, X in all its disguises, and everything that a copy brings along
    removed: blanks, invisible signs, dashes, the apostrophe with which spreadsheets keep a text."""
    plain = text[:TEXT_LENGTH_MAX].translate(_X)
    if plain.isascii() and plain.isalnum():  # nearly every one, and nothing came along with it
        return plain.upper()
    plain = unicodedata.normalize("NFKC", plain).upper().translate(_X)
    return "".join(sign for sign in plain if not _is_brought_along(sign))


def check_digit(seventeen: str) -> str:
    """The 18th character to 17 digits."""
    return CHECK_DIGITS[sum(map(mul, WEIGHTS, map(int, seventeen))) % 11]


def mask_number(number: str) -> str:
    """`341221********123X`: the place and the last four; of anything that is not 18 long, stars alone."""
    return f"{number[:6]}{'*' * 8}{number[-4:]}" if len(number) == 18 else "*" * min(len(number), 18)


def mask_name(name: str) -> str:
    """`张**`: the first sign and always two stars, so that the length of a name tells nothing."""
    shown = name.strip()[:1]
    return f"{shown}**"


def mask_phone(phone: str) -> str:
    """`138****1234`; of a number too short to hide anything in, stars alone."""
    digits = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", phone))
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 10 else "****"


def _is_brought_along(sign: str) -> bool:
    return sign in _BROUGHT_ALONG or unicodedata.category(sign)[0] in "CZ"


def _is_damaged(number: str) -> bool:
    """A spreadsheet keeps 15 digits of a number: 3.40822E+17 has lost the person, and so has a tail of
    noughts where the check digit no longer fits."""
    if _SCIENTIFIC.fullmatch(number) or re.fullmatch(r"[0-9]{15,}\.0*", number):
        return True
    return bool(re.fullmatch(r"[0-9]{15}000", number)) and check_digit(number[:17]) != number[17]


def _old(number: str, today: date) -> Identity | IdentityProblem:
    if not number.isdigit():
        return _PROBLEMS["id_wrong_characters"]
    century = "18" if number[12:] in _CENTENARIAN else "19"
    seventeen = number[:6] + century + number[6:]
    return _resident(seventeen + check_digit(seventeen), today)


def _with_card(number: str, today: date) -> Identity | IdentityProblem:
    """A disability card: kind 1–7 and grade 1–4 behind the identity number, and two signs of a copy."""
    if not re.fullmatch(r"[1-7][1-4](?:[A-Z0-9]{2})?", number[18:]):
        return _PROBLEMS["id_wrong_disability_card"]
    return _resident(number[:18], today)


def _resident(number: str, today: date) -> Identity | IdentityProblem:
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        return _PROBLEMS["id_wrong_characters"]
    try:
        born_on = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return _PROBLEMS["id_no_such_date"]
    if born_on.year < BORN_EARLIEST:
        return _PROBLEMS["id_no_such_date"]
    if check_digit(number[:17]) != number[17]:
        return _PROBLEMS["id_wrong_check_digit"]
    if born_on > today:
        return _PROBLEMS["id_born_in_future"]
    return Identity(number, born_on, "male" if int(number[16]) % 2 else "female")


_PROBLEMS: dict[IdentityFault, IdentityProblem] = {
    one.code: one
    for one in (
        IdentityProblem(
            "id_missing",
            "没有身份证号码：请补充，或改用户编号。",
            "There is no identity number: add it, or use the household number.",
        ),
        IdentityProblem(
            "id_none",
            "以 999999 开头表示本人没有身份证号码：请由村里按姓名核对。",
            "A number that begins with 999999 says that the person has none: the village matches the name.",
        ),
        IdentityProblem(
            "id_damaged_by_spreadsheet",
            "身份证号码被电子表格改成了数字（如 3.40822E+17），后几位已丢失：请把该列设为“文本”后重新导出。",
            "A spreadsheet turned the identity number into a figure (3.40822E+17) and lost its last digits: "
            "set the column to text and export it again.",
        ),
        IdentityProblem(
            "id_wrong_characters",
            "身份证号码只能有数字，最后一位可以是 X：请核对。",
            "An identity number has digits only, and perhaps an X at its end: check it.",
        ),
        IdentityProblem(
            "id_wrong_length",
            "身份证号码应为 18 位（旧号 15 位，残疾人证 20 或 22 位）：请核对位数。",
            "An identity number has 18 characters (an old one 15, a disability card 20 or 22): count them.",
        ),
        IdentityProblem(
            "id_wrong_check_digit",
            "身份证号码的校验位不对，可能有一位写错：请对照证件核对。",
            "The check digit of the identity number does not fit, one digit may be wrong: see the card.",
        ),
        IdentityProblem(
            "id_no_such_date",
            "身份证号码中的出生日期不存在：请核对第 7 至 14 位。",
            "The date of birth in the identity number does not exist: check digits 7 to 14.",
        ),
        IdentityProblem(
            "id_born_in_future",
            "身份证号码中的出生日期在今天之后：请核对第 7 至 14 位。",
            "The date of birth in the identity number lies ahead of today: check digits 7 to 14.",
        ),
        IdentityProblem(
            "id_wrong_disability_card",
            "残疾人证号应为身份证号加类别（1—7）和等级（1—4）：请核对最后几位。",
            "A disability card has the identity number, then kind (1-7) and grade (1-4): check its end.",
        ),
    )
}
