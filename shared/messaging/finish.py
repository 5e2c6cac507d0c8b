"""Finish: what a transaction leaves behind beside the rows of its room, in one statement. Its key rows are locked
already; positions come after them, sorted. A batch that begins beyond its stored position is found out here, where the
position moves, and leaves nothing behind.
"""

from collections.abc import Iterable, Mapping, Sequence

import asyncpg

from shared.messaging import keys, outbox, positions
from shared.messaging.faults import Hole
from shared.messaging.keys import KeyRow
from shared.messaging.outbox import OutboxRow
from shared.messaging.positions import Step
from shared.postgres import queries

SQL = queries(__file__)
Firsts = Mapping[tuple[str, int], int]
"""The first offset of a batch, as fetched, by (topic, partition)."""
UNPLACED: Firsts = {}


async def finish(
    connection: asyncpg.Connection,
    consumer: str,
    facts: Sequence[OutboxRow],
    rows: Iterable[KeyRow],
    steps: Sequence[Step] = (),
    firsts: Firsts = UNPLACED,
) -> None:
    """Facts into the outbox, every changed key row, positions moved on, never back: a redelivered batch leaves them
    where they are and is counted all the same.

    Raises Hole where one of the `firsts` lies beyond what is stored.
    """
    changed = keys.key_columns(rows)
    if not (facts or steps or changed[0]):
        return
    before = await connection.fetch(
        SQL.finish, *outbox.fact_columns(facts), *changed, consumer, *positions.step_columns(steps)
    )
    stored = {(topic, partition): offset or 0 for topic, partition, offset in before}
    beyond = {where: stored[where] for where, first in firsts.items() if first > stored.get(where, first)}
    if beyond:
        raise Hole(beyond)
