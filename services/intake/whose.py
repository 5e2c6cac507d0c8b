"""Whose it is: what nobody could be found for, beside what the register knows, and a person's "not ours".

What tells something red, and whoever declared, is matched within hours; they come first.
What was sent is shown masked, below township without what the department said. A machine compares, a person
decides.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.intake.record import Sent
from services.intake.shown import shown_subject, shown_version
from services.intake.telling import contact_of, told_home
from services.intake.vault import Vault
from shared.access.roles import Grade
from shared.domain.identity import mask_name, mask_number, mask_phone, normalise
from shared.messaging.room import Decided
from shared.policy import Policy
from shared.postgres import queries
from shared.web.cursor import SEPARATOR, packed, unpacked

SQL = queries(__file__)

CLUE = "clue:"
"""Before the id of who reported and is in no register; a parked record's id has no colon."""
NAMESAKES_MAX, MEMBERS_MAX = 60, 12
TOWNSHIP_DIGITS = 9
"""Names are compared within a township: further off a name says nothing."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """What waits for a person's word: a parked record, or a report under a provisional household."""

    department: str = ""
    record_id: str = ""
    clue_id: UUID | None = None

    @property
    def name(self) -> str:
        """As an answer about it is kept."""
        return f"{CLUE}{self.clue_id}" if self.clue_id else f"{self.department}{SEPARATOR}{self.record_id}"

    @property
    def id(self) -> str:
        """As calls name it."""
        return self.name if self.clue_id else packed(self.department, self.record_id)

    @classmethod
    def read(cls, id: str) -> "Unmatched | None":
        """None for what is no id of ours."""
        try:
            if id.startswith(CLUE):
                return cls(clue_id=UUID(id.removeprefix(CLUE)))
            department, record_id = unpacked(id, 2)
        except ValueError:
            return None
        return cls(department, record_id)


# ── what is red by itself ───────────────────────────────────────────────────────────────────────────────────────────


def is_red(sent: Sent, policy: Policy, on: date) -> bool:
    """Whether one of a record's coded values alone is red by the policy's table of its kind."""
    if sent.kind is None or sent.told is None:
        return False
    table = f"{sent.department}.{sent.kind.name}"
    return any(_gives_red(policy, table, code, on) for code in _codes(sent.told))


def _codes(told: Any) -> Iterable[str]:
    """A value by itself (D), and with its field (quality_fail)."""
    fields = told.model_dump() if hasattr(told, "model_dump") else {}
    for name, value in fields.items():
        if isinstance(value, str):
            yield value
            yield f"{name}_{value}"


def _gives_red(policy: Policy, table: str, code: str, on: date) -> bool:
    try:
        return policy.level(table, code, on).value == "red"
    except LookupError:
        return False


async def mark_red(connection: asyncpg.Connection, decided: Sequence[Decided], policy: Policy, on: date) -> None:
    """Of the records parked in this transaction, after they have been: one statement, and only where one is red or may
    have been before."""
    parked = [one.input.body for one in decided if one.decision.outcome == "parked"]
    red = {sent.key: is_red(sent, policy, on) for sent in parked}
    told = {sent.key: sent for sent in parked if red[sent.key] or sent.version > 1}
    if told:
        await connection.execute(
            SQL.mark_red,
            [one.department for one in told.values()],
            [one.record_id for one in told.values()],
            [red[key] for key in told],
        )


# ── the list ────────────────────────────────────────────────────────────────────────────────────────────────────────


def listed(row: Mapping[str, Any], matched_within: timedelta) -> dict[str, Any]:
    """One that waits, with its clock where something red or a declaration stands behind it."""
    subject = Unmatched(row["department"] or "", row["record_id"] or "", row["clue_id"])
    return {
        "id": subject.id, "what": row["what"], "department": row["department"], "record_id": row["record_id"],
        "kind": row["kind"], "reason": row["reason"], "channel": row["channel"], "concerns": row["concerns"] or [],
        "display_name": row["display_name"], "region": row["region"], "since": row["since"],
        "is_urgent": row["is_urgent"], "due_at": row["since"] + matched_within if row["is_urgent"] else None,
        "household_id": str(row["household_id"]) if row["what"] == "clue" else None,
        "not_ours": {"at": row["said_at"], "by": row["said_by"], "role": row["role"], "reason": row["said"]}
        if row["said_at"] else None,
    }  # fmt: skip


# ── both sides ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """What was sent about somebody, opened: for comparing, never for an answer. Its repr shows nothing."""

    name: str | None
    person_id: UUID | None
    household_id: UUID | None
    region: str
    shown: Mapping[str, Any]
    full: Mapping[str, Any]
    """What an audited look shows besides: names and a phone; numbers stay masked."""


