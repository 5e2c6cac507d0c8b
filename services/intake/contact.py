"""Contacts: whom a notice to a household reaches, looked up at the moment of sending.

The declarer of an open declaration by what was given there, never the proxy; else the household's head. An
officer is not ours to know.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.intake.vault import Vault
from shared.postgres import queries

SQL = queries(__file__)

REFERENCES_MAX = 500
PREFIX = "household:"


def household_of(reference: str) -> UUID | None:
    """The household that a reference names, if it is one of ours."""
    try:
        return UUID(reference.removeprefix(PREFIX)) if reference.startswith(PREFIX) else None
    except ValueError:
        return None


async def contacts(connection: asyncpg.Connection, vault: Vault, references: Sequence[str]) -> list[dict[str, Any]]:
    """In the order asked, each found or unknown."""
    wanted = list({id_ for one in references if (id_ := household_of(one)) is not None})
    found: dict[UUID, dict[str, str | None]] = {}
    for row in await connection.fetch(SQL.heads, wanted):
        found[row["household_id"]] = {
            "name": vault.open("persons", "name", row["person_id"], row["name"]),
            "phone": vault.open("persons", "phone", row["person_id"], row["phone"]) if row["phone"] else None,
            "email": None,
        }
    for row in await connection.fetch(SQL.declarers, wanted):
        told = orjson.loads(vault.open("clues", "told", row["clue_id"], row["told"]))
        head = found.get(row["asked"], {})
        found[row["asked"]] = {
            "name": told.get("name") or head.get("name"),
            "phone": told.get("phone") or head.get("phone"),
            "email": told.get("email"),
        }
    return [_shown(one, found) for one in references]


def _shown(reference: str, found: dict[UUID, dict[str, str | None]]) -> dict[str, Any]:
    id_ = household_of(reference)
    if id_ is None or id_ not in found:
        return {"reference": reference, "state": "unknown", "name": None, "phone": None, "email": None}
    return {"reference": reference, "state": "found", **found[id_]}
