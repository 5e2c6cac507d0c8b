"""How an officer wishes to be told: language, carriers, an address. The address lies sealed and is opened for sending.

No person's call sees this table: the worker reads and writes the row of whoever asks. A household has none here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from services.notify.carriers import FIRST
from shared.crypto import Cipher
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit
from shared.postgres import queries

SQL = queries(__file__)

PUT = "PUT /v1/preferences"
_LABEL = r"[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
ADDRESS = re.compile(rf"[0-9A-Za-z.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@(?:{_LABEL}\.){{0,8}}{_LABEL}")
ADDRESS_CHARACTERS_MAX = 254
LANGUAGE = "zh-CN"
"""Of whoever has said nothing."""


@dataclass(frozen=True, slots=True)
class Contact:
    """`email` is the sealed address."""

    officer_id: str
    language: str = LANGUAGE
    carriers: tuple[str, ...] = (FIRST,)
    email: bytes | None = None


class Preferring(Keyed):
    """An officer says how he wishes to be told; the last word counts."""

    topic = PUT

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        return {}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        return Decision(word="preferred", rows=(input.body,))

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        for one in decided:
            [wish] = one.decision.rows
            await unit.connection.execute(
                SQL.put, wish.officer_id, wish.language, list(wish.carriers), wish.email, unit.now
            )


def sealed(cipher: Cipher, officer_id: str, address: str) -> bytes:
    return cipher.seal(address.encode(), _belongs_to(officer_id))


def opened(cipher: Cipher, contact: Contact) -> str | None:
    """Raises CipherError for an address that was sealed for another officer."""
    return cipher.open(contact.email, _belongs_to(contact.officer_id)).decode() if contact.email is not None else None


def is_address(text: str) -> bool:
    return len(text) <= ADDRESS_CHARACTERS_MAX and ADDRESS.fullmatch(text) is not None and ".." not in text


async def contacts_of(connection: asyncpg.Connection, officers: Iterable[str]) -> dict[str, Contact]:
    """The wishes of those who have said any."""
    rows = await connection.fetch(SQL.read, sorted(set(officers)))
    return {row["officer_id"]: _contact(row) for row in rows}


async def wishes_of(connection: asyncpg.Connection, officers: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """Officer → carriers, without the addresses."""
    rows = await connection.fetch(SQL.wishes, sorted(set(officers)))
    return {row["officer_id"]: row["carriers"] for row in rows}


def _contact(row: asyncpg.Record) -> Contact:
    return Contact(row["officer_id"], row["language"], tuple(row["carriers"]), row["email"])


def _belongs_to(officer_id: str) -> bytes:
    return f"contacts.email:{officer_id}".encode()
