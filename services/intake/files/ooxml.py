"""What an XLSX says beside its plain values: error cells, formulas without a result, hidden rows and columns, the date
system of 1904, and noughts in front that only a number format shows. Pure.

A sheet is parsed for it only where a search of its bytes finds that it may hold such a thing: most do not.
"""

import re
import xml.parsers.expat
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from posixpath import join, normpath

from services.intake.files.table import Cell, Spoilt, column_place

_SUSPECTS = (b"hidden", b"<f", b":f>", b":f ", b":f/", b't="e"', b"t='e'")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_NOUGHTS = re.compile(r"0{2,20}")
_PLACE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_YES = frozenset({"1", "true", "on"})

Start = Callable[[str, dict[str, str]], None]


class Unsound(Exception):
    """A part of a workbook cannot be followed: it is not the XML, or the chain of sectors, that it should be."""


@dataclass(slots=True)
class Beside:
    """`cells` are by (row, column), from 0, and stand in place of what calamine gives there."""

    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)
    has_hidden_rows: bool = False
    has_hidden_columns: bool = False


def beside_xlsx(archive: zipfile.ZipFile) -> tuple[Mapping[str, Beside], bool]:
    """By sheet name, and whether days count from 1904. Raises Unsound."""
    names, is_1904 = _workbook(archive)
    padded = _padded(archive)
    return {name: _sheet(archive, part, padded) for name, part in names.items()}, is_1904


def _workbook(archive: zipfile.ZipFile) -> tuple[dict[str, str], bool]:
    root = _target(archive, "_rels/.rels", "/officeDocument") or "xl/workbook.xml"
    folder, _, own = root.rpartition("/")
    sheets: list[tuple[str, str]] = []
    is_1904 = False

    def start(name: str, values: dict[str, str]) -> None:
        nonlocal is_1904
        if name == "sheet":
            sheets.append((values.get("name", ""), _local(values).get("id", "")))
        elif name == "workbookPr":
            is_1904 = values.get("date1904", "0") in _YES

    _read(archive, root, start)
    targets: dict[str, str] = {}

    def relation(name: str, values: dict[str, str]) -> None:
        if name == "Relationship" and values.get("Type", "").endswith("/worksheet"):
            told = values.get("Target", "")
            targets[values.get("Id", "")] = normpath(told[1:] if told.startswith("/") else join(folder, told))

    _read(archive, f"{folder}/_rels/{own}.rels", relation)
    return {name: targets[id_] for name, id_ in sheets if id_ in targets}, is_1904


def _target(archive: zipfile.ZipFile, part: str, ending: str) -> str | None:
    found: list[str] = []

    def start(name: str, values: dict[str, str]) -> None:
        if name == "Relationship" and values.get("Type", "").endswith(ending):
            found.append(values.get("Target", "").lstrip("/"))

    _read(archive, part, start)
    return found[0] if found else None


def _padded(archive: zipfile.ZipFile) -> dict[str, int]:
    """Cell styles (by their number) whose format shows a whole number with so many digits, noughts in front."""
    own: dict[str, int] = {}
    styles: list[int] = []
    is_within = False

    def start(name: str, values: dict[str, str]) -> None:
        nonlocal is_within
        if name == "numFmt" and _NOUGHTS.fullmatch(values.get("formatCode", "")):
            own[values.get("numFmtId", "")] = len(values["formatCode"])
        elif name == "cellXfs":
            is_within = True
        elif name == "cellStyles":
            is_within = False
        elif name == "xf" and is_within:
            styles.append(own.get(values.get("numFmtId", ""), 0))

    if "xl/styles.xml" in archive.namelist():
        _read(archive, "xl/styles.xml", start)
    return {str(number): width for number, width in enumerate(styles) if width}


def _sheet(archive: zipfile.ZipFile, part: str, padded: Mapping[str, int]) -> Beside:
    if part not in archive.namelist():
        raise Unsound
    content = archive.read(part)
    found = Beside()
    if padded or content.startswith(_UTF16) or any(one in content for one in _SUSPECTS):
        _Walk(found, padded).over(content)
    return found


class _Walk:
    """One pass over a sheet's XML, keeping a count of rows and cells where they do not name their own place."""

    def __init__(self, found: Beside, padded: Mapping[str, int]) -> None:
        self._found, self._padded = found, padded
        self._row, self._column = -1, -1
        self._type, self._style = "n", ""
        self._is_formula = self._has_value = self._is_value = False
        self._value = ""

    def over(self, content: bytes) -> None:
        parser = _parser(self._start)
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        _parse(parser, content)

    def _start(self, name: str, values: dict[str, str]) -> None:
        match _name(name):
            case "c":
                self._begin_cell(values)
            case "v" | "is":
                self._has_value = self._is_value = True
            case "f":
                self._is_formula = True
            case "row":
                self._row = int(values["r"]) - 1 if values.get("r", "").isdigit() else self._row + 1
                self._column = -1
                self._found.has_hidden_rows |= values.get("hidden", "0") in _YES
            case "col":
                self._found.has_hidden_columns |= values.get("hidden", "0") in _YES

    def _begin_cell(self, values: dict[str, str]) -> None:
        place = _PLACE.fullmatch(values.get("r", ""))
        self._column = column_place(place[1]) if place else self._column + 1
        if place:
            self._row = int(place[2]) - 1
        self._type, self._style = values.get("t", "n"), values.get("s", "")
        self._is_formula = self._has_value = False
        self._value = ""

    def _text(self, data: str) -> None:
        if self._is_value:
            self._value += data

    def _end(self, name: str) -> None:
        match _name(name):
            case "v" | "is":
                self._is_value = False
            case "c":
                self._end_cell()

    def _end_cell(self) -> None:
        place = (self._row, self._column)
        if self._type == "e":
            self._found.cells[place] = Spoilt("cell_error")
        elif self._is_formula and not (self._has_value and (self._value or self._type == "str")):
            self._found.cells[place] = Spoilt("formula_without_value")
        elif self._style in self._padded and self._type == "n" and self._value.isdigit():
            self._found.cells[place] = self._value.zfill(self._padded[self._style])


def _name(name: str) -> str:
    return name.rpartition(":")[2]


def _local(values: dict[str, str]) -> dict[str, str]:
    return {_name(name): value for name, value in values.items()}


def _read(archive: zipfile.ZipFile, part: str, start: Start) -> None:
    if part not in archive.namelist():
        raise Unsound
    _parse(_parser(lambda name, values: start(_name(name), values)), archive.read(part))


def _parser(start: Start) -> xml.parsers.expat.XMLParserType:
    parser = xml.parsers.expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EntityDeclHandler = _no_entities
    return parser


def _no_entities(*told: object) -> None:
    raise Unsound  # no writer of workbooks declares any; a hostile one multiplies them


def _parse(parser: xml.parsers.expat.XMLParserType, content: bytes) -> None:
    try:
        parser.Parse(content, True)
    except xml.parsers.expat.ExpatError:
        raise Unsound from None
