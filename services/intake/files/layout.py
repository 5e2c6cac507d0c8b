"""Where a sheet's headings are, which kind its rows are, and what each column means: certain, or refused. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.intake.files.headings import Field, Heading, Headings, KindHeadings, plain_heading
from services.intake.files.reasons import Unreadable
from services.intake.files.table import Cell, Note, Sheet, column_letters, is_blank
from services.intake.files.text import HEADING_WITHIN
from services.intake.files.value import as_text

KNOWN_MIN = 2
"""One word that happens to be a heading is no heading row."""
DATA_MIN = 3
"""Figures in so many cells above the headings are rows of data."""
UNITS = frozenset({"万元", "千元", "百元", "亿元", "角", "分", "万", "千", "亿"})

_UNIT_TOLD = re.compile(r"(?:单位|金额单位)[:：]?\s*(?:人民币)?(万元|千元|百元|亿元)")
_LIKE_A_NUMBER = re.compile(r"\s*[0-9][0-9.,/-]*[0-9Xx]?\s*")


@dataclass(frozen=True, slots=True)
class Column:
    """One column that means something, in rows of one kind. `place` counts from 0."""

    place: int
    field: Field


@dataclass(frozen=True, slots=True)
class Extra:
    """A column without a field, kept in the record under its own heading; or left out where it numbers the rows."""

    place: int
    name: str


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet that can be read. `first_line` comes before its rows' numbers, so that a line is one row of the file.

    `kind` is what its rows are where no cell says so; `by_kind` has the columns of each kind that its rows may be,
    under "" those of rows that name none.
    """

    sheet: Sheet
    department: str
    first_line: int
    heading: int
    headings: tuple[Heading | None, ...]
    kind: KindHeadings | None
    kind_column: int | None
    kinds: tuple[KindHeadings, ...]
    by_kind: Mapping[str, tuple[Column, ...]]
    unknown: tuple[Extra, ...]
    notes: tuple[Note, ...]

    def kind_named(self, word: str) -> KindHeadings | None:
        plain = plain_heading(word)
        return next((one for one in self.kinds if plain == one.name or plain in one.names), None)

    def place_of(self, path: str) -> int | None:
        """The column of a field's path, of whichever kind."""
        return next((one.place for columns in self.by_kind.values() for one in columns if one.field.path == path), None)


def layouts(sheets: Sequence[Sheet], book: Headings) -> tuple[list[Layout], list[Note]]:
    """The sheets to be read, and what to tell of the others: nothing is passed over in silence. Raises Unreadable."""
    found: list[Layout] = []
    notes: list[Note] = []
    strangers: list[Sheet] = []
    first_line = 0
    for sheet in sheets:
        if not any(not is_blank(cell) for _, cells in sheet.rows for cell in cells):
            notes += (one for one in sheet.notes if one.code == "not_a_worksheet")
            continue
        heading = _heading_row(sheet, book)
        if heading is not None:
            found.append(_layout(sheet, book, heading, first_line))
            first_line += sheet.rows[-1][0]
        elif sheet.is_hidden:
            notes.append(Note("hidden_sheet_not_read", sheet.name))
        elif _is_words(sheet):
            notes.append(Note("words_not_read", sheet.name))
        else:
            strangers.append(sheet)
    if not found and not strangers and not notes:
        raise Unreadable("empty_file")
    if not found:
        raise Unreadable("no_heading_row", sheet=(strangers[0].name or None) if strangers else None)
    if strangers:
        raise Unreadable("sheet_without_headings", sheet=strangers[0].name)
    return found, [*notes, *(note for one in found for note in (*one.sheet.notes, *one.notes))]


def known_in(row: Sequence[Cell], book: Headings) -> int:
    """How many headings of a row are known, each meaning once."""
    told = {plain_heading(cell) for cell in row if isinstance(cell, str)}
    return sum(book.is_known(Heading.of(one)) for one in told)


# ── the heading row ─────────────────────────────────────────────────────────────────────────────────────────────────


def _heading_row(sheet: Sheet, book: Headings) -> int | None:
    """Its index: the first of the ten with the most known headings; of cells merged downwards the lowest row."""
    within = [one for one, (number, _) in enumerate(sheet.rows) if number <= HEADING_WITHIN]
    counts = {one: known_in(_filled(sheet, one), book) for one in within}
    if not counts or max(counts.values()) < KNOWN_MIN:
        return None
    best = max(counts, key=lambda one: (counts[one], -one))
    reached = (area.last_row for area in sheet.merged if area.first_row <= best < area.last_row < HEADING_WITHIN)
    return max(reached, default=best)


def _filled(sheet: Sheet, index: int) -> list[Cell]:
    """A row among the headings, with what is merged downwards into it."""
    cells = list(sheet.rows[index][1])
    for area in sheet.merged:
        if area.first_row <= index <= area.last_row and area.first_column < len(cells):
            top = sheet.rows[area.first_row][1]
            cells[area.first_column] = top[area.first_column] if area.first_column < len(top) else None
    return cells


