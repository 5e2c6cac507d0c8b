"""Hostile bytes for every entry: family × field × value, made from a sound example by a seed. One list for all tests.

`values`: bodies for a topic of ours; `records`: a department's records; `calls`: bodies of people's calls.
"""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from struct import pack
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c

from shared.contracts import schema
from shared.domain.identity import check_digit

EXAMPLES = Path(schema.__file__).parent / "examples"
KINDS = 200
Json = Any

NOT_JSON: Mapping[str, bytes] = {
    "nothing but blanks": b"  ",
    "a word": b"null_",
    "an open object": b"{",
    "an open text": b'{"record_id": "A',
    "a NUL": b"\x00",
    "a NUL within": b'{"record_id": "A\x00"}',
    "no UTF-8": b"\xff\xfe",
    "an overlong character": b'{"record_id": "\xc0\xaf"}',
    "UTF-16": '{"record_id": "A"}'.encode("utf-16"),
    "GBK": '{"record_id": "张三"}'.encode("gbk"),
    "GBK alone": "农户".encode("gbk"),
    "NaN": b"NaN",
    "minus Infinity": b"-Infinity",
    "10^400000": b"1e400000",
    "400 digits": b'{"version": 1' + b"0" * 400 + b"}",
    "NaN within": b'{"version": NaN}',
    "half a surrogate": b'{"record_id": "\\ud800"}',
    "two objects": b"{}{}",
    "a brace too many": b'{"record_id": "A"}}',
    "single quotes": b"{'record_id': 'A'}",
    "a comment": b'{"record_id": "A" /* here */}',
    "a comma too many": b'{"record_id": "A",}',
    "XML": b"<record><record_id>A</record_id></record>",
    "a form": b"record_id=A&version=1",
    "20,000 lists deep": b"[" * 20_000,
    "5,000 objects deep": b'{"a":' * 5_000,
    "20,000 deep and closed": b'{"record_id": "A", "x": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
}
"""No JSON at all, or none that a strict reader takes."""

NO_OBJECT: Mapping[str, bytes] = {
    "null": b"null", "a number": b"3", "a text": b'"3"', "a list": b"[[1]]", "an empty list": b"[[]]", "true": b"true",
}  # fmt: skip

WRONG: Mapping[str, Json] = {
    "null": None, "true": True, "minus one": -1, "2^70": 2**70, "a half": 1.5, "an empty text": "", "a NUL": "\u0000",
    "300 letters": "x" * 300, "a list": [], "an object": {}, "lists of lists": [[]], "1E+400000": "1E+400000",
    "no such day": "2026-13-45", "full-width figures": "９９９",
}  # fmt: skip
"""Values that hardly any field may hold."""

AHEAD = ("2199-01-01", "9999-12-31", "2026-02-30", "0000-01-01", "20261003", "2026-10-03T00:00:00Z", 20261003, 1.5e9)
SUMS = ("-0.001", "1E+400", "NaN", "Infinity", "1" + "0" * 400, "１２", "12,000.00", "¥3", 12.5, 2**70, "0x10", "--1")
NUMBERS = ("3.40822E+17", "34122119700101123", "3412211970010112345", "341221197013011231", "张三", 341221197001011234)
"""ID numbers that none can be: of a spreadsheet, too short, too long, of no day, a name, a number."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of hostile bytes. `must`: whether it has to be refused; the rest may pass, but must harm nobody.

    `is_whole`: an element of a JSON array that ends where it should, so that its neighbours can be told apart.
    """

    name: str
    raw: bytes
    must: bool = True
    is_whole: bool = True


# ── topics of ours ──────────────────────────────────────────────────────────────────────────────────────────────────


def values(topic: str, seed: int) -> Iterator[bytes]:
    """Bodies that the contract of the topic must refuse, or that are no JSON at all."""
    text = (EXAMPLES / f"{topic}.json").read_text("utf-8")
    whole = text.encode()
    chance = random.Random(f"{seed}:{topic}")
    made = [
        *NOT_JSON.values(), *NO_OBJECT.values(), b"", b"{}", whole[:-2], whole + b"}", whole.decode().encode("utf-16"),
        b"\xef\xbb\xbf{}", whole.replace(b'"1.0"', b'"9.9"'), whole.replace(b'"data"', b'"atad"'),
    ]  # fmt: skip
    fields = ("id", "type", "sequence", "time", "region", "source", "subject", "correlationid", "data", "partitionkey")
    made += [_bytes(json.loads(text) | {field: value}) for field in fields for value in WRONG.values()]
    data = list(json.loads(text)["data"])
    while len(made := list(dict.fromkeys(made))) < KINDS:
        cut = chance.randrange(2, len(whole) - 2)
        made.append(whole[:cut] if chance.random() < 0.5 else _data_without(text, chance.choice(data)))
    yield from made


