"""A department's record: from hostile bytes to a typed record or a refusal, its head, and its rows. Method 3.

A record is named by (department, record id); its versions are history, its head says which version is the newest and
under which household it stands now. The head lies in the digest of the key row `record:<department>:<record id>`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal
from uuid import UUID

import asyncpg
import msgspec
import orjson

from services.intake.departments import kind_of
from services.intake.departments.rural_revitalization import NEVER, HouseholdForm, household_no, is_village_code
from services.intake.fields import Fields
from services.intake.kind import Kind
from services.intake.rejection import Fault, Wrong
from services.intake.vault import Vault
from shared.domain.identity import Identity, identify, normalise
from shared.postgres import queries

SQL = queries(__file__)

RECORD_BYTES_MAX = 256 * 1024
VERSION_MAX = 2**31 - 1
NUMBER_LEAST = 15
"""Digits of an old identity number; a record id of fewer holds none, and is looked at no further."""
EVERYWHERE_REGION = "340000000000"
"""The province, for what has no county: seen by nobody below it."""

Op = Literal["upsert", "withdraw"]


@dataclass(frozen=True, slots=True)
class Origin:
    """How a record came. `county` is the sender's place as a prefix, empty where it is not told (a topic, the system).

    `line` counts from 1 in its batch, blank lines too, `number` the records alone; `prefix` chains the hashes of all
    records up to this one; `holder` is the call that reads them; `row` a file's cells, kept of what is refused.
    """

    channel: Literal["http", "kafka"]
    county: str = ""
    batch_id: UUID | None = None
    line: int = 0
    number: int = 0
    prefix: bytes = b""
    holder: str = ""
    row: bytes = field(default=b"", repr=False)

    @property
    def region(self) -> str:
        return self.county.ljust(12, "0") if self.county else EVERYWHERE_REGION


@dataclass(frozen=True, slots=True)
class Named:
    """Whom a record is about, as the ids that its numbers give: known to the register or not."""

    person_id: UUID | None
    household_id: UUID | None
    has_none: bool = False
    """The person is told to have no ID number (999999…): matched by a person, never by a machine."""


@dataclass(frozen=True, slots=True, repr=False)
class Sent:
    """One record that could be read. `told` is None for a withdrawal; `members` are the ids of a household's members.

    Its repr shows nothing: `payload` is the record as it came.
    """

    department: str
    record_id: str
    version: int
    op: Op
    kind: Kind | None
    occurred_on: date | None
    named: Named
    told: Any
    members: tuple[UUID, ...]
    days: tuple[tuple[str, date], ...]
    payload: bytes
    content: bytes
    origin: Origin
    village: str | None = None
    """The village that its subject names, by its sender's word."""
    flag: str = ""
    """What is odd in it: the word of its acceptance."""

    @property
    def key(self) -> str:
        return key_of(self.department, self.record_id)

    @property
    def region(self) -> str:
        """Where it is looked for while its household is not known: its village, if that is its sender's to name."""
        is_own = self.village is not None and self.village.startswith(self.origin.county)
        return self.village if self.village and is_own else self.origin.region

    @property
    def about(self) -> str:
        return self.kind.about if self.kind else ""

    def ahead_of(self, today: date) -> Fault | None:
        """What is wrong where one of its days, a birth too, lies after today."""
        place = next((place for place, day in self.days if day > today), None)
        if place is None:
            return None
        return Fault("id_born_in_future" if place.endswith("id_no") else "date_in_future", place)


@dataclass(frozen=True, slots=True)
class Refused:
    """One record that could not be read, or must not be taken. `record_id` where it was readable and holds no one's
    data."""

    department: str
    fault: Fault
    record_id: str | None
    origin: Origin


