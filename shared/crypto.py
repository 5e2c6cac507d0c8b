"""Keys, sealed fields and blind indexes: personal data lies encrypted, and is found without being opened.

AES-256-GCM per field with the key's id in the ciphertext, so that a key can be changed while old rows stay
readable; HMAC-SHA256 with a key of its own over the normalised number, so that a database alone tells
nothing about a person.
"""

import errno
import hmac
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

KEY_BYTES = 32
SECRETS = ("vault.key", "index.key", "waiting.key", "database.key")
"""32 random bytes each: personal data, blind index, waiting records, passwords of the database's roles."""

_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""What a file system without hard links answers (some network and removable disks)."""
_FORMAT = 1
_NONCE_BYTES = 12
_HEADER_BYTES = 3
"""Format, and the key's id in two bytes; then the nonce, the text and GCM's tag of 16 bytes."""


class KeyFileError(RuntimeError):
    """A key file is missing or damaged. Its text is the one sentence to show."""


class CipherError(ValueError):
    """What should be opened is damaged, was sealed for another place, or by a key that is not here."""


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The contents of a folder of keys. Its repr shows nothing."""

    vault: bytes
    index: bytes
    waiting: bytes
    database: bytes
    token_private: bytes
    token_public: bytes


def create_keys(folder: Path) -> None:
    """Write the key files that are missing, each readable by its owner alone. Idempotent, and safe against
    a twin.

    A key that is there is never changed: without it what it sealed is lost. Raises KeyFileError when one is
    damaged.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in SECRETS:
        _write_once(folder / name, os.urandom(KEY_BYTES))
    _write_once(folder / "token.key", _new_token_key())
    _write_once(folder / "token.pub", _public_part(folder / "token.key"))
    read_keys(folder)


def read_keys(folder: Path) -> Keys:
    """All keys of a folder. Raises KeyFileError naming the file that is missing or damaged."""
    secrets = [_read(folder / name) for name in SECRETS]
    for name, secret in zip(SECRETS, secrets, strict=True):
        if len(secret) != KEY_BYTES:
            raise KeyFileError(f"{folder / name} is damaged: put back the copy that was saved with the data.")
    public = _read(folder / "token.pub")
    if public != _public_part(folder / "token.key"):
        raise KeyFileError(f"{folder / 'token.pub'} does not belong to token.key: delete token.pub and start again.")
    vault, index, waiting, database = secrets
    return Keys(vault, index, waiting, database, _read(folder / "token.key"), public)


class Cipher:
    """AES-256-GCM with the key's id in the ciphertext. `older` holds earlier keys by id: they open, never
    seal."""

    def __init__(self, key: bytes, key_id: int = 1, older: Mapping[int, bytes] | None = None) -> None:
        self._header = bytes([_FORMAT]) + key_id.to_bytes(2, "big")
        keys = {**(older or {}), key_id: key}
        if any(len(one) != KEY_BYTES for one in keys.values()):
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        self._keys = {bytes([_FORMAT]) + id_.to_bytes(2, "big"): AESGCM(one) for id_, one in keys.items()}

    def seal(self, plain: bytes, aad: bytes) -> bytes:
        """31 bytes longer than `plain`, different each time. `aad` says where it belongs (row, field), so
        that a sealed value copied to another row does not open there."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._keys[self._header].encrypt(nonce, plain, self._header + aad)
        return self._header + nonce + sealed

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """Raises CipherError; its text never holds what was sealed."""
        header, rest = bytes(sealed[:_HEADER_BYTES]), bytes(sealed[_HEADER_BYTES:])
        key = self._keys.get(header)
        if key is None:
            raise CipherError("sealed by a key that is not here, or not sealed at all")
        try:
            return key.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], header + aad)
        except (InvalidTag, ValueError):
            raise CipherError("damaged, or sealed for another place") from None


class BlindIndex:
    """A keyed fingerprint of a normalised text: equal texts are found, nothing is read back."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        self._key = key

    def of(self, text: str) -> bytes:
        """32 bytes."""
        return hmac.digest(self._key, text.encode(), "sha256")

    def uuid(self, text: str) -> UUID:
        """The first 16 bytes as they are (no version bits): two first sights of a household agree on its
        id."""
        return UUID(bytes=self.of(text)[:16])


def role_password(database_key: bytes, role: str) -> str:
    """The password of a database role: 64 hexadecimal digits, the same wherever the same key lies."""
    return hmac.digest(database_key, f"role:{role}".encode(), "sha256").hex()


def _new_token_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _public_part(path: Path) -> bytes:
    try:
        private = load_pem_private_key(_read(path), password=None)
    except ValueError:
        raise KeyFileError(f"{path} is damaged: put back the copy that was saved with the data.") from None
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise KeyFileError(f"{path} is missing: set SHOUWANG_KEYS to the folder that holds the keys.") from None
    except PermissionError:
        raise KeyFileError(f"{path} may not be read: start as the user who owns it.") from None


def _write_once(path: Path, content: bytes) -> None:
    """Whole or not at all (a link fails where a file is), so that a second process never sees half a key."""
    if path.exists():
        path.chmod(0o600)
        return
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600 from the first byte
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _name_once(Path(draft), path)
    finally:
        Path(draft).unlink(missing_ok=True)


def _name_once(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        draft.rename(path)
