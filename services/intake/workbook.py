"""The workbook that goes back to a file's sender: its own rows that were refused, the reason beside each. Pure.

Mended, it can be sent as it is: its headings are the file's own, and its first columns are left out when it is read.
Whatever a cell begins with, no cell is a formula.
"""

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from services.intake.rejection import message
from services.intake.sent_file import SentFile, opened
from services.intake.vault import Vault

ADDED = ("原行 Row", "列 Column", "拒收原因 Reason", "代码 Code")
CELL_MAX = 32_000
"""A cell of a workbook holds 32,767 characters."""
TITLE_MAX = 31

_NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\']")
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%")
_FIGURE = re.compile(r"[+-]?[0-9][0-9,]*(\.[0-9]+)?")
_MEMBER = re.compile(r"members\[([0-9]+)\]")


def rejections_workbook(sent: SentFile, batch_id: UUID, rows: Sequence[Any], vault: Vault, language: str) -> bytes:
    """An XLSX, a sheet for each of the file's. Takes its time: never on the event loop."""
    book = Workbook(write_only=True)
    sheets: dict[int, WriteOnlyWorksheet] = {}
    for one in sent.sheets:
        title = _NOT_IN_TITLES.sub(" ", one["name"])[:TITLE_MAX].strip() or f"Sheet{len(sheets) + 1}"
        sheet = sheets[one["first_line"]] = book.create_sheet(title)
        sheet.append([_heading(sheet, text) for text in (*ADDED, *one["headings"])])
    for row in rows:
        own = sent.sheet_of(row["line"])
        sheet = sheets[own["first_line"]]
        for added, cells in _lines(sent, row, opened(vault, batch_id, row), language):
            sheet.append([_cell(sheet, value) for value in (*added, *cells)])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _lines(
    sent: SentFile, row: Any, rows: Sequence[tuple[int, list[Any]]], language: str
) -> Iterator[tuple[tuple[Any, ...], list[Any]]]:
    """The reason stands beside the row that it is about; other rows of the household come along."""
    place = sent.place(row["line"], row["field"])
    where = " ".join(str(place[name]) for name in ("column", "heading") if place.get(name))
    found = _MEMBER.search(row["field"] or "")
    about = int(found[1]) if found and int(found[1]) < len(rows) else 0
    same = "Another row of this household is refused." if language == "en" else "同一户的另一行被拒收。"
    for index, (number, cells) in enumerate(rows):
        if index == about:
            yield (number, where or row["field"], message(row["code"], language, row["field"]), row["code"]), cells
        else:
            yield (number, None, same, None), cells


def _heading(sheet: WriteOnlyWorksheet, text: str) -> Any:
    cell = _cell(sheet, text)
    cell.font = Font(bold=True)
    return cell


def _cell(sheet: WriteOnlyWorksheet, value: Any) -> Any:
    cell = WriteOnlyCell(sheet, value=None)
    if isinstance(value, str):
        cell.value = _safe(value)
        cell.data_type = "s"
        cell.number_format = "@"
    elif isinstance(value, bool | int | float):
        cell.value = value
    return cell


def _safe(text: str) -> str:
    """A text that no program takes for a formula, in this file or in a CSV made of it; a figure with a sign stays."""
    text = ILLEGAL_CHARACTERS_RE.sub("", text)[:CELL_MAX]
    return f"'{text}" if text.startswith(_BEGINS_FORMULA) and not _FIGURE.fullmatch(text) else text
