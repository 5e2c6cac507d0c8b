"""Row-level security alone, with the code's own checks off: every table with a region, every service."""

from pathlib import Path

import asyncpg
import pytest

from shared.crypto import read_keys
from shared.messaging.unit_of_work import SET_SCOPE
from shared.postgres import SERVICES, service_dsn
from tests.journeys.people import couple, id_number
from tests.journeys.road import Road
from tests.tokens import GRID, VILLAGE

WITHOUT = {"outbox", "waiting", "audit", "dead_letters"}
"""The unit of work's own: access is by grant alone."""

SEEN_ACROSS_GRIDS = {("console", "officers")}
"""Whoever works in a village sees who its officers are; they are public servants, with masked names."""


async def guarded(admin: asyncpg.Connection, schema: str) -> dict[str, bool]:
    """Tables with a region → whether they have a grid too."""
    rows = await admin.fetch(
        "SELECT table_name, bool_or(column_name = 'grid') AS has_grid FROM information_schema.columns "
        "JOIN information_schema.tables USING (table_schema, table_name) "
        "WHERE table_schema = $1 AND table_type = 'BASE TABLE' "
        "GROUP BY table_name HAVING bool_or(column_name = 'region')",
        schema,
    )
    return {row["table_name"]: row["has_grid"] for row in rows if row["table_name"] not in WITHOUT}


@pytest.mark.parametrize("schema", SERVICES)
async def test_no_row_of_another_place_and_none_without_a_scope(
    walk: Road, database: str, keys: Path, schema: str
) -> None:
    await walk.register("H-0031", couple(31))
    await walk.send("medical_insurance", walk.settlement(id_number(31), "9000.00"))
    warning = await walk.warned("H-0031")
    await walk.task(warning["household_id"], "village_group", walk.worker)

    admin = await asyncpg.connect(database)
    person = await asyncpg.connect(service_dsn(database, f"{schema}_api", read_keys(keys).database))
    await person.execute(f"SET search_path TO {schema}, civil")
    role = await person.fetchrow("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
    assert role is not None and not role["rolsuper"] and not role["rolbypassrls"]
    seen = 0
    for table, has_grid in (await guarded(admin, schema)).items():
        flags = await admin.fetchrow(
            "SELECT relrowsecurity AND relforcerowsecurity AS is_forced FROM pg_class WHERE oid = $1::regclass",
            f"{schema}.{table}",
        )
        assert flags is not None and flags["is_forced"], f"{schema}.{table}"
        if not await admin.fetchval(
            "SELECT has_table_privilege($1, $2, 'SELECT')", f"{schema}_api", f"{schema}.{table}"
        ):
            continue
        there = await admin.fetchval(f"SELECT count(*) FROM {schema}.{table} WHERE region = $1", VILLAGE)
        own = await count(person, table, VILLAGE, VILLAGE, "*")
        assert own == there, f"{schema}.{table}: the village sees its own"
        assert await count(person, table, "340822000000", "340822999999", "*") == 0
        assert await count(person, table, "", "", "") == 0, "empty means none"
        assert await person.fetchval(f"SELECT count(*) FROM {table}") == 0, "unset means none"
        if has_grid and (schema, table) not in SEEN_ACROSS_GRIDS:
            assert await count(person, table, VILLAGE, VILLAGE, f"{VILLAGE}-77") == 0
            assert await count(person, table, VILLAGE, VILLAGE, GRID) <= own
        seen += own
    assert seen or schema == "notify", f"{schema}: there was something to hide"
    await person.close()
    await admin.close()


async def count(person: asyncpg.Connection, table: str, start: str, end: str, grid: str) -> int:
    async with person.transaction():
        await person.execute(SET_SCOPE, start, end, grid)
        return int(await person.fetchval(f"SELECT count(*) FROM {table}"))
