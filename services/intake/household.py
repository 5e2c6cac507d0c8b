"""Households as people see them: masked in lists and pages, by name for whoever has their task, each sight audited."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.intake import clue
from services.intake.register import load_homes
from services.intake.telling import contact_of, told_home, told_together
from services.intake.vault import Vault
from shared.access.roles import Grade
from shared.domain.identity import mask_number
from shared.postgres import queries

SQL = queries(__file__)

PAGE_MAX = 200
REPORTS_MAX = 20
"""So many of a household's newest reports are read for how to find it."""


async def masked_list(
    connection: asyncpg.Connection, region: str, words: str | None, after: str, limit: int
) -> list[dict[str, Any]]:
    """`words`: a household number, or the beginning of a masked name. `region` is a prefix."""
    rows = await connection.fetch(
        SQL.list, region.ljust(12, "0"), region.ljust(12, "9"), words, _like(words), after, limit
    )
    return [dict(row) | {"household_id": str(row["household_id"])} for row in rows]


def _like(words: str | None) -> str | None:
    """Typed signs mean themselves."""
    if words is None:
        return None
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


async def masked(connection: asyncpg.Connection, household_id: UUID, grade: Grade) -> dict[str, Any] | None:
    """One household with its members, as its events tell it. Below the township: no health, no labour, no income."""
    home = (await load_homes(connection, [household_id])).get(household_id)
    if home is None:
        return await _masked_provisional(connection, household_id)
    public = home.public().model_dump(mode="json")
    if grade == "band":
        public["incomes"] = []
        public["members"] = [{**one, "health": [], "labour": None} for one in public["members"]]
    return public


async def unmasked(connection: asyncpg.Connection, household_id: UUID, vault: Vault) -> dict[str, Any] | None:
    """Head, address, phone and members by name; ID numbers stay masked. None where row scope shows nothing."""
    row = await connection.fetchrow(SQL.one, household_id)
    if row is None:
        return await _unmasked_provisional(connection, household_id, vault)
    persons = await connection.fetch(SQL.persons, household_id)
    names = [_open(vault, one, "name") or "" for one in persons]
    phones = [phone for one in persons if (phone := _open(vault, one, "phone"))]
    address = row["address"]
    return {
        "household_id": str(household_id),
        "household_no": row["household_no"],
        "head_name": names[0] if names else None,
        "address": vault.open("households", "address", household_id, address) if address else None,
        "phone": phones[0] if phones else None,
        "group": row["village_group"],
        "region": row["region"],
        "members": _members(persons, names, vault),
    }


async def _masked_provisional(connection: asyncpg.Connection, household_id: UUID) -> dict[str, Any] | None:
    """One that is in no register yet, as its event told it."""
    row = await connection.fetchrow(clue.SQL.first_of, household_id)
    if row is None:
        return None
    house = clue.provisional(household_id, row["display_name"], row["region"], row["grid"])
    status = {"merged_into": row["matched_household_id"], "status": "merged"} if row["matched_household_id"] else {}
    return house.model_copy(update=status).model_dump(mode="json")


async def _unmasked_provisional(
    connection: asyncpg.Connection, household_id: UUID, vault: Vault
) -> dict[str, Any] | None:
    """Whoever visits sees what the declarer gave: a name, a phone, an address, a person through whom to reach them."""
    rows = await connection.fetch(clue.SQL.told_of, household_id, REPORTS_MAX)
    if not rows:
        return None
    row = rows[0]
    told = told_together([orjson.loads(vault.open("clues", "told", one["clue_id"], one["told"])) for one in rows])
    person = contact_of(told)
    return {
        "household_id": str(household_id),
        "household_no": clue.provisional_no(household_id),
        "head_name": told.get("name"),
        "address": told_home(told),
        "phone": told.get("phone") or person.get("phone"),
        "group": int(row["grid"][-2:]),
        "region": row["region"],
        "members": [],
        "contact_person": person.get("name"),
    }


def _members(persons: Sequence[asyncpg.Record], names: Sequence[str], vault: Vault) -> list[dict[str, Any]]:
    return [
        {
            "person_id": str(one["person_id"]),
            "name": name,
            "relation": one["relation"],
            "id_no_masked": mask_number(_open(vault, one, "id_no") or ""),
        }
        for one, name in zip(persons, names, strict=True)
    ]


def _open(vault: Vault, person: asyncpg.Record, column: str) -> str | None:
    sealed = person[column]
    return vault.open("persons", column, person["person_id"], sealed) if sealed else None
