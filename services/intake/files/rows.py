"""Rows become records: one each, or one for all the rows of a household. What is no record is told as refused. Pure.

A household is its members' rows together: a row of it that is refused takes the others along, because a household that
came without one member would be told that this one has left.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from itertools import accumulate
from typing import Any

import orjson

from services.intake.files.headings import KindHeadings, plain_heading
from services.intake.files.layout import Layout
from services.intake.files.table import Cell, Spoilt, column_letters, is_blank
from services.intake.files.value import as_text, is_damaged, kept, value_of

_TOTAL = re.compile(
    r"(本页|本月|本年|累计|全县|全乡|全镇|全村|大)?(合计|总计|小计|共计|累计)[:：]?|(grand|sub)?total[:：]?",
    re.IGNORECASE,
)
_FOOTER = re.compile(
    r"(填表|制表|审核|复核|填报|经办|统计|报送|打印|单位|部门|负责)(人|单位|日期|时间|负责人|电话)?([（(]?(签字|签章|盖章|公章)[)）]?)?[:：]"
    r"|(备注|说明|注|附注)[:：]"
)
_DAMAGED = re.compile("\ufffd|锟斤拷|烫烫烫|^[?？]{2,}$", re.MULTILINE)
_NUMBERED = frozenset({"record_id", "subject.household_no", "subject.region", "data.household_no", "data.reverses"})
"""What is looked up by its digits: a number that lost some would be another one's."""
_NO_RECORD = frozenset({"total_row", "footer_row", "heading_repeated"})
FIRST = 3
"""Among so many cells of a row stands the word that it is a total."""

