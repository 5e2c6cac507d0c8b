"""A file read in a process of its own: leases and heartbeats live on meanwhile, and a hostile file fells nobody else.

The process gets the file and nothing of ours: no environment, no key, no connection.
"""

import asyncio
import contextlib
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import orjson

from services.intake.files.reasons import Unreadable

ROOT = Path(__file__).resolve().parents[2]
SECONDS_MAX = 600.0
"""From one frame to the next: a machine under load, not a file that never ends."""


class Apart:
    """A file that was opened: `about` is what it holds; its items come chunk by chunk."""

    def __init__(self, about: dict[str, Any], out: asyncio.StreamReader) -> None:
        self.about, self._out = about, out

    async def items(self) -> AsyncIterator[tuple[int, bytes | None, bytes, str | None, str | None]]:
        """(line, record, rows, code, field), once. Raises Unreadable where the process died over it."""
        while found := await _frame(self._out):
            for one in found:
                yield tuple(one)


@asynccontextmanager
async def opened_apart(content: bytes, name: str, department: str) -> AsyncIterator[Apart]:
    """Raises Unreadable: the file is refused as a whole. The process is gone when this ends, however it ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.intake.files",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        cwd="/", env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    try:
        with contextlib.suppress(ConnectionError):
            process.stdin.write(orjson.dumps({"name": name, "department": department}) + b"\n")
            process.stdin.write(content)
            await process.stdin.drain()
            process.stdin.close()
        told = await _frame(process.stdout)
        if "code" in told:
            raise Unreadable(told["code"], **told["place"])
        yield Apart(told["about"], process.stdout)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())


async def _frame(out: asyncio.StreamReader) -> Any:
    """Raises Unreadable where the process ended without a word: it was too much for it."""
    try:
        async with asyncio.timeout(SECONDS_MAX):
            (length,) = struct.unpack(">I", await out.readexactly(4))
            return msgspec.msgpack.decode(await out.readexactly(length))
    except (asyncio.IncompleteReadError, TimeoutError):
        raise Unreadable("file_too_large") from None
