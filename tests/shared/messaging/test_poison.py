"""A record that nothing but its own row may pay for: poison in `load`, among followers, in time, and everywhere."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from shared import postgres
from shared.crypto import read_keys
from shared.messaging.batch import Effort, Report
from shared.messaging.faults import Retry, is_infrastructure
from shared.messaging.positions import Step
from shared.messaging.room import Decided, Input, State, Unit
from tests.shared.messaging.ledger import House, Ledger, fact, first_waiting, house, household

A, B, C = household(901), household(902), household(903)


@pytest_asyncio.fixture
async def road(database: str, keys: Path) -> AsyncIterator[House]:
    built = await house(database, keys)
    yield built
    await built.pool.close()


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BACKOFF_FIRST_SECONDS", "BACKOFF_MAX_SECONDS"):
        monkeypatch.setattr(f"shared.messaging.unit_of_work.{name}", 0.01)


class Loading(Ledger):
    """Looks at every record before it decides, as most subscribers do."""

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        for one in inputs:
            if one.body.data.record_id == "unloadable":
                await unit.connection.fetchval("SELECT $1::int", 2**70)
        return {}


def taught(road: House, subscriber: Ledger) -> None:
    road.subscriber = subscriber
    road.work.subscriber["data.changed"] = subscriber


@pytest.mark.usefixtures("no_pause")
async def test_what_cannot_be_loaded_waits_alone(road: House) -> None:
    taught(road, Loading())
    await road.work.process([fact(A, 1, "a-1"), fact(B, 1, "unloadable"), fact(C, 1, value=b"{")])
    assert await road.words() == ["a-1"]
    assert sorted(w[:3] for w in await road.waiting()) == sorted([(B, 1, "failed"), (C, 1, "failed")])


async def test_a_follower_that_the_database_refuses_does_not_take_the_record_before_it_along(road: House) -> None:
    await road.work.process([fact(C, 1, "once-a")])
    await road.work.process([fact(A, 2, "once-a"), fact(A, 3, "a-3")])
    await road.work.process([fact(A, 1, "a-1"), fact(B, 1, "b-1")])
    assert await road.words() == ["once-a", "a-1", "b-1"]
    [(_, two, state, cause), (_, three, *_)] = await road.waiting()
    assert (two, state, three) == (2, "failed", 3)
    assert cause is not None and cause.startswith("sql: UniqueViolationError")
    assert (await road.row(A))["waiting"] == 2


async def test_a_replay_that_the_database_refuses_again_is_told_and_keeps_its_place(road: House) -> None:
    await road.work.process([fact(C, 1, "once-a")])
    await road.work.process([fact(A, 1, "once-a"), fact(A, 2, "a-2")])
    report = await road.work.replay(await first_waiting(road))
    assert [cause for _, cause in report.failed] == ["sql: UniqueViolationError 23505 ledger_once ledger"]
    assert (await first_waiting(road)).tries == 1
    await road.pool.execute("DELETE FROM ledger WHERE word = 'once-a'")
    assert not (await road.work.replay(await first_waiting(road))).failed
    assert await road.words(A) == ["once-a", "a-2"]


async def test_a_skip_moves_on_though_the_database_refuses_what_is_behind(road: House) -> None:
    await road.work.process([fact(C, 1, "once-a")])
    road.subscriber.broken = {"bad"}
    await road.work.process([fact(A, 1, "bad"), fact(A, 2, "once-a"), fact(A, 3, "a-3")])

    async def no_audit(_: asyncpg.Connection) -> None: ...

    await road.work.skip(await first_waiting(road), no_audit)
    assert [w[1:3] for w in await road.waiting()] == [(2, "failed"), (3, "ahead")]


@pytest.mark.usefixtures("no_pause")
async def test_when_the_database_refuses_more_than_half_nothing_becomes_a_dead_letter(road: House) -> None:
    """A broken `save` after a deployment: every record would fail, batch after batch."""
    taught(road, Refusing())
    batch = [fact(household(3000 + n), 1) for n in range(40)]
    for _ in range(3):
        with pytest.raises(Retry):
            await road.work.process(batch)
        assert await road.waiting() == []
        assert road.work.stopped is not None and "more than half of 40" in road.work.stopped
    taught(road, Ledger())
    await road.work.process(batch)
    assert len(await road.words()) == 40


class Refusing(Ledger):
    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await unit.connection.execute("INSERT INTO ledger (topic, key, sequence, word) VALUES ('', '', 0, NULL)")


class Slow(Ledger):
    """One word takes longer than a statement may."""

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        if any(one.input.body.data.record_id == "slow" for one in decided):
            await unit.connection.execute("SET LOCAL statement_timeout = '30ms'")
            await unit.connection.execute("SELECT pg_sleep(10)")
        await super().save(unit, state, decided)


@pytest.mark.usefixtures("no_pause")
async def test_a_second_timeout_halves_down_to_the_one_record(road: House) -> None:
    taught(road, Slow())
    batch = [fact(household(3100 + n), 1, "slow" if n == 5 else "", offset=n) for n in range(16)]
    with pytest.raises(Retry):
        await road.work.process(batch)
    assert await road.words() == [], "the first time it may be the machine"
    # What is read again need not be cut as before: others may have come behind it.
    report = await road.work.process([*batch, fact(household(3200), 1, offset=99)])
    assert dict(report.outcomes) == {"accepted": 16, "waiting": 1}
    [(_, _, state, cause)] = await road.waiting()
    assert (state, cause) == ("failed", "sql: QueryCanceledError 57014")
    with pytest.raises(Retry):
        await road.work.process([fact(household(3300), 1, "slow", offset=100)])
    assert len(await road.waiting()) == 1, "another batch's first timeout is a first one"


@pytest.mark.usefixtures("no_pause")
async def test_a_lock_that_another_holds_makes_nothing_a_dead_letter(road: House, database: str, keys: Path) -> None:
    secrets = read_keys(keys)
    other = await postgres.worker_connection(database, "screening", secrets.database)
    await road.work.process([fact(A, 1, "a-1")])
    holding = other.transaction()
    await holding.start()
    await other.execute("SELECT 1 FROM keys WHERE key = $1 FOR UPDATE", A)
    road.work.pool = await asyncpg.create_pool(
        postgres.service_dsn(database, "screening_worker", secrets.database),
        server_settings={"lock_timeout": "30ms", "search_path": "screening,civil"},
    )
    for _ in range(3):
        with pytest.raises(Retry):
            await road.work.process([fact(A, 2, "a-2"), fact(B, 1, "b-1")])
    assert await road.words(B) == ["b-1"], "its neighbour did not wait for it"
    await holding.rollback()
    await other.close()
    await road.work.process([fact(A, 2, "a-2"), fact(B, 1, "b-1")])
    assert await road.words(A) == ["a-1", "a-2"]
    await road.work.pool.close()


@pytest.mark.usefixtures("no_pause")
async def test_a_listener_that_breaks_does_not_break_the_batch(road: House) -> None:
    def broken(consumer: str, report: Report, seconds: float) -> None:
        raise RuntimeError("planted")

    road.work.observe = broken
    await road.work.process([fact(A, 1)])
    assert await road.words() == ["r-1"]


async def test_what_waits_beyond_the_first_thousand_is_not_decided_past_its_row(road: House) -> None:
    late = [fact(A, n) for n in range(2, 1203)]
    for start in range(0, len(late), 1000):
        await road.work.process(late[start : start + 1000])
    # Read again from an earlier position: the first, and some that wait already, but were not loaded.
    await road.work.process([fact(A, 1), fact(A, 1002), fact(A, 1003)])
    assert await road.words(A) == [f"r-{n}" for n in range(1, 1203)]
    assert await road.waiting() == []
    assert (await road.row(A))["waiting"] == 0


async def test_a_session_that_the_server_ended_is_infrastructure(road: House) -> None:
    async with road.pool.acquire() as connection:
        with pytest.raises(Exception) as ended:
            await connection.execute("SET idle_in_transaction_session_timeout = '20ms'")
            async with connection.transaction():
                await connection.fetchval("SELECT 1")
                await asyncio.sleep(0.2)
                await connection.fetchval("SELECT 1")
    assert is_infrastructure(ended.value), repr(ended.value)


async def test_a_session_ended_from_outside_is_infrastructure_wherever_it_stood(road: House) -> None:
    """Ended between and within statements, 200 times: the driver has several words for it, its own confusion one."""
    ended: list[BaseException] = []
    killer = await asyncpg.connect(road.dsn)
    try:
        for _ in range(200):
            victim = await asyncpg.connect(road.dsn)
            pid = victim.get_server_pid()
            try:
                async with victim.transaction():
                    await asyncio.gather(
                        killer.execute("SELECT pg_terminate_backend($1)", pid), victim.execute("SELECT 1")
                    )
                    await victim.execute("SELECT 2")
            except Exception as error:
                ended.append(error)
            finally:
                victim.terminate()
    finally:
        await killer.close()
    assert ended
    assert [repr(error) for error in ended if not is_infrastructure(error)] == []


def test_the_driver_s_and_the_loop_s_own_words_for_a_lost_connection_are_infrastructure() -> None:
    assert is_infrastructure(asyncpg.InternalClientError("got result for unknown protocol state 3"))
    assert is_infrastructure(
        RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")
    )
    assert not is_infrastructure(RuntimeError("dictionary changed size during iteration"))


class Died(BaseException):
    """What kill -9 is to a test: nothing behind it runs."""


async def test_what_was_refused_is_read_again_where_the_process_dies_before_it_waits(road: House) -> None:
    """Its neighbours are committed before it waits; no position may have passed it by then."""
    await road.work.process([fact(household(3300), 1, "once-a", offset=0)])
    batch = [fact(household(3301 + n), 1, "once-a" if n == 1 else f"r-{n}", offset=1 + n) for n in range(8)]
    transact = road.work._transact

    async def dies(inputs: list[Input], effort: Effort, *more: object, **given: object) -> Report:
        if given.get("given_up"):
            raise Died
        return await transact(inputs, effort, *more, **given)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(road.work), "_transact", lambda _, *more, **given: dies(*more, **given))
        with pytest.raises(Died):
            await road.work.process(batch, {("data.changed", 0): 1})
    assert await road.waiting() == [] and len(await road.words()) == 8
    stored = (await road.work.positions())[("data.changed", 0)]
    assert stored <= 2, "the record that was refused is still ahead"

    rest = [one for one in batch if one.place is not None and one.place.offset >= stored]
    await road.work.process(rest, {("data.changed", 0): stored})
    assert [w[:3] for w in await road.waiting()] == [(household(3302), 1, "failed")]
    assert (await road.work.positions())[("data.changed", 0)] == 9


def test_no_position_passes_what_another_holds_and_each_goes_on_as_far_as_its_halves_came() -> None:
    effort = Effort(9)
    effort.put_off(fact(A, 1, offset=4))
    first = [Step("data.changed", 0, 4, {"accepted": 4}), Step("data.changed", 1, 7, {"accepted": 2})]
    assert effort.short_of_unsettled(first) == first
    effort.committed(first)
    assert [one.next_offset for one in effort.short_of_unsettled([Step("data.changed", 0, 9, {"accepted": 4})])] == [4]
    effort.committed([Step("data.changed", 0, 9, {"accepted": 4})])
    effort.unsettled.clear()
    assert [one.next_offset for one in effort.short_of_unsettled([Step("data.changed", 0, 5, {"waiting": 1})])] == [9]
