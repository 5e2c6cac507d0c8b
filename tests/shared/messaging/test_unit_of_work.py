"""The unit of work on a real PostgreSQL: lines, waiting, halving, races, accounts."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from shared.messaging import faults, waiting
from shared.messaging.faults import Hole, NotFirst, Retry
from shared.messaging.waiting import Waiting
from tests.shared.messaging.ledger import House, fact, first_waiting, house, household

A, B, C = household(1), household(2), household(3)


@pytest_asyncio.fixture
async def road(database: str, keys: Path) -> AsyncIterator[House]:
    built = await house(database, keys)
    yield built
    await built.pool.close()


async def test_a_batch_is_applied_once_and_its_second_coming_is_a_duplicate(road: House) -> None:
    batch = [fact(A, 1), fact(A, 2), fact(B, 1, "b-1")]
    first = await road.work.process(batch)
    second = await road.work.process(batch)
    assert dict(first.outcomes) == {"accepted": 3}
    assert dict(second.outcomes) == {"duplicate": 3}
    assert await road.words() == ["r-1", "r-2", "b-1"]
    assert (await road.row(A))["applied"][1] == 2
    assert await road.account() == {
        "received": 6,
        "accepted": 3,
        "duplicates": 3,
        "rejected": 0,
        "parked": 0,
        "waiting": 0,
    }


async def test_a_batch_beyond_our_position_leaves_nothing_behind(road: House) -> None:
    where = ("data.changed", 0)
    await road.work.process([fact(A, 1, "once-a", offset=0)], {where: 0})
    with pytest.raises(Hole) as hole:
        await road.work.process([fact(A, 2, offset=2), fact(B, 1, offset=3)], {where: 2})
    assert hole.value.stored == {where: 1}
    assert await road.words() == ["once-a"] and (await road.account())["received"] == 1
    # Read again from there, in halves, with what the log itself leaves out between them.
    again = [fact(A, 2, offset=1), fact(B, 1, "once-a", offset=4), fact(C, 1, "c-1", offset=9)]
    await road.work.process(again, {where: 1})
    assert await road.words() == ["once-a", "r-2", "c-1"] and [w[0] for w in await road.waiting()] == [B]
    assert await road.pool.fetchval("SELECT next_offset FROM positions") == 10


async def test_what_comes_ahead_waits_and_follows_when_the_gap_is_filled(road: House) -> None:
    await road.work.process([fact(A, 3), fact(A, 2)])
    assert [w[:3] for w in await road.waiting()] == [(A, 2, "ahead"), (A, 3, "ahead")]
    assert (await road.row(A))["waiting"] == 2
    await road.work.process([fact(A, 1)])
    assert await road.words() == ["r-1", "r-2", "r-3"]
    assert await road.waiting() == []
    assert (await road.row(A))["waiting"] == 0
    assert await road.account() == {
        "received": 3,
        "accepted": 3,
        "duplicates": 0,
        "rejected": 0,
        "parked": 0,
        "waiting": 0,
    }


async def test_a_record_that_fails_waits_with_what_is_behind_it_and_its_neighbours_flow(road: House) -> None:
    road.subscriber.broken = {"bad"}
    report = await road.work.process([fact(A, 1, "bad"), fact(A, 2), fact(B, 1, "b-1"), fact(A, 3)])
    assert await road.words() == ["b-1"]
    assert [(w[1], w[2]) for w in await road.waiting()] == [(1, "failed"), (2, "ahead"), (3, "ahead")]
    assert [cause for _, cause in report.failed] == ["decide: RuntimeError"]
    await road.work.process([fact(A, 4)])
    assert len(await road.waiting()) == 4, "nothing passes the one that failed"

    road.subscriber.broken = set()
    replayed = await road.work.replay(await first_waiting(road))
    assert not replayed.failed
    assert await road.words(A) == ["bad", "r-2", "r-3", "r-4"]
    assert await road.waiting() == []
    assert (await road.account())["waiting"] == 0


async def test_a_replay_that_fails_again_keeps_its_place_and_counts_its_tries(road: House) -> None:
    road.subscriber.broken = {"bad"}
    await road.work.process([fact(A, 1, "bad"), fact(A, 2)])
    report = await road.work.replay(await first_waiting(road))
    assert report.failed
    row = await first_waiting(road)
    assert (row.sequence, row.state, row.tries) == (1, "failed", 1)
    assert [w[1] for w in await road.waiting()] == [1, 2]


async def test_only_the_first_of_a_line_can_be_replayed_or_skipped(road: House) -> None:
    road.subscriber.broken = {"bad", "worse"}
    await road.work.process([fact(A, 1, "bad"), fact(A, 2, "worse")])
    first = await first_waiting(road)
    with pytest.raises(NotFirst):
        await road.work.replay(Waiting(**{**{n: getattr(first, n) for n in Waiting.__slots__}, "sequence": 2}))

    async def no_audit(_: asyncpg.Connection) -> None: ...

    await road.work.skip(first, no_audit)
    assert [(w[1], w[2]) for w in await road.waiting()] == [(2, "failed")], "the next one's turn came, and it failed"
    assert (await road.row(A))["applied"][1] == 1
    assert await road.account() == {
        "received": 2,
        "accepted": 0,
        "duplicates": 0,
        "rejected": 1,
        "parked": 0,
        "waiting": 1,
    }


async def test_more_than_a_thousand_followers_come_after_one_another(road: House) -> None:
    late = [fact(A, n) for n in range(2, 2503)]
    for start in range(0, len(late), 1000):
        await road.work.process(late[start : start + 1000])
    await road.work.process([fact(A, 1)])
    assert await road.words(A) == [f"r-{n}" for n in range(1, 2503)]
    assert (await road.row(A))["waiting"] == 0


@pytest.mark.parametrize(
    "poison",
    [
        pytest.param(lambda v: v.replace(b'"r-7"', b'"r\\u0000-7"'), id="a NUL in a text"),
        pytest.param(lambda v: v.replace(b'"000000000001"', str(2**70).encode()), id="2^70"),
        pytest.param(lambda v: v.replace(b'"version":1', b'"version":1E+400000'), id="1E+400000"),
        pytest.param(lambda v: b"{not json", id="broken JSON"),
        pytest.param(lambda v: b"[" * 20_000, id="20,000 deep"),
        pytest.param(lambda v: "姓名".encode("gbk"), id="GBK bytes"),
        pytest.param(lambda v: b"", id="nothing"),
    ],
)
async def test_one_bad_record_in_two_hundred_waits_and_its_neighbours_pass(road: House, poison: object) -> None:
    from tests.shared.messaging.ledger import kept

    batch = [fact(household(n), 1, f"r-{n}") for n in range(200)]
    good = kept(batch[7])
    batch[7] = fact(household(7), 1, "r-7", value=poison(good.value))  # type: ignore[operator]
    await road.work.process(batch)
    assert len(await road.words()) == 199
    [(key, sequence, state, cause)] = await road.waiting()
    assert (key, sequence, state) == (household(7), 1, "failed")
    assert cause


@pytest.mark.parametrize("value", ["once-a", "nul"])
async def test_what_only_the_database_refuses_is_found_by_halving(road: House, value: str) -> None:
    """A unique violation, and a NUL that passed a contract whose check is planted off."""
    batch = [fact(household(n), 1, f"r-{n}") for n in range(200)]
    if value == "nul":
        msgspec.structs.force_setattr(batch[7].body.data, "record_id", "a\x00b")
    else:
        batch[7], batch[150] = fact(household(7), 1, "once-a"), fact(household(150), 1, "once-a")
    report = await road.work.process(batch)
    assert len(await road.words()) == 199
    [(_, sequence, state, cause)] = await road.waiting()
    assert (sequence, state) == (1, "failed")
    assert cause is not None and cause.startswith("sql: ")
    assert sum(report.outcomes.values()) == 200
    account = await road.account()
    assert (account["received"], account["accepted"], account["waiting"]) == (200, 199, 1)


@pytest.mark.parametrize("offset", [0, 57])
async def test_a_record_whose_headers_are_broken_too_waits_under_its_partition(road: House, offset: int) -> None:
    """The first of a partition, too."""
    broken = fact(A, 1, head={"ce_sequence": "many", "ce_partitionkey": ""}, partition=3, offset=offset)
    await road.work.process([broken, fact(B, 1)])
    assert [w[:3] for w in await road.waiting()] == [("partition:3", offset + 1, "failed")]
    await road.work.process([broken])
    assert len(await road.waiting()) == 1

    async def no_audit(_: asyncpg.Connection) -> None: ...

    await road.work.skip(await first_waiting(road), no_audit)
    assert await road.waiting() == []
    assert (await road.account())["rejected"] == 1


async def test_a_waiting_record_is_sealed_and_bound_to_its_place(road: House) -> None:
    road.subscriber.broken = {"bad"}
    await road.work.process([fact(A, 1, "bad")])
    row = await first_waiting(road)
    assert b"bad" not in row.record and b"medical" not in row.record
    plain = road.work.cipher.open(row.record, waiting.associated(row.consumer, row.topic, row.key, row.sequence))
    assert b"bad" in plain
    with pytest.raises(ValueError, match="sealed for another place"):
        road.work.cipher.open(row.record, waiting.associated(row.consumer, row.topic, row.key, 2))


async def test_when_more_than_half_of_a_batch_fails_it_is_us_and_nothing_is_committed(
    road: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.messaging.unit_of_work.BACKOFF_MAX_SECONDS", 0.01)
    road.subscriber.broken = {f"r-{n}" for n in range(11)}
    batch = [fact(household(n), 1, f"r-{n}") for n in range(20)]
    with pytest.raises(Retry):
        await road.work.process(batch)
    assert road.work.stopped is not None and "more than half of 20" in road.work.stopped
    assert await road.words() == [] and await road.waiting() == []
    road.subscriber.broken = set()
    await road.work.process(batch)
    assert road.work.stopped is None
    assert len(await road.words()) == 20


async def test_two_consumers_that_see_a_key_first_at_once_lose_nothing(road: House, database: str, keys: Path) -> None:
    from shared import postgres
    from shared.crypto import Cipher, read_keys
    from shared.messaging.unit_of_work import UnitOfWork

    secrets = read_keys(keys)
    pool = await postgres.worker_pool(database, "screening", secrets.database, 8)
    twins = [UnitOfWork("screening", "screening", [road.subscriber], pool, Cipher(secrets.waiting)) for _ in range(4)]
    for number in range(30):
        key = household(1000 + number)
        await asyncio.gather(*(twin.process([fact(key, n + 1, f"x-{number}-{n}")]) for n, twin in enumerate(twins)))
    await pool.close()
    rows = await road.pool.fetch("SELECT key, array_agg(sequence ORDER BY place) AS order FROM ledger GROUP BY key")
    assert len(rows) == 30
    assert all(row["order"] == [1, 2, 3, 4] for row in rows)


async def test_the_infrastructure_is_told_from_the_data(road: House) -> None:
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)) as client_side:
        await road.pool.fetchval("SELECT $1::int", 2**70)
    assert not faults.is_infrastructure(client_side.value)
    its_twin = asyncpg.exceptions._base.DataError("asyncpg has a second one, which is an InterfaceError")
    assert not faults.is_infrastructure(its_twin)
    with pytest.raises(asyncpg.PostgresError) as undefined:
        await road.pool.fetchval("SELECT * FROM nowhere")
    assert faults.is_infrastructure(undefined.value)
    closed = await road.pool.acquire()
    await closed.close()
    with pytest.raises(asyncpg.InterfaceError) as lost:
        await closed.fetchval("SELECT 1")
    assert faults.is_infrastructure(lost.value)
