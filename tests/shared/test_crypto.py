"""Keys, sealed fields, blind indexes."""

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto import (
    KEY_BYTES,
    SECRETS,
    BlindIndex,
    Cipher,
    CipherError,
    KeyFileError,
    create_keys,
    read_keys,
    role_password,
)

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
FILES = {*SECRETS, "token.key", "token.pub"}


def test_keys_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "钥匙 1" / "keys"
    create_keys(folder)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(first) == FILES
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len({first[name] for name in SECRETS}) == len(SECRETS)
    create_keys(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_a_missing_key_is_added_and_the_others_stay(tmp_path: Path) -> None:
    create_keys(tmp_path)
    vault = (tmp_path / "vault.key").read_bytes()
    (tmp_path / "waiting.key").unlink()
    create_keys(tmp_path)
    assert (tmp_path / "vault.key").read_bytes() == vault
    assert len(read_keys(tmp_path).waiting) == KEY_BYTES


def test_a_mode_that_others_may_read_is_taken_back(tmp_path: Path) -> None:
    create_keys(tmp_path)
    (tmp_path / "vault.key").chmod(0o644)
    create_keys(tmp_path)
    assert stat.S_IMODE((tmp_path / "vault.key").stat().st_mode) == 0o600


def test_two_starts_at_once_agree_on_the_keys(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create_keys, [tmp_path] * 16))
    assert {path.name for path in tmp_path.iterdir()} == FILES
    read_keys(tmp_path)


def test_keys_are_made_where_a_disk_has_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    create_keys(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == FILES


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_damaged_or_missing_file_is_named_and_never_replaced(tmp_path: Path, name: str) -> None:
    create_keys(tmp_path)
    (tmp_path / name).write_bytes(b"short")
    with pytest.raises(KeyFileError, match=name):
        create_keys(tmp_path)
    assert (tmp_path / name).read_bytes() == b"short"
    (tmp_path / name).unlink()
    with pytest.raises(KeyFileError, match=name):
        read_keys(tmp_path)


def test_a_public_key_of_another_private_one_is_refused(tmp_path: Path) -> None:
    create_keys(tmp_path / "a")
    create_keys(tmp_path / "b")
    (tmp_path / "a" / "token.pub").write_bytes((tmp_path / "b" / "token.pub").read_bytes())
    with pytest.raises(KeyFileError, match=r"token\.pub"):
        read_keys(tmp_path / "a")


def test_keys_do_not_show_themselves(tmp_path: Path) -> None:
    create_keys(tmp_path)
    keys = read_keys(tmp_path)
    assert repr(keys.vault) not in repr(keys)


@given(st.binary(max_size=2000), st.binary(max_size=100))
def test_what_is_sealed_opens_in_its_own_place_only(plain: bytes, aad: bytes) -> None:
    cipher = Cipher(KEY, 7)
    sealed = cipher.seal(plain, aad)
    assert len(sealed) == len(plain) + 31
    assert cipher.open(sealed, aad) == plain
    with pytest.raises(CipherError):
        cipher.open(sealed, aad + b"x")


@given(st.binary(min_size=1, max_size=40), st.data())
def test_one_changed_bit_anywhere_is_noticed(plain: bytes, data: st.DataObject) -> None:
    cipher = Cipher(KEY)
    sealed = bytearray(cipher.seal(plain, b"row"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(CipherError):
        cipher.open(bytes(sealed), b"row")


@given(st.binary(max_size=60))
def test_whatever_is_opened_it_opens_or_is_refused(sealed: bytes) -> None:
    with pytest.raises(CipherError):
        Cipher(KEY).open(sealed, b"")


def test_equal_texts_are_sealed_differently() -> None:
    cipher = Cipher(KEY)
    assert cipher.seal(b"same", b"") != cipher.seal(b"same", b"")


def test_an_older_key_opens_what_it_sealed_and_the_new_one_seals() -> None:
    old = Cipher(OTHER, 1).seal("张三".encode(), b"name")
    ring = Cipher(KEY, 2, older={1: OTHER})
    assert ring.open(old, b"name").decode() == "张三"
    assert ring.seal(b"", b"")[1:3] == b"\x00\x02"
    with pytest.raises(CipherError):
        Cipher(KEY, 2).open(old, b"name")


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Cipher(b"short")
    with pytest.raises(ValueError, match="32 bytes"):
        BlindIndex(b"short")


def test_a_blind_index_is_the_known_hmac() -> None:
    # RFC 4231 has no key of 32 bytes; computed with `openssl dgst -sha256 -mac HMAC`
    index = BlindIndex(bytes(32))
    assert index.of("").hex() == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"
    assert index.uuid("") == UUID("b613679a-0814-d9ec-772f-95d778c35fc5")


def test_blind_indexes_of_other_keys_and_texts_differ() -> None:
    assert BlindIndex(KEY).of("a") == BlindIndex(KEY).of("a")
    assert BlindIndex(KEY).of("a") != BlindIndex(OTHER).of("a")
    assert BlindIndex(KEY).uuid("a") != BlindIndex(KEY).uuid("person:a")


def test_a_roles_password_is_its_own_and_fits_into_an_address() -> None:
    assert role_password(KEY, "intake_api") == role_password(KEY, "intake_api")
    assert len({role_password(key, role) for key in (KEY, OTHER) for role in ("intake_api", "intake_worker")}) == 4
    assert role_password(KEY, "intake_api").isalnum()
