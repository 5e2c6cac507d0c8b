"""From a Kafka record's bytes to an input, and from a waiting record back to one. Never raises on hostile bytes.

A record of our own topics says its place in line in its headers (`ce_…`), so that one whose body cannot be read still
has it. One whose headers are broken too stands under `partition:<n>` by its place there, counted from one: a line of
which nothing is applied yet is at nought.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from pydantic import ValidationError

from shared.contracts.envelope import Event
from shared.contracts.topics import TOPIC
from shared.messaging.faults import fingerprint
from shared.messaging.room import Input, Kept, Place
from shared.messaging.structs import reader

Headers = Sequence[tuple[str, bytes]]
"""As a reader gets them: one without a value has an empty one."""


@dataclass(frozen=True, slots=True)
class Read:
    """How a group's topics are decoded. `foreign` reads departments' records, by (topic, value, headers)."""

    foreign: Callable[[str, bytes | None, Headers], "Foreign"] | None = None


@dataclass(frozen=True, slots=True)
class Foreign:
    """A record that is not ours, read as far as it could be: `cause` says why its body could not."""

    body: Any
    type: str
    cause: str | None = None


def read(
    topic: str, partition: int, offset: int, headers: Sequence[tuple[str, bytes | None]], value: bytes | None, how: Read
) -> Input:
    """One record as an input; what is wrong with it stands in `cause`, in words that hold no one's data."""
    kept = Kept(topic, partition, offset, headers, value)
    place = Place(topic, partition, offset)
    if topic not in TOPIC:
        assert how.foreign is not None, f"{topic} is not one of ours and nothing reads it"
        try:
            foreign = how.foreign(topic, value, [(name, raw or b"") for name, raw in headers])
        except Exception as error:  # a record costs itself, whatever its reader had not thought of
            foreign = Foreign(None, "", f"reader: {fingerprint(error)}")
        return Input(
            topic=topic, key="", sequence=None, body=foreign.body, type=_clean(foreign.type),
            cause=_clean(foreign.cause) if foreign.cause else None,
            record=kept, place=place,
        )  # fmt: skip
    return _ours(kept, place)


def _ours(kept: Kept, place: Place) -> Input:
    head = dict(kept.headers)
    key, sequence = _text(head, "ce_partitionkey"), _number(_text(head, "ce_sequence"))
    cause: str | None = "headers_unreadable"
    if _is_key(key) and sequence is not None:
        event, cause = _decode(kept, key, sequence)
        if event is not None:
            return Input(
                kept.topic, key, sequence, event, event.region, event.type,
                record=kept, place=place, traceparent=event.traceparent,
            )  # fmt: skip
    else:
        key, sequence = f"partition:{place.partition}", place.offset + 1
    region = _text(head, "ce_region")
    return Input(
        kept.topic, key, sequence, None, region if len(region) == 12 and region.isdigit() else None,
        _clean(_text(head, "ce_type")), cause, record=kept, place=place,
    )  # fmt: skip


def _decode(kept: Kept, key: str, sequence: int) -> tuple[Event | None, str | None]:
    try:
        event = reader(TOPIC[kept.topic].event)(kept.value or b"")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        return None, f"contract: {'.'.join(map(str, first['loc']))[:80]}: {first['type']}"
    except (ValueError, RecursionError) as error:
        return None, f"body: {type(error).__name__}"
    if event.partitionkey != key or int(event.sequence) != sequence:
        return None, "headers and body name different places in line"
    return event, None


def again(record: bytes, how: Read) -> Input:
    """A waiting record, opened, as the input that it was."""
    kept = msgspec.msgpack.decode(record, type=Kept)
    return read(kept.topic, kept.partition, kept.offset, kept.headers, kept.value, how)


def _text(head: Mapping[str, bytes | None], name: str) -> str:
    return (head.get(name) or b"").decode("utf-8", "replace")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 and int(text) > 0 else None


def _is_key(text: str) -> bool:
    return 0 < len(text) <= 100 and "\x00" not in text and "�" not in text


def _clean(text: str) -> str:
    """As PostgreSQL can keep it: one character that it cannot would fail the row in which the record waits."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()[:200]
