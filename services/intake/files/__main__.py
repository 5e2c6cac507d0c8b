"""`python -m services.intake.files`: one file in, its records out, in a process without a key, a name or a network.

In: {"name", "department"} and a line end, then the file to its end. Out: frames of 4 bytes of length and MessagePack;
the first says what the file is, or why it is refused; then lists of items, and an empty list at the end.
"""

import resource
import struct
import sys
from collections.abc import Iterable
from itertools import islice
from typing import Any

import msgspec
import orjson

from services.intake.files.reading import open_table
from services.intake.files.reasons import Unreadable

MEMORY_MAX_BYTES = 3 * 1024 * 1024 * 1024
"""Half a million rows of twelve columns take some 1.5 GB; a bomb would take all there is."""
SECONDS_MAX = 300
"""Of CPU: fifty times what 50,000 rows take."""
ITEMS_AT_ONCE = 500


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX_BYTES, MEMORY_MAX_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_MAX, SECONDS_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    told = orjson.loads(sys.stdin.buffer.readline())
    try:
        table = open_table(sys.stdin.buffer.read(), told["name"], told["department"])
    except Unreadable as refused:
        _say({"code": refused.code, "place": refused.place.told()})
        return
    except MemoryError:
        _say({"code": "file_too_large", "place": {}})
        return
    _say({"about": table.about()})
    rest = iter(table.items())
    while pieces := [(one.line, one.record, one.rows, one.code, one.field) for one in islice(rest, ITEMS_AT_ONCE)]:
        _say(pieces)
    _say([])


def _say(what: "dict[str, Any] | Iterable[Any]") -> None:
    frame = msgspec.msgpack.encode(what)
    sys.stdout.buffer.write(struct.pack(">I", len(frame)) + frame)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
