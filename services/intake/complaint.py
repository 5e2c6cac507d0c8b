"""Complaints, objections and what is told in confidence: held by an independent handler alone.

A complaint goes one level above whoever it is about: about a village or a grid to its township, about a township or a
person to the county, about a county's office to the city. Its row stands under the handler's own place, so that row
scope itself shows nothing below. It makes no fact, no log word and no figure of its own.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg
import orjson

from services.intake.channels.words import plain_name
from services.intake.vault import Vault
from shared.contracts.clue import Clue
from shared.contracts.envelope import event_id
from shared.domain.division import is_village_open, trim
from shared.messaging.room import Decision, Emit
from shared.postgres import queries

SQL = queries(__file__)

OBJECTED = "shouwang.clue.objected.v1"
NOTICED_MAX = 200
"""So many notices hang in one village at once, at most."""

_OFFICE = re.compile(r"([0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})(?:-[0-9A-Za-z_]{1,40})?")


@dataclass(frozen=True, slots=True, repr=False)
class Complained:
    """One complaint, read and checked. `told` is the sealed part as JSON; `household_id` whom an objection is about."""

    complaint_id: UUID
    call_id: UUID
    boundary: Literal["clue", "objection"]
    channel: str
    village: str
    household_id: UUID | None
    about_offices: tuple[str, ...]
    about_officers: tuple[str, ...]
    is_confidential: bool
    role: str
    told: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """A household on a public notice, with where it lives."""

    household_id: UUID
    is_matched: bool
    concerns: tuple[str, ...]
    region: str
    grid: str | None


def held_at(complained: Complained) -> str:
    """The place whose handler holds it, 12 digits. Of a village that is in no list the township posts the notice, so
    that an objection to it is the county's."""
    levels = [_level(one) for one in complained.about_offices]
    village = complained.village
    if 4 in levels or 2 in levels:
        return village[:2].ljust(12, "0")
    if 6 in levels:
        return village[:4].ljust(12, "0")
    is_about_officials = complained.boundary == "clue" and not levels
    is_township_s = complained.boundary == "objection" and is_village_open(village)
    if 9 in levels or 0 in levels or complained.about_officers or is_about_officials or is_township_s:
        return village[:6].ljust(12, "0")
    return village[:9].ljust(12, "0")


def _level(office: str) -> int:
    """How many digits its place has, noughts on the right left out; 0 where the reference is none that we know."""
    found = _OFFICE.fullmatch(office)
    return len(trim(found[1])) if found else 0


def complain(complained: Complained, noticed: Noticed | None, now: datetime) -> Decision:
    """Kept for its handler. An objection to a household on a notice is told to its case, without words or reporter."""
    emits = (_objected(complained, noticed, now),) if noticed else ()
    answer = {"complaint_id": str(complained.complaint_id), "received_at": now.isoformat()}
    return Decision(emits=emits, rows=(complained,), answer=answer)


def _objected(complained: Complained, noticed: Noticed, now: datetime) -> Emit:
    key = str(noticed.household_id)
    clue = Clue(
        clue_id=complained.complaint_id, household_id=noticed.household_id, is_matched=noticed.is_matched, cause="clue",
        channel="notice", concerns=noticed.concerns, reported_at=now, reported_by_role="restricted",
    )  # fmt: skip
    return Emit(
        "clue.reported", OBJECTED, key, event_id(str(complained.complaint_id), OBJECTED, key), noticed.region, clue,
        grid=noticed.grid,
    )  # fmt: skip


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def noticed_household(
    connection: asyncpg.Connection, vault: Vault, village: str, name: str | None, number: UUID | None
) -> Noticed | None:
    """The one household on a notice in this village that an objection names, by number or by its head's name."""
    rows = await connection.fetch(SQL.noticed, village, NOTICED_MAX)
    found = [row for row in rows if number in (row["household_id"], row["matched_household_id"]) and number]
    if not found and name:
        found = [row for row in rows if _name_of(vault, row) == plain_name(name)]
    if len({row["household_id"] for row in found}) != 1:
        return None
    row = found[0]
    is_matched = row["is_registered"] or row["matched_household_id"] is not None
    return Noticed(row["household_id"], is_matched, tuple(row["concerns"] or ("other",)), row["region"], row["grid"])


def _name_of(vault: Vault, row: Any) -> str | None:
    if row["name"] is not None:
        return plain_name(vault.open("persons", "name", row["person_id"], row["name"]))
    if row["told"] is not None:
        name = orjson.loads(vault.open("clues", "told", row["clue_id"], row["told"])).get("name")
        return plain_name(name) if name else None
    return None


async def insert_complaint(connection: asyncpg.Connection, one: Complained, vault: Vault, now: datetime) -> None:
    sealed = vault.seal("complaints", "told", one.complaint_id, one.told)
    await connection.execute(
        SQL.insert, one.complaint_id, one.call_id, one.boundary, one.channel, one.household_id,
        list(one.about_offices), list(one.about_officers), one.is_confidential, now, one.role, sealed, held_at(one),
    )  # fmt: skip


def shown_complaint(row: Any, vault: Vault) -> dict[str, Any]:
    """For its handler: what was told; of a confidential one not by whom."""
    told = orjson.loads(vault.open("complaints", "told", row["complaint_id"], row["told"]))
    is_open = not row["is_confidential"]
    return {
        "complaint_id": str(row["complaint_id"]),
        "kind": row["boundary"],
        "channel": row["channel"],
        "household_id": str(row["household_id"]) if row["household_id"] else None,
        "region": row["region"],
        "village": told.get("village"),
        "village_name": told.get("village_name"),
        "about_offices": list(row["about_offices"]),
        "about_officers": list(row["about_officers"]),
        "is_confidential": row["is_confidential"],
        "reported_by_role": row["reported_by_role"] if is_open else None,
        "received_at": row["received_at"].isoformat(),
        "text": told.get("text"),
        "name": told.get("name"),
        "reporter": told.get("reporter") if is_open else None,
        "phone": told.get("phone") if is_open else None,
    }
