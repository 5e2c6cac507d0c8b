"""Conservation: nothing is lost between two tables. Each service tells its own sums; the console adds them up.

At a Kafka boundary: Σ emitted (producer) = Σ applied (consumer) + waiting + not yet read + still in the outbox. At a
consumer's own: received = accepted + duplicates + rejected + parked + waiting, and as many rows wait as are counted so.
A process looks by itself (`Watch`), and raises an alarm: nobody has to open the page.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from shared.contracts.topics import TOPICS
from shared.messaging import positions, relay, waiting
from shared.postgres import queries

SQL = queries(__file__)

PERIOD_SECONDS = 60.0
"""How often a process looks: its sums read whole tables, and a row that is gone is gone for good."""

log = logging.getLogger(__name__)


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
        "read": [_read(account, waits) for account in accounts],
    }


def _read(account: dict[str, Any], waits: list[dict[str, Any]]) -> dict[str, Any]:
    """A consumer's account of one topic; `rows_waiting` is what stands in the table, counted by itself."""
    name = (account["consumer"], account["topic"])
    rows = sum(row["records"] for row in waits if (row["consumer"], row["topic"]) == name)
    return {**account, "rows_waiting": rows, "is_equal": _lost(account) == 0 and rows == account["waiting"]}


def differences(sums: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """By (boundary, topic or department) what one service can see by itself, from one snapshot; nought where equal."""
    found: dict[tuple[str, str], int] = {}
    for row in sums.get("read", ()):
        where = (row["consumer"], row["topic"])
        found[where] = found.get(where, 0) + _lost(row) + row["waiting"] - row["rows_waiting"]
    for row in sums.get("sent", ()):
        found[row["boundary"], row["department"]] = _lost(row)
    return found


@dataclass(slots=True)
class Watch:
    """Tells differences as a metric, and each new one as one log line and one alarm; one that stays is not repeated."""

    tell: Callable[[str, str, int], None]
    alarm: Callable[[str], None]
    _told: dict[tuple[str, str], int] = field(default_factory=dict)

    def look(self, found: Mapping[tuple[str, str], int]) -> None:
        for (boundary, name), difference in found.items():
            self.tell(boundary, name, difference)
            if difference and self._told.get((boundary, name)) != difference:
                log.error("conservation.unequal", extra={"consumer": boundary, "topic": name, "lost": difference})
                self.alarm("conservation_unequal")
            self._told[boundary, name] = difference


OUTCOMES = ("accepted", "duplicates", "rejected", "parked", "waiting")


def _lost(account: Mapping[str, Any]) -> int:
    """What was received and came to no outcome."""
    return int(account["received"] - sum(account[one] for one in OUTCOMES))


async def _sums(connection: asyncpg.Connection, query: str) -> dict[int, int]:
    return {row["number"]: int(row["total"]) for row in await connection.fetch(query)}
