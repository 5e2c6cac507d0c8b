"""What was fetched, as records. aiokafka reads a header's name as strict UTF-8 and raises for ever on one that is none:
any client that sends bytes would block its partition for good. Here such a name is read with a mark in it.
"""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy


class Fetched:
    """One partition's fetched bytes, batch by batch. In the place of aiokafka's class of the same methods."""

    def __init__(self, data: bytes) -> None:
        self._records = _MemoryRecordsPy(data)

    def size_in_bytes(self) -> int:
        return int(self._records.size_in_bytes())

    def has_next(self) -> bool:
        return bool(self._records.has_next())

    def next_batch(self) -> "FetchedBatch":
        raw = self._records._next_slice
        return FetchedBatch(self._records.next_batch(), bytes(raw or b""))


class FetchedBatch:
    """A batch that is read whole by aiokafka's fast reader, and by its slow one where a name is no UTF-8."""

    def __init__(self, batch: Any, raw: bytes) -> None:
        self._batch, self._raw = batch, raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            return iter(_read_slowly(self._raw))


def _read_slowly(raw: bytes) -> list[Any]:
    batch = _DefaultRecordBatchPy(raw)
    batch._maybe_uncompress()
    batch._buffer = _Bytes(batch._buffer)
    return list(batch)


class _Bytes(bytearray):
    """Its slices decode whatever they hold; the slow reader decodes nothing but the names of headers."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return _Bytes(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode(encoding, "replace")


def mend() -> None:
    """From now on every consumer of this process reads so."""
    fetcher.MemoryRecords = Fetched
