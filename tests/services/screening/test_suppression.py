"""What is held back, until when and why; what never is; and what time alone brings about, by the database's clock."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest_asyncio

from services.screening.alarm import Alarm, ring
from services.screening.app import build
from services.screening.warning import is_for_audit
from shared.clock import civil_date
from shared.crypto import Cipher, read_keys
from shared.messaging.room import Input
from shared.messaging.unit_of_work import UnitOfWork
from shared.policy import load
from shared.postgres import worker_pool
from shared.service import serving
from tests.services.screening.conftest import Room, emptied
from tests.services.screening.people import changed, closed, household_id, registered, reported
from tests.tokens import bearer, settings_of

H = household_id(1)
NEEDY = {"poverty_history": "lifted_out", "number": "H-1"}
Advance = Callable[[timedelta], Awaitable[None]]
COOL_DOWN = timedelta(days=90)


@pytest_asyncio.fixture
async def advance(database: str) -> AsyncIterator[Advance]:
    """Moves the civil clock of this database on, and back again after the test."""

    async def moved(step: timedelta) -> None:
        connection = await asyncpg.connect(database)
        await connection.execute("UPDATE civil.clock SET is_demo = true")
        await connection.execute("SELECT civil.advance($1)", step)
        await connection.close()

    connection = await asyncpg.connect(database)
    before = dict(await connection.fetchrow("SELECT * FROM civil.clock") or {})
    yield moved
    for name, value in before.items():
        await connection.execute(f"UPDATE civil.clock SET {name} = $1", value)
    await connection.close()


@pytest_asyncio.fixture
async def alarm(room: Room, keys: Path) -> UnitOfWork:
    policy = load("regular-2026")
    return UnitOfWork("screening", "rechecks", [Alarm(policy)], room.pool, Cipher(read_keys(keys).waiting))


def ended(sequence: int, warning_id: UUID, at: datetime, household: UUID = H) -> Input:
    """People closed the case at this moment."""
    event = closed(household, sequence, warning_id)
    return msgspec.structs.replace(event, body=event.body.model_copy(update={"time": at}))


async def now_of(room: Room) -> datetime:
    now: datetime = await room.pool.fetchval("SELECT civil.now()")
    return now


async def close_case(room: Room, sequence: int = 1) -> datetime:
    at = await now_of(room)
    await room.work.process([ended(sequence, (await room.told())[-1].data.warning_id, at)])
    return at


def paid(room_now: datetime, yuan: float, **more: Any) -> dict[str, Any]:
    return {"settlement": yuan, "day": (room_now - timedelta(days=20)).date().isoformat()} | more


async def test_what_people_have_answered_is_suppressed_for_ninety_days_and_speaks_again(
    room: Room, alarm: UnitOfWork, advance: Advance
) -> None:
    now = await now_of(room)
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, paid(now, 6000))])
    await close_case(room)
    assert await room.states() == [("closed", "yellow"), ("suppressed", "yellow")]
    held = (await room.told())[-1]
    assert (held.type.split(".")[2], held.data.state) == ("suppressed", "suppressed")
    suppression = held.data.suppression
    assert suppression is not None and suppression.reason == "cool_down"
    assert suppression.speaks_again_on == civil_date(now) + COOL_DOWN
    assert (await room.digest(H)).recheck_on is not None
    assert await ring(alarm) == (0, 0), "not yet"
    await advance(COOL_DOWN)
    assert await ring(alarm) == (1, 0)
    spoke = (await room.told())[-1].data
    assert (await room.kinds())[-1] == "raised" and spoke.warning_id == held.data.warning_id
    assert spoke.suppression is None and spoke.raised_at > now + timedelta(days=89)
    assert await ring(alarm) == (0, 0), "told once, by whichever process"


async def test_two_alarms_at_once_judge_each_household_again_once(
    room: Room, alarm: UnitOfWork, advance: Advance, database: str, keys: Path
) -> None:
    """Each with connections of its own, as two processes have: both saw the same households due."""
    homes, now = [household_id(number) for number in range(1, 41)], await now_of(room)
    for home in homes:
        await room.work.process([registered(home, 1, NEEDY), changed(home, 1, paid(now, 6000))])
    for told in await room.told():
        await room.work.process([ended(1, told.data.warning_id, now + timedelta(minutes=5), told.data.household_id)])
    await advance(COOL_DOWN + timedelta(days=5))
    due = [Input("recheck", str(home), None, None, region="341221102201", type="recheck") for home in homes]
    secrets = read_keys(keys)
    pool = await worker_pool(database, "screening", secrets.database)
    other = UnitOfWork("screening", "rechecks", [Alarm(load("regular-2026"))], pool, Cipher(secrets.waiting))
    first, second = await asyncio.gather(alarm.process(due), other.process(list(reversed(due))))
    await pool.close()
    assert first.words.get("raised", 0) + second.words.get("raised", 0) == len(homes)
    assert first.words.get("stale", 0) + second.words.get("stale", 0) == len(homes)
    assert (await room.kinds()).count("raised") == 2 * len(homes), "once before, and once by whichever alarm"
    assert await ring(alarm) == (0, 0)


async def test_a_higher_amount_a_new_concern_and_a_report_speak_at_once(room: Room) -> None:
    now = await now_of(room)
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, paid(now, 6000))])
    await close_case(room)
    report = await room.work.process([changed(H, 2, paid(now, 100, id="MORE"))])
    assert dict(report.words) == {"raised": 1}
    await close_case(room, 2)
    report = await room.work.process([changed(H, 3, {"cover": "arrears", "day": "2026-02-01"})])
    assert dict(report.words) == {"raised": 1}
    assert len((await room.told())[-1].data.findings) == 2, "and brings along what was answered"
    await close_case(room, 3)
    assert (await room.kinds())[-1] == "suppressed"
    await room.work.process([reported(H, 1, concerns=("food",))])
    assert ((await room.kinds())[-1], (await room.told())[-1].data.cause) == ("raised", "declaration")


async def test_a_closing_that_crosses_with_the_end_of_what_was_new_closes_what_is_held_back_since(room: Room) -> None:
    now = await now_of(room)
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, paid(now, 6000))])
    await close_case(room)
    await room.work.process([changed(H, 2, {"cover": "arrears", "day": "2026-02-01", "id": "C"})])
    second = (await room.told())[-1].data.warning_id
    await room.work.process([changed(H, 3, {"cover": "arrears", "day": "2026-02-01", "id": "C", "withdrawn": True}, 2)])
    assert (await room.kinds())[-2:] == ["withdrawn", "suppressed"]
    report = await room.work.process([ended(2, second, now)])
    assert (dict(report.words), report.failed) == ({"closed": 1}, [])
    assert await room.states() == [("closed", "yellow"), ("closed", "yellow"), ("suppressed", "yellow")]


async def test_a_lower_amount_stays_suppressed_and_nothing_is_said(room: Room) -> None:
    now = await now_of(room)
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, paid(now, 6000, id="A"))])
    await close_case(room)
    await room.work.process([changed(H, 2, paid(now, -500, id="BACK", reverses="A"))])
    assert (await room.kinds())[1:] == ["suppressed", "suppressed"]
    assert await room.states() == [("closed", "yellow"), ("suppressed", "yellow")]
    report = await room.work.process([changed(H, 3, paid(now, 0, id="NIL"))])
    assert dict(report.words) == {"still_suppressed": 1}
    await room.work.process([changed(H, 4, paid(now, 0, id="A", withdrawn=True), 2)])
    assert (await room.kinds())[-1] == "withdrawn"


async def test_red_is_never_suppressed_for_any_other_record_of_it(room: Room) -> None:
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, {"house": "D", "day": "2026-10-01", "id": "A"})])
    await close_case(room)
    await room.work.process([changed(H, 2, {"house": "D", "day": "2026-10-05", "id": "B"})])
    assert (await room.kinds())[-1] == "raised"


async def test_a_household_that_the_register_removed_is_held_back_but_for_red(room: Room) -> None:
    now = await now_of(room)
    gone = registered(H, 1, NEEDY)
    household = gone.body.data.model_copy(update={"status": "removed"})
    gone = msgspec.structs.replace(gone, body=gone.body.model_copy(update={"data": household}))
    await room.work.process([gone, changed(H, 1, paid(now, 6000))])
    held = (await room.told())[-1].data
    assert held.state == "suppressed" and held.suppression is not None
    assert (held.suppression.reason, held.suppression.speaks_again_on) == ("household_removed", None)
    await room.work.process([changed(H, 2, {"house": "D", "day": "2026-10-01"})])
    assert (await room.kinds()) == ["suppressed", "raised"]
    assert (await room.states()) == [("open", "red")]


async def test_what_became_so_after_people_closed_is_told_even_if_it_came_before_their_word(room: Room) -> None:
    now = await now_of(room)
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, paid(now, 6000))])
    first = (await room.told())[-1].data.warning_id
    await room.work.process([ended(1, first, datetime(2026, 11, 24, tzinfo=UTC))])
    assert await room.kinds() == ["raised", "raised"], "what was told after that moment was not answered"


async def test_a_closing_that_comes_before_its_warning_ends_it_when_it_is_raised(room: Room, database: str) -> None:
    now = await now_of(room)
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, paid(now, 6000))])
    first = (await room.told())[-1].data.warning_id
    await emptied(database)
    report = await room.work.process([ended(1, first, now)])
    assert dict(report.words) == {"not_raised_yet": 1}
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, paid(now, 6000))])
    assert await room.kinds() == ["suppressed"], "nobody is told again of what people have closed"
    assert await room.states() == [("closed", "yellow"), ("suppressed", "yellow")]


async def test_out_of_the_window_a_warning_is_withdrawn_by_time_alone(
    room: Room, alarm: UnitOfWork, advance: Advance
) -> None:
    now = await now_of(room)
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, paid(now, 6000))])
    assert await room.pool.fetchval("SELECT count(*) FROM rechecks") == 1
    for _ in range(3):
        await advance(timedelta(days=180))
        await ring(alarm)
    assert (await room.kinds()) == ["raised", "withdrawn"]
    last = (await room.told())[-1]
    assert last.causationid == await room.pool.fetchval("SELECT event_id FROM facts")
    assert await room.pool.fetchval("SELECT count(*) FROM rechecks") == 0
    assert (await room.digest(H)).recheck_on is None


async def test_water_off_is_warned_of_on_its_day_without_a_record(
    room: Room, alarm: UnitOfWork, advance: Advance
) -> None:
    now = await now_of(room)
    since = civil_date(now).isoformat()
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, {"water": "interrupted", "day": since})])
    assert await room.kinds() == []
    await advance(timedelta(days=30))
    assert await ring(alarm) == (1, 0)
    assert await room.kinds() == ["raised"]


async def test_the_suppressed_are_listed_with_reason_and_day_and_explained(
    database: str, topics: str, keys: Path, room: Room
) -> None:
    now = await now_of(room)
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, paid(now, 6000))])
    await close_case(room)
    async with (
        serving(build, settings_of("screening", topics, database, keys)) as service,
        httpx.AsyncClient(base_url=service.url, headers=bearer(keys, "county")) as county,
    ):
        [listed] = (await county.get("/v1/warnings?state=suppressed")).json()["items"]
        assert listed["suppression"]["reason"] == "cool_down" and listed["suppression"]["speaks_again_on"]
        sampled = (await county.get("/v1/warnings?state=suppressed&for_audit=true")).json()["items"]
        assert len(sampled) == listed["suppression"]["for_audit"]
        why = (await county.get(f"/v1/households/{H}/why")).json()
        assert not why["is_warned"] and why["warning"]["state"] == "suppressed"
        assert why["recheck_on"] and why["warning"]["findings"][0]["counterfactual"]["by"] == "1000.00"


def test_about_one_in_a_hundred_is_audited_and_always_the_same_ones() -> None:
    share = load("regular-2026").value("screening.audit_share").value
    chosen = [number for number in range(20_000) if is_for_audit(str(household_id(number)), share)]
    assert 140 < len(chosen) < 260
    assert chosen == [number for number in range(20_000) if is_for_audit(str(household_id(number)), share)]
