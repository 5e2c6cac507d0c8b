"""Tokens: only what the local issuer signed, for us, in time, and with a place of its own."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey, RSAKey

from shared.access.tokens import ALGORITHM, AUDIENCE, ISSUER, Caller, Issuer, TokenError, Verifier
from shared.crypto import create_keys, read_keys

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
CADRE = {
    "officer_id": "gw-03",
    "role": "grid_worker",
    "region": "341221102201",
    "grid": "341221102201-03",
}


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    folder: Path = tmp_path_factory.mktemp("keys")
    create_keys(folder)
    keys = read_keys(folder)
    return keys.token_private, keys.token_public


@pytest.fixture(scope="module")
def verifier(pems: tuple[bytes, bytes]) -> Verifier:
    return Verifier(pems[1])


def _refusal(verifier: Verifier, token: str | None, now: datetime = NOW) -> str:
    with pytest.raises(TokenError) as caught:
        verifier.verify(token, now)
    return caught.value.code


def _claims(**changed: Any) -> dict[str, Any]:
    claims: dict[str, Any] = {
        **CADRE,
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + HOUR).timestamp()),
        "jti": "t-1",
    }
    claims |= changed
    return {name: value for name, value in claims.items() if value is not None}


def _signed(pem: bytes, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": ALGORITHM}, claims, OKPKey.import_key(pem), algorithms=[ALGORITHM])


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def test_an_issued_token_names_its_caller(pems: tuple[bytes, bytes], verifier: Verifier) -> None:
    token = Issuer(pems[0]).issue(CADRE, HOUR, NOW, "t-1")
    caller = verifier.verify(token, NOW)
    assert caller == Caller("gw-03", "grid_worker", "341221102201", "341221102201-03", None, None, "t-1")
    assert (caller.region_from, caller.region_to) == ("341221102201", "341221102201")


def test_every_token_has_an_id_of_its_own(pems: tuple[bytes, bytes], verifier: Verifier) -> None:
    issuer = Issuer(pems[0])
    ids = {verifier.verify(issuer.issue(CADRE, HOUR, NOW), NOW).token_id for _ in range(5)}
    assert len(ids) == 5


def test_department_and_capacity_travel(pems: tuple[bytes, bytes], verifier: Verifier) -> None:
    fields = {
        "role": "department",
        "region": "341221",
        "department": "medical_insurance",
        "capacity": "reviewer",
    }
    caller = verifier.verify(Issuer(pems[0]).issue(fields, HOUR, NOW), NOW)
    assert (caller.department, caller.capacity, caller.grid) == ("medical_insurance", "reviewer", "*")
    assert (caller.region_from, caller.region_to) == ("341221000000", "341221999999")


def test_the_systems_place_is_everywhere(pems: tuple[bytes, bytes], verifier: Verifier) -> None:
    caller = verifier.verify(Issuer(pems[0]).issue({"role": "system"}, HOUR, NOW), NOW)
    assert (caller.region_from, caller.region_to, caller.grid) == ("0" * 12, "9" * 12, "*")


@pytest.mark.parametrize("token", [None, "", "x", "a.b", "a.b.c", "....", "ü.ü.ü", "{}", "a" * 10_000])
def test_what_is_no_token_is_refused(verifier: Verifier, token: str | None) -> None:
    assert _refusal(verifier, token) in ("missing", "malformed")


@given(st.text(alphabet=st.characters(max_codepoint=0x2000), max_size=200))
def test_no_text_breaks_the_verifier(text: str) -> None:
    key = OKPKey.generate_key("Ed25519")
    assert _refusal(Verifier(key.as_pem(private=False)), text) in ("missing", "malformed", "algorithm")


def test_an_unsigned_token_is_refused(verifier: Verifier) -> None:
    for name in ("none", "None", "NONE"):
        unsigned = f"{_part({'alg': name})}.{_part(_claims())}."
        assert _refusal(verifier, unsigned) in ("algorithm", "malformed")
    assert _refusal(verifier, f"{_part({'typ': 'JWT'})}.{_part(_claims())}.") in ("algorithm", "malformed")


def test_the_public_key_is_no_secret_to_sign_with(pems: tuple[bytes, bytes], verifier: Verifier) -> None:
    """HS256 with the public key's text as its secret: the classical confusion."""
    secret = OctKey.import_key(base64.urlsafe_b64encode(pems[1]).decode())
    for key in (secret, OctKey.import_key({"kty": "oct", "k": secret.as_dict()["k"]})):
        token = jwt.encode({"alg": "HS256"}, _claims(), key, algorithms=["HS256"])
        assert _refusal(verifier, token) == "algorithm"


def test_another_algorithm_is_refused(verifier: Verifier) -> None:
    token = jwt.encode({"alg": "RS256"}, _claims(), RSAKey.generate_key(2048), algorithms=["RS256"])
    assert _refusal(verifier, token) == "algorithm"


