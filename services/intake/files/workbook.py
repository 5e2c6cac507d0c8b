"""XLSX and XLS: cells by calamine, and beside it what calamine passes over in silence (errors, formulas without a
result, hidden rows, noughts that only a format shows), read from the file itself (`ooxml.py`, `biff.py`).
"""

import io
import zipfile
from collections.abc import Mapping

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
    WorksheetNotFound,
    XmlError,
    ZipError,
)

from services.intake.files import biff, ooxml
from services.intake.files.reasons import Unreadable
from services.intake.files.table import Area, Cell, Note, Sheet
from services.intake.files.text import ROWS_MAX

INFLATED_MAX = 512 * 1024 * 1024
"""A sheet of 500,000 rows of 12 columns has some 400 MB of XML."""
RATIO_MAX = 400
"""Sheets deflate 10 to 60 times; a bomb a thousand."""
PARTS_MAX = 2000
COLUMNS_MAX = 1000

Beside = Mapping[str, ooxml.Beside]


def xlsx(content: bytes, archive: zipfile.ZipFile) -> list[Sheet]:
    """The sheets of an XLSX or XLSM. Raises Unreadable, and what zipfile raises for a damaged archive."""
    parts = archive.infolist()
    inflated = sum(one.file_size for one in parts)
    is_bomb = inflated > 8 * 1024 * 1024 and inflated > RATIO_MAX * len(content)
    if inflated > INFLATED_MAX or len(parts) > PARTS_MAX or is_bomb:
        raise Unreadable("file_too_large")
    if len({one.filename.lower() for one in parts}) < len(parts):
        raise Unreadable("file_damaged")  # two parts of one name: readers differ in which one they take
    try:
        beside, is_1904 = ooxml.beside_xlsx(archive)
    except ooxml.Unsound:
        raise Unreadable("file_damaged") from None
    return _sheets(content, beside, is_1904)


def xls(content: bytes) -> list[Sheet]:
    """The sheets of an XLS (BIFF8 in an OLE container). Raises Unreadable."""
    try:
        beside, is_1904 = biff.beside_xls(content)
    except biff.Locked:
        raise Unreadable("password_protected") from None
    except ooxml.Unsound:
        raise Unreadable("file_damaged") from None
    except biff.NoWorkbook:
        raise Unreadable("not_a_table") from None
    return _sheets(content, beside, is_1904)


def _sheets(content: bytes, beside: Beside, is_1904: bool) -> list[Sheet]:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        return [_sheet(book, one, beside.get(one.name), is_1904) for one in book.sheets_metadata]
    except PasswordError:
        raise Unreadable("password_protected") from None
    except (CalamineError, XmlError, ZipError, WorksheetNotFound, OSError, ValueError):
        raise Unreadable("file_damaged") from None


def _sheet(book: CalamineWorkbook, about: SheetMetadata, beside: ooxml.Beside | None, is_1904: bool) -> Sheet:
    is_hidden = about.visible != SheetVisibleEnum.Visible
    if about.typ != SheetTypeEnum.WorkSheet:
        return Sheet(about.name, (), notes=(Note("not_a_worksheet", about.name),))
    sheet = book.get_sheet_by_name(about.name)
    if sheet.end and (sheet.end[1] >= COLUMNS_MAX or sheet.end[0] >= ROWS_MAX + 10):
        raise Unreadable("too_many_rows" if sheet.end[0] >= ROWS_MAX else "file_too_large", sheet=about.name)
    rows: list[list[Cell]] = [list(row) for row in sheet.to_python(skip_empty_area=False)]
    notes = []
    if beside:
        _correct(rows, beside)
        if beside.has_hidden_rows:
            notes.append(Note("hidden_rows_read", about.name))
        if beside.has_hidden_columns:
            notes.append(Note("hidden_columns_read", about.name))
    merged = tuple(Area(*first, last[0]) for first, last in sheet.merged_cell_ranges or ())
    return Sheet(about.name, list(enumerate(rows, 1)), merged, is_hidden, is_1904, tuple(notes))


def _correct(rows: list[list[Cell]], beside: ooxml.Beside) -> None:
    """Put in what calamine left out: also beyond the last cell that it saw."""
    for (row, column), cell in beside.cells.items():
        if row >= ROWS_MAX or column >= COLUMNS_MAX:
            raise Unreadable("file_too_large")
        while len(rows) <= row:
            rows.append([])
        own = rows[row]
        own.extend([None] * (column + 1 - len(own)))
        own[column] = cell