def _layout(sheet: Sheet, book: Headings, at: int, first_line: int) -> Layout:
    headings = tuple(_heading(cell) for cell in _filled(sheet, at))
    notes = _check_above(sheet, at)
    kind_column = next((one for one, head in _named(headings) if _path(book, head) == "kind"), None)
    number = sheet.rows[at][0]
    kind = _kind_of(sheet, book, headings, number, is_told=kind_column is not None)
    if kind_column is not None:
        kinds: Sequence[KindHeadings] = book.kinds
    else:
        kinds = [kind] if kind else []
    by_kind = {one.name: _columns(sheet, book, headings, number, one) for one in kinds}
    by_kind[""] = by_kind[kind.name] if kind else _columns(sheet, book, headings, number, None)
    _check_record_id(sheet, by_kind[""], kinds)
    meant = {column.place for columns in by_kind.values() for column in columns}
    others = [Extra(one, head.shown) for one, head in _named(headings) if one not in meant]
    kept = _distinct([one for one in others if plain_heading(one.name) not in book.left_out])
    left_out = tuple(one.name for one in others if plain_heading(one.name) in book.left_out)
    shown = sheet.name or None
    if kept:
        notes.append(Note("unknown_headings", shown, tuple(one.name for one in kept)))
    if left_out:
        notes.append(Note("columns_left_out", shown, left_out))
    if sheet.is_hidden:
        notes.append(Note("hidden_sheet_read", shown))
    return Layout(
        sheet, book.department, first_line, at, headings, kind, kind_column, tuple(kinds), by_kind, tuple(kept),
        tuple(notes),
    )  # fmt: skip


def _heading(cell: Cell) -> Heading | None:
    text = as_text(cell)
    return Heading.of(text) if text else None


def _named(headings: Sequence[Heading | None]) -> Iterable[tuple[int, Heading]]:
    return ((place, one) for place, one in enumerate(headings) if one is not None)


def _path(book: Headings, heading: Heading) -> str | None:
    found = book.record_field_of(heading)
    return found.path if found else None


def _check_above(sheet: Sheet, at: int) -> list[Note]:
    """Lines above the headings are titles; figures there are data, and another unit is another sum."""
    is_title = False
    for number, cells in sheet.rows[:at]:
        filled = [cell for cell in cells if not is_blank(cell)]
        is_title |= bool(filled)
        for place, cell in enumerate(cells):
            if isinstance(cell, str) and _UNIT_TOLD.search(cell):
                raise Unreadable("unit_not_yuan", **_place(sheet, number, place))
        if sum(_is_figure(cell) for cell in filled) >= DATA_MIN:
            raise Unreadable("rows_above_heading", **_place(sheet, number))
    return [Note("lines_above_heading", sheet.name or None)] if is_title else []


def _is_figure(cell: Cell) -> bool:
    return _LIKE_A_NUMBER.fullmatch(cell) is not None if isinstance(cell, str) else True


def _place(sheet: Sheet, number: int, column: int | None = None) -> dict[str, str | int | None]:
    letters = None if column is None else column_letters(column)
    return {"sheet": sheet.name or None, "line" if sheet.is_text else "row": number, "column": letters}


def _is_words(sheet: Sheet) -> bool:
    """One column of words: how to fill the table in."""
    filled = [(place, cell) for _, cells in sheet.rows for place, cell in enumerate(cells) if not is_blank(cell)]
    return len({place for place, _ in filled}) == 1 and not any(_is_figure(cell) for _, cell in filled)


# ── the kind, and what each column means ────────────────────────────────────────────────────────────────────────────


def _kind_of(
    sheet: Sheet, book: Headings, headings: Sequence[Heading | None], number: int, *, is_told: bool
) -> KindHeadings | None:
    """What the rows are by their headings, or by the sheet's name where several would do. Raises Unreadable."""
    fitting = {one.name: one for one in book.kinds if one.must <= _paths(one, headings)}
    named = next((one for one in fitting.values() if plain_heading(sheet.name) in (one.name, *one.names)), None)
    if named is not None:
        return named
    if len(fitting) == 1:
        return next(iter(fitting.values()))
    for one in fitting.values():
        if all(_paths(other, headings) < _paths(one, headings) for other in fitting.values() if other is not one):
            return one
    if is_told or _is_of_withdrawals(book, headings):
        return None
    raise Unreadable("kind_unclear" if fitting else "kind_columns_missing", **_place(sheet, number))


def _is_of_withdrawals(book: Headings, headings: Sequence[Heading | None]) -> bool:
    paths = {_path(book, head) for _, head in _named(headings)}
    return {"record_id", "op"} <= paths


def _paths(kind: KindHeadings, headings: Sequence[Heading | None]) -> frozenset[str]:
    found = (kind.field_of(head) for _, head in _named(headings))
    return frozenset(one.path for one in found if one)


def _columns(
    sheet: Sheet, book: Headings, headings: Sequence[Heading | None], number: int, kind: KindHeadings | None
) -> tuple[Column, ...]:
    """Raises Unreadable where two columns mean one thing, or a sum is not in yuan."""
    found: dict[str, Column] = {}
    for place, head in _named(headings):
        field = (kind.field_of(head) if kind else None) or book.record_field_of(head)
        if field is None:
            continue
        if field.path in found:
            raise Unreadable("heading_twice", **_place(sheet, number, place))
        if field.form == "yuan" and head.unit in UNITS:
            raise Unreadable("unit_not_yuan", **_place(sheet, number, place))
        found[field.path] = Column(place, field)
    return tuple(found.values())


def _check_record_id(sheet: Sheet, columns: Sequence[Column], kinds: Sequence[KindHeadings]) -> None:
    has_default = any("record_id" in one.defaults for one in kinds)
    if not has_default and all(one.field.path != "record_id" for one in columns):
        raise Unreadable("record_id_missing", sheet=sheet.name or None)


def _distinct(unknown: Sequence[Extra]) -> list[Extra]:
    """Two unknown columns of one name are told apart by their letters."""
    names = [one.name for one in unknown]
    return [
        Extra(one.place, f"{one.name} ({column_letters(one.place)})") if names.count(one.name) > 1 else one
        for one in unknown
    ]
