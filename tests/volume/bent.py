"""How a sound call is bent: its body's JSON, its bytes, its words and its headers, by chance alone.

Every function takes its chance and says in a word what it did, never what stood there. Sizes seldom go beyond what
a process reads whole (2 MB): what is far beyond has its own tests (tests/shared/web/test_edges.py).
"""

import gzip
import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from tests import hostile

Json = Any
Bent = tuple[Json, str]
Thing = TypeVar("Thing")

LONG, OVER = 5_000, 300_000
"""Letters: beyond every field's bound, and beyond what a call may hold (256 kB)."""
DEEP = 400
MANY = 300

TEXTS: Mapping[str, str] = {
    "a NUL": "a\x00b", "half a surrogate": "\ud83d", "the other half": "\udc00x", "two halves": "\ude00\ud83d",
    "right to left": "\u202e守望\u202c", "isolates": "\u2066a\u2069", "zero width": "守\u200b望\u200d\ufeff",
    "an emoji": "👩‍👩‍👧‍👦🏳️‍🌈", "many marks": "e" + "\u0301" * 200, "no character": "\uffff\ufffe",
    "beyond the BMP": "𠮷𪚥" * 9,
    "line ends": "a\r\nb\u2028c\u2029d\x85e", "controls": "\x01\x07\x1b[31m\x7f", "blanks": " \t\u3000\u00a0",
    "full width": "３４１２２１", "a script": "<script>alert(1)</script>", "SQL": "'; DROP TABLE records; --",
    "a template": "{{7*7}}${7*7}%(x)s%n", "a path": "../../../../etc/passwd", "a formula": "=1+1|cmd",
    "long": "长" * LONG,
    "Infinity": "Infinity", "NaN": "NaN", "1e999": "1e999", "an octal": "0o17", "signed": "+1", "under_scored": "1_000",
    "Arabic figures": "٣٤١٢٢١", "no UUID": "00000000-0000-0000-0000-00000000000g",
    "nil": "0" * 8 + "-0000-0000-0000-" + "0" * 12,
    "a UUID in braces": "{6f1e1f6e-5e2c-4e0e-9c39-6f9b7a5d1c11}",
    "a UUID as one word": "6F1E1F6E5E2C4E0E9C396F9B7A5D1C11",
    "a urn": "urn:uuid:6f1e1f6e-5e2c-4e0e-9c39-6f9b7a5d1c11", "year nought": "0000-01-01", "30 February": "2026-02-30",
    "the last day": "9999-12-31", "the first": "0001-01-01", "a leap second": "2026-12-31T23:59:60Z",
    "an hour 24": "2026-01-01T24:00:00Z",
    "another zone": "2026-01-01T00:00:00+99:99", "a week": "2026-W01-1", "a number of seconds": "1764201600",
    "a year alone": "2026",
    "six figures of year": "+100000-01-01", "a word": "no_such_word", "null": "null", "true": "true", "empty": "",
}  # fmt: skip
NUMBERS: Mapping[str, Json] = {
    "nought": 0, "minus one": -1, "minus nought": -0.0, "2^31": 2**31, "-2^31-1": -(2**31) - 1, "2^53+1": 2**53 + 1,
    "2^63": 2**63,
    "-2^63-1": -(2**63) - 1, "2^64": 2**64, "2^200": 2**200, "a half": 0.5, "a tiny": 5e-324, "a huge": 1.7e308,
    "-1e308": -1e308,
    "a third": 0.1 + 0.2, "a hundred thousand": 100_000, "true": True,
}  # fmt: skip
RAW_NUMBERS = (b"NaN", b"-Infinity", b"1e400", b"-0", b"01", b"1.", b".5", b"0x10", b"+1", b"1e-400", b"9" * 4400)
"""In the place of a value, as no writer of JSON gives them."""
ODDITIES: tuple[tuple[str, Json], ...] = (
    *TEXTS.items(), *NUMBERS.items(), *hostile.WRONG.items(), ("nothing", None), ("empty list", []), ("empty object",
    {}),
    ("a list of a list", [[None]]), ("an object of odd names", {"": 0, "\x00": 1, "__proto__": {}, "长" * 300: 2}),
    ("false", False), *((f"sum {one!r:.20}", one) for one in hostile.SUMS), *((f"day {one!r:.20}",
    one) for one in hostile.AHEAD),
    *((f"id number {place}", one) for place, one in enumerate(hostile.NUMBERS)),
)  # fmt: skip


