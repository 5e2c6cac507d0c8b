"""PostgreSQL for every service: pools by role, named queries beside their subject, forward-only migrations.

A service logs in as `<service>_worker` (its subscribers, relay and alarm) and `<service>_api` (people's calls, under
forced row-level security); neither is superuser or owner. Migrations run as the administrator of `SHOUWANG_POSTGRES`.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from math import inf
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import cast
from urllib.parse import quote, urlsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from shared.crypto import role_password

SERVICES: tuple[str, ...] = ("intake", "screening", "workflow", "notify", "console")
ROOT = Path(__file__).resolve().parent.parent

CONNECTIONS_WORKER = 3
"""Unit of work, loops and dead letters; with the relay's own and four for the API: at most 8 a process."""
CONNECTIONS_API = 4

SESSION: Mapping[str, str] = {
    "lock_timeout": "2s",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "10s",
    "timezone": "Asia/Shanghai",
}
# The unit of work touches rows by key only; a plan made on an empty table is kept and would scan for ever
# (28–39 CPU s a million against 16). Of an array PostgreSQL expects ten rows, and would plan anew for the one or two of
# a small batch: a fifth of what it took for one of four records.
BY_KEY_ONLY: Mapping[str, str] = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
}
PLANS_SECONDS = 5.0
"""So long a connection keeps its plans. Of a few rows an index is read whole as cheaply as by key, and such a plan
would outlast the table's growth by thousands a second, until PostgreSQL next counts it, within a minute."""


def queries(beside: str) -> SimpleNamespace:
    """The named queries of the `.sql` file beside a Python file: `-- name: find_case` starts one.

    Raises ValueError when a query has no line of meaning under its name.
    """
    path = Path(beside).with_suffix(".sql")
    found: dict[str, str] = {}
    for block in re.split(r"^-- name: ", path.read_text("utf-8"), flags=re.M)[1:]:
        name, _, text = block.partition("\n")
        if not text.startswith("-- "):
            raise ValueError(f"{path.name}: query {name.strip()} has no line of meaning")
        found[name.strip()] = text.strip()
    return SimpleNamespace(**found)


def service_dsn(admin_dsn: str, role: str, database_key: bytes) -> str:
    """The DSN of one role of a service on the same server and database as `admin_dsn`."""
    parts = urlsplit(admin_dsn)
    host = parts.netloc.rpartition("@")[2]
    return f"postgresql://{role}:{quote(role_password(database_key, role))}@{host}{parts.path}"


async def worker_pool(
    admin_dsn: str, service: str, database_key: bytes, size: int = CONNECTIONS_WORKER
) -> asyncpg.Pool:
    """Connections of `<service>_worker`: index plans only, short timeouts, search path its own schema."""
    return await asyncpg.create_pool(
        service_dsn(admin_dsn, f"{service}_worker", database_key),
        min_size=1,
        max_size=size,
        server_settings={**SESSION, **BY_KEY_ONLY, "search_path": f"{service},civil"},
        connection_class=Planned,
        setup=_plan_anew,
        reset=_as_it_is,
    )


async def api_pool(admin_dsn: str, service: str, database_key: bytes, size: int = CONNECTIONS_API) -> asyncpg.Pool:
    """Connections of `<service>_api`: no row is visible before a transaction has set its scope."""
    return await asyncpg.create_pool(
        service_dsn(admin_dsn, f"{service}_api", database_key),
        min_size=0,
        max_size=size,
        server_settings={**SESSION, "search_path": f"{service},civil"},
        connection_class=Planned,
        setup=_plan_anew,
        reset=_as_it_is,
    )


class Planned(asyncpg.Connection):
    """A connection of a pool that knows when it last threw its plans away."""

    planned_at = -inf

    async def plan_anew(self) -> None:
        """Once in PLANS_SECONDS: what is asked from now on is planned among the rows that there are now."""
        if monotonic() - self.planned_at > PLANS_SECONDS:
            await self.execute("DISCARD PLANS")
            self.planned_at = monotonic()


async def _plan_anew(connection: PoolConnectionProxy) -> None:
    """Before it is lent, where nothing is lost if it fails."""
    await cast(Planned, connection).plan_anew()


async def _as_it_is(connection: asyncpg.Connection) -> None:
    """Given back to its pool. A transaction that was left open has been rolled back before this; nothing is ever set,
    listened to or locked for longer than a transaction (`tests/architecture`), so that nothing need be undone: doing so
    took as many questions as a small batch's own."""


async def worker_connection(admin_dsn: str, service: str, database_key: bytes) -> asyncpg.Connection:
    """One connection of the worker outside the pool: the relay's own."""
    return await asyncpg.connect(
        service_dsn(admin_dsn, f"{service}_worker", database_key),
        server_settings={**SESSION, **BY_KEY_ONLY, "search_path": f"{service},civil"},
    )


@asynccontextmanager
async def session(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the pool, as what it is to everyone who uses it."""
    async with pool.acquire() as connection:
        yield cast(asyncpg.Connection, connection)


async def migrate(admin_dsn: str, keys: Path) -> list[str]:
    """Bring the database from empty, or from an older state, to this code's. Returns what was applied, in order.

    First the civil clock (`shared/clock/migrations`); then each service's roles and schema, and in it the migrations of
    `shared/access`, `shared/messaging` and `services/<service>`: numbered SQL, each file once, in its own transaction.
    Raises MigrationError when a file that was applied has been changed since.
    """
    database_key = (keys / "database.key").read_bytes()
    connection = await asyncpg.connect(admin_dsn)
    try:
        await connection.execute("SELECT pg_advisory_lock(7301)")
        applied = await _apply(connection, "civil", [ROOT / "shared" / "clock" / "migrations"])
        for service in SERVICES:
            await _roles(connection, service, database_key)
            applied += await _apply(
                connection,
                service,
                [
                    ROOT / "shared" / "access" / "migrations",
                    ROOT / "shared" / "messaging" / "migrations",
                    ROOT / "services" / service / "migrations",
                ],
            )
        return applied
    finally:
        await connection.close()


class MigrationError(Exception):
    """A migration that was applied has been changed since: migrations are forward only."""


async def _roles(connection: asyncpg.Connection, service: str, database_key: bytes) -> None:
    for kind in ("worker", "api"):
        role = f"{service}_{kind}"
        password = role_password(database_key, role).replace("'", "''")
        exists = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
        verb = "ALTER" if exists else "CREATE"
        await connection.execute(
            f"{verb} ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD '{password}'"
        )


async def _apply(connection: asyncpg.Connection, schema: str, folders: list[Path]) -> list[str]:
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    await connection.execute(
        f"CREATE TABLE IF NOT EXISTS {schema}.migrations "
        "(name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    known = {
        row["name"]: row["sha256"] for row in await connection.fetch(f"SELECT name, sha256 FROM {schema}.migrations")
    }
    applied = []
    for folder in folders:
        for path in sorted(folder.rglob("*.sql")):
            name = path.relative_to(ROOT).as_posix()
            text = path.read_text("utf-8")
            digest = hashlib.sha256(text.encode()).hexdigest()
            if name in known:
                if known[name] != digest:
                    raise MigrationError(f"{name} was changed after it had been applied: add a new numbered file")
                continue
            await _run(connection, schema, name, text, digest)
            applied.append(f"{schema}: {name}")
    return applied


async def _run(connection: asyncpg.Connection, schema: str, name: str, text: str, digest: str) -> None:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL search_path TO {schema}, civil")
        await connection.execute(text.replace("@schema", schema))
        await connection.execute(f"INSERT INTO {schema}.migrations (name, sha256) VALUES ($1, $2)", name, digest)
