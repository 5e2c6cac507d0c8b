"""A sent body, piece by piece: inflated with a count, split into records, each with its line. No I/O.

Three forms: NDJSON (a line a record), a JSON array, one or several JSON objects. A piece that is not JSON spoils itself
alone: lines are cut at line ends, elements at the commas of the outermost list.
"""

import re
import zlib
from collections.abc import Iterator
from typing import Protocol

from services.intake.record import RECORD_BYTES_MAX

BODY_BYTES_MAX = 64 * 1024 * 1024
RECORDS_MAX = 500_000
INFLATED_AT_ONCE = 256 * 1024
BOM = b"\xef\xbb\xbf"
OVER = b"!" * (RECORD_BYTES_MAX + 1)
"""Stands for a record over 256 kB, whose bytes were not kept: refused for its length."""


class Broken(Exception):
    """The body itself cannot be read further: `gzip_damaged` or `too_large`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Splitter(Protocol):
    """Gives (line, record) for what is complete; `end` gives the rest. One over the limit comes as OVER."""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]: ...

    def end(self) -> Iterator[tuple[int, bytes]]: ...


class Inflater:
    """Plain or gzipped bytes, at most 64 MB of them after inflating, a bounded piece at a time."""

    def __init__(self, is_gzip: bool) -> None:
        self._inflate = zlib.decompressobj(wbits=31) if is_gzip else None
        self._count = 0
        self._has_begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._inflate is None:
            yield self._counted(data)
            return
        self._has_begun |= bool(data)
        while data:
            try:
                piece = self._inflate.decompress(data, INFLATED_AT_ONCE)
            except zlib.error:
                raise Broken("gzip_damaged") from None
            yield self._counted(piece)
            data = self._inflate.unconsumed_tail
            if self._inflate.eof:
                data = self._inflate.unused_data
                if data:  # members one after another are one stream
                    self._inflate = zlib.decompressobj(wbits=31)

    def end(self) -> None:
        if self._inflate is not None and not self._inflate.eof and self._has_begun:
            raise Broken("gzip_damaged")

    def _counted(self, piece: bytes) -> bytes:
        self._count += len(piece)
        if self._count > BODY_BYTES_MAX:
            raise Broken("too_large")
        return piece


class Lines:
    """NDJSON: a record a line; blank lines are none, but are counted, so that a line is the sender's line."""

    def __init__(self) -> None:
        self._line = 0
        self._rest = bytearray()
        self._is_over = False

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        start = 0
        while (stop := data.find(b"\n", start)) >= 0:
            self._keep(data[start:stop])
            yield from self._take()
            start = stop + 1
        self._keep(data[start:])

    def end(self) -> Iterator[tuple[int, bytes]]:
        yield from self._take()

    def _keep(self, data: bytes) -> None:
        if len(self._rest) + len(data) > RECORD_BYTES_MAX:
            self._is_over = True
            self._rest.clear()
        elif not self._is_over:
            self._rest += data

    def _take(self) -> Iterator[tuple[int, bytes]]:
        self._line += 1
        record = OVER if self._is_over else bytes(self._rest)
        if self._line == 1:
            record = record.removeprefix(BOM)
        self._rest.clear()
        self._is_over = False
        if record.strip():
            yield self._line, record


_TOKEN = re.compile(rb'["{}\[\],]')
_IN_TEXT = re.compile(rb'["\\]')


class Elements:
    """JSON: the elements of an array, or objects one after another. An element's number is its line."""

    def __init__(self) -> None:
        self._number = 0
        self._depth = 0
        self._floor: int | None = None
        """1 within an array, 0 outside of one; None until the first sign is seen."""
        self._in_text = False
        self._is_escaped = False
        self._kept = bytearray()
        self._is_over = False

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        at, start = 0, 0
        while at < len(data):
            if self._in_text:
                at = self._text(data, at)
                continue
            found = _TOKEN.search(data, at)
            if found is None:
                break
            sign, at = found.group(), found.end()
            if self._floor is None:
                self._floor = 1 if sign == b"[" and not data[start : at - 1].removeprefix(BOM).strip() else 0
                if self._floor:
                    self._depth, start = 1, at
                    continue
            if sign == b'"':
                self._in_text = True
            elif sign in b"{[":
                self._depth += 1
            elif sign in b"}]" and self._depth > self._floor:
                self._depth -= 1
                if self._depth == 0:
                    yield from self._take(data[start:at])
                    start = at
            elif self._depth == self._floor == 1:  # a comma between elements, or the array's end
                yield from self._take(data[start : at - 1])
                start = at
        self._keep(data[start:])

    def end(self) -> Iterator[tuple[int, bytes]]:
        yield from self._take(b"")

    def _text(self, data: bytes, at: int) -> int:
        if self._is_escaped:
            self._is_escaped = False
            return at + 1
        found = _IN_TEXT.search(data, at)
        if found is None:
            return len(data)
        self._is_escaped = found.group() == b"\\"
        self._in_text = self._is_escaped
        return found.end()

    def _keep(self, data: bytes) -> None:
        if len(self._kept) + len(data) > RECORD_BYTES_MAX:
            self._is_over = True
            self._kept.clear()
        elif not self._is_over:
            self._kept += data

    def _take(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        self._keep(data)
        record = OVER if self._is_over else bytes(self._kept).removeprefix(BOM).strip()
        self._kept.clear()
        self._is_over = False
        if record:
            self._number += 1
            yield self._number, record


def splitter_of(content_type: str) -> Splitter:
    """By the declared type: `application/json` is read as JSON, everything else as lines."""
    kind = content_type.partition(";")[0].strip().lower()
    return Elements() if kind in ("application/json", "text/json") else Lines()