def test_another_key_of_the_same_kind_is_refused(verifier: Verifier) -> None:
    other = OKPKey.generate_key("Ed25519")
    token = jwt.encode({"alg": ALGORITHM}, _claims(), other, algorithms=[ALGORITHM])
    assert _refusal(verifier, token) == "signature"


def test_a_changed_claim_is_refused(pems: tuple[bytes, bytes], verifier: Verifier) -> None:
    head, _, signature = Issuer(pems[0]).issue(CADRE, HOUR, NOW).split(".")
    changed = _part(_claims(role="county", region="341221", grid=None))
    assert _refusal(verifier, f"{head}.{changed}.{signature}") == "signature"


def test_a_key_in_the_header_is_not_believed(verifier: Verifier) -> None:
    other = OKPKey.generate_key("Ed25519")
    head = {"alg": ALGORITHM, "jwk": other.as_dict(private=False)}
    token = jwt.encode(head, _claims(), other, algorithms=[ALGORITHM])
    assert _refusal(verifier, token) == "signature"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"exp": int(NOW.timestamp())}, "expired"),
        ({"exp": None}, "claims"),
        ({"exp": "tomorrow"}, "claims"),
        ({"exp": True}, "claims"),
        ({"iat": int((NOW + HOUR).timestamp())}, "not_yet"),
        ({"iat": None}, "claims"),
        ({"nbf": int((NOW + HOUR).timestamp())}, "not_yet"),
        ({"nbf": "later"}, "claims"),
        ({"aud": "another"}, "audience"),
        ({"aud": ["another"]}, "audience"),
        ({"aud": None}, "audience"),
        ({"iss": "another"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"role": "king"}, "claims"),
        ({"role": None}, "claims"),
        ({"role": ["county"]}, "claims"),
        ({"region": None}, "claims"),
        ({"region": ""}, "claims"),
        ({"region": "3412"}, None),
        ({"region": "34122"}, "claims"),
        ({"region": "34122%"}, "claims"),
        ({"region": "３４１２２１"}, "claims"),
        ({"region": 341221}, "claims"),
        ({"region": "341222"}, "claims"),
        ({"grid": None}, "claims"),
        ({"grid": "*"}, "claims"),
        ({"grid": ""}, "claims"),
        ({"role": "village"}, "claims"),
        ({"role": "village", "grid": None}, None),
        ({"department": "medical_insurance"}, "claims"),
        ({"role": "department", "region": "341221", "grid": None}, "claims"),
        ({"role": "department", "grid": None, "department": "a b"}, "claims"),
        ({"capacity": "boss"}, "claims"),
        ({"officer_id": "a;b"}, "claims"),
        ({"officer_id": "x" * 41}, "claims"),
    ],
)
def test_claims_must_fit(
    pems: tuple[bytes, bytes], verifier: Verifier, changed: dict[str, Any], code: str | None
) -> None:
    token = _signed(pems[0], _claims(**changed))
    if code is None:
        verifier.verify(token, NOW)
    else:
        assert _refusal(verifier, token) == code


def test_a_token_lives_until_its_last_second(pems: tuple[bytes, bytes], verifier: Verifier) -> None:
    token = Issuer(pems[0]).issue(CADRE, HOUR, NOW)
    verifier.verify(token, NOW + HOUR - timedelta(seconds=1))
    assert _refusal(verifier, token, NOW + HOUR) == "expired"


def test_a_clock_that_runs_a_little_behind_the_issuers_is_forgiven(
    pems: tuple[bytes, bytes], verifier: Verifier
) -> None:
    token = Issuer(pems[0]).issue(CADRE, HOUR, NOW)
    verifier.verify(token, NOW - timedelta(seconds=59))
    assert _refusal(verifier, token, NOW - timedelta(seconds=61)) == "not_yet"


@pytest.mark.parametrize(
    "fields",
    [
        {"role": "county"},
        {"role": "grid_worker", "region": "341221102201"},
        {"role": "county", "region": "341221", "name": "张三"},
        {},
    ],
)
def test_a_token_that_no_verifier_would_take_is_not_made(pems: tuple[bytes, bytes], fields: dict[str, str]) -> None:
    with pytest.raises(TokenError) as caught:
        Issuer(pems[0]).issue(fields, HOUR, NOW)
    assert caught.value.code == "claims"


def test_a_refusal_does_not_repeat_the_token(pems: tuple[bytes, bytes], verifier: Verifier) -> None:
    token = Issuer(pems[0]).issue(CADRE, HOUR, NOW)
    with pytest.raises(TokenError) as caught:
        verifier.verify(token, NOW + HOUR)
    assert token not in repr(caught.value)
    assert "gw-03" not in str(caught.value)
