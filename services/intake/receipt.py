"""Receipts: twelve signs that a farmer can read out over the phone, the last one a check. Pure.

Made from the report's id with the index key, so that nothing in the clear is kept of one, and nobody without the key
can make or guess one (31^11, 54 bits). 31 signs and weights 1 to 12: a prime, so that every single slip and every
exchange of two signs is caught.
"""

import re
import unicodedata
from uuid import UUID

from services.intake.vault import Vault

SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""No 0 and O, no 1, I and L."""
LENGTH = 12
CODE_DIGITS = 6


def receipt_of(vault: Vault, clue_id: UUID) -> str:
    number = int.from_bytes(vault.index.of(f"receipt:{clue_id}")[:16])
    signs = ""
    for _ in range(LENGTH - 1):
        number, place = divmod(number, len(SIGNS))
        signs += SIGNS[place]
    return signs + check_sign(signs)


def code_of(vault: Vault, clue_id: UUID) -> str:
    """The second secret of whoever filed for themselves: six digits, for the reason of a refusal."""
    return f"{int.from_bytes(vault.index.of(f'code:{clue_id}')[:8]) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def check_sign(eleven: str) -> str:
    total = sum(weight * SIGNS.index(sign) for weight, sign in enumerate(eleven, 1))
    # The check has weight 12: 12 x = −total; 13 is the inverse of 12 (12 · 13 = 156 = 5 · 31 + 1).
    return SIGNS[-total * 13 % len(SIGNS)]


def plain(text: str) -> str:
    """As it is compared: capitals, without the blanks and dashes of its groups."""
    return re.sub(r"[\s_-]", "", unicodedata.normalize("NFKC", text[:64])).upper()


def is_receipt(text: str) -> bool:
    """Whether its form and its check are right."""
    return len(text) == LENGTH and all(sign in SIGNS for sign in text) and check_sign(text[:-1]) == text[-1]


def index_of(vault: Vault, receipt: str) -> bytes:
    """Under which it is found; of anything that was typed, a receipt or not."""
    return vault.index.of(f"receipt_no:{receipt}")


def last4_of(vault: Vault, clue_id: UUID, digits: str) -> bytes:
    """Bound to its report: four digits under one index would be read back by trying all of them."""
    return vault.index.of(f"last4:{clue_id}:{digits}")
