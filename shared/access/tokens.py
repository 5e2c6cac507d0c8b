"""Tokens: who calls, in which role and for which place, signed by the local issuer (Ed25519).

One algorithm, named here and never taken from the token: a token that says `none`, or names a symmetric
algorithm so that the public key would serve as its secret, is refused before anything of it is read.
"""

import re
import secrets
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, cast

from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ConflictAlgorithmError,
    JoseError,
    MissingAlgorithmError,
    SecurityWarning,
    UnsupportedAlgorithmError,
)
from joserfc.jwk import OKPKey

from shared.access.roles import CAPACITIES, EVERYWHERE, ONE_GRID, ROLES, Capacity, Role

ALGORITHM = "EdDSA"
AUDIENCE = "shouwang"
ISSUER = "shouwang-local"
TOKEN_BYTES_MAX = 4096
"""Ours have about 500; a longer one is not worth a signature check."""
TOKENS_KEPT = 1000
"""Of so many the signature is known to be ours, and is not reckoned again with each call (0.2 ms of 2.4): key and bytes
are the same. Their time is looked at each time, and what was refused is not kept."""
CLOCK_SKEW = timedelta(seconds=60)
"""A token issued on a machine whose clock runs a little ahead is not refused."""

# RFC 9864 would have the algorithm called Ed25519; other libraries know the name EdDSA only. Our key is
# Ed25519.
warnings.filterwarnings("ignore", message="EdDSA is deprecated", category=SecurityWarning)

TokenFault = Literal[
    "missing", "malformed", "algorithm", "signature", "expired", "not_yet", "audience", "issuer", "claims"
]

_OFFICER = re.compile(r"[0-9A-Za-z-]{1,40}")
_GRID = re.compile(r"[0-9]{12}-[0-9A-Za-z]{1,8}")
_DEPARTMENT = re.compile(r"[a-z][a-z0-9_]{0,40}")
_REGION_LENGTHS = (2, 4, 6, 9, 12)
_FIELDS = ("officer_id", "role", "region", "grid", "department", "capacity")


class TokenError(Exception):
    """Why a token was refused. `code` is for the log and the answer; neither holds the token."""

    def __init__(self, code: TokenFault, meaning: str = "") -> None:
        super().__init__(meaning or code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `region` is a prefix (2, 4, 6, 9 or 12 digits; empty for `system` alone), `grid` an id or
    `*`."""

    officer_id: str | None
    role: Role
    region: str
    grid: str = "*"
    department: str | None = None
    capacity: Capacity | None = None
    token_id: str = ""

    @property
    def region_from(self) -> str:
        return self.region.ljust(12, "0")

    @property
    def region_to(self) -> str:
        return self.region.ljust(12, "9")


class Issuer:
    """Signs tokens with the local private key. Refused by the command where an external issuer is
    configured."""

    def __init__(self, private_pem: bytes) -> None:
        self._key = OKPKey.import_key(private_pem)

    def issue(
        self,
        caller_fields: Mapping[str, str | None],
        ttl: timedelta,
        now: datetime | None = None,
        token_id: str | None = None,
    ) -> str:
        """A signed token for `officer_id, role, region, grid, department, capacity` (role is a must; `*` is
        no grid).

        Raises TokenError("claims") for fields that no verifier would accept, so that a wrong token is never
        made.
        """
        unknown = set(caller_fields) - set(_FIELDS)
        if unknown:
            raise TokenError("claims", f"no such field: {', '.join(sorted(unknown))}")
        issued_at = now or datetime.now().astimezone()
        claims: dict[str, Any] = {name: caller_fields.get(name) for name in _FIELDS if caller_fields.get(name)}
        claims |= {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": int(issued_at.timestamp()),
            "exp": int((issued_at + ttl).timestamp()),
            "jti": token_id or secrets.token_hex(12),
        }
        _caller(claims)
        return jwt.encode({"alg": ALGORITHM}, claims, self._key, algorithms=[ALGORITHM])


class Verifier:
    """Reads tokens with the public key."""

    def __init__(self, public_pem: bytes) -> None:
        self._key = OKPKey.import_key(public_pem)
        self._signed = lru_cache(TOKENS_KEPT)(self._claims)

    def verify(self, token: str | None, now: datetime) -> Caller:
        """The caller that the token names. `now` is the machine's clock, aware. Raises TokenError."""
        claims = self._signed(token)
        if claims.get("iss") != ISSUER:
            raise TokenError("issuer")
        if claims.get("aud") != AUDIENCE:
            raise TokenError("audience")
        instant = now.timestamp()
        if instant >= _instant(claims, "exp"):
            raise TokenError("expired")
        begins = max(_instant(claims, name) for name in ("iat", "nbf") if name == "iat" or name in claims)
        if instant + CLOCK_SKEW.total_seconds() < begins:
            raise TokenError("not_yet")
        return _caller(claims)

    def _claims(self, token: str | None) -> dict[str, Any]:
        if not token:
            raise TokenError("missing")
        if len(token) > TOKEN_BYTES_MAX or not token.isascii():
            raise TokenError("malformed")
        try:
            return jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
        except (UnsupportedAlgorithmError, MissingAlgorithmError, ConflictAlgorithmError):
            raise TokenError("algorithm") from None
        except BadSignatureError:
            raise TokenError("signature") from None
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise TokenError("malformed") from None


def _instant(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TokenError("claims", f"{name} is not an instant")
    return value


def _caller(claims: Mapping[str, Any]) -> Caller:
    texts = {name: claims[name] for name in (*_FIELDS, "jti") if claims.get(name) is not None}
    if any(not isinstance(value, str) for value in texts.values()):
        raise TokenError("claims", "a field is not a text")
    role, region, grid = texts.get("role", ""), texts.get("region", ""), texts.get("grid", "*")
    _check_place(role, region, grid)
    _check_person(role, texts)
    return Caller(
        officer_id=texts.get("officer_id"),
        role=cast(Role, role),
        region=region,
        grid=grid,
        department=texts.get("department"),
        capacity=cast(Capacity | None, texts.get("capacity")),
        token_id=texts.get("jti", ""),
    )


def _check_place(role: str, region: str, grid: str) -> None:
    """A wide scope is never reached by leaving something out: only `system` may have no region, and the two
    roles of a grid must name theirs, inside their region."""
    if role not in ROLES:
        raise TokenError("claims", "no such role")
    if region and (not re.fullmatch("[0-9]+", region) or len(region) not in _REGION_LENGTHS):
        raise TokenError("claims", "region is a division code of 2, 4, 6, 9 or 12 digits")
    if not region and role not in EVERYWHERE:
        raise TokenError("claims", f"a token of role {role} names its region")
    if role in ONE_GRID:
        if not _GRID.fullmatch(grid) or not grid.startswith(region):
            raise TokenError("claims", f"a token of role {role} names its grid, inside its region")
    elif grid != "*":
        raise TokenError("claims", f"a token of role {role} is not for one grid")


def _check_person(role: str, texts: Mapping[str, str]) -> None:
    officer, department, capacity = texts.get("officer_id"), texts.get("department"), texts.get("capacity")
    if officer is not None and not _OFFICER.fullmatch(officer):
        raise TokenError("claims", "officer_id has 1 to 40 letters, digits and dashes")
    if (department is not None) != (role == "department"):
        raise TokenError("claims", "a token names a department exactly when its role is department")
    if department is not None and not _DEPARTMENT.fullmatch(department):
        raise TokenError("claims", "no such department")
    if capacity is not None and capacity not in CAPACITIES:
        raise TokenError("claims", f"capacity is one of {', '.join(CAPACITIES)}")
