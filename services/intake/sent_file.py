"""A file that was sent: what is kept of it beside its records, and its refused rows, sealed, for the workbook that goes
back to its sender. Both are forgotten after a month: what a row said is its sender's to keep.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.intake.files.reasons import noted
from services.intake.files.table import column_letters, column_place
from services.intake.record import RejectionRow
from services.intake.vault import Vault
from shared.postgres import queries

SQL = queries(__file__)

KEPT_DAYS = 30
"""As long as what departments send lies on their own topics."""
REJECTED_ROWS_MAX = 50_000
"""Of one workbook: a file with more refused rows is wrong as a whole."""

_NUMBER = re.compile(r"\[[0-9]+\]")


@dataclass(frozen=True, slots=True)
class SentFile:
    """`sheets` are the file's: name, first_line, headings, columns (path of a field → place)."""

    name: str
    rows: int
    sheets: Sequence[Mapping[str, Any]]
    notes: Sequence[dict[str, Any]]

    def sheet_of(self, line: int) -> Mapping[str, Any]:
        """A line counts on over the sheets; the last one that begins before it holds its row."""
        return next(one for one in reversed(self.sheets) if one["first_line"] < line or one is self.sheets[0])

    def place(self, line: int, field: str | None) -> dict[str, Any]:
        """Where a refusal stands: sheet, row, column and heading, as its sender sees them."""
        sheet = self.sheet_of(line)
        found: dict[str, Any] = {"sheet": sheet["name"] or None, "row": line - sheet["first_line"]}
        column = self.column_of(sheet, field)
        if column is not None:
            headings = sheet["headings"]
            found["column"] = column_letters(column)
            found["heading"] = headings[column] if column < len(headings) else ""
        return found

    def column_of(self, sheet: Mapping[str, Any], field: str | None) -> int | None:
        """From 0; `field` is a field's path, or the letters of a column without one."""
        if field is None:
            return None
        if field.isascii() and field.isupper():
            return column_place(field)
        path, columns = _NUMBER.sub("", field), sheet["columns"]
        for one in (path, path.replace("subject.", "data."), path.replace("data.", "subject.")):
            if one in columns:
                return int(columns[one])
        return None


def told(sent: SentFile, language: str) -> dict[str, Any]:
    """What an answer says of a file beside its account."""
    notes = [one | {"message": noted(one["code"], one["sheet"], one["names"], language)} for one in sent.notes]
    return {"file": sent.name, "rows": sent.rows, "notes": notes}


async def put_file(
    connection: asyncpg.Connection, batch_id: UUID, name: str, about: Mapping[str, Any], region: str, vault: Vault
) -> None:
    sealed = vault.seal("sent_files", "about", batch_id, orjson.dumps({"name": name, **about}).decode())
    await connection.execute(SQL.put, batch_id, sealed, about["rows"], region)


async def file_of(connection: asyncpg.Connection, batch_id: UUID, vault: Vault) -> SentFile | None:
    """None of a batch that was no file, or whose file is forgotten."""
    row = await connection.fetchrow(SQL.one, batch_id)
    if row is None:
        return None
    told = orjson.loads(vault.open("sent_files", "about", batch_id, row["about"]))
    return SentFile(told["name"], row["file_rows"], told["sheets"], told["notes"])


async def keep_rejected_rows(
    connection: asyncpg.Connection, rows: Sequence[RejectionRow], vault: Vault, now: Any
) -> None:
    """Of what was refused those that came as rows of a file."""
    kept = [row for row in rows if row.refused.origin.row]
    if kept:
        origins = [row.refused.origin for row in kept]
        await connection.execute(
            SQL.keep_rows,
            [one.batch_id for one in origins],
            [row.line for row in kept],
            [_sealed(vault, row) for row in kept],
            now,
            [one.region for one in origins],
        )


def _sealed(vault: Vault, row: RejectionRow) -> bytes:
    origin = row.refused.origin
    return vault.seal("rejected_rows", "cells", f"{origin.batch_id}/{row.line}", origin.row.decode())


def opened(vault: Vault, batch_id: UUID, row: Any) -> list[tuple[int, list[Any]]]:
    """A refused item's rows: (number, cells)."""
    text = vault.open("rejected_rows", "cells", f"{batch_id}/{row['line']}", row["cells"])
    return [(number, cells) for number, cells in orjson.loads(text)]
