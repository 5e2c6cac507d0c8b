"""One file, from its bytes to its records: the whole of it is looked at before the first one is told."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from services.intake.files.form import sheets_of
from services.intake.files.headings import headings_of
from services.intake.files.layout import Layout, known_in, layouts
from services.intake.files.reasons import Unreadable
from services.intake.files.rows import Item, items
from services.intake.files.table import Note, is_blank
from services.intake.files.text import ROWS_MAX


@dataclass(frozen=True, slots=True)
class Table:
    """A file that can be read. `rows` counts what is not blank below the headings."""

    layouts: tuple[Layout, ...]
    notes: tuple[Note, ...]
    rows: int

    def items(self) -> Iterator[Item]:
        """Once: each row is in one item."""
        return items(self.layouts)

    def about(self) -> dict[str, Any]:
        """What is kept of it beside its records: where each field stands, so that a refusal names its cell."""
        return {
            "sheets": [_about(one) for one in self.layouts],
            "notes": [{"code": one.code, "sheet": one.sheet, "names": one.names} for one in self.notes],
            "rows": self.rows,
        }


def open_table(content: bytes, name: str, department: str) -> Table:
    """Raises Unreadable: the whole file is refused, with its place."""
    book = headings_of(department)
    found, notes = layouts(sheets_of(content, name, lambda row: known_in(row, book)), book)
    rows = sum(
        any(not is_blank(cell) for cell in cells) for one in found for _, cells in one.sheet.rows[one.heading + 1 :]
    )
    if not rows:
        raise Unreadable("no_rows", sheet=found[0].sheet.name or None)
    if rows > ROWS_MAX:
        raise Unreadable("too_many_rows")
    return Table(tuple(found), tuple(notes), rows)


def _about(layout: Layout) -> dict[str, Any]:
    columns = {one.field.path: one.place for found in reversed(list(layout.by_kind.values())) for one in found}
    return {
        "name": layout.sheet.name,
        "first_line": layout.first_line,
        "headings": [one.shown if one else "" for one in layout.headings],
        "columns": columns,
    }
