"""Reading one record never raises, whatever the bytes; what is read is read the same again."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.body import Elements, Lines
from services.intake.departments import KINDS
from services.intake.record import Origin, Refused, Sent, parse
from services.intake.rejection import message
from services.intake.vault import Vault
from shared.crypto import BlindIndex, Cipher
from tests.services.intake.county import household, income, member, number, settlement

VAULT = Vault(Cipher(b"v" * 32), BlindIndex(b"i" * 32))
HERE = Origin("http", "341221")

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["\x00", "2026-10-03"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SOUND = [
    ("medical_insurance", settlement(number())),
    ("rural_revitalization", household("HB-1", member(number()))),
    ("rural_revitalization", income("HB-1")),
]
PATHS = [
    (place, name)
    for place in (None, "subject", "data", "member")
    for name in ("record_id", "version", "op", "kind", "occurred_on", "subject", "data", "id_no", "household_no",
                 "region", "members", "group", "poverty_history", "name", "phone", "relation", "health", "total_yuan",
                 "setting", "settled_on", "reverses", "year", "wage_yuan", "address", "disease")
]  # fmt: skip


def is_answered(found: Sent | Refused) -> None:
    if isinstance(found, Refused):
        for language in ("zh", "en"):
            said = message(found.fault.code, language, found.fault.field)
            assert said and "{" not in said.replace("{…}", "")
        assert found.record_id is None or "\x00" not in found.record_id


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(sorted(KINDS)))
def test_no_bytes_raise(raw: bytes, code: str) -> None:
    is_answered(parse(raw, code, HERE, VAULT))


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(SOUND), st.sampled_from(PATHS), ANYTHING)
def test_no_value_in_any_field_raises(
    sound: tuple[str, dict[str, Any]], path: tuple[str | None, str], value: Any
) -> None:
    code, sent = sound[0], orjson.loads(orjson.dumps(sound[1]))
    place, name = path
    target = sent if place is None else sent["data"].get("members", [{}])[0] if place == "member" else sent[place]
    target[name] = value
    try:
        raw = orjson.dumps(sent)
    except orjson.JSONEncodeError:
        return  # an integer that JSON of ours does not write; the raw cases stand in test_hostile.py
    found = parse(raw, code, HERE, VAULT)
    is_answered(found)
    if isinstance(found, Sent):
        again = parse(found.payload, code, HERE, VAULT)
        assert isinstance(again, Sent) and (again.content, again.named, again.told) == (
            found.content, found.named, found.told
        )  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.lists(st.integers(1, 50), min_size=1, max_size=20), st.booleans())
def test_however_a_body_is_cut_its_records_are_the_same(raw: bytes, cuts: list[int], is_json: bool) -> None:
    def read(pieces: list[bytes]) -> list[tuple[int, bytes]]:
        splitter = Elements() if is_json else Lines()
        return [one for piece in pieces for one in splitter.feed(piece)] + list(splitter.end())

    pieces, at = [], 0
    for size in cuts:
        pieces.append(raw[at : at + size])
        at += size
    assert read([*pieces, raw[at:]]) == read([raw])


def test_what_a_record_holds_shows_in_no_repr() -> None:
    id_no = number()
    found = parse(orjson.dumps(household("HB-1", member(id_no, "欧阳守望"))), "rural_revitalization", HERE, VAULT)
    assert isinstance(found, Sent)
    assert id_no not in f"{found!r} {found.told!r} {VAULT!r}" and "欧阳" not in f"{found!r} {found.told!r}"


@pytest.mark.parametrize("text", ["张三", "", "x" * 500])
def test_ids_are_keyed_and_agree(text: str) -> None:
    other = Vault(Cipher(b"v" * 32), BlindIndex(b"j" * 32))
    assert VAULT.household_id(text) == VAULT.household_id(text) != other.household_id(text)
    assert isinstance(VAULT.person_id(text), UUID) and VAULT.person_id(text) != VAULT.household_id(text)
