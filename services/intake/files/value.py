"""A cell becomes a field's value, as its record would say it in JSON. What cannot be certain stays a text, and the
record's own reading refuses it with its field: nothing is guessed here. Pure.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from services.intake.files.headings import Field, Form, plain_heading
from services.intake.files.table import Cell

Value = str | int | bool | None

EXACT_BELOW = 10**15
"""From here on a spreadsheet's number has lost digits: it keeps fifteen."""
SERIAL_MIN, SERIAL_MAX = 15_000, 75_000
"""Days of 1941 to 2105, as a spreadsheet counts them from 1900."""
DAYS_1904 = 1462
NOISE = 1e-6
"""26810.100000000002 is what adding leaves of 26810.10."""

_EPOCH = date(1899, 12, 30)
_DAY = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})-([0-9]{1,2})|/([0-9]{1,2})/([0-9]{1,2})|\.([0-9]{1,2})\.([0-9]{1,2})"
    r"|年([0-9]{1,2})月([0-9]{1,2})日?|([0-9]{2})([0-9]{2}))"
    r"(?:[T ]?(?:[01]?[0-9]|2[0-3])(?::[0-5][0-9]){1,2}(?:\.0+)?)?"
)
_YUAN = re.compile(r"[¥￥]?([+-]?)([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(\.[0-9]+)?元?(?:整)?")
_WHOLE = re.compile(r"([+-]?[0-9]{1,15})(?:\.0+)?")
_YES, _NO = frozenset({"是", "true", "1", "y", "yes", "有"}), frozenset({"否", "false", "0", "n", "no", "无"})


def value_of(cell: Cell, field: Field, is_1904: bool = False) -> Value:
    """None where the cell is blank."""
    if field.words and isinstance(cell, str):
        meant = field.words.get(plain_heading(cell))
        if meant is not None:
            return meant
    return _BY_FORM[field.form](cell, is_1904)


def as_text(cell: Cell) -> str | None:
    """A cell as its sender would write it; of a number that lost digits only that it did (3.40822E+17)."""
    if cell is None:
        return None
    if isinstance(cell, str):
        return cell.strip() or None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float | int):
        return _number_text(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, timedelta) else None


def is_damaged(cell: Cell) -> bool:
    """Whether a number is too long for a spreadsheet to have kept it."""
    return isinstance(cell, float | int) and not isinstance(cell, bool) and not abs(cell) < EXACT_BELOW


def kept(cell: Cell) -> Any:
    """Of a column without a field: what JSON can hold."""
    return cell if isinstance(cell, bool) else as_text(cell)


def _number_text(number: float | int) -> str:
    if is_damaged(number):
        return f"{number:.5E}"
    return str(int(number)) if number == int(number) else repr(number)


def _plain(cell: str) -> str:
    return unicodedata.normalize("NFKC", cell).strip()


def _text(cell: Cell, is_1904: bool) -> Value:
    return as_text(cell)


def _whole(cell: Cell, is_1904: bool) -> Value:
    if isinstance(cell, float) and cell.is_integer() and not is_damaged(cell):
        return int(cell)
    if isinstance(cell, str):
        found = _WHOLE.fullmatch(_plain(cell))
        return int(found[1]) if found else as_text(cell)
    return cell if isinstance(cell, int) else as_text(cell)


def _yuan(cell: Cell, is_1904: bool) -> Value:
    if isinstance(cell, bool):
        return as_text(cell)
    if isinstance(cell, float | int):
        near = round(cell, 2)
        return f"{near:.2f}" if abs(near - cell) < NOISE and not is_damaged(cell) else as_text(cell)
    if isinstance(cell, str):
        found = _YUAN.fullmatch(_plain(cell).replace(" ", ""))
        if found:
            return found[1].lstrip("+") + found[2].replace(",", "") + _places(found[3] or "")
    return as_text(cell)


def _places(fraction: str) -> str:
    """Noughts beyond two places say nothing: .5000 is .50."""
    return fraction[:3] if not fraction[3:].strip("0") else fraction


def _day(cell: Cell, is_1904: bool) -> Value:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        return _day_of_number(cell, is_1904)
    if isinstance(cell, str):
        return _day_of_text(_plain(cell)) or as_text(cell)
    return as_text(cell)


def _day_of_number(number: float | int, is_1904: bool) -> Value:
    """A count of days, or 20261003."""
    serial = int(number) + (DAYS_1904 if is_1904 else 0)
    if SERIAL_MIN <= serial <= SERIAL_MAX:
        return (_EPOCH + timedelta(days=serial)).isoformat()
    text = _number_text(number)
    return _day_of_text(text) or text


def _day_of_text(text: str) -> str | None:
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(one) for one in found.groups() if one)
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _flag(cell: Cell, is_1904: bool) -> Value:
    text = (as_text(cell) or "").lower()
    return True if text in _YES else False if text in _NO else as_text(cell)


_BY_FORM: dict[Form, Callable[[Cell, bool], Value]] = {
    "text": _text, "whole": _whole, "yuan": _yuan, "day": _day, "flag": _flag,
}  # fmt: skip
