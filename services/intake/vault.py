"""The vault: names, numbers, phones, addresses and whole payloads lie sealed; persons are found by a blind index.

Each sealed value is bound to its table, column and row, so that one copied to another row does not open there. The ids
of persons and households are keyed fingerprints: they tell nothing without the index key, and two first sights of one
agree on them.
"""

from dataclasses import dataclass
from uuid import UUID

from shared.crypto import BlindIndex, Cipher, Keys


@dataclass(frozen=True, slots=True, repr=False)
class Vault:
    cipher: Cipher
    index: BlindIndex

    @classmethod
    def of(cls, keys: Keys) -> "Vault":
        return cls(Cipher(keys.vault), BlindIndex(keys.index))

    def seal(self, table: str, column: str, row: object, text: str) -> bytes:
        return self.cipher.seal(text.encode(), f"{table}|{column}|{row}".encode())

    def open(self, table: str, column: str, row: object, sealed: bytes) -> str:
        """Raises CipherError."""
        return self.cipher.open(sealed, f"{table}|{column}|{row}".encode()).decode()

    def seal_payload(self, department: str, record_id: str, version: int, payload: bytes) -> bytes:
        return self.cipher.seal(payload, _payload_place(department, record_id, version))

    def open_payload(self, department: str, record_id: str, version: int, sealed: bytes) -> bytes:
        """Raises CipherError."""
        return self.cipher.open(sealed, _payload_place(department, record_id, version))

    def household_id(self, household_no: str) -> UUID:
        return self.index.uuid(household_no)

    def person_id(self, number: str) -> UUID:
        """`number` is the normalised ID number."""
        return self.index.uuid(f"person:{number}")

    def unnumbered_id(self, household_no: str, name: str, relation: str) -> UUID:
        """A member without an ID number is known within the household alone."""
        return self.index.uuid(f"member:{household_no}:{name}:{relation}")

    def fingerprint(self, content: bytes) -> bytes:
        """Of a record's content, keyed: a plain hash of a form with an ID number in it could be guessed back."""
        return self.index.of(content.decode())


def _payload_place(department: str, record_id: str, version: int) -> bytes:
    return f"records|payload|{department}/{record_id}/{version}".encode()