def one_of(chance: random.Random, things: Sequence[Thing]) -> Thing:
    """Takes one number of the chance, however many things there are: what follows stays the same."""
    return things[int(chance.random() * len(things))]


# ── JSON ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def json_bent(chance: random.Random, value: Json) -> Bent:
    """A copy of which one place is something else."""
    steps: list[Any] = []
    inner = value
    while isinstance(inner, dict | list) and inner and (not steps or chance.random() < 0.6):
        place = one_of(chance, list(inner) if isinstance(inner, dict) else range(len(inner)))
        steps.append(place)
        inner = inner[place]
    if not steps:
        return one_of(chance, ODDITIES)[::-1]
    name, way = one_of(chance, WAYS)
    try:
        bent, more = way(chance, inner, steps[-1])
    except RecursionError:
        return value, "nothing"
    where = ".".join(map(str, steps))
    if bent is _GONE:
        return _without(value, steps), f"{where} {name}"
    return hostile.put(value, tuple(steps), bent), f"{where} {name} {more}".rstrip()


_GONE: Any = object()


def _odd(chance: random.Random, value: Json, _: Any) -> Bent:
    name, odd = one_of(chance, ODDITIES)
    return odd, name


def _of_its_kind(chance: random.Random, value: Json, _: Any) -> Bent:
    if isinstance(value, str):
        name, odd = one_of(chance, tuple(TEXTS.items()))
        return odd, name
    if isinstance(value, int | float):
        name, number = one_of(chance, tuple(NUMBERS.items()))
        return number, name
    return _odd(chance, value, _)


def _spliced(chance: random.Random, value: Json, _: Any) -> Bent:
    """A text with something odd within it; of all else a text."""
    text = value if isinstance(value, str) else json.dumps(value)[:LONG]
    name, odd = one_of(chance, tuple(TEXTS.items()))
    at = int(chance.random() * (len(text) + 1))
    return text[:at] + odd[:9] + text[at:], name


def _shifted(chance: random.Random, value: Json, _: Any) -> Bent:
    """Another number, another letter case, the words of a list in another order."""
    match value:
        case bool():
            return not value, "turned"
        case int() | float():
            return one_of(chance, (-value, value + 1, value * 10**6, value / 7, str(value))), "moved"
        case str():
            return one_of(chance, (value.upper(), value[::-1], value[:-1], f" {value} ", value * 2)), "moved"
        case list():
            return value[::-1] + value[:1], "turned"
        case dict():
            return dict(reversed(value.items())), "turned"
    return [value], "moved"


def _retyped(chance: random.Random, value: Json, _: Any) -> Bent:
    made: Sequence[Callable[[Json], Json]] = (
        lambda one: [one], lambda one: {"value": one}, lambda one: json.dumps(one)[:LONG], lambda one: bool(one),
        lambda one: [one, one], lambda one: list(one) if isinstance(one, dict | str) else {"0": one},
    )  # fmt: skip
    at = int(chance.random() * len(made))
    return made[at](value), f"kind {at}"


def _lengthened(chance: random.Random, value: Json, _: Any) -> Bent:
    letters = OVER if chance.random() < 0.02 else LONG
    if isinstance(value, list):
        return (value or [None]) * (MANY if letters == LONG else 3000), "many"
    if isinstance(value, dict):
        return value | {f"more{at}": at for at in range(MANY)}, "many"
    return (str(value) or "x") * (letters // max(1, len(str(value)))), f"to {letters}"


def _deepened(chance: random.Random, value: Json, _: Any) -> Bent:
    depth = 1 + int(chance.random() * DEEP)
    for _at in range(depth):
        value = [value] if depth % 2 else {"a": value}
    return value, str(depth)


def _gone(chance: random.Random, value: Json, name: Any) -> Bent:
    return _GONE, ""


WAYS: tuple[tuple[str, Callable[[random.Random, Json, Any], Bent]], ...] = (
    ("is", _odd), ("is", _odd), ("is", _of_its_kind), ("is", _of_its_kind), ("with", _spliced), ("with", _spliced),
    ("is", _shifted), ("is of", _retyped), ("is long", _lengthened), ("is deep", _deepened), ("is gone",
    _gone),
    ("is gone", _gone),
)  # fmt: skip


def _without(value: Json, steps: Sequence[Any]) -> Json:
    name, *rest = steps
    if rest:
        return hostile.put(value, (name,), _without(value[name], rest))
    if isinstance(value, dict):
        return {one: inner for one, inner in value.items() if one != name}
    return [inner for place, inner in enumerate(value) if place != name]


def added(chance: random.Random, value: Json) -> Bent:
    """An object with a field that nobody asked for."""
    if not isinstance(value, dict):
        return [value], "in a list"
    name = one_of(
        chance, ("more", "", "id", "role", "__class__", "region", "\u200b", "长" * 70, "household_id", "$ref")
    )
    what, odd = one_of(chance, ODDITIES)
    return value | {name: odd}, f"added {what}"


# ── bytes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def written(chance: random.Random, value: Json) -> bytes:
    """JSON as it is written by one hand or another."""
    style = chance.random()
    if style < 0.5:
        return json.dumps(value).encode()
    if style < 0.9:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return json.dumps(value, ensure_ascii=False, indent=3).encode("utf-8", "surrogatepass")


def _cut(chance: random.Random, raw: bytes) -> bytes:
    return raw[: int(chance.random() * len(raw))]


def _with_a_byte(chance: random.Random, raw: bytes) -> bytes:
    at = int(chance.random() * (len(raw) + 1))
    return raw[:at] + bytes([int(chance.random() * 256)]) + raw[at + int(chance.random() * 2) :]


def _with_a_number(chance: random.Random, raw: bytes) -> bytes:
    """In the place of a value, one that no writer of JSON gives."""
    places = [at for at, sign in enumerate(raw) if sign == 0x3A]
    if not places:
        return one_of(chance, RAW_NUMBERS)
    at = one_of(chance, places) + 1
    return raw[:at] + one_of(chance, RAW_NUMBERS) + b', "": ' + raw[at:]


def _twice(chance: random.Random, raw: bytes) -> bytes:
    """Every name of an object a second time, with the same or with another value."""
    if not raw.startswith(b"{") or len(raw) < 3:
        return raw + raw
    return raw.rstrip()[:-1] + b", " + (raw[1:] if chance.random() < 0.5 else raw[1:].replace(b'": ', b'": [], "": '))


def _in_gbk(chance: random.Random, raw: bytes) -> bytes:
    return raw.decode("utf-8", "replace").encode("gbk", "replace") + "守望".encode("gbk")


def _within_a_character(chance: random.Random, raw: bytes) -> bytes:
    """Cut within a character: then its quotation mark."""
    at = raw.find(b"\xe5")
    return raw[: at + 2] + raw[at + 3 :] if at >= 0 else raw[:-1] + b"\xe5\xae"


BREAKS: tuple[tuple[str, Callable[[random.Random, bytes], bytes]], ...] = (
    ("cut off", _cut), ("another byte", _with_a_byte), ("another byte", _with_a_byte), ("a number of no JSON",
    _with_a_number),
    ("names twice", _twice), ("GBK", _in_gbk), ("half a character", _within_a_character),
    ("UTF-16", lambda _, raw: raw.decode("utf-8", "replace").encode("utf-16")),
    ("UTF-32", lambda _, raw: raw.decode("utf-8", "replace").encode("utf-32-be")),
    ("a byte order mark", lambda _, raw: b"\xef\xbb\xbf" + raw), ("gzip", lambda _, raw: gzip.compress(raw, 1,
    mtime=0)),
    ("more behind", lambda _, raw: raw + b"\n}]"), ("single quotes", lambda _, raw: raw.replace(b'"', b"'")),
    ("a comment", lambda _, raw: b"/* */" + raw), ("nothing", lambda _, raw: b""), ("blanks", lambda _,
    raw: b" \r\n\t"),
    ("no JSON", lambda chance, raw: one_of(chance, tuple(hostile.NOT_JSON.values()))),
    ("no object", lambda chance, raw: one_of(chance, tuple(hostile.NO_OBJECT.values()))),
    ("a raw control", lambda _, raw: raw.replace(b'": "', b'": "\x01\x0a', 1)),
    ("in a list", lambda _, raw: b"[" + raw + b"]"), ("as a text", lambda _, raw: json.dumps(raw.decode("utf-8",
    "replace")).encode()),
)  # fmt: skip


def bytes_bent(chance: random.Random, raw: bytes) -> tuple[bytes, str]:
    name, way = one_of(chance, BREAKS)
    return way(chance, raw), name


# ── words of an address, and headers ────────────────────────────────────────────────────────────────────────────────

WORDS = (
    "%00", "a%00b", "%ff%fe", "%ED%A0%80", "%C0%AF", "%", "%zz", "+", "%20", "%E2%80%AE", "%E2%80%8B", "%F0%9F%91%A9",
    "%0d%0aX:%20y", "-1", "0",
    "1", "99999999999999999999", "1e3", "0.5", "NaN", "null", "true", "none", "undefined", "%27%20OR%201%3D1--",
    "..%5C..", "%E5%AE%88", "%CA%D8",
    "2026-02-30", "0000-00-00", "9999-12-31", "%EF%BC%93%EF%BC%94", "%7B%7D", "%5B%5D", "x" * 300, "%E9%95%BF" * 300,
    "9" * 4400, "6f1e1f6e-5e2c-4e0e-9c39-6f9b7a5d1c11",
    "6F1E1F6E5E2C4E0E9C396F9B7A5D1C11", "%7B6f1e1f6e-5e2c-4e0e-9c39-6f9b7a5d1c11%7D",
    "00000000-0000-0000-0000-000000000000", "341221", "3412211022",
    "MDAwMS0wMS0wMlQwMDowMDowMCswMDowMB8f", "e30", "____", "AAAA", "a;b=c", "a:b", "clue:",
    "clue:6f1e1f6e-5e2c-4e0e-9c39-6f9b7a5d1c11",
    "housing%2FB-1", "medical_insurance", "%2e", "~", "@", "*", "%3Cscript%3E",
)  # fmt: skip
"""As they stand in an address. None is empty, and none leads to another endpoint of another method."""
KINDS_OF_BODY = (
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x",
    "application/json; charset=gbk",
    "application/json; charset=utf-16", "application/json; charset=\xff", "application/problem+json",
    "application/x-ndjson", "application/xml",
    "application/octet-stream", "application/json;;;", "APPLICATION/JSON", "json", "", "x" * 4000, "text/json",
    "multipart/mixed; boundary=\"", "*/*",
)  # fmt: skip
HEADERS: tuple[tuple[str, Sequence[str]], ...] = (
    ("accept-language", ("en", "zh-CN,zh;q=0.9", "*", "en;q=nan", "\xff\xfe", "x" * 3000, "", "tlh", "en-" * 500)),
    ("accept", ("text/html", "application/xml", "*/*;q=0", "", "\x80", "image/png, " * 200)),
    ("traceparent", (f"00-{'a' * 32}-{'b' * 16}-01", "00-zz", "", "\xe5", "0" * 3000, f"ff-{'0' * 32}-{'0' * 16}-00")),
    ("idempotency-key", ("", "x" * 200, "x" * 201, "\xe5\xae\x88", "a b\tc", "{}", "\xff" * 40, "'; --")),
    ("content-encoding", ("gzip", "br", "deflate", "identity", "gzip, gzip", "", "\xff", "GZIP")),
    ("prefer", ("respond-async", "return=minimal", "wait=0", "respond-async;x=\xff", "x" * 2000)),
    ("x-forwarded-for", ("", "unknown", "::1", "10.0.0.1, 10.0.0.2", "\xff", "1.2.3.4:99999", "x" * 2000, "[::1",
    ",,,")),
    ("x-forwarded-proto", ("https", "", "ws", "\xff", "javascript")),
    ("range", ("bytes=0-0", "bytes=-1", "bytes=a-b")), ("if-none-match", ("*", '"x"')), ("if-modified-since",
    ("no day",)),
    ("cookie", ("shouwang_session=\xff\xfe", "a=b; " * 300, "=", "x" * 4000)), ("origin", ("null",
    "https://example.org", "\xff")),
    ("x-http-method-override", ("DELETE",)), ("referer", ("\xff", "javascript:1")), ("user-agent", ("", "\xff" * 30)),
)  # fmt: skip
NO_TOKENS = (
    "",
    "Bearer",
    "Bearer x",
    "Basic dXNlcjpwYXNz",
    "Bearer \xff\xfe",
    f"Bearer {'x' * 5000}",
    "Bearer a.b.c",
    "bearer  ",
    "Bearer e30.e30.e30",
)


def header_bent(chance: random.Random) -> tuple[str, str]:
    name, values = one_of(chance, HEADERS)
    return name, one_of(chance, values)
