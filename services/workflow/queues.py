"""Queues: exact counts of where the open cases are, that add up.

A `COUNT … GROUP BY` over the partial index of live places: one row a case, and one more for each step that runs beside
it (a verification, a department, the result told). Every place stands in one part only: tracking, overdue, due, on its
way in time, open in time.
"""

from typing import Any

import asyncpg

from shared.postgres import queries

SQL = queries(__file__)

PARTS = ("on_its_way", "open", "due_today", "overdue", "tracking")


def part_of(state: str, lateness: str) -> str:
    """The one part in which a place counts."""
    if state == "tracking":
        return "tracking"
    if lateness in ("overdue", "supervised"):
        return "overdue"
    return "due_today" if lateness == "due" else state


async def counted(connection: asyncpg.Connection, department: str | None = None) -> dict[str, Any]:
    """The counts of the caller's scope, in one statement, so of one moment. A department counts its own branches."""
    rows = await connection.fetch(SQL.count, department)
    parts = dict.fromkeys(PARTS, 0)
    for row in rows:
        parts[part_of(row["state"], row["lateness"])] += row["count"]
    besides = sum(row["besides"] for row in rows)
    total = sum(parts.values())
    return {
        "as_of": (await connection.fetchval(SQL.now)).isoformat(),
        "total": total,
        "cases": total - besides,
        "besides": besides,
        **parts,
        "hops": [_shown(row) for row in rows],
    }


async def late_on_its_way(
    connection: asyncpg.Connection, limit: int, department: str | None = None
) -> list[dict[str, Any]]:
    """What is late between two hops: it has a limit and an alarm, and no task before its hop opens one."""
    return [dict(row) for row in await connection.fetch(SQL.late_on_its_way, department, limit)]


def _shown(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "hop": row["hop"],
        "office": row["office"],
        "office_name": {"zh": row["name_zh"], "en": row["name_en"]} if row["name_zh"] else None,
        "level": row["level"],
        "lateness": row["lateness"],
        "state": row["state"],
        "count": row["count"],
    }
