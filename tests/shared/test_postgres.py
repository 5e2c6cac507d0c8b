"""Plans: kept for batches of any length, made anew while a table grows, by key in every statement of a batch."""

import re
from collections.abc import Iterator
from math import inf
from pathlib import Path

import asyncpg
import pytest

from shared import postgres
from shared.crypto import read_keys
from shared.postgres import BY_KEY_ONLY, ROOT, SERVICES, queries, session, worker_pool

JOINED = """
PREPARE joined AS SELECT k.key FROM unnest($1::text[]) AS u (key) JOIN keys k ON k.key = u.key
"""
PARAMETERS = "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'asked'"
OF_A_BATCH = re.compile(r"unnest\(\$1|recordset\(.*\$1|= ANY ?\(\$1")
SCAN = re.compile(r"(?:Seq Scan|Bitmap Index Scan|Index (?:Only )?Scan using \w+) on (\w+)")
OF_FEW_ROWS = {"relay", "assignments", "leaves"}
"""One lease; and who is in post, hundreds a county, asked about where that changes."""
OF_ONE_STATE = {
    "acting.read", "alarm.put_off", "case.move_cases", "clue.of_provisional", "reading.mark_read", "warning.close",
    "warning.move",
}  # fmt: skip
"""An index of the rows in one state is read whole while its table is small: among 100,000 by key."""


async def test_a_plan_is_kept_for_batches_of_any_length(database: str, keys: Path) -> None:
    pool = await worker_pool(database, "screening", read_keys(keys).database, 1)
    async with session(pool) as connection:
        for length in (1, 2, 7, 1, 3, 1, 1000):
            await connection.fetch("SELECT key FROM keys WHERE key = ANY ($1::text[])", ["a"] * length)
        counted = await connection.fetch(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE 'SELECT key%'"
        )
    await pool.close()
    assert [tuple(row) for row in counted] == [(7, 0)]


async def test_a_plan_of_a_table_of_one_row_does_not_outlast_its_growth(
    database: str, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, admin = await worker_pool(database, "intake", read_keys(keys).database, 1), await asyncpg.connect(database)
    await admin.execute("INSERT INTO intake.keys (key) VALUES ('only')")
    await admin.execute("VACUUM ANALYZE intake.keys")
    monkeypatch.setattr(postgres, "PLANS_SECONDS", inf)
    async with session(pool) as connection:
        await connection.execute(JOINED)
        assert not await _is_by_key(connection), "the planted plan is to read the index whole"
    await admin.execute("INSERT INTO intake.keys (key) SELECT 'key' || n FROM generate_series(1, 10000) n")
    async with session(pool) as connection:
        assert not await _is_by_key(connection), "and to be kept"
    monkeypatch.setattr(postgres, "PLANS_SECONDS", 0)
    async with session(pool) as connection:
        assert await _is_by_key(connection)
    await admin.close()
    await pool.close()


async def _is_by_key(connection: asyncpg.Connection) -> bool:
    plan = [row[0] for row in await connection.fetch("EXPLAIN EXECUTE joined (NULL)")]
    return any("Index Cond" in line for line in plan)


@pytest.mark.parametrize("service", SERVICES)
async def test_every_statement_of_a_batch_reads_by_key(database: str, service: str) -> None:
    """As planned among tables that were never looked at, where all is still to come."""
    admin = await asyncpg.connect(database, server_settings={**BY_KEY_ONLY, "search_path": f"{service},civil"})
    whole: dict[str, set[str]] = {}
    for name, text in _of_batches(service):
        await admin.execute(f"PREPARE asked AS {re.sub(r'after[(].*?[)]', 'true', text)}")
        count = await admin.fetchval(PARAMETERS)
        plan = await admin.fetch(f"EXPLAIN EXECUTE asked ({', '.join(['NULL'] * count)})")
        await admin.execute("DEALLOCATE asked")
        if name not in OF_ONE_STATE and (found := _read_whole([row[0] for row in plan]) - OF_FEW_ROWS):
            whole[name] = found
    await admin.close()
    assert whole == {}


def _of_batches(service: str) -> Iterator[tuple[str, str]]:
    """The statements of arrays and of rows as JSON, those of the unit of work with them."""
    for path in (*(ROOT / "services" / service).rglob("*.sql"), *(ROOT / "shared" / "messaging").glob("*.sql")):
        if "migrations" not in path.parts:
            for name, text in vars(queries(str(path))).items():
                if OF_A_BATCH.search(text):
                    yield f"{path.stem}.{name}", text


def _read_whole(plan: list[str]) -> set[str]:
    """The tables that are scanned without a condition on an index (of a bitmap: the index)."""
    scans = [(at, SCAN.search(line)) for at, line in enumerate(plan)]
    return {scan[1] for at, scan in scans if scan and "Index Cond" not in "".join(plan[at + 1 : at + 2])}
