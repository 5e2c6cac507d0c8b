"""Files made by code: tables as CSV, XLSX and XLS, and archives bent by hand."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import openpyxl
import xlwt
from openpyxl.workbook import Workbook

from shared.domain.identity import check_digit

Rows = Sequence[Sequence[Any]]

HEADINGS = ("记录编号", "身份证号", "姓名", "就医类型", "结算日期", "医疗费总额", "报销金额", "个人负担金额")
_STEM = "34122119701212999"
NUMBER = _STEM + check_digit(_STEM)


def settlement_row(record_id: Any = "YB-0001", **more: Any) -> list[Any]:
    """One settlement under HEADINGS; what differs by its place's name."""
    names = ("record_id", "id_no", "name", "setting", "settled_on", "total", "reimbursed", "self_paid")
    values = (record_id, NUMBER, "张三", "住院", "2026-10-03", "8000.00", "2000.00", "6000.00")
    return [more.get(name, value) for name, value in zip(names, values, strict=True)]


def text(rows: Rows, encoding: str = "utf-8", delimiter: str = ",", line_end: str = "\r\n") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=line_end).writerows(rows)
    return out.getvalue().encode(encoding)


def xlsx(*sheets: tuple[str, Rows] | Rows, then: Callable[[Workbook], object] | None = None) -> bytes:
    """Sheets of rows, named or not; `then` does to the workbook what a person does."""
    book = openpyxl.Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for number, one in enumerate(sheets, 1):
        name, rows = one if _is_named(one) else (f"Sheet{number}", one)
        sheet = book.create_sheet(str(name))
        for row in rows:
            sheet.append(list(row))
    if then:
        then(book)
    return saved(book)


def as_text(book: Workbook) -> None:
    """What begins with "=" stays the text that was typed: the library would make a formula of it."""
    for row in (row for sheet in book for row in sheet.iter_rows()):
        for cell in row:
            if cell.data_type == "f":
                cell.data_type = "s"


def _is_named(one: Any) -> bool:
    return isinstance(one, tuple) and len(one) == 2 and isinstance(one[0], str)


def saved(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xls(rows: Rows, then: Callable[[Any], None] | None = None) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1", cell_overwrite_ok=True)
    for place, row in enumerate(rows):
        for column, value in enumerate(row):
            sheet.write(place, column, value)
    if then:
        then(sheet)
    return saved(book)


def bent(
    content: bytes, change: Callable[[str, bytes], bytes | None], more: Mapping[str, bytes] | None = None
) -> bytes:
    """An archive, each part passed through `change` (None: left out), and more parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for one in source.namelist():
            part = change(one, source.read(one))
            if part is not None:
                target.writestr(one, part)
        for name, part in (more or {}).items():
            target.writestr(name, part)
    return out.getvalue()


def archive(parts: Iterable[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, part in parts:
            target.writestr(name, part)
    return out.getvalue()
