"""A plain HTTP/1.1 client for many thousand calls: one connection, one call after the other, and its answer."""

import asyncio
import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """`media` is the kind of its body, without parameters."""

    status: int
    raw: bytes
    media: str = ""

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None

    @property
    def code(self) -> str | None:
        """A problem document's code."""
        return str(self.body.get("code")) if self.status >= 400 else None


class Wire:
    """One caller's connection, opened when it is needed and kept. Raises OSError, EOFError or TimeoutError when the
    service is away; the next call opens it again. Headers are Latin-1, a character a byte."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        told = {"host": "volume", "content-length": str(len(body)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reader, writer = await self._opened()
                writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
                answer, is_last = await _read(reader)
        except BaseException:
            self.close()
            raise
        if is_last:
            self.close()
        return answer

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        return self._streams

    def close(self) -> None:
        """Also in the middle of a call: then its answer is nobody's."""
        if self._streams is not None:
            with contextlib.suppress(OSError, RuntimeError):
                self._streams[1].close()
        self._streams = None


async def _read(reader: asyncio.StreamReader) -> tuple[Answer, bool]:
    """An answer, and whether its connection ends with it."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status, told = int(head.split(" ", 2)[1]), dict(_fields(head))
    raw = await reader.readexactly(int(told.get("content-length", 0)))
    return Answer(status, raw, told.get("content-type", "").partition(";")[0]), told.get("connection") == "close"


def _fields(head: str) -> Iterator[tuple[str, str]]:
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        yield name.lower(), value.strip()
