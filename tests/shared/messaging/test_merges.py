"""Merges: `applied` belongs to the key that a record carries, its state to the household that it became."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path

import asyncpg
import pytest_asyncio

from shared import postgres
from shared.crypto import Cipher, read_keys
from shared.messaging.room import Decided, Decision, Input, State, Unit
from shared.messaging.unit_of_work import UnitOfWork
from tests.shared.messaging.ledger import House, Ledger, fact, house, household

A, B, C = (household(number) for number in (931, 932, 933))


class Homes(Ledger):
    """Writes each word down under the household that the record is about now; `into <key>` merges into it."""

    looks_up_keys = False

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        return [(one.key, *_target(one)) for one in inputs]

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        return {"home": unit.home, "digests": unit.digests}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        home = state["home"](input.key)
        merged = dict.fromkeys([input.key], *_target(input)) if _target(input) else {}
        return Decision(rows=(home,), digests={home: input.body.data.record_id.encode()}, merged=merged)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await unit.connection.executemany(
            "INSERT INTO ledger (topic, key, sequence, word) VALUES ('', $1, $2, $3)",
            [(one.decision.rows[0], one.input.sequence, one.input.body.data.record_id) for one in decided],
        )


NAMES = {"into-b": B, "into-c": C}


def _target(input: Input) -> list[str]:
    return [NAMES[input.body.data.record_id]] if input.body.data.record_id in NAMES else []


@pytest_asyncio.fixture
async def road(database: str, keys: Path) -> AsyncIterator[House]:
    built = await house(database, keys)
    built.subscriber = Homes()
    built.work.subscriber["data.changed"] = built.subscriber
    yield built
    await built.pool.close()


async def test_a_key_merged_before_is_locked_with_its_new_household(road: House) -> None:
    await road.work.process([fact(A, 1, "a-1"), fact(B, 1, "b-1")])
    await road.work.process([fact(A, 2, "into-b")])
    await road.work.process([fact(A, 3, "a-3")])
    assert await road.words(B) == ["b-1", "a-3"]
    row, home = await road.row(A), await road.row(B)
    assert (row["merged_into"], row["applied"][1], home["applied"][1]) == (B, 3, 1)
    assert home["digest"] == b"a-3"
    await road.work.process([fact(B, 2, "into-c")])
    assert (await road.row(A))["merged_into"] == C, "the final target, written when it merged"
    await road.work.process([fact(A, 4, "a-4")])
    assert await road.words(C) == ["a-4"]


async def test_a_key_found_merged_under_the_lock_begins_again_with_both(road: House, database: str, keys: Path) -> None:
    """The batch waits for the merging one's locks, and finds another household than it set out with."""
    secrets = read_keys(keys)
    pool = await postgres.worker_pool(database, "screening", secrets.database, 8)
    for round in range(15):
        first, second = household(4000 + round), household(5000 + round)
        NAMES["into-it"] = second
        twins = [
            UnitOfWork("screening", "screening", [road.subscriber], pool, Cipher(secrets.waiting)) for _ in range(3)
        ]
        await road.work.process([fact(first, 1, "x"), fact(second, 1, "y")])
        await asyncio.gather(
            twins[0].process([fact(first, 2, "into-it")]),
            twins[1].process([fact(first, 3, "x-3")]),
            twins[2].process([fact(second, 2, "y-2")]),
        )
        assert (await road.row(first))["applied"][1] == 3
        assert "x-3" in await road.words(second), "what came after the merge is the new household's"
        assert (await road.row(second))["digest"] in (b"x-3", b"y-2", b"into-it")
        assert await road.waiting() == []
    await pool.close()


async def test_two_merges_into_each_other_s_neighbours_do_not_hang(road: House, database: str, keys: Path) -> None:
    secrets = read_keys(keys)
    pool = await postgres.worker_pool(database, "screening", secrets.database, 8)
    for round in range(10):
        one, two, three = (household(6000 + 10 * round + n) for n in range(3))
        NAMES["into-two"], NAMES["into-three"] = two, three
        twins = [
            UnitOfWork("screening", "screening", [road.subscriber], pool, Cipher(secrets.waiting)) for _ in range(2)
        ]
        await road.work.process([fact(one, 1, "1"), fact(two, 1, "2"), fact(three, 1, "3")])
        await asyncio.gather(
            *(
                t.process([i])
                for t, i in zip(twins, (fact(one, 2, "into-two"), fact(two, 2, "into-three")), strict=True)
            )
        )
        await road.work.process([fact(one, 3, "one-3")])
        assert (await road.row(two))["merged_into"] == three
        assert await road.words(three) != []
        assert "one-3" in await road.words(three), "through both merges, whichever came first"
    await pool.close()
