"""Row-level security alone, on a real PostgreSQL: what the API role sees when no code stands before it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from shared.access.tokens import Caller
from shared.postgres import SERVICES, service_dsn

SET_SCOPE = (
    "SELECT set_config('app.region_from', $1, true), set_config('app.region_to', $2, true), "
    "set_config('app.grid', $3, true)"
)

VILLAGE, GRID, OTHER_GRID = "341221102201", "341221102201-03", "341221102201-04"
ROWS = [
    ("own", VILLAGE, GRID),
    ("own village, other grid", VILLAGE, OTHER_GRID),
    ("other village", "341221102202", "341221102202-01"),
    ("other township", "341221103201", "341221103201-01"),
    ("other county", "341222102201", "341222102201-01"),
    ("the county's office itself", "341221000000", "341221000000-x"),
    ("last of the prefecture", "341299999999", "341299999999-01"),
]


@pytest_asyncio.fixture(scope="module")
async def admin(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    await connection.execute("SET search_path TO intake, civil")
    await connection.execute("""
        CREATE TABLE places (name text PRIMARY KEY, region char(12) COLLATE "C" NOT NULL, grid text NOT NULL);
        CREATE TABLE offices (name text PRIMARY KEY, region char(12) COLLATE "C" NOT NULL);
        CREATE INDEX places_region ON places (region);
        GRANT SELECT, INSERT, UPDATE, DELETE ON places, offices TO intake_api, intake_worker;
        CALL protect('places', 'intake', true);
        CALL protect('offices', 'intake', false);
    """)
    await connection.executemany("INSERT INTO places VALUES ($1, $2, $3)", ROWS)
    await connection.executemany("INSERT INTO offices VALUES ($1, $2)", [row[:2] for row in ROWS])
    yield connection
    await connection.close()


@pytest_asyncio.fixture(scope="module")
async def api(database: str, keys: Path, admin: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    connection = await _as(database, keys, "intake_api")
    yield connection
    await connection.close()


async def _as(database: str, keys: Path, role: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        service_dsn(database, role, (keys / "database.key").read_bytes()),
        server_settings={"search_path": "intake,civil"},
    )


async def _seen(connection: asyncpg.Connection, scope: tuple[str, str, str] | None, table: str) -> set[str]:
    async with connection.transaction():
        if scope is not None:
            await connection.execute(SET_SCOPE, *scope)
        return {row["name"] for row in await connection.fetch(f"SELECT name FROM {table}")}


def _scope(role: Any, region: str, grid: str = "*") -> tuple[str, str, str]:
    caller = Caller("o-1", role, region, grid)
    return caller.region_from, caller.region_to, caller.grid


async def test_the_roles_of_every_service_are_neither_superuser_nor_bypassing(
    admin: asyncpg.Connection,
) -> None:
    names = [f"{service}_{kind}" for service in SERVICES for kind in ("api", "worker")]
    rows = await admin.fetch(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = ANY ($1)", names
    )
    assert {row["rolname"] for row in rows} == set(names)
    assert not any(row["rolsuper"] or row["rolbypassrls"] or row["rolcreaterole"] for row in rows)


async def test_the_roles_own_no_table(admin: asyncpg.Connection) -> None:
    owners = await admin.fetch(
        "SELECT DISTINCT pg_get_userbyid(c.relowner) AS owner FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY ($1)",
        list(SERVICES),
    )
    assert not [row["owner"] for row in owners if row["owner"].endswith(("_api", "_worker"))]


@pytest.mark.parametrize("table", ["places", "offices"])
async def test_unset_means_no_rows(database: str, keys: Path, api: asyncpg.Connection, table: str) -> None:
    fresh = await _as(database, keys, "intake_api")
    try:
        assert await _seen(fresh, None, table) == set()
    finally:
        await fresh.close()


@pytest.mark.parametrize("table", ["places", "offices"])
async def test_empty_after_an_earlier_use_of_the_same_connection_means_no_rows(
    api: asyncpg.Connection, table: str
) -> None:
    assert await _seen(api, _scope("system", ""), table) == {row[0] for row in ROWS}
    assert await api.fetchval("SELECT current_setting('app.region_from', true)") == ""
    assert await _seen(api, None, table) == set()
    assert await _seen(api, ("", "", ""), table) == set()


async def test_a_policy_that_lets_the_empty_setting_through_would_be_caught(
    admin: asyncpg.Connection, api: asyncpg.Connection
) -> None:
    """The planted fault: the usual prefix policy shows everything to a pooled connection after its first use."""
    await admin.execute("""
        CREATE TABLE planted (name text, region char(12) COLLATE "C");
        INSERT INTO planted SELECT name, region FROM places;
        GRANT SELECT ON planted TO intake_api;
        ALTER TABLE planted ENABLE ROW LEVEL SECURITY;
        CREATE POLICY scope ON planted TO intake_api
            USING (region LIKE current_setting('app.region_from', true) || '%');
    """)
    try:
        await _seen(api, _scope("village", VILLAGE), "places")
        assert await _seen(api, None, "planted") != set()
        assert await _seen(api, None, "places") == set()
    finally:
        await admin.execute("DROP TABLE planted")


@pytest.mark.parametrize("missing", [0, 1, 2])
@pytest.mark.parametrize("table", ["places", "offices"])
async def test_one_setting_left_empty_means_no_rows(api: asyncpg.Connection, table: str, missing: int) -> None:
    scope = list(_scope("county", "341221"))
    scope[missing] = ""
    assert await _seen(api, (scope[0], scope[1], scope[2]), table) == set()


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (_scope("village", VILLAGE), {"own", "own village, other grid"}),
        (_scope("township", "341221102"), {"own", "own village, other grid", "other village"}),
        (
            _scope("county", "341221"),
            {row[0] for row in ROWS} - {"other county", "last of the prefecture"},
        ),
        (_scope("city", "3412"), {row[0] for row in ROWS}),
        (_scope("grid_worker", VILLAGE, GRID), {"own"}),
        (_scope("grid_worker", "341221", GRID), {"own"}),
        (_scope("grid_worker", "341222", GRID), set()),
        (_scope("grid_worker", VILLAGE, "341221102201-99"), set()),
        (_scope("village", "320102001001"), set()),
    ],
)
async def test_only_rows_of_the_callers_region_and_grid_are_seen(
    api: asyncpg.Connection, scope: tuple[str, str, str], names: set[str]
) -> None:
    assert await _seen(api, scope, "places") == names


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO places VALUES ('new', '341221102202', '341221102202-01')",
        "INSERT INTO places VALUES ('new', '341221102201', '341221102201-04')",
        "UPDATE places SET region = '341221102202' WHERE name = 'own'",
        "UPDATE places SET grid = '341221102201-04' WHERE name = 'own'",
    ],
)
async def test_a_row_is_not_written_out_of_scope(api: asyncpg.Connection, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with api.transaction():
            await api.execute(SET_SCOPE, *_scope("grid_worker", VILLAGE, GRID))
            await api.execute(statement)


async def test_rows_out_of_scope_are_neither_changed_nor_deleted(api: asyncpg.Connection) -> None:
    async with api.transaction():
        await api.execute(SET_SCOPE, *_scope("grid_worker", VILLAGE, GRID))
        assert await api.execute("UPDATE places SET grid = grid WHERE name <> 'own'") == "UPDATE 0"
        assert await api.execute("DELETE FROM places WHERE name <> 'own'") == "DELETE 0"


async def test_the_worker_sees_all_rows_without_a_scope(database: str, keys: Path, api: asyncpg.Connection) -> None:
    worker = await _as(database, keys, "intake_worker")
    try:
        assert await _seen(worker, None, "places") == {row[0] for row in ROWS}
        assert await _seen(worker, None, "offices") == {row[0] for row in ROWS}
    finally:
        await worker.close()


async def test_another_services_role_sees_nothing(database: str, keys: Path, api: asyncpg.Connection) -> None:
    other = await _as(database, keys, "screening_worker")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await other.fetch("SELECT name FROM intake.places")
    finally:
        await other.close()


async def test_the_api_role_cannot_take_the_protection_away(api: asyncpg.Connection) -> None:
    for statement in (
        "ALTER TABLE places DISABLE ROW LEVEL SECURITY",
        "DROP POLICY scope ON places",
        "CALL protect('places', 'intake', true)",
        "SET ROLE intake_worker",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await api.execute(statement)


async def test_the_index_on_region_serves_the_policy(admin: asyncpg.Connection, api: asyncpg.Connection) -> None:
    await admin.execute(
        "INSERT INTO places SELECT 'many ' || n, '3403' || lpad(n::text, 8, '0'), 'g' FROM generate_series(1, 20000) n"
    )
    await admin.execute("ANALYZE places")
    async with api.transaction():
        await api.execute(SET_SCOPE, *_scope("village", VILLAGE))
        plan = await api.fetch("EXPLAIN SELECT name FROM places")
    assert any("places_region" in row[0] and "Seq Scan" not in row[0] for row in plan), plan


async def test_a_table_with_a_region_but_without_protection_is_told(admin: asyncpg.Connection) -> None:
    async with admin.transaction():
        assert not {"places", "offices"} & await _unprotected(admin)
        await admin.execute("CREATE TABLE planted (region char(12))")
        assert "planted" in await _unprotected(admin)
        await admin.execute("DROP TABLE planted")


async def _unprotected(admin: asyncpg.Connection) -> set[str]:
    return {row["name"] for row in await admin.fetch("SELECT name FROM intake.unprotected")}