Row = tuple[int, Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Item:
    """What one line of the answer is about: a record's JSON, or the fault that its rows have. `rows` are the cells as
    they stand, [[number, cells], …] in JSON, for the workbook of rejections."""

    line: int
    record: bytes | None
    rows: bytes
    code: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a row is none; `field` is the path of the field, or the letters of a column without one."""

    code: str
    field: str | None = None


@dataclass(slots=True)
class _Household:
    """The rows of one household, and the first fault among them."""

    kind: KindHeadings
    rows: list[Row] = field(default_factory=list)
    fault: Flaw | None = None


def items(layouts: Sequence[Layout]) -> Iterator[Item]:
    """Every row that is not blank, once, in the order of the file; households at their sheet's end."""
    for layout in layouts:
        yield from _Reader(layout).items()


class _Reader:
    """One sheet, row by row."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._is_merged = _merged_rows(layout)
        self._left_out = _left_out(layout)
        self._needed = max((place for place, one in enumerate(layout.headings) if one), default=-1) + 1
        self._record_id = layout.place_of("record_id")
        self._households: dict[str, _Household] = {}

    def items(self) -> Iterator[Item]:
        layout, last = self._layout, None
        for index in range(layout.heading + 1, len(layout.sheet.rows)):
            number, cells = layout.sheet.rows[index]
            if all(is_blank(cell) for cell in cells):
                continue
            fault = self._fault(index, cells)
            kind = None if fault and fault.code in _NO_RECORD else self._kind(cells)
            if kind is None or kind.one_record is None:
                yield self._item(kind, [(number, cells)], fault)
                continue
            last = self._household(kind, last, cells)
            if last is None:
                yield self._item(kind, [(number, cells)], fault or Flaw("missing", kind.one_record))
                continue
            last.rows.append((number, cells))
            last.fault = last.fault or fault
        for one in self._households.values():
            yield self._item(one.kind, one.rows, one.fault or _difference(layout, one))

    def _household(self, kind: KindHeadings, last: _Household | None, cells: Sequence[Cell]) -> _Household | None:
        """Whose row this is. One without a number may be the household's above: both are refused, not guessed."""
        assert kind.one_record is not None
        place = self._layout.place_of(kind.one_record)
        told = as_text(_at(cells, place)) if place is not None else None
        if told is not None:
            return self._households.setdefault(told, _Household(kind))
        if last is not None:
            last.fault = last.fault or Flaw("missing", kind.one_record)
        return last

    def _kind(self, cells: Sequence[Cell]) -> KindHeadings | None:
        place = self._layout.kind_column
        told = as_text(_at(cells, place)) if place is not None else None
        return self._layout.kind_named(told) if told else self._layout.kind

    def _item(self, kind: KindHeadings | None, rows: Sequence[Row], fault: Flaw | None) -> Item:
        line = self._layout.first_line + rows[0][0]
        shown = orjson.dumps(rows, default=_shown)
        if fault is not None:
            return Item(line, None, shown, fault.code, fault.field)
        try:
            return Item(line, orjson.dumps(self._record(kind, rows)), shown)
        except orjson.JSONEncodeError:
            return Item(line, None, shown, "damaged_characters")

    def _record(self, kind: KindHeadings | None, rows: Sequence[Row]) -> dict[str, Any]:
        layout, cells = self._layout, rows[0][1]
        record: dict[str, Any] = {}
        columns = layout.by_kind[kind.name if kind else ""]
        for column in columns:
            value = value_of(_at(cells, column.place), column.field, layout.sheet.is_1904)
            if value is not None and not column.field.path.startswith("data.members."):
                _put(record, column.field.path, value)
        if kind is not None:
            record["kind"] = kind.name
            for path, source in kind.defaults.items():
                if path not in record and (value := _get(record, source)) is not None:
                    _put(record, path, value)
            if kind.one_record is not None:
                _put(record, "data.members", [self._member(kind, row) for _, row in rows])
        record.setdefault("version", 1)
        record.setdefault("op", "upsert")
        for unknown in layout.unknown:
            if (value := kept(_at(cells, unknown.place))) is not None:
                record.setdefault("data", {})[unknown.name] = value
        return record

    def _member(self, kind: KindHeadings, cells: Sequence[Cell]) -> dict[str, Any]:
        member: dict[str, Any] = {}
        for column in self._layout.by_kind[kind.name]:
            if column.field.path.startswith("data.members."):
                value = value_of(_at(cells, column.place), column.field, self._layout.sheet.is_1904)
                if value is not None:
                    member[column.field.path.removeprefix("data.members.")] = value
        return member

    # ── what is no record ───────────────────────────────────────────────────────────────────────────────────────

    def _fault(self, index: int, cells: Sequence[Cell]) -> Flaw | None:
        return (
            self._not_a_record(cells)
            or (Flaw("merged_cells") if self._is_merged[index] else None)
            or self._width(cells)
            or self._damage(cells)
        )

    def _not_a_record(self, cells: Sequence[Cell]) -> Flaw | None:
        filled = [(place, cell) for place, cell in enumerate(cells) if not is_blank(cell)]
        place, first = filled[0]
        is_own = self._record_id is not None and not is_blank(_at(cells, self._record_id))
        for where, cell in filled[:FIRST]:
            is_told = isinstance(cell, str) and _TOTAL.fullmatch("".join(cell.split()))
            if is_told and (not is_own or where == self._record_id):
                return Flaw("total_row")
        if isinstance(first, str) and _FOOTER.match(first.strip()) and (not is_own or place == self._record_id):
            return Flaw("footer_row")
        headings = self._layout.headings
        same = sum(
            isinstance(cell, str) and place < len(headings) and (one := headings[place]) is not None
            and plain_heading(cell) in one.words
            for place, cell in filled
        )  # fmt: skip
        return Flaw("heading_repeated") if same >= 2 and same * 2 > len(filled) else None

    def _width(self, cells: Sequence[Cell]) -> Flaw | None:
        layout = self._layout
        if layout.sheet.is_text and len(cells) < self._needed:
            return Flaw("too_few_cells")
        for place, cell in enumerate(cells):
            is_named = place < len(layout.headings) and layout.headings[place] is not None
            if not is_named and not is_blank(cell):
                if layout.sheet.is_text and place >= len(layout.headings):
                    return Flaw("too_many_cells")
                return Flaw("cell_without_heading", column_letters(place))
        return None

    def _damage(self, cells: Sequence[Cell]) -> Flaw | None:
        for place, cell in enumerate(cells):
            if isinstance(cell, Spoilt) and place not in self._left_out:
                return Flaw(cell.code, self._path(place))
            if isinstance(cell, float) and is_damaged(cell) and self._path(place) in _NUMBERED:
                return Flaw("number_damaged_by_spreadsheet", self._path(place))
        if _DAMAGED.search("\n".join([cell for cell in cells if isinstance(cell, str)])):
            damaged = (place for place, cell in enumerate(cells) if isinstance(cell, str) and _DAMAGED.search(cell))
            return Flaw("damaged_characters", self._path(next(damaged)))
        return None

    def _path(self, place: int) -> str:
        for columns in self._layout.by_kind.values():
            for column in columns:
                if column.place == place:
                    return column.field.path
        return column_letters(place)


def _difference(layout: Layout, household: _Household) -> Flaw | None:
    """Whether the rows of one household say different things of it."""
    first = household.rows[0][1]
    for column in layout.by_kind[household.kind.name]:
        if column.field.path.startswith("data.members."):
            continue
        told = as_text(_at(first, column.place))
        for _, cells in household.rows[1:]:
            if as_text(_at(cells, column.place)) != told:
                return Flaw("household_rows_differ", column.field.path)
    return None


def _left_out(layout: Layout) -> frozenset[int]:
    """Columns that only number the rows: whatever formula counts there says nothing."""
    meant = {column.place for columns in layout.by_kind.values() for column in columns}
    meant |= {one.place for one in layout.unknown}
    return frozenset(place for place, one in enumerate(layout.headings) if one and place not in meant)


def _merged_rows(layout: Layout) -> list[bool]:
    """Which rows below the headings hold merged cells, by their index."""
    rows = layout.sheet.rows
    steps = [0] * (len(rows) + 1)
    for area in layout.sheet.merged:
        if area.last_row > layout.heading and area.first_row < len(rows):
            steps[max(area.first_row, layout.heading + 1)] += 1
            steps[min(area.last_row + 1, len(rows))] -= 1
    return [count > 0 for count in accumulate(steps)]


def _at(cells: Sequence[Cell], place: int | None) -> Cell:
    return cells[place] if place is not None and place < len(cells) else None


@cache
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def _put(record: dict[str, Any], path: str, value: Any) -> None:
    *folders, name = _steps(path)
    for one in folders:
        record = record.setdefault(one, {})
    record[name] = value


def _get(record: dict[str, Any], path: str) -> Any:
    for one in _steps(path):
        record = record.get(one, {})
    return record or None


def _shown(cell: Any) -> str:
    return str(cell) if isinstance(cell, timedelta) else "#"