async def told_of_record(
    connection: asyncpg.Connection, subject: Unmatched, vault: Vault, grade: Grade
) -> tuple[Told, Mapping[str, Any]] | None:
    """A parked record, opened; None where it is not parked in the caller's rows."""
    row = await connection.fetchrow(SQL.parked_one, subject.department, subject.record_id)
    if row is None:
        return None
    payload = vault.open_payload(subject.department, subject.record_id, row["version"], row["payload"])
    named = orjson.loads(payload).get("subject")
    named = named if isinstance(named, dict) else {}
    version = shown_version(subject.department, subject.record_id, row, grade, vault)
    name = named.get("name") if isinstance(named.get("name"), str) else None
    shown = {"subject": shown_subject(named), "version": {**version, "data": _without_subject(version["data"])}}
    found = Told(
        name, row["named_person_id"], row["named_household_id"], row["region"], shown,
        {"name": name, "phone": None, "address": None, "contact_person": None},
    )  # fmt: skip
    return found, dict(row)


def _without_subject(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != "subject"}


async def told_of_clue(
    connection: asyncpg.Connection, clue_id: UUID, vault: Vault
) -> tuple[Told, Mapping[str, Any]] | None:
    """Who reported and is in no register; the words of the report stay with its task."""
    row = await connection.fetchrow(SQL.clue_one, clue_id)
    if row is None:
        return None
    told = orjson.loads(vault.open("clues", "told", clue_id, row["told"]))
    person = contact_of(told)
    name, phone, number = told.get("name"), told.get("phone") or person.get("phone"), told.get("id_no")
    subject = {
        "id_no": mask_number(normalise(number)) if number else None, "name": mask_name(name) if name else None,
        "household_no": told.get("household_no"), "region": row["region"],
        "phone": mask_phone(phone) if phone else None,
    }  # fmt: skip
    full = {"name": name, "phone": phone, "address": told_home(told), "contact_person": person.get("name")}
    found = Told(name, row["named_person_id"], row["named_household_id"], row["region"], {"subject": subject}, full)
    return found, dict(row)


async def candidates(connection: asyncpg.Connection, told: Told, vault: Vault) -> list[dict[str, Any]]:
    """Households of the caller's rows that it may be, with what speaks for each; the strongest first."""
    because: dict[UUID, set[str]] = {}
    for row in await connection.fetch(SQL.by_ids, told.person_id, told.household_id):
        because.setdefault(row["household_id"], set()).add(row["because"])
    for row in await _namesakes(connection, told, vault):
        because.setdefault(row["household_id"], set()).add("name")
        if row["region"] == told.region:
            because[row["household_id"]].add("village")
    homes = await connection.fetch(SQL.homes, list(because))
    members: dict[UUID, list[Any]] = {}
    for one in await connection.fetch(SQL.members, list(because), MEMBERS_MAX):
        members.setdefault(one["household_id"], []).append(one)
    found = [_candidate(home, because[home["household_id"]], members, vault) for home in homes]
    return sorted(found, key=lambda one: (-sum(WEIGHT[why] for why in one["because"]), one["household_no"]))


WEIGHT = {"id_no": 8, "household_no": 4, "name": 2, "village": 1}


async def _namesakes(connection: asyncpg.Connection, told: Told, vault: Vault) -> list[asyncpg.Record]:
    """Members of the township with the very name, read from their sealed ones."""
    if not told.name or not told.region[6:TOWNSHIP_DIGITS].strip("0"):
        return []
    place = told.region[:TOWNSHIP_DIGITS]
    rows = await connection.fetch(
        SQL.namesakes, place.ljust(12, "0"), place.ljust(12, "9"), mask_name(told.name), NAMESAKES_MAX
    )
    wanted = told.name.strip()
    return [row for row in rows if vault.open("persons", "name", row["person_id"], row["name"]).strip() == wanted]


def _candidate(home: Any, because: set[str], members: Mapping[UUID, Sequence[Any]], vault: Vault) -> dict[str, Any]:
    return {
        "household_id": str(home["household_id"]), "household_no": home["household_no"],
        "display_name": home["display_name"], "region": home["region"], "group": home["village_group"],
        "size": home["size"], "because": [one for one in WEIGHT if one in because],
        "members": [_member_shown(one, vault) for one in members.get(home["household_id"], ())],
    }  # fmt: skip


def _member_shown(one: Any, vault: Vault) -> dict[str, Any]:
    sealed = one["id_no"]
    number = vault.open("persons", "id_no", one["person_id"], sealed) if sealed else None
    return {
        "display_name": one["display_name"], "relation": one["relation"], "birth_year": one["birth_year"],
        "id_no": mask_number(number) if number else None, "is_left": one["is_left"],
    }  # fmt: skip
