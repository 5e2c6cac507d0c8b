"""Sheets of cells, whatever file they came from. A cell holds a plain value, or says that the file does not hold it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A cell whose value the file does not hold: `cell_error`, `formula_without_value`."""

    code: str


Cell = str | int | float | bool | date | datetime | time | timedelta | Spoilt | None


@dataclass(frozen=True, slots=True)
class Area:
    """Merged cells: their rows, from 0, both ends within them, and the column in which their value stands."""

    first_row: int
    first_column: int
    last_row: int


@dataclass(frozen=True, slots=True)
class Note:
    """What the sender should know of a file that was read: `code` with its place, and nothing of a person."""

    code: str
    sheet: str | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows` are (number, cells): the number is the sender's own, from 1 (of a text file its first line)."""

    name: str
    rows: Sequence[tuple[int, Sequence[Cell]]]
    merged: tuple[Area, ...] = ()
    is_hidden: bool = False
    is_1904: bool = False
    notes: tuple[Note, ...] = ()

    @property
    def is_text(self) -> bool:
        return not self.name


def is_blank(cell: Cell) -> bool:
    return cell is None or cell == "" or (isinstance(cell, str) and not cell.strip())


def column_place(letters: str) -> int:
    """The other way: A is 0, AA is 26."""
    number = 0
    for sign in letters:
        number = number * 26 + ord(sign) - ord("A") + 1
    return number - 1


def column_letters(column: int) -> str:
    """0 is A, 26 is AA, as a spreadsheet names its columns."""
    letters, column = "", column + 1
    while column:
        column, place = divmod(column - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters
