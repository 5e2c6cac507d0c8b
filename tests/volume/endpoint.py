"""One endpoint as its service's document tells it, and its call of a number: sound, or bent in one to three places."""

import gzip
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from schemathesis.generation import GenerationMode

from tests.contracts.known import in_path
from tests.journeys.road import CADRE, WORKER
from tests.tokens import GRID, VILLAGE
from tests.volume.bent import (
    KINDS_OF_BODY,
    NO_TOKENS,
    WORDS,
    added,
    bytes_bent,
    header_bent,
    json_bent,
    one_of,
    written,
)
from tests.volume.sound import FILES, RECORDS, SOUND, Pool, filled

Json = Any
Who = Mapping[str, Mapping[str, str]]

SOUND_SHARE = 0.25
MEANT_SHARE = 0.75
"""Of the sound ones those that are written by hand; the rest are drawn."""
DRAWN = 30
"""Sound bodies of a call that schemathesis draws from its document."""
FILE_EVERY = 25
"""One form in so many has a file that is read."""
MEANT: Mapping[str, Sequence[str]] = {
    "region": (VILLAGE, VILLAGE[:9], VILLAGE[:6]), "grid": (GRID,), "office": (GRID, VILLAGE), "officer": (WORKER,
    CADRE),
    "q": ("H-0", "欧", "孙"), "household_no": ("H-0001", "H-0002"), "state": ("open", "suppressed", "closed"),
    "level": ("red", "orange", "yellow"), "department": tuple(RECORDS),
}  # fmt: skip
"""What is asked for by a parameter of an address."""
FORM = ("multipart/form-data",)
KEYS = 300
"""Idempotency-Keys of an endpoint: few, so that they come again, with the same body or another."""