def _data_without(text: str, name: str) -> bytes:
    """A payload whose part is of another kind: a list of lists of nothing."""
    whole = json.loads(text)
    whole["data"] = {**whole["data"], name: [[None]]}
    whole["id"] = "not one"
    return _bytes(whole)


# ── departments' records ────────────────────────────────────────────────────────────────────────────────────────────


def records(sound: Json, seed: int) -> list[Kind]:
    """At least two hundred kinds made of one sound record, each with a record id of its own where it has one."""
    found = [Kind(f"no JSON: {name}", raw, is_whole=_ends(raw)) for name, raw in NOT_JSON.items() if raw.strip()]
    found += [Kind(f"no object: {name}", raw) for name, raw in NO_OBJECT.items()]
    found.append(Kind("over 256 kB", _bytes(put(sound, ("more",), "x" * 300_000))))
    found.append(Kind("300 lists deep", _bytes(put(sound, ("more",), _deep(300)))))
    found += [Kind(*one) for one in _envelopes(sound)]
    for path in paths(sound):
        name, place = str(path[-1]), ".".join(map(str, path))
        for what, value in (*WRONG.items(), *((f"{value!r:.40}", value) for value in _of_its_kind(name))):
            found.append(Kind(f"{place}: {what}", _bytes(put(_renamed(sound, len(found)), path, value)), must=False))
    chance = random.Random(f"{seed}:{sound['kind']}")
    whole = _bytes(sound)
    while len(found) < KINDS:
        found.append(Kind("cut off", whole[: chance.randrange(2, len(whole) - 2)], is_whole=False))
    return found


_NO_IDS: tuple[Json, ...] = ("", "A\u0000", "A\nB", "x" * 65, {}, [], 1.5, "\u202e\u200b")
_NO_VERSIONS: tuple[Json, ...] = (0, -1, 2**31, 2**70, "1", True, 1.5, [1])
_NO_OBJECTS: tuple[Json, ...] = (None, [], ["x"], "x", 1)
_NOBODY: tuple[Json, ...] = ({}, ["x"], "张三", 7)


def _envelopes(sound: Json) -> Iterator[tuple[str, bytes]]:
    """What its sender must hear of, whatever the kind: must be refused."""
    given: list[tuple[str, tuple[str, ...], Json]] = [
        ("an unknown kind", ("kind",), "no_such_kind"),
        ("the kind of another department", ("kind",), "drought"),
        ("an unknown op", ("op",), "delete"),
        ("an ID number as its name", ("record_id",), f"R-{_id('341221197001010')}"),
        *((f"a day: {day}", ("occurred_on",), day) for day in AHEAD),
        *((f"a version: {one!r:.30}", ("version",), one) for one in _NO_VERSIONS),
        *((f"a record id: {one!r:.30}", ("record_id",), one) for one in _NO_IDS),
        *((f"data: {one!r:.30}", ("data",), one) for one in _NO_OBJECTS),
        *((f"a subject: {one!r:.30}", ("subject",), one) for one in _NOBODY),
        *((f"an ID number: {one!r:.30}", ("subject", "id_no"), one) for one in (*NUMBERS, _wrong_digit(), _unborn())),
    ]  # fmt: skip
    for number, (name, path, value) in enumerate(given):
        yield f"envelope: {name}", _bytes(put(_renamed(sound, 10_000 + number), path, value))


def spelt(id_no: str) -> dict[str, str]:
    """One sound number as people write it: each names the same person."""
    return {
        "full-width": id_no.translate({ord(sign): ord(sign) + 0xFEE0 for sign in "0123456789X"}),
        "with zero-width signs": "\u200b".join(id_no),
        "with a byte order mark": "\u200e" + id_no,
        "with blanks": f" {id_no[:6]} {id_no[6:14]} {id_no[14:]} ",
        "with an apostrophe": f"'{id_no}",
        "with a small x": id_no.replace("X", "x"),
        "with a Cyrillic x": id_no.replace("X", "Х"),
        "15 digits": id_no[:6] + id_no[8:17],
    }


