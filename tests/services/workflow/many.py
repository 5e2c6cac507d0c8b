"""Many open cases at once: copies of one that was opened the real way, in three statements, whatever columns there are.

`copied` multiplies it; a copy's number is the end of its household's id. `told` reads back what the alarm made of them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

_IDS = "jsonb_build_object({})"
_COPY = """
INSERT INTO workflow.{table}
SELECT (jsonb_populate_record(t, {ids} || {more})).* FROM workflow.{table} t, generate_series(1, $2) n
WHERE t.household_id = $1
"""
TABLES = ("cases", "places", "tasks", "deadlines")
_KEYS = {
    "cases": ("case", "household"),
    "places": ("case", "household", "place", "task"),
    "tasks": ("case", "household", "place", "task"),
    "deadlines": ("case", "household", "place", "deadline"),
}
_LATER = "(n / $3::int) * $4::interval"
_DATED = {
    "places": f"jsonb_build_object('due_at', t.due_at + {_LATER})",
    "deadlines": f"jsonb_build_object('due_at', t.due_at + {_LATER}, 'wake_at', t.wake_at + {_LATER})",
}


def household_of(number: int) -> UUID:
    return UUID(f"00000000-0000-4000-8000-{number:012x}")


async def copied(
    admin: asyncpg.Connection, like: UUID, count: int, *, at_once: int = 10**6, apart: timedelta = timedelta()
) -> None:
    """Copies of a household's open case with its place, task and deadline; each `at_once` of them due `apart` later."""
    await admin.execute("SET session_replication_role = 'replica'")
    for table in TABLES:
        ids = _IDS.format(", ".join(f"'{name}_id', {_id(name)}" for name in _KEYS[table]))
        statement = _COPY.format(table=table, ids=ids, more=_DATED.get(table, "'{}'::jsonb"))
        given = (at_once, apart) if table in _DATED else ()
        await admin.execute(statement, like, count, *given)
    await admin.execute("SET session_replication_role = 'origin'")
    await admin.execute("ANALYZE")


def _id(name: str) -> str:
    if name == "household":
        return "'00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0')"
    return f"md5('{name} ' || n)::uuid"


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of one deadline, in the order of its household's numbers."""

    steps: tuple[str, ...]
    numbers: tuple[int, ...]
    instants: tuple[datetime, ...]


async def told(admin: asyncpg.Connection) -> dict[str, Told]:
    """Deadline → what lies in the outbox about it."""
    rows = await admin.fetch(
        """
        SELECT e->'data'->>'deadline_id' AS deadline_id,
            array_agg(split_part(e->>'type', '.', 3) ORDER BY o.sequence) AS steps,
            array_agg(o.sequence::bigint ORDER BY o.sequence) AS numbers,
            array_agg((e->>'time')::timestamptz ORDER BY o.sequence) AS instants
        FROM workflow.outbox o CROSS JOIN LATERAL (SELECT convert_from(o.value, 'UTF8')::jsonb AS e) x
        WHERE topic = 'deadline.passed' GROUP BY 1
        """
    )
    names = ("steps", "numbers", "instants")
    return {row["deadline_id"]: Told(*(tuple(row[name]) for name in names)) for row in rows}
