"""Conservation: nothing is lost between two tables. Each service tells its own sums; the console adds them up.

At a Kafka boundary: Σ emitted (producer) = Σ applied (consumer) + waiting + not yet read + still in the outbox. At a
consumer's own: received = accepted + duplicates + rejected + parked + waiting.
"""

from typing import Any

import asyncpg

from shared.contracts.topics import TOPICS
from shared.messaging import positions, relay, waiting
from shared.postgres import queries

SQL = queries(__file__)


async def sums(connection: asyncpg.Connection, service: str) -> dict[str, Any]:
    """This service's side of every boundary, by topic, from one snapshot.

    `emitted` and `applied` are sums over key rows; `outbox` what is not yet acknowledged; `waiting` by consumer, topic
    and state; `read` the accounts of what consumers read.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        emitted = await _sums(connection, SQL.emitted)
        applied = await _sums(connection, SQL.applied)
        depth = {row["topic"]: row["facts"] for row in await connection.fetch(relay.SQL.depth)}
        waits = [dict(row) for row in await connection.fetch(waiting.SQL.count)]
        accounts = [dict(row) for row in await connection.fetch(positions.SQL.account)]
    return {
        "service": service,
        "emitted": {t.name: emitted.get(t.number, 0) for t in TOPICS if t.producer == service},
        "applied": {t.name: applied.get(t.number, 0) for t in TOPICS if service in t.consumers},
        "outbox": depth,
        "waiting": waits,
        "read": [
            {**account, "is_equal": account["received"] == sum(account[name] for name in OUTCOMES)}
            for account in accounts
        ],
    }


OUTCOMES = ("accepted", "duplicates", "rejected", "parked", "waiting")


async def _sums(connection: asyncpg.Connection, query: str) -> dict[int, int]:
    return {row["number"]: int(row["total"]) for row in await connection.fetch(query)}
