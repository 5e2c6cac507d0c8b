"""The relay on a real Kafka and PostgreSQL: order, leases, and what a late holder cannot do."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from shared import postgres
from shared.clock import machine_now
from shared.crypto import Cipher, read_keys
from shared.messaging import topics
from shared.messaging.relay import LEASE, Floor, Relay, Row
from shared.messaging.room import Input
from shared.messaging.unit_of_work import Scope, UnitOfWork
from tests.shared.messaging.ledger import REGION, House, fact, house, household
from tests.shared.messaging.relaying import outbox, relay_of, running, sent
from tests.until import until


@pytest_asyncio.fixture
async def road(database: str, keys: Path) -> AsyncIterator[House]:
    built = await house(database, keys)
    admin = await asyncpg.connect(database)
    await admin.execute("UPDATE screening.relay SET until = '-infinity', token = 0, instance = '', incarnation = ''")
    await admin.close()
    yield built
    await built.pool.close()


async def test_facts_go_out_in_order_of_their_key_and_are_deleted_once_acknowledged(road: House, kafka: str) -> None:
    await topics.create(kafka, 6, 1)
    keys = [str(uuid4()) for _ in range(20)]
    async with running(relay_of(road, kafka)) as relay:
        for number in range(1, 11):
            await road.work.process([fact(key, number) for key in keys])
            relay.wake()
        await until(lambda: _is_empty(road), 15, "outbox empty")
        assert relay.sent == 200
    log = await sent(kafka)
    for key in keys:
        assert [sequence for other, sequence in log if other == key] == list(range(1, 11))


async def test_a_notify_from_another_process_wakes_the_relay(road: House, kafka: str) -> None:
    await topics.create(kafka, 6, 1)
    async with running(relay_of(road, kafka)) as relay:
        await until(lambda: relay.is_holder, 10, "lease")
        await road.work.process([fact(str(uuid4()), 1)])
        await until(lambda: relay.sent == 1, 0.9, "sent before the poll of one second")


async def test_one_candidate_sends_and_a_restarted_instance_takes_its_own_lease_over_at_once(
    road: House, kafka: str
) -> None:
    await topics.create(kafka, 6, 1)
    first, other = relay_of(road, kafka), relay_of(road, kafka, "screening-1")
    await first._open()
    assert await first._hold()
    await first._close()  # as after kill -9: the lease still runs
    async with running(other), running(relay_of(road, kafka)) as again:
        await until(lambda: again.is_holder, 3, "its own lease, at once")
        assert again.token == first.token + 1
        assert not other.is_holder


async def test_a_late_holders_delete_finds_nothing(road: House, kafka: str) -> None:
    await topics.create(kafka, 6, 1)
    late = relay_of(road, kafka)
    await late._open()
    assert await late._hold()
    key = str(uuid4())
    await road.work.process([fact(key, 1)])
    rows = await late._select()
    late_now = machine_now() + LEASE + timedelta(seconds=1)
    thief = relay_of(road, kafka, "screening-1")
    thief.now = lambda: late_now
    async with running(thief):
        await until(lambda: thief.sent == 1, 15, "the thief sends")
        await road.work.process([fact(key, 2)])
        await late._delete([row.id for row in rows])
        await until(lambda: thief.sent == 2, 15, "both are sent by the thief")
    acked = await late._send(rows)
    assert len(acked) == 1, "it goes out a second time and is dropped by its number"
    await late._close()
    assert [s for k, s in await sent(kafka) if k == key] == [1, 2, 1]


async def test_a_fact_that_is_committed_behind_later_ones_is_above_the_floor(road: House, kafka: str) -> None:
    await topics.create(kafka, 6, 1)
    relay, keys = relay_of(road, kafka), [str(uuid4()) for _ in range(4)]
    await relay._open()

    async def claimed() -> list[str]:
        relay._until = None
        assert await relay._hold()
        rows = await relay._select()
        await relay._delete([row.id for row in rows])
        return [row.key for row in rows]

    late = await postgres.worker_connection(road.dsn, "screening", read_keys(road.keys).database)
    async with late.transaction():
        await late.fetch("SELECT * FROM lock_rows($1)", [keys[0]])
        await late.execute(
            "INSERT INTO outbox (topic, key, sequence, event_id, type, source, region, value) "
            "VALUES ('warning.raised', $1, 1, gen_random_uuid(), 't', '/screening', $2, '{}')",
            keys[0], REGION,
        )  # fmt: skip
        for key in keys[1:]:
            await road.work.process([fact(key, 1)])
            assert await claimed() == [key]
            assert await claimed() == [] and await claimed() == [], "however often it looks, it waits for the open one"
    assert await claimed() == [keys[0]]
    before = relay._floor.id
    assert [await claimed() for _ in range(3)] == [[]] * 3
    assert relay._floor.id > before, "nobody is open any more: the next claim begins behind all that"
    await late.close()
    await relay._close()


@pytest.mark.parametrize("first_id", [None, 31])
def test_the_floor_rises_to_what_is_settled_and_never_to_a_row(first_id: int | None) -> None:
    floor = Floor()
    floor.look(last_id=20, transaction=100, oldest=90)
    floor.rise(first_id)
    assert floor.id == 0, "those that were open at the first look may still be"
    floor.look(last_id=40, transaction=105, oldest=99)
    floor.rise(first_id)
    assert floor.id == 0
    floor.look(last_id=50, transaction=110, oldest=100)
    floor.rise(first_id)
    assert floor.id == 20
    floor.look(last_id=60, transaction=120, oldest=111)
    floor.rise(first_id)
    assert floor.id == (50 if first_id is None else 30)


async def test_what_a_worker_and_a_person_emit_leaves_the_same_rows(road: House, database: str, keys: Path) -> None:
    secrets = read_keys(keys)
    pool = await postgres.api_pool(database, "screening", secrets.database)
    person = UnitOfWork("screening", "screening.calls", [road.subscriber], pool, Cipher(secrets.waiting))
    key = household(77)
    event = fact(key, 1).body

    async def rows() -> list[tuple[object, ...]]:
        names = (
            "topic, key, sequence, event_id, type, source, region, convert_from(value, 'UTF8')::jsonb - 'time' AS value"
        )
        found = await road.pool.fetch(f"SELECT {names} FROM outbox ORDER BY id")
        await road.pool.execute("DELETE FROM outbox")
        return [tuple(row) for row in found]

    call = Input("data.changed", key, None, event)
    await person.call([call], Scope(REGION, REGION, "*"))
    by_person = await rows()
    assert (await road.row(key))["emitted"][2] == 1
    await road.pool.execute("DELETE FROM keys")
    await road.work.call([call], None)
    assert await rows() == by_person and len(by_person) == 1
    await person.call([call], Scope(REGION, REGION, "*"))
    assert (await rows())[0][2] == 2, "both count on in one line"
    await pool.close()


async def test_the_database_refuses_a_number_that_is_not_the_next(road: House, database: str, keys: Path) -> None:
    pool = await postgres.api_pool(database, "screening", read_keys(keys).database)
    async with pool.acquire() as connection, connection.transaction():
        await connection.fetch("SELECT * FROM lock_keys($1)", ["x"])
        for number in (0, 2):
            try:
                async with connection.transaction():
                    await connection.execute(
                        "SELECT emit($1,$2,$3,$4,$5,$6,$7,$8,$9)", ["warning.raised"], [3], ["x"], [number], [uuid4()],
                        ["t"], ["/screening"], [REGION], [b"{}"],
                    )  # fmt: skip
            except asyncpg.CheckViolationError:
                continue
            raise AssertionError(f"{number} was taken for the next")
        assert await connection.fetchval("SELECT has_table_privilege('keys', 'SELECT')") is False
        assert await connection.fetchval("SELECT has_table_privilege('outbox', 'INSERT')") is False
    await pool.close()


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InternalClientError("got result for unknown protocol state 3"),
        RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_the_relay_waits_out_every_word_for_a_lost_connection(
    road: House, kafka: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """It once ended its service by one of them, in a chaos run that stopped PostgreSQL under it."""
    await topics.create(kafka, 6, 1)
    key, whole = str(uuid4()), Relay._select
    failed: list[Exception] = []

    async def select(self: Relay) -> list[Row]:
        if not failed:
            failed.append(error)
            raise error
        return await whole(self)

    monkeypatch.setattr(Relay, "_select", select)
    await road.work.process([fact(key, 1)])
    async with running(relay_of(road, kafka)):
        await until(lambda: _is_empty(road), 15, "outbox empty")
    assert failed


async def test_a_fault_of_ours_ends_the_relay(road: House, kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def select(self: Relay) -> list[Row]:
        raise KeyError("ours")

    monkeypatch.setattr(Relay, "_select", select)
    with pytest.raises(KeyError):
        await asyncio.wait_for(relay_of(road, kafka).run(), 15)


async def _is_empty(road: House) -> bool:
    return await outbox(road) == 0


async def test_whoever_sends_is_told_unless_it_is_this_process(road: House) -> None:
    heard: list[str] = []
    listening = await asyncpg.connect(road.dsn)
    await listening.add_listener("outbox_screening", lambda *given: heard.append(given[2]))
    try:
        for is_own in (False, True, False):
            road.work.sends_itself = lambda is_own=is_own: is_own  # type: ignore[misc]
            await road.work.process([fact(str(uuid4()), 1)])
        # Words come in the order of their commits: one of the second batch would have come before the last.
        await until(lambda: len(heard) >= 2, 10, "words to whoever holds the lease")
        await listening.fetchval("SELECT 1")
        assert len(heard) == 2, "its own relay is awake already"
    finally:
        await listening.close()
