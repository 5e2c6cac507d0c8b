"""CSV: its encoding, its separator and its quotes, each certain or refused with the line. Pure.

UTF-8 (with its mark or without), UTF-16 with its mark, GB18030. A text that is UTF-8 but for a few bytes is damaged,
never taken for GB18030: names would turn into others without a word.
"""

import codecs
import csv
import re
from collections.abc import Callable, Iterator, Sequence

from services.intake.files.reasons import Unreadable
from services.intake.files.table import Cell, Sheet

ROWS_MAX = 500_000
CELL_MAX = 100_000
HEADING_WITHIN = 10
DELIMITERS = (",", ";", "\t")
DAMAGED_MAX = 0.3
"""Of what is not ASCII, decoded as UTF-8: less of it broken is damaged UTF-8; GB18030 breaks nearly all of it."""

Known = Callable[[Sequence[Cell]], int]
"""How many headings of a row are known."""

_NAMED = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_KEPT_AS_TEXT = re.compile(r'="([^"]*)"')


def sheet(content: bytes, known: Known) -> Sheet:
    """The whole text as one sheet without a name. Raises Unreadable."""
    words = decoded(content)
    if "\x00" in words:
        raise Unreadable("nul_character", line=words.count("\n", 0, words.index("\x00")) + 1)
    if "\r" in words and "\n" not in words:
        words = words.replace("\r", "\n")  # as old machines end their lines
    named = _NAMED.match(words)
    delimiter = named[1] if named else _delimiter(words, known)
    rows = list(_rows(words[named.end() :] if named else words, delimiter, 2 if named else 1))
    return Sheet("", rows)


def decoded(content: bytes) -> str:
    """The text. Raises Unreadable where no encoding is certain."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError as error:
            before = content[: error.start].decode("utf-16", "ignore")
            raise Unreadable("encoding_damaged", line=before.count("\n") + 1) from None
    if content.count(0) * 5 > len(content):
        raise Unreadable("encoding_utf16_unmarked")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        bad = error.start
    if content.startswith(codecs.BOM_UTF8) or _is_mostly_utf8(content):
        raise Unreadable("encoding_damaged", line=content.count(b"\n", 0, bad) + 1)
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError as error:
        raise Unreadable("encoding_unknown", line=content.count(b"\n", 0, error.start) + 1) from None


def _is_mostly_utf8(content: bytes) -> bool:
    seen = content.decode("utf-8", "replace")
    broken = seen.count("\ufffd")
    other = len(re.sub(r"[\x00-\x7f]+", "", seen))
    return broken < DAMAGED_MAX * max(other, 1)


def _delimiter(words: str, known: Known) -> str:
    """The one under which the first lines hold the most known headings. Raises Unreadable where two do."""
    head = words[: CELL_MAX * 2].splitlines(keepends=True)[:HEADING_WITHIN]
    found = {one: max((known(row) for row in _loosely(head, one)), default=0) for one in DELIMITERS}
    most = max(found.values())
    best = [one for one, count in found.items() if count == most]
    if most and len(best) > 1 and most > 1:
        raise Unreadable("delimiter_unclear")
    return best[0]


def _loosely(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error:
        return


def _rows(words: str, delimiter: str, first_line: int) -> Iterator[tuple[int, list[Cell]]]:
    csv.field_size_limit(CELL_MAX)
    lines = _Lines(words)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    width, count, start = 0, 0, first_line
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            code = "cell_too_long" if "field larger" in str(error) else "broken_quotes"
            raise Unreadable(code, line=start) from None
        width = max(width, len(row))
        if lines.taken - (start - first_line) > 1 and _swallows(row, delimiter, width):
            raise Unreadable("quote_swallows_rows", line=start)
        count += 1
        if count > ROWS_MAX:
            raise Unreadable("too_many_rows")
        yield start, [_plain(one) for one in row]
        start = lines.taken + first_line


class _Lines:
    """The physical lines, counted: a record may take several of them."""

    def __init__(self, words: str) -> None:
        self.taken = 0
        self._lines = iter(words.split("\n"))
        self._held: str | None = next(self._lines)

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if self._held is None:
            raise StopIteration
        line, self._held = self._held, next(self._lines, None)
        if self._held is None and not line:
            raise StopIteration  # what follows the last line end
        self.taken += 1
        return line if self._held is None else line + "\n"


def _swallows(row: list[str], delimiter: str, width: int) -> bool:
    """A quoted cell whose inner lines are as wide as the table: a quote was left open, and closed far below."""
    inner = (line for cell in row if "\n" in cell for line in cell.split("\n")[1:])
    return any(line.count(delimiter) >= max(width - 1, 2) for line in inner) or (
        len(row) < width and any(cell.count("\n") > HEADING_WITHIN for cell in row)
    )


def _plain(cell: str) -> Cell:
    """A text; `="000123"`, by which a text is kept from the spreadsheet, is the text within."""
    kept = _KEPT_AS_TEXT.fullmatch(cell) if cell.startswith("=") else None
    return kept[1] if kept else cell or None