def _of_its_kind(name: str) -> tuple[Json, ...]:
    if name.endswith("_yuan"):
        return (*SUMS, "-1.00", "-999999999999.99", "9999999999999.99")
    if name.endswith("_on") or name == "since":
        return AHEAD
    if name == "id_no":
        return (*NUMBERS, _wrong_digit(), _unborn())
    if name in ("year", "group"):
        return (0, 1899, 2199, "2025", "三", 2**63)
    return ("<script>", "'; DROP TABLE records", "../../x", "\ud7ff\uffff", "\u202e\u200b", "a\r\nb")


# ── people's calls ──────────────────────────────────────────────────────────────────────────────────────────────────


def calls(sound: Json) -> list[Kind]:
    """At least two hundred bodies for a call that takes `sound`, a JSON object (or nothing: `{}`)."""
    found = [Kind(f"no JSON: {name}", raw) for name, raw in NOT_JSON.items()]
    found += [Kind(f"no object: {name}", raw) for name, raw in NO_OBJECT.items()]
    found += [Kind("over the limit", b'"' + b"x" * 5_000_000 + b'"'), Kind("no type", b"")]
    places = list(paths(sound)) or [("more",)]
    for path in places:
        for name, value in WRONG.items():
            found.append(Kind(f"{'.'.join(map(str, path))}: {name}", _bytes(put(sound, path, value)), must=False))
    whole = _bytes(sound)
    chance = random.Random("calls")
    while len(found) < KINDS:
        path = chance.choice(places)
        odd = "".join(chr(chance.choice((0, 7, 0x202E, 0xFFFF, 0x1F9D1, 0x4E00))) for _ in range(chance.randrange(9)))
        value = chance.choice((odd, _deep(chance.randrange(1, 250)), [odd] * 70, {odd: odd}, chance.randrange(2**90)))
        found.append(Kind(f"{'.'.join(map(str, path))}: made", _bytes(put(sound, path, value)), must=False))
    for beside in (b"NaN", b"1e999"):
        found.append(Kind(f"with {beside!r}", whole.replace(b"{", b'{"more": %s, ' % beside, 1), must=False))
    return found


def paths(whole: Json, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a JSON value, objects and lists included."""
    inner = whole.items() if isinstance(whole, dict) else enumerate(whole) if isinstance(whole, list) else ()
    for name, value in inner:
        yield (*at, name)
        yield from paths(value, (*at, name))


def put(whole: Json, path: tuple[str | int, ...], value: Json) -> Json:
    """A copy with another value at one place."""
    if not path:
        return value
    name, *rest = path
    if isinstance(whole, list):
        return [put(one, tuple(rest), value) if place == name else one for place, one in enumerate(whole)]
    return {**whole, name: put(whole.get(name), tuple(rest), value) if rest else value}


def _renamed(sound: Json, number: int) -> Json:
    return {**sound, "record_id": f"{sound['record_id']}-{number}"}


def _ends(raw: bytes) -> bool:
    """Whether texts and brackets are closed, so that an array's next comma is the array's own."""
    return raw.count(b'"') % 2 == 0 and all(
        raw.count(left) == raw.count(right) for left, right in ((b"[", b"]"), (b"{", b"}"))
    )


def _deep(depth: int) -> Json:
    found: Json = []
    for _ in range(depth):
        found = [found]
    return found


def _bytes(value: Json) -> bytes:
    return json.dumps(value).encode()


def _id(stem: str) -> str:
    return (stem + "00")[:17] + check_digit((stem + "00")[:17])


def _wrong_digit() -> str:
    sound = _id("341221197001010")
    return sound[:17] + ("1" if sound[17] != "1" else "2")


def _unborn() -> str:
    return _id("34122120990101123")


# ── what only a client that is not ours sends ───────────────────────────────────────────────────────────────────────


async def publish_bytes(
    kafka: str, topic: str, partition: int, headers: list[tuple[bytes, bytes]], value: bytes
) -> None:
    """A record whose headers have names of any bytes: a batch is made with names of letters, and written over."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:
        batch = producer.create_batch()
        letters = [(chr(0x41 + place) * len(name), raw) for place, (name, raw) in enumerate(headers)]
        batch.append(key=None, value=value, timestamp=None, headers=letters)
        batch.close()
        whole = bytes(batch._build())
        for (name, _), (stand_in, _) in zip(headers, letters, strict=True):
            whole = whole.replace(stand_in.encode(), name)
        batch._buffer = bytearray(whole[:CRC] + pack(">I", calc_crc32c(whole[CRC + 4 :])) + whole[CRC + 4 :])
        await (await producer.send_batch(batch, topic, partition=partition))
    finally:
        await producer.stop()


CRC = 17
"""Where a batch's checksum stands, of everything behind it."""
