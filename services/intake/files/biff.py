"""What an XLS (BIFF8) says beside its plain values: error cells, formulas without a result, hidden rows and columns,
the date system of 1904, a password. Read from the Workbook stream of its OLE container (MS-CFB, MS-XLS). Pure.
"""

import struct
from collections.abc import Iterator, Mapping

from services.intake.files.ooxml import Beside, Unsound
from services.intake.files.table import Spoilt

_END = 0xFFFFFFFE
_BOF, _EOF = 0x0809, 0x000A
_FORMULA, _BOOLERR, _ROW, _COLINFO = 0x0006, 0x0205, 0x0208, 0x007D
_LOCKED = "EncryptedPackage"
_BOOKS = ("Workbook", "Book")


class NoWorkbook(Exception):
    """An OLE file of another kind: a Word document, a letter."""


class Locked(Exception):
    """It has a password."""


def beside_xls(content: bytes) -> tuple[Mapping[str, Beside], bool]:
    """By sheet name, and whether days count from 1904. Raises Unsound, NoWorkbook, Locked."""
    try:
        return _beside(_stream(content))
    except (struct.error, IndexError):
        raise Unsound from None


def _beside(stream: bytes) -> tuple[Mapping[str, Beside], bool]:
    sheets: dict[str, int] = {}
    is_1904 = False
    for kind, data in _records(stream, 0):
        match kind:
            case 0x002F:  # FILEPASS
                raise Locked
            case 0x0022:  # DATEMODE
                is_1904 = data[:2] == b"\x01\x00"
            case 0x0085:  # BOUNDSHEET
                sheets[_short_text(data[6:])] = struct.unpack_from("<I", data)[0]
    return {name: _sheet(stream, start) for name, start in sheets.items()}, is_1904


def _sheet(stream: bytes, start: int) -> Beside:
    found = Beside()
    for kind, data in _records(stream, start):
        if kind in (_FORMULA, _BOOLERR):
            row, column = struct.unpack_from("<HH", data)
            code = _formula(data) if kind == _FORMULA else "cell_error" if data[7] else None
            if code:
                found.cells[row, column] = Spoilt(code)
        elif kind == _ROW:
            found.has_hidden_rows |= bool(struct.unpack_from("<I", data, 12)[0] & 0x20)
        elif kind == _COLINFO:
            found.has_hidden_columns |= bool(struct.unpack_from("<H", data, 8)[0] & 1)
    return found


def _formula(data: bytes) -> str | None:
    """Its result is a number, or a mark: a text follows (0), true or false (1), an error (2), nothing (3)."""
    if data[12:14] != b"\xff\xff":
        return None
    return {2: "cell_error", 3: "formula_without_value"}.get(data[6])


def _short_text(data: bytes) -> str:
    length, wide = data[0], data[1] & 1
    return data[2 : 2 + length * 2].decode("utf-16-le") if wide else data[2 : 2 + length].decode("latin-1")


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """From one BOF to its EOF; what is embedded between (a chart) is passed over."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        if kind == _BOF:
            depth += 1
        elif kind == _EOF:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


# ── the container ───────────────────────────────────────────────────────────────────────────────────────────────────


def _stream(content: bytes) -> bytes:
    size = 1 << struct.unpack_from("<H", content, 30)[0]
    if size not in (512, 4096):
        raise Unsound
    (first_directory,) = struct.unpack_from("<I", content, 48)
    cutoff, first_mini = struct.unpack_from("<II", content, 56)
    fat = _fat(content, size)
    directory = _chained(content, fat, first_directory, size, size)
    entries = dict(_entries(directory))
    if _LOCKED in entries:
        raise Locked
    found = next((entries[name] for name in _BOOKS if name in entries), None)
    if found is None:
        raise NoWorkbook
    start, length = found
    if length >= cutoff:
        return _chained(content, fat, start, size, size)[:length]
    root = entries.get("Root Entry")
    if root is None:
        raise Unsound
    mini_fat = _numbers(_chained(content, fat, first_mini, size, size))
    minis = _chained(content, fat, root[0], size, size)
    return _chained(minis, mini_fat, start, 64, 0)[:length]


def _fat(content: bytes, size: int) -> list[int]:
    (count,) = struct.unpack_from("<I", content, 44)
    places = [one for one in struct.unpack_from("<109I", content, 76) if one < _END]
    (more,) = struct.unpack_from("<I", content, 68)
    seen = 0
    while more < _END and seen <= len(content) // size:
        block = _numbers(content[size * (more + 1) : size * (more + 2)])
        places += [one for one in block[:-1] if one < _END]
        more, seen = block[-1], seen + 1
    fat: list[int] = []
    for place in places[:count]:
        fat += _numbers(content[size * (place + 1) : size * (place + 2)])
    return fat


def _chained(content: bytes, fat: list[int], start: int, size: int, header: int) -> bytes:
    """A stream's sectors, one after another; a chain that runs in a circle is broken."""
    pieces: list[bytes] = []
    while start < _END:
        pieces.append(content[header + size * start : header + size * (start + 1)])
        if len(pieces) > len(fat):
            raise Unsound
        start = fat[start]
    return b"".join(pieces)


def _numbers(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4]))


def _entries(directory: bytes) -> Iterator[tuple[str, tuple[int, int]]]:
    for at in range(0, len(directory) - 127, 128):
        (length,) = struct.unpack_from("<H", directory, at + 64)
        name = directory[at : at + max(min(length, 64) - 2, 0)].decode("utf-16-le", "replace")
        if name:
            start, length = struct.unpack_from("<II", directory, at + 116)
            yield name, (start, length)
