"""Who is signed in: a cookie with a random id, a row with its hash, a short bearer token for every call onward.

The token is never kept: each request of a page gets one of a few minutes. State changes carry the session's CSRF token.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import asyncpg
import orjson
from fastapi import Request, Response

from shared.access.roles import ONE_GRID, ROLES, Action, Capacity, Role, may
from shared.access.tokens import Caller, Issuer
from shared.clock import machine_now
from shared.domain.division import trim
from shared.postgres import queries, session

SQL = queries(__file__)

COOKIE, FORM_COOKIE, LANGUAGE_COOKIE = "shouwang_session", "shouwang_form", "shouwang_language"
LASTS = timedelta(hours=12)
"""A day at the office; then one signs in again."""
LASTS_SECONDS = int(LASTS.total_seconds())
TOKEN_LASTS = timedelta(minutes=5)
LANGUAGES = ("zh-CN", "en")
YEAR_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Officer:
    """Whoever is signed in, with a masked name and an office."""

    officer_id: str
    display_name: str
    role: Role
    region: str
    grid: str
    capacity: Capacity | None
    office_id: str
    office_zh: str
    office_en: str
    department: str | None = None

    @classmethod
    def of_row(cls, row: Any) -> "Officer | None":
        """From a row of `officers`; None for a post whose holder cannot sign in here."""
        if row["role"] not in ROLES or row["role"] in ("farmer", "system"):
            return None
        # A department's office is named by its county and its code: 341221-housing.
        department = row["office_id"].partition("-")[2] if row["role"] == "department" else None
        if row["role"] == "department" and not department:
            return None
        return cls(
            officer_id=row["officer_id"], display_name=row["display_name"], role=cast(Role, row["role"]),
            region=trim(row["region"]), grid=row["grid"] if row["role"] in ONE_GRID and row["grid"] else "*",
            capacity=cast(Capacity | None, row["capacity"]), office_id=row["office_id"], office_zh=row["office_zh"],
            office_en=row["office_en"], department=department,
        )  # fmt: skip

    @property
    def caller(self) -> Caller:
        return Caller(self.officer_id, self.role, self.region, self.grid, self.department, self.capacity)


@dataclass(frozen=True, slots=True)
class Viewer:
    """A signed-in officer on one request: in which language, with which CSRF token, at which civil instant."""

    officer: Officer
    csrf: str
    language: str
    now: datetime

    @property
    def caller(self) -> Caller:
        return self.officer.caller

    def may(self, action: Action) -> bool:
        return may(self.officer, action)


class SignInNeeded(Exception):
    """No session, or one that has ended: the page leads to /sign-in."""


class NotYours(Exception):
    """A form without the session's CSRF token: another page may have sent it."""


def check_origin(request: Request) -> None:
    """A form of whoever is not signed in comes from a page of this site; its cookies are SameSite. Raises NotYours.

    An old browser tells neither header: there is no session to be misused then.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        raise NotYours
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        raise NotYours


@dataclass(slots=True)
class Sessions:
    """`issuer` signs the tokens of whoever is signed in; None where an outside issuer must be configured."""

    pool: asyncpg.Pool
    issuer: Issuer | None

    async def has_issuer(self) -> bool:
        """Whether somebody may sign in here by choosing: in a demo, and over a demo's data alone, whatever this process
        was told."""
        if self.issuer is None:
            return False
        async with session(self.pool) as connection:
            return bool(await connection.fetchval(SQL.is_demo))

    async def begin(self, officer: Officer, response: Response, *, is_secure: bool) -> None:
        """A new session for an officer; its cookie is set on the response. Ended ones are swept here."""
        id_ = secrets.token_urlsafe(32)
        value = orjson.dumps(officer).decode()
        async with session(self.pool) as connection:
            await connection.execute(SQL.sweep)
            await connection.execute(SQL.begin, _hash(id_), secrets.token_urlsafe(24), value, LASTS)
        response.set_cookie(COOKIE, id_, httponly=True, samesite="lax", secure=is_secure, max_age=LASTS_SECONDS)

    async def end(self, request: Request, response: Response) -> None:
        async with session(self.pool) as connection:
            await connection.execute(SQL.end, _hash(request.cookies.get(COOKIE, "")))
        response.delete_cookie(COOKIE)

    async def find(self, request: Request) -> Viewer | None:
        id_ = request.cookies.get(COOKIE)
        if not id_ or len(id_) > 100:
            return None
        async with session(self.pool) as connection:
            row = await connection.fetchrow(SQL.find, _hash(id_))
        if row is None:
            return None
        officer = Officer(**orjson.loads(row["officer"]))
        return Viewer(officer, row["csrf"], language_of(request), row["now"])

    def token(self, viewer: Viewer) -> str:
        """A bearer token with the officer's own role, place and capacity, for the calls of one request."""
        assert self.issuer is not None, "nobody signs in without an issuer"
        officer = viewer.officer
        fields = {
            "officer_id": officer.officer_id, "role": officer.role, "region": officer.region,
            "grid": officer.grid if officer.role in ONE_GRID else None, "capacity": officer.capacity,
            "department": officer.department,
        }  # fmt: skip
        return self.issuer.issue(fields, TOKEN_LASTS, machine_now())


def language_of(request: Request) -> str:
    """The language that was chosen by the switch; Chinese until then, whatever the browser's own."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    return chosen if chosen in LANGUAGES else "zh-CN"


def keep_language(answer: Response, language: str) -> None:
    """For a year: a preference, not a state."""
    answer.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR_SECONDS, httponly=True, samesite="lax")


def check_csrf(expected: str, given: object) -> None:
    """Raises NotYours."""
    if not expected or not isinstance(given, str) or not hmac.compare_digest(expected.encode(), given.encode()):
        raise NotYours


def _hash(id_: str) -> bytes:
    return hashlib.sha256(id_.encode()).digest()
