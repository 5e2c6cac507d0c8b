"""Positions: how far each consumer has committed, stored with its effects, and its account of what it read."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from shared.messaging.room import Place
from shared.postgres import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class Step:
    """What one transaction adds to the account of a partition: outcome → number of records."""

    topic: str
    partition: int
    next_offset: int
    counts: Mapping[str, int]

    @property
    def where(self) -> tuple[str, int]:
        return self.topic, self.partition


def steps(outcomes: Sequence[tuple[Place, str]], released: Sequence[tuple[Place, str]] = ()) -> list[Step]:
    """The account of a batch, sorted by (topic, partition): positions are locked last, in that order.

    `released` are records that were counted as waiting when they were read, and have been decided now.
    """
    ends: dict[tuple[str, int], int] = {}
    counts: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for place, outcome in (*outcomes, *released):
        where = (place.topic, place.partition)
        if place.offset >= ends.get(where, 0):
            ends[where] = place.offset + 1
        counts[where][outcome] += 1
    for place, _ in released:
        counts[place.topic, place.partition]["waiting"] -= 1
    return [
        Step(topic, partition, ends[topic, partition], counts[topic, partition]) for topic, partition in sorted(ends)
    ]


def step_columns(made: Sequence[Step]) -> tuple[list[Any], ...]:
    """topic, partition, next offset, and the number of each outcome."""
    return (
        [step.topic for step in made],
        [step.partition for step in made],
        [step.next_offset for step in made],
        *(
            [step.counts.get(outcome, 0) for step in made]
            for outcome in ("accepted", "duplicate", "rejected", "parked", "waiting")
        ),
    )


async def passed_hole(connection: asyncpg.Connection | asyncpg.Pool, consumer: str, place: Place, lost: int) -> None:
    """A hole that the log itself has, or a start beyond our position: counted, and alarmed when records are lost."""
    await connection.execute(SQL.hole, consumer, place.topic, place.partition, place.offset, lost)
