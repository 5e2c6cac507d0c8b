"""A person replays or skips the first record of a line: what that may move, and what it may not."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from shared.messaging import conservation
from shared.messaging.faults import NotFirst, Unavailable
from shared.messaging.room import Place
from tests.shared.messaging.ledger import House, fact, first_waiting, house, household

A, B = household(911), household(912)


@pytest_asyncio.fixture
async def road(database: str, keys: Path) -> AsyncIterator[House]:
    built = await house(database, keys)
    yield built
    await built.pool.close()


async def no_audit(_: asyncpg.Connection) -> None: ...


async def test_a_record_before_whose_turn_there_is_a_gap_can_be_neither_replayed_nor_skipped(road: House) -> None:
    await road.work.process([fact(A, 1), fact(A, 3)])
    ahead = await first_waiting(road)
    for attempt in (road.work.replay(ahead), road.work.skip(ahead, no_audit)):
        with pytest.raises(NotFirst):
            await attempt
    await road.work.process([fact(A, 2)])
    assert await road.words() == ["r-1", "r-2", "r-3"], "the late one was not lost"


async def test_two_replays_of_the_same_record_tell_the_truth(road: House) -> None:
    road.subscriber.broken = {"bad"}
    await road.work.process([fact(A, 1, "bad")])
    row = await first_waiting(road)
    first, second = await asyncio.gather(road.work.replay(row), road.work.replay(row))
    assert first.failed and second.failed, "neither applied anything"
    road.subscriber.broken = set()
    outcomes = await asyncio.gather(road.work.replay(row), road.work.replay(row), return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["NotFirst", "Report"]
    assert await road.words() == ["bad"]


async def test_the_audit_row_of_a_replay_says_of_the_record_itself_whether_it_failed_again(road: House) -> None:
    told: list[bool] = []

    async def audit(_: asyncpg.Connection, has_failed: bool) -> None:
        told.append(has_failed)

    road.subscriber.broken = {"bad", "behind"}
    await road.work.process([fact(A, 1, "bad"), fact(A, 2, "behind")])
    await road.work.replay(await first_waiting(road), audit)
    road.subscriber.broken = {"behind"}
    report = await road.work.replay(await first_waiting(road), audit)
    assert report.failed and await road.words() == ["bad"], "what stands behind it fails in the same transaction"
    assert told == [True, False]


async def test_a_replay_whose_audit_row_cannot_be_written_has_not_happened(road: House) -> None:
    async def audit(connection: asyncpg.Connection, has_failed: bool) -> None:
        await connection.execute("INSERT INTO ledger (topic, key, sequence, word) VALUES ('', '', 0, NULL)")

    road.subscriber.broken = {"bad"}
    await road.work.process([fact(A, 1, "bad"), fact(A, 2)])
    before, road.subscriber.broken = await first_waiting(road), set()
    with pytest.raises(asyncpg.NotNullViolationError):
        await road.work.replay(before, audit)
    assert await first_waiting(road) == before and await road.words() == []
    assert not (await road.work.replay(before)).failed


async def test_a_record_that_failed_at_a_baseline_can_be_replayed(road: House) -> None:
    await road.work.pass_hole(Place("data.changed", 0, 5), 5)
    road.subscriber.broken = {"bad"}
    await road.work.process([fact(A, 5, "bad"), fact(A, 6, "a-6")])
    road.subscriber.broken = set()
    assert not (await road.work.replay(await first_waiting(road))).failed
    assert await road.words() == ["bad", "a-6"]
    assert (await road.row(A))["applied"][1] == 6


async def test_a_replay_while_the_consumer_works_on_the_same_key_keeps_the_line(road: House) -> None:
    for round in range(10):
        key = household(950 + round)
        road.subscriber.broken = {"bad"}
        await road.work.process([fact(key, 1, "bad"), fact(key, 2)])
        row = await first_waiting(road)
        road.subscriber.broken = set()
        await asyncio.gather(
            road.work.replay(row), road.work.process([fact(key, 2), fact(key, 3)]), road.work.process([fact(key, 4)])
        )
        assert await road.words(key) == ["bad", "r-2", "r-3", "r-4"]
        assert (await road.row(key))["waiting"] == 0


async def test_a_skip_of_a_record_without_headers_leaves_the_sums_alone(road: House) -> None:
    await road.work.process([fact(A, 1)])
    await road.work.process([fact(A, 2, head={"ce_sequence": ""}, partition=3, offset=57)])
    await road.work.skip(await first_waiting(road), no_audit)
    async with road.pool.acquire() as connection:
        sums = await conservation.sums(connection, "screening")  # type: ignore[arg-type]
    assert sums["applied"]["data.changed"] == 1


async def test_a_replay_while_the_database_is_away_is_unavailable_not_broken(road: House) -> None:
    road.subscriber.broken = {"bad"}
    await road.work.process([fact(A, 1, "bad")])
    row = await first_waiting(road)
    await road.pool.close()
    for attempt in (road.work.replay(row), road.work.skip(row, no_audit)):
        with pytest.raises(Unavailable):
            await attempt
