"""Idempotency-Key: what succeeded is answered again, what was refused or rolled back is not."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from shared import postgres
from shared.crypto import Cipher, read_keys
from shared.messaging.answers import Answer, Slot
from shared.messaging.batch import Report
from shared.messaging.faults import Refused, Unavailable
from shared.messaging.room import Decided, Decision, Input, Problem, State, Unit
from shared.messaging.unit_of_work import Scope, UnitOfWork
from tests.shared.messaging.ledger import REGION, House, Ledger, fact, house, household

A = household(921)
EVERYWHERE = Scope(REGION, REGION, "*")


class Calls(Ledger):
    """`refused` is refused by a rule; `held` waits until it is let go; `shut` the row-level security refuses."""

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        if input.body.data.record_id == "refused":
            return Decision(problem=Problem(409, "version", "Someone was quicker: look again."))
        return super().decide(state, input, now)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await super().save(unit, state, decided)
        words = {one.input.body.data.record_id for one in decided}
        if "held" in words:
            await unit.connection.fetchval("SELECT pg_advisory_xact_lock(77)")
        if "shut" in words:
            await unit.connection.execute("DELETE FROM keys")
        if "broken" in words:
            raise RuntimeError("planted")


@dataclass
class Desk:
    road: House
    work: UnitOfWork

    async def call(self, key: str | None, word: str, caller: str = "o-1") -> Answer:
        body = hashlib.sha256(word.encode()).digest()
        input = Input("data.changed", A, None, fact(A, 1, word).body)
        _, answer = await self.work.call([input], EVERYWHERE, Slot(caller, "POST /v1/words", key, body, render))
        assert answer is not None
        return answer


def render(report: Report) -> Answer:
    return Answer(201, {"id": report.emits[0].emit.id, "sequence": report.emits[0].sequence})


@pytest_asyncio.fixture
async def desk(database: str, keys: Path) -> AsyncIterator[Desk]:
    road = await house(database, keys)
    admin = await asyncpg.connect(database)
    await admin.execute("TRUNCATE screening.answers")
    await admin.close()
    secrets = read_keys(keys)
    pool = await postgres.api_pool(database, "screening", secrets.database)
    yield Desk(road, UnitOfWork("screening", "screening.calls", [Calls()], pool, Cipher(secrets.waiting)))
    await pool.close()
    await road.pool.close()


async def test_the_same_key_and_body_get_the_same_answer_and_decide_once(desk: Desk) -> None:
    first = await desk.call("k-1", "a")
    again = await desk.call("k-1", "a")
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert (again.status, again.body) == (201, {"id": str(first.body["id"]), "sequence": 1})
    assert await desk.road.words() == ["a"]
    assert (await desk.call("k-1", "a", caller="o-2")).body["sequence"] == 2, "a key is its caller's own"
    assert (await desk.call(None, "a")).body["sequence"] == 3, "without a key nothing is kept"


async def test_the_same_key_with_another_body_is_refused(desk: Desk) -> None:
    await desk.call("k-1", "a")
    with pytest.raises(Refused) as refused:
        await desk.call("k-1", "b")
    assert (refused.value.problem.status, refused.value.problem.code) == (422, "idempotency_key_reused")
    assert await desk.road.words() == ["a"]


async def test_a_call_still_in_flight_is_told_so_at_once(desk: Desk, database: str) -> None:
    admin = await asyncpg.connect(database)
    holding = admin.transaction()
    await holding.start()
    await admin.execute("SELECT pg_advisory_xact_lock(77)")
    slow = asyncio.create_task(desk.call("k-1", "held"))

    async def waits() -> bool:
        found = await admin.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(found)

    from tests.until import until

    await until(waits, 5, "the first call is in its transaction")
    with pytest.raises(Refused) as refused:
        await asyncio.wait_for(desk.call("k-1", "held"), 1)
    assert (refused.value.problem.status, refused.value.problem.code) == (409, "in_flight")
    await holding.rollback()
    first = await slow
    assert (await desk.call("k-1", "held")).body["sequence"] == first.body["sequence"]
    await admin.close()


async def test_two_identical_calls_at_once_decide_once(desk: Desk) -> None:
    for round in range(20):
        key = f"twice-{round}"
        both = await asyncio.gather(desk.call(key, key), desk.call(key, key), return_exceptions=True)
        answers = [one for one in both if isinstance(one, Answer)]
        assert answers, both
        refusals = [one for one in both if isinstance(one, Refused)]
        assert len(answers) + len(refusals) == 2 and all(one.problem.code == "in_flight" for one in refusals)
        assert len({str(one.body["id"]) for one in answers}) == 1
    assert await desk.road.words() == [f"twice-{round}" for round in range(20)]


@pytest.mark.parametrize("word", ["refused", "broken", "shut"])
async def test_what_was_rolled_back_left_neither_answer_nor_number(desk: Desk, word: str) -> None:
    with pytest.raises((Refused, RuntimeError)) as told:
        await desk.call("k-1", word)
    if word == "shut":
        assert isinstance(told.value, Refused) and told.value.problem.status == 404
    assert await desk.road.words() == []
    assert await desk.road.pool.fetchval("SELECT count(*) FROM answers") == 0
    assert (await desk.call("k-1", "a")).body["sequence"] == 1, "the key is free again"


async def test_a_held_key_is_unavailable_and_no_fault_of_ours(desk: Desk, database: str) -> None:
    await desk.call(None, "a")
    admin = await asyncpg.connect(database)
    async with admin.transaction():
        await admin.execute("SELECT 1 FROM screening.keys WHERE key = $1 FOR UPDATE", A)
        with pytest.raises(Unavailable):
            await desk.call("k-1", "b")
    await admin.close()
    assert (await desk.call("k-1", "b")).body["sequence"] == 2
