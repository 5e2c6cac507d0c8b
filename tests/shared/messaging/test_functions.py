"""The functions that run as their owner: what a session of the API role can make them do, and which plans they take."""

from pathlib import Path

import asyncpg
import pytest

from shared import postgres
from shared.crypto import read_keys
from shared.messaging import keys as key_rows


@pytest.mark.parametrize("service", postgres.SERVICES)
async def test_no_temporary_table_stands_in_for_a_table_of_the_unit_of_work(
    database: str, keys: Path, service: str
) -> None:
    pool = await postgres.api_pool(database, service, read_keys(keys).database)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "CREATE TEMP TABLE keys (key text PRIMARY KEY, applied bigint[] DEFAULT '{}',"
            " emitted bigint[] DEFAULT '{}', waiting integer DEFAULT 0, merged_into text, digest bytea);"
            " GRANT ALL ON keys TO PUBLIC"
        )
        await connection.fetch("SELECT * FROM lock_keys($1)", ["x"])
        assert await connection.fetchval("SELECT count(*) FROM pg_temp.keys") == 0, "the owner wrote into our table"
    await pool.close()


@pytest.mark.parametrize("service", postgres.SERVICES)
async def test_every_function_that_runs_as_its_owner_names_its_schemas(database: str, keys: Path, service: str) -> None:
    admin = await asyncpg.connect(database)
    loose = await admin.fetch(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = $1::text::regnamespace "
        "AND NOT coalesce(proconfig::text LIKE '%pg_temp%', false)",
        service,
    )
    await admin.close()
    assert [row["proname"] for row in loose] == []


async def test_a_merge_finds_earlier_ones_by_their_index(database: str, keys: Path) -> None:
    worker = await postgres.worker_connection(database, "screening", read_keys(keys).database)
    plan = await worker.fetch("EXPLAIN " + key_rows.SQL.merge, ["a"], ["b"])
    text = "\n".join(row[0] for row in plan)
    assert "keys_merged_into" in text and "Seq Scan" not in text, text
    await worker.close()