class Head(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a record: its newest version and where it is told. `household` is None where it says nothing
    (withdrawn, parked, or never said); `revision` counts its links, so that each telling has an id of its own."""

    version: int
    content: bytes
    kind: str
    occurred: int
    """`occurred_on` of what is told, as an ordinal; 0 where nothing ever was."""
    county: str
    household: bytes | None
    person: bytes | None
    revision: int
    is_parked: bool

    @property
    def household_id(self) -> UUID | None:
        return UUID(bytes=self.household) if self.household else None

    @property
    def person_id(self) -> UUID | None:
        return UUID(bytes=self.person) if self.person else None

    def packed(self) -> bytes:
        return msgspec.msgpack.encode(self)


def head_of(digest: bytes | None) -> Head | None:
    return msgspec.msgpack.decode(digest, type=Head) if digest else None


def key_of(department: str, record_id: str) -> str:
    return f"record:{department}:{record_id}"


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def parse(raw: bytes | None, department: str, origin: Origin, vault: Vault, *, is_kept: bool = False) -> Sent | Refused:
    """One record from its bytes, plain JSON or a CloudEvent with the record in `data`. Never raises for any bytes.

    `is_kept`: it was taken before, whatever its id holds.
    """
    record_id: str | None = None
    try:
        values, payload = _object(raw)
        fields = Fields(values)
        record_id = _record_id(fields)
        sent = _sent(fields, payload, record_id, department, origin, vault)
        if not is_kept and _holds_number(record_id, fields, sent.told):
            record_id = None
            raise Wrong("record_id_holds_id_no", "record_id")
        return sent
    except Wrong as wrong:
        return Refused(department, wrong.fault, record_id, origin)


def again(row: Any, vault: Vault) -> Sent:
    """A stored record, opened and read again. Raises ValueError where it no longer can be."""
    payload = vault.open_payload(row["department"], row["record_id"], row["version"], row["payload"])
    found = parse(payload, row["department"], Origin(row["channel"], row["county"]), vault, is_kept=True)
    if isinstance(found, Refused):
        raise ValueError(f"a stored record is refused now: {found.fault.code}")
    return found


def _object(raw: bytes | None) -> tuple[dict[str, Any], bytes]:
    if raw is None or not raw.strip():
        raise Wrong("not_json")
    if len(raw) > RECORD_BYTES_MAX:
        raise Wrong("too_large")
    try:
        values = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Wrong("not_json") from None
    if isinstance(values, dict) and "specversion" in values and isinstance(values.get("data"), dict):
        values = values["data"]
        raw = _dumped(values)
    if not isinstance(values, dict):
        raise Wrong("not_an_object")
    return values, raw


def _record_id(fields: Fields) -> str:
    told = fields.values.get("record_id")
    if isinstance(told, int) and not isinstance(told, bool):
        fields = Fields({"record_id": str(told)})
    found = fields.must_text("record_id")
    # It travels in events, key rows and addresses: an ID number must not.
    if any(isinstance(identify(part, NEVER), Identity) for part in _runs(found)):
        raise Wrong("record_id_holds_id_no", "record_id")
    return found


def _holds_number(record_id: str, fields: Fields, told: Any) -> bool:
    """Whether one of the numbers that the record tells stands in its id, whatever is written around or within it."""
    plain = normalise(record_id)
    if len(plain) < NUMBER_LEAST or sum(map(str.isdigit, plain)) < NUMBER_LEAST:
        return False
    text = fields.object("subject").text("id_no") or ""
    found = identify(text, NEVER)
    numbers = {found.number, normalise(text)[:18]} if isinstance(found, Identity) else set()
    numbers |= {one.number for one in told.members if one.number} if isinstance(told, HouseholdForm) else set()
    return any(number in plain for number in numbers)


def _runs(text: str) -> list[str]:
    """What might be an 18-character number within a text: the runs of digits (with an X) that are long enough."""
    found, run = [], ""
    for sign in f"{text} ":
        if sign.isdigit() or sign in "Xx":
            run += sign
        else:
            found.append(run)
            run = ""
    return [one[-18:] for one in found if len(one) >= 18]


def _sent(fields: Fields, payload: bytes, record_id: str, department: str, origin: Origin, vault: Vault) -> Sent:
    version = fields.must_number("version", 1, VERSION_MAX)
    op: Any = fields.choice("op", ("upsert", "withdraw")) or "upsert"
    named, kind, occurred_on, told, region, flag = Named(None, None), None, None, None, None, ""
    members: tuple[UUID, ...] = ()
    if op == "upsert":
        named, region, number = _subject(fields.object("subject"), fields.days, vault)
        kind = kind_of(department, fields.must_text("kind"))
        if kind is None:
            raise Wrong("unknown_kind", "kind")
        occurred_on = fields.must_day("occurred_on")
        data = _data(fields, kind, region, number)
        told = kind.check(data, occurred_on)
        flag = kind.flag(data, told) if kind.flag else ""
        if isinstance(told, HouseholdForm):
            named, members = _household_ids(told, number, vault)
        elif not (named.person_id or named.household_id or named.has_none):
            raise Wrong("subject_missing", "subject")
    return Sent(
        department, record_id, version, op, kind, occurred_on, named, told, members,
        tuple(fields.days), payload, vault.fingerprint(_canonical(fields.values)), origin,
        region if region and is_village_code(region) else None, flag,
    )  # fmt: skip


def _subject(subject: Fields, days: list[tuple[str, date]], vault: Vault) -> tuple[Named, str | None, str | None]:
    """The ids that a subject names, its region and its household number."""
    number = household_no(subject, "household_no")
    household_id = vault.household_id(number) if number else None
    region, told = subject.loose("region"), subject.text("id_no")
    found = identify(told, NEVER) if told else None
    if isinstance(found, Identity):
        days.append((subject.place("id_no"), found.born_on))
        return Named(vault.person_id(found.number), household_id), region, number
    if found is not None and found.code != "id_none":
        raise Wrong(found.code, subject.place("id_no"))
    return Named(None, household_id, has_none=found is not None), region, number


def _data(fields: Fields, kind: Kind, region: str | None, number: str | None) -> Fields:
    data = fields.object("data")
    if kind.about != "register":
        return data
    return Fields({"household_no": number, **data.values, "region": region}, data.path, data.days)


def _household_ids(form: HouseholdForm, number: str | None, vault: Vault) -> tuple[Named, tuple[UUID, ...]]:
    if number is not None and number != form.household_no:
        raise Wrong("household_no_differs", "data.household_no")
    members = tuple(
        vault.person_id(one.number) if one.number else vault.unnumbered_id(form.household_no, one.name, one.relation)
        for one in form.members
    )
    if len(set(members)) < len(members):
        raise Wrong("member_twice", "data.members")
    return Named(None, vault.household_id(form.household_no)), members


def _canonical(values: Mapping[str, Any]) -> bytes:
    """One form for equal contents: keys sorted, fields that are null left out where senders leave them out."""
    plain = {
        name: {inner: one for inner, one in value.items() if one is not None} if isinstance(value, dict) else value
        for name, value in values.items()
        if value is not None
    }
    return _dumped(plain, orjson.OPT_SORT_KEYS)


def _dumped(values: Any, option: int = 0) -> bytes:
    try:
        return orjson.dumps(values, option=option)
    except orjson.JSONEncodeError:
        raise Wrong("too_deep") from None


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One version as it is kept. `household_id` is whom it was linked to when it came."""

    sent: Sent
    line: int
    kind: str
    outcome: Literal["accepted", "parked"]
    is_history: bool
    household_id: UUID | None
    person_id: UUID | None
    region: str
    grid: str | None


@dataclass(frozen=True, slots=True)
class RejectionRow:
    refused: Refused
    line: int


@dataclass(frozen=True, slots=True)
class RepeatRow:
    sent: Sent
    line: int


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A version that came earlier is about this household now."""

    department: str
    record_id: str
    version: int
    household_id: UUID
    person_id: UUID | None
    region: str
    grid: str


async def insert_records(connection: asyncpg.Connection, rows: Sequence[RecordRow], vault: Vault, now: Any) -> None:
    sent = [row.sent for row in rows]
    await connection.execute(
        SQL.insert_records,
        [one.department for one in sent],
        [one.record_id for one in sent],
        [one.version for one in sent],
        [one.op for one in sent],
        [row.kind for row in rows],
        [one.occurred_on for one in sent],
        [one.content for one in sent],
        [vault.seal_payload(one.department, one.record_id, one.version, one.payload) for one in sent],
        [row.outcome for row in rows],
        [row.is_history for row in rows],
        [one.origin.channel for one in sent],
        [one.origin.batch_id for one in sent],
        [row.line for row in rows],
        now,
        [row.household_id for row in rows],
        [row.person_id for row in rows],
        [row.region for row in rows],
        [row.grid for row in rows],
    )


async def insert_rejections(connection: asyncpg.Connection, rows: Sequence[RejectionRow], now: Any) -> None:
    refused = [row.refused for row in rows]
    await connection.execute(
        SQL.insert_rejections,
        [one.department for one in refused],
        [one.origin.channel for one in refused],
        [one.origin.batch_id for one in refused],
        [row.line for row in rows],
        [one.record_id for one in refused],
        [one.fault.code for one in refused],
        [one.fault.field for one in refused],
        now,
        [one.origin.region for one in refused],
    )


async def insert_repeats(connection: asyncpg.Connection, rows: Sequence[RepeatRow], now: Any) -> None:
    sent = [row.sent for row in rows]
    await connection.execute(
        SQL.insert_repeats,
        [one.department for one in sent],
        [one.origin.channel for one in sent],
        [one.origin.batch_id for one in sent],
        [row.line for row in rows],
        [one.record_id for one in sent],
        [one.version for one in sent],
        now,
        [one.origin.region for one in sent],
    )


async def link(connection: asyncpg.Connection, rows: Sequence[LinkRow]) -> None:
    await connection.execute(
        SQL.link,
        [row.department for row in rows],
        [row.record_id for row in rows],
        [row.version for row in rows],
        [row.household_id for row in rows],
        [row.person_id for row in rows],
        [row.region for row in rows],
        [row.grid for row in rows],
    )
