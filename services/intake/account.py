"""The account of what departments sent: nothing is lost between a line that was read and a row that was written.

Over HTTP: lines counted by the reader (batches) = rows of records, repeats and rejections. Over Kafka: what was read
(positions) = the same rows + what waits, and a record that a person skipped counts as rejected.
What people tell (declarations, clues, objections) is counted call by call before it is read; a call that got no answer
stands as waiting, and its sender comes again.
"""

from collections import Counter
from typing import Any

import asyncpg

from services.intake.departments import KINDS
from shared.contracts.topics import department_topic
from shared.messaging import positions
from shared.postgres import queries, session
from shared.web.cursor import unpacked

SQL = queries(__file__)

_OUTCOMES = ("accepted", "duplicates", "rejected", "parked")


async def sent_and_kept(pool: asyncpg.Pool) -> dict[str, Any]:
    """Both sides of the two boundaries, by department, from one snapshot."""
    async with session(pool) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await _rows(connection)
        lines = {row["department"]: row for row in await connection.fetch(SQL.lines)}
        read = {row["topic"]: row for row in await connection.fetch(positions.SQL.account)}
        skipped = _skipped(await connection.fetchval(SQL.skipped) or [])
        calls = {row["boundary"]: row["calls"] for row in await connection.fetch(SQL.calls)}
        became = {(row["boundary"], row["outcome"]): row["number"] for row in await connection.fetch(SQL.became)}
    return {
        "sent": [
            *(_told(boundary, calls, became) for boundary in ("declaration", "clue", "objection")),
            *(_http(code, lines.get(code), rows) for code in KINDS),
            *(_kafka(code, read.get(department_topic(code)), rows, skipped) for code in KINDS),
        ]
    }


async def _rows(connection: asyncpg.Connection) -> dict[tuple[str, str], Counter[str]]:
    found: dict[tuple[str, str], Counter[str]] = {}
    for row in await connection.fetch(SQL.rows):
        found.setdefault((row["department"], row["channel"]), Counter())[row["outcome"]] = row["number"]
    return found


def _told(boundary: str, calls: dict[str, int], became: dict[tuple[str, str], int]) -> dict[str, Any]:
    """What people told: calls counted before they were read, against the rows that came of them."""
    kept = {name: became.get((boundary, name), 0) for name in (*_OUTCOMES, "waiting")}
    received = calls.get(boundary, 0)
    return {
        "boundary": "http", "department": boundary, "received": received, **kept,
        "is_equal": received == sum(kept.values()),
    }  # fmt: skip


def _http(code: str, lines: Any, rows: dict[tuple[str, str], Counter[str]]) -> dict[str, Any]:
    kept = {name: rows.get((code, "http"), Counter())[name] for name in _OUTCOMES}
    received = int(lines["lines"]) if lines else 0
    return {
        "boundary": "http", "department": code, "received": received, **kept, "waiting": 0,
        "is_equal": received == sum(kept.values()),
    }  # fmt: skip


def _kafka(code: str, read: Any, rows: dict[tuple[str, str], Counter[str]], skipped: Counter[str]) -> dict[str, Any]:
    kept = {name: rows.get((code, "kafka"), Counter())[name] for name in _OUTCOMES}
    kept["rejected"] += skipped[department_topic(code)]
    received, waiting = (int(read["received"]), int(read["waiting"])) if read else (0, 0)
    return {
        "boundary": "kafka", "department": code, "received": received, **kept, "waiting": waiting,
        "is_equal": received == sum(kept.values()) + waiting,
    }  # fmt: skip


def _skipped(ids: list[str]) -> Counter[str]:
    """Topics of the records that a person skipped, from the audit's own subjects."""
    return Counter(topic for _, topic, _, _ in (unpacked(one, 4) for one in ids))