@dataclass(slots=True)
class Case:
    """One call, and in a word each place where it is bent."""

    address: str
    headers: dict[str, str]
    body: bytes = b""
    ways: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Endpoint:
    """`meant` and `drawn`: sound bodies, by hand with their ids left open, and from the document.

    `feeds`: the names under which the ids of its answer's items are learnt. `able`: callers by whom it was not refused.
    `answered`: so often with 2xx.
    """

    service: str
    method: str
    path: str
    places: Sequence[str]
    query: Sequence[tuple[str, Json]]
    media: Sequence[str]
    meant: Sequence[Json]
    drawn: Sequence[Json]
    is_kept: bool
    feeds: Sequence[str]
    able: list[str] = field(default_factory=list)
    answered: int = 0

    @property
    def call(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def name(self) -> str:
        return f"{self.service} {self.call}"


def endpoints(service: str, document: Json, seed: int) -> list[Endpoint]:
    """Every call of a service, those that change nothing first."""
    schema = schemathesis.openapi.from_dict(document)
    known = [told.ok() for told in schema.get_all_operations()]  # type: ignore[union-attr]
    drawn = {one.label: _drawn(one, seed) for one in known if one.body}
    calls = {f"{method.upper()} {path}": told for path, of in document["paths"].items() for method, told in of.items()}
    found = [_endpoint(service, call, told, drawn.get(call, ()), calls) for call, told in calls.items()]
    return sorted(found, key=lambda one: (one.method != "GET", one.call))


def _endpoint(service: str, call: str, told: Json, drawn: Sequence[Json], calls: Mapping[str, Json]) -> Endpoint:
    method, _, path = call.partition(" ")
    below = [f"{service} {one} id" for one in calls if one.partition(" ")[2].startswith(f"{path}/{{id}}")]
    named = [one for one in told.get("parameters", ()) if "name" in one]
    return Endpoint(
        service, method, path, in_path(told), [(one["name"], one["schema"]) for one in named if one["in"] == "query"],
        tuple(told.get("requestBody", {}).get("content", ())), SOUND.get(call, ()), drawn,
        len(named) < len(told.get("parameters", ())), below if method == "GET" else (),
    )  # fmt: skip


def _drawn(call: Any, seed: int) -> list[Json]:
    """Bodies that its document allows."""
    found: list[Json] = []

    @seeded(seed)
    @settings(
        max_examples=DRAWN, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=call.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def draw(case: Any) -> None:
        found.append(case.body)

    draw()
    return [one for one in found if isinstance(one, dict)]


# ── a call of a number ──────────────────────────────────────────────────────────────────────────────────────────────


def made(seed: int, one: Endpoint, number: int, pool: Pool, who: Who) -> Case:
    """The call of this number. The same again for the same seed, where the pool and the tokens are the same."""
    chance = random.Random(f"{seed}:{one.name}:{number}")
    is_sound = chance.random() < SOUND_SHARE
    by_anybody = chance.random() < (0.1 if is_sound else 0.35)
    caller = one_of(chance, tuple(who) if by_anybody or not one.able else one.able)
    return asked(one, chance, pool, who[caller], () if is_sound else _bends(one, chance))


def asked(one: Endpoint, chance: random.Random, pool: Pool, token: Mapping[str, str], bends: Sequence[str]) -> Case:
    """A call by the holder of this token, bent in these respects."""
    there, body = _said(one, pool, chance)
    case = Case("", dict(token))
    case.address = _address(one, there, bends, chance, case.ways) + _query(one, pool, bends, chance, case.ways)
    _headers(one, token, bends, chance, case)
    if one.media == FORM:
        _form(bends, chance, case)
    elif len(one.media) > 1:
        _records(there.get("code", ""), pool, bends, chance, case)
    else:
        _json(one, body, bends, chance, case)
    if "kind" in bends:
        case.headers["content-type"] = one_of(chance, KINDS_OF_BODY)
        case.ways.append("another kind of body")
    return case


def _said(one: Endpoint, pool: Pool, chance: random.Random) -> tuple[Mapping[str, str], Json]:
    """The address's values as far as anything is known of them, and a sound body."""
    there = pool.there(one.service, one.call, one.places, chance)
    if one.media == FORM:
        there["code"] = "medical_insurance"  # whose headings the files have
    by_hand, offered = chance.random() < MEANT_SHARE, pool.one(f"{one.call} said", chance)
    if by_hand and offered is not None:
        return offered  # type: ignore[no-any-return]
    templates = one.meant if by_hand and one.meant else one.drawn or one.meant
    return there, filled(one_of(chance, templates), pool, chance) if templates else None


def _bends(one: Endpoint, chance: random.Random) -> list[str]:
    can = ["header", *(["path"] if one.places else ()), *(["query"] * 3 if one.query else ())]
    can += ["value"] * 6 + ["bytes", "bytes", "kind"] if one.media else ["body", "query"]
    return [one_of(chance, can) for _ in range(1 + int(chance.random() * 3))]


def _address(
    one: Endpoint, there: Mapping[str, str], bends: Sequence[str], chance: random.Random, ways: list[str]
) -> str:
    parts = []
    for part in one.path.split("/"):
        if not part.startswith("{"):
            parts.append(part)
            continue
        name = part[1:-1]
        if "path" in bends or name not in there:
            parts.append(one_of(chance, WORDS))
            ways.append(f"{name} of another kind")
        else:
            parts.append(quote(there[name], safe=""))
    return "/".join(parts)


def _query(one: Endpoint, pool: Pool, bends: Sequence[str], chance: random.Random, ways: list[str]) -> str:
    given = []
    for name, schema in one.query:
        if chance.random() < 0.25:
            given.append(urlencode({name: _meant(one, name, schema, pool, chance)}))
    for _ in range(bends.count("query")):
        name = one_of(chance, [*(name for name, _ in one.query), "more", "%00", "after[]", "limit"])
        given.append(f"{name}={one_of(chance, WORDS)}")
        ways.append(f"query {name}")
    return f"?{'&'.join(given)}" if given else ""


def _meant(one: Endpoint, name: str, schema: Json, pool: Pool, chance: random.Random) -> str:
    if name == "after":
        return str(pool.one(f"{one.name} after", chance) or "")
    if name in ("household", "person"):
        return ("household:" if name == "person" else "") + str(pool.one("household_id", chance))
    told = [schema, *schema.get("anyOf", ()), *(part.get("items", {}) for part in schema.get("anyOf", ()))]
    words = next((part["enum"] for part in told if "enum" in part), MEANT.get(name))
    if words:
        return str(one_of(chance, words))
    kinds = {word for part in told for word in (part.get("type"), part.get("format"))}
    if "boolean" in kinds:
        return one_of(chance, ("true", "false"))
    if "integer" in kinds:
        return str(1 + int(chance.random() * 12))
    return "2026-10-03" if "date" in kinds else str(pool.one("household_id", chance))


def _headers(one: Endpoint, token: Mapping[str, str], bends: Sequence[str], chance: random.Random, case: Case) -> None:
    if one.is_kept and chance.random() < 0.4:
        case.headers["idempotency-key"] = f"k-{int(chance.random() * KEYS)}"
    if not token:
        # Farmers' calls are bounded by address: some come from one that has asked too much, most do not.
        far = ".".join(str(int(chance.random() * 256)) for _ in range(3))
        case.headers["x-forwarded-for"] = f"10.{far if chance.random() < 0.95 else '0.0.1'}"
    for _ in range(bends.count("header")):
        name, value = ("authorization", one_of(chance, NO_TOKENS)) if chance.random() < 0.06 else header_bent(chance)
        case.headers.pop(name.title(), None)
        case.headers[name] = value
        case.ways.append(f"header {name}")


# ── bodies ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _json(one: Endpoint, body: Json, bends: Sequence[str], chance: random.Random, case: Case) -> None:
    if one.media:
        case.headers["content-type"] = one.media[0]
        case.body = _bytes_of(body, bends, chance, case)
    elif "body" in bends:
        case.headers["content-type"] = "application/json"
        case.body = _bytes_of({}, ("value", "bytes"), chance, case)
    elif one.method != "GET" and chance.random() < 0.5:
        case.body = b"{}"


def _bytes_of(value: Json, bends: Sequence[str], chance: random.Random, case: Case) -> bytes:
    for _ in range(bends.count("value")):
        value, way = (added if chance.random() < 0.1 else json_bent)(chance, value)
        case.ways.append(way)
    raw = written(chance, value)
    for _ in range(bends.count("bytes")):
        raw, way = bytes_bent(chance, raw)
        case.ways.append(way)
    return raw


def _records(code: str, pool: Pool, bends: Sequence[str], chance: random.Random, case: Case) -> None:
    """One to four records of the department, of which the bends are the first one's; as lines, as an array, as gzip."""
    sound = RECORDS.get(code) or RECORDS["housing"]
    records = [filled(one_of(chance, sound), pool, chance) for _ in range(1 + int(chance.random() * 4))]
    first = _bytes_of(records[0], bends, chance, case)
    rest = [written(chance, one) for one in records[1:]]
    is_array, is_packed = chance.random() < 0.3, chance.random() < 0.1
    body = b"[" + b",".join([first, *rest]) + b"]" if is_array else b"\n".join([first, *rest])
    case.headers["content-type"] = "application/json" if is_array else "application/x-ndjson"
    if is_packed:
        case.headers["content-encoding"] = "gzip"
    case.body = gzip.compress(body, 1, mtime=0) if is_packed else body


def _form(bends: Sequence[str], chance: random.Random, case: Case) -> None:
    """A form whose file is read, now and then; mostly one that is none, or has none."""
    is_read = chance.random() < 1 / FILE_EVERY
    (name, content), edge = one_of(chance, FILES), "守望x" if chance.random() < 0.02 else "x7x"
    field_name = "file" if is_read else one_of(chance, ("files", "File", "", "file[]", 'a"b', "\x00"))
    head = f'Content-Disposition: form-data; name="{field_name}"; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n'
    case.body = f"--{edge}\r\n{head}".encode() + content + f"\r\n--{edge}--\r\n".encode()
    case.headers["content-type"] = f"multipart/form-data; boundary={edge}".encode().decode("latin-1")
    if is_read:
        if chance.random() < 0.3:
            case.headers["prefer"] = "respond-async"
        return
    case.ways.append(f"field {field_name!r}")
    for _ in range(bends.count("bytes") + bends.count("value")):
        case.body, way = bytes_bent(chance, case.body)
        case.ways.append(way)
