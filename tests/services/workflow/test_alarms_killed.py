"""Two alarm processes killed with -9 at random: the short form of `tests/chaos/alarms.py`; its checker failing."""

from pathlib import Path

import asyncpg

from tests.chaos.alarms import complaints, run

FAULTS = (
    (
        "lost",
        "DELETE FROM outbox WHERE id = (SELECT max(id) FROM outbox WHERE topic = 'deadline.passed')",
        "out of order",
    ),
    (
        "doubled",
        "INSERT INTO outbox (topic, key, sequence, event_id, type, source, region, value) SELECT topic, key, 6, "
        "event_id, type, source, region, value FROM outbox WHERE topic = 'deadline.passed' ORDER BY id LIMIT 1",
        "out of order",
    ),
    ("untold", "UPDATE deadlines SET fired = '{near,passed,urged,supervised}' WHERE hop = 'village_group'", "unfired"),
    ("lateness moved", "UPDATE places SET lateness = 'normal' WHERE hop = 'village_group'", "places supervised"),
    ("history", "DELETE FROM history WHERE type LIKE '%urged%'", "history"),
)


async def test_each_step_is_told_once_and_in_order_however_often_alarms_are_killed(database: str, keys: Path) -> None:
    outcome = await run(database, keys, 2000, seed=20261125)
    assert outcome.complaints == () and outcome.kills >= 2, outcome.line()
    admin = await asyncpg.connect(database)
    due_at = await admin.fetchval("SELECT due_at FROM workflow.deadlines LIMIT 1")
    for name, fault, said in FAULTS:
        async with Undone(admin):
            await admin.execute("SET LOCAL search_path = workflow, public")
            await admin.execute(fault)
            found = await complaints(admin, 2000, due_at)
            assert any(said in one for one in found), (name, found)
    await admin.close()


class Undone:
    """A transaction that is always rolled back."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._transaction = connection.transaction()

    async def __aenter__(self) -> None:
        await self._transaction.start()

    async def __aexit__(self, *_: object) -> None:
        await self._transaction.rollback()
