"""Batches: the same call is answered the same, another body is refused, a running one is read, one failure is one."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.intake.api import taking as calls
from services.intake.batch import batch_id_of
from tests.services.intake.county import COUNTS, County, Record, house_grade, key, number, planted, settlement
from tests.until import until

MEDICAL = "medical_insurance"


def lines(records: list[Record]) -> bytes:
    return b"\n".join(json.dumps(one).encode() for one in records)


async def held_up(records: list[Record], gate: asyncio.Event) -> AsyncIterator[bytes]:
    """A body whose last two lines come when the gate is opened."""
    yield lines(records[:-2]) + b"\n"
    await gate.wait()
    yield lines(records[-2:])


async def test_the_same_call_is_answered_the_same_and_another_body_is_refused(desk: County) -> None:
    told = key()
    body = lines([settlement(number()), {"record_id": "x"}, settlement(number())])
    first = await desk.post(MEDICAL, body, idempotency_key=told)
    again = await desk.post(MEDICAL, body, idempotency_key=told)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    longer = await desk.post(MEDICAL, body + b"\n{}", idempotency_key=told)
    shorter = await desk.post(MEDICAL, body[: body.rindex(b"\n")], idempotency_key=told)
    other = await desk.post(MEDICAL, body.replace(b"6000.00", b"6001.00"), idempotency_key=told)
    empty = await desk.post(MEDICAL, b"", idempotency_key=told)
    for answer in (longer, shorter, other, empty):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused"), answer.text
    assert (await desk.post(MEDICAL, body, idempotency_key=told)).json() == first.json(), "and nothing was spoilt"
    await desk.is_conserved()


async def test_a_key_is_its_senders_own(desk: County) -> None:
    told = key()
    mine = await desk.post(MEDICAL, lines([settlement(number())]), idempotency_key=told)
    theirs = await desk.post("housing", lines([house_grade("HB-1", "A")]), idempotency_key=told)
    assert theirs.status_code == 202 and theirs.json()["batch_id"] != mine.json()["batch_id"]


@pytest.mark.parametrize("told", ["", "x" * 201])
async def test_a_key_has_its_length(desk: County, told: str) -> None:
    answer = await desk.post(MEDICAL, lines([settlement(number())]), idempotency_key=told)
    assert answer.status_code == 422, answer.text


async def test_without_a_key_the_same_body_is_another_batch_of_duplicates(desk: County) -> None:
    body = lines([settlement(number()) for _ in range(3)])
    first, again = (await desk.post(MEDICAL, body)).json(), (await desk.post(MEDICAL, body)).json()
    assert (first["parked"], again["duplicates"]) == (3, 3)
    assert first["batch_id"] != again["batch_id"]


async def test_a_batch_can_be_read_while_it_runs_and_its_twin_is_told_to_wait(desk: County) -> None:
    told, gate = key(), asyncio.Event()
    records = [settlement(number()) for _ in range(calls.CHUNK + 5)]
    headers = desk.department(MEDICAL) | {"content-type": "application/x-ndjson", "idempotency-key": told}
    path = f"/v1/departments/{MEDICAL}/records"
    running = asyncio.create_task(desk.client.post(path, content=held_up(records, gate), headers=headers))
    row = await until(
        lambda: desk.service.worker.fetchrow("SELECT * FROM batches WHERE closed_at IS NULL AND received > 0")
    )
    seen = (await desk.client.get(f"/v1/batches/{row['batch_id']}", headers=desk.department(MEDICAL))).json()
    assert (seen["state"], seen["received"], seen["parked"]) == ("open", calls.CHUNK, calls.CHUNK)
    twin = await desk.post(MEDICAL, lines(records), idempotency_key=told)
    assert (twin.status_code, twin.json()["code"]) == (409, "in_flight")
    await desk.is_conserved()
    gate.set()
    answer = (await running).json()
    assert (answer["batch_id"], answer["received"]) == (str(row["batch_id"]), len(records))
    closed = (await desk.client.get(f"/v1/batches/{row['batch_id']}", headers=desk.department(MEDICAL))).json()
    assert closed == answer | {"state": "closed"}


async def test_a_call_that_breaks_off_goes_on_where_it_stopped(desk: County) -> None:
    told = key()
    records = [settlement(number()) for _ in range(calls.CHUNK + 5)]

    async def cut() -> AsyncIterator[bytes]:
        yield lines(records[:-2]) + b"\n"
        raise ConnectionError("the line is dead")

    headers = desk.department(MEDICAL) | {"content-type": "application/x-ndjson", "idempotency-key": told}
    with contextlib.suppress(ConnectionError):
        await desk.client.post(f"/v1/departments/{MEDICAL}/records", content=cut(), headers=headers)

    async def again() -> Any:
        answer = await desk.post(MEDICAL, lines(records), idempotency_key=told)
        return None if answer.status_code == 409 else answer

    answer = await until(again)
    assert answer.status_code == 202, answer.text
    account = answer.json()
    assert (account["received"], account["parked"], account["duplicates"]) == (len(records), len(records), 0)
    assert (await again()).json() == account
    await desk.is_conserved()


async def test_a_call_whose_batch_was_taken_up_by_its_repeat_writes_no_more(desk: County) -> None:
    """Its line stood still for so long that its sender began again."""
    told, gate = key(), asyncio.Event()
    records = [settlement(number()) for _ in range(calls.CHUNK + 5)]
    headers = desk.department(MEDICAL) | {"content-type": "application/x-ndjson", "idempotency-key": told}
    path = f"/v1/departments/{MEDICAL}/records"
    slow = asyncio.create_task(desk.client.post(path, content=held_up(records, gate), headers=headers))
    query = "SELECT batch_id FROM batches WHERE closed_at IS NULL AND received > 0"
    batch_id = await until(lambda: desk.service.worker.fetchval(query))
    await desk.service.worker.execute("UPDATE batches SET busy_until = '-infinity' WHERE batch_id = $1", batch_id)
    account = (await desk.post(MEDICAL, lines(records), idempotency_key=told)).json()
    assert [account[name] for name in COUNTS] == [len(records), 0, 0, 0, len(records)]
    gate.set()
    assert (await slow).status_code == 503
    again = await desk.post(MEDICAL, lines(records), idempotency_key=told)
    assert (again.status_code, again.json()) == (202, account)
    await desk.is_conserved()


async def test_a_slot_that_was_killed_takes_its_own_batch_up_at_once(desk: County) -> None:
    """Its row still names the dead incarnation, and its time is not over."""
    told, body = key(), lines([settlement(number())])
    await desk.post(MEDICAL, body, idempotency_key=told)
    caller = await desk.service.worker.fetchval("SELECT caller FROM batches ORDER BY opened_at DESC LIMIT 1")
    told = key()
    id_ = batch_id_of(caller, MEDICAL, told)
    insert = (
        "INSERT INTO batches (batch_id, department, caller, holder, busy_until, region) "
        "VALUES ($1, $2, $3, $4, clock_timestamp() + interval '1 hour', '341221000000')"
    )
    instance = desk.service.settings.instance
    await desk.service.worker.execute(insert, id_, MEDICAL, caller, f"{instance}/dead")
    assert (await desk.post(MEDICAL, lines([settlement(number())]), idempotency_key=told)).json()["received"] == 1
    told = key()
    other = batch_id_of(caller, MEDICAL, told)
    await desk.service.worker.execute(insert, other, MEDICAL, caller, "intake-7/alive")
    answer = await desk.post(MEDICAL, lines([settlement(number())]), idempotency_key=told)
    assert answer.status_code == 409, "another slot reads it at this moment"
    await desk.service.worker.execute("UPDATE batches SET closed_at = civil.now() WHERE batch_id = $1", other)


# ── one record on which we fail ─────────────────────────────────────────────────────────────────────────────────────


def alarms(desk: County, name: str) -> float:
    return float(desk.service.metrics.alarms.labels("intake", name)._value.get())


@pytest.fixture
def two_hundred() -> Iterator[list[Record]]:
    yield [settlement(number()) for _ in range(200)]


@pytest.mark.parametrize("place", [0, 77, 199])
async def test_one_failing_record_of_200_is_rejected_with_an_alarm_and_199_pass(
    desk: County, database: str, two_hundred: list[Record], place: int
) -> None:
    told, before, bad = key(), alarms(desk, "record_not_handled"), two_hundred[place]
    async with planted(database, bad["record_id"]):
        answer = await desk.post(MEDICAL, lines(two_hundred), idempotency_key=told)
    assert answer.status_code == 202, answer.text
    account = answer.json()
    assert [account[name] for name in COUNTS] == [200, 0, 0, 1, 199]
    [refused] = account["rejections"]
    assert (refused["line"], refused["record_id"], refused["code"]) == (place + 1, bad["record_id"], "not_handled")
    assert alarms(desk, "record_not_handled") == before + 1
    again = await desk.post(MEDICAL, lines(two_hundred), idempotency_key=told)
    assert (again.status_code, again.json()) == (202, account), "the same call, the same answer"
    assert (await desk.send(MEDICAL, bad))["parked"] == 1, "sent again later, it is taken"
    await desk.is_conserved()


async def test_a_record_that_was_passed_over_when_the_process_died_is_done_by_the_same_call(
    desk: County, database: str, two_hundred: list[Record]
) -> None:
    """Its neighbours were committed; the process died before the one that failed was rejected."""
    told, bad = key(), two_hundred[77]
    async with planted(database, bad["record_id"]):
        batch_id = (await desk.post(MEDICAL, lines(two_hundred), idempotency_key=told)).json()["batch_id"]
    admin = await asyncpg.connect(database)
    await admin.execute("DELETE FROM intake.rejections WHERE batch_id = $1", UUID(batch_id))
    await admin.execute(
        "UPDATE intake.batches SET received = 199, rejected = 0, closed_at = NULL, lines = NULL WHERE batch_id = $1",
        UUID(batch_id),
    )
    await admin.close()
    other = await desk.post(MEDICAL, lines(two_hundred[:50]), idempotency_key=told)
    assert other.status_code == 422
    account = (await desk.post(MEDICAL, lines(two_hundred), idempotency_key=told)).json()
    assert [account[name] for name in COUNTS] == [200, 0, 0, 0, 200]
    assert await desk.parked(bad["record_id"]) == ("unknown_person", 1)
    await desk.is_conserved()


async def test_rows_that_another_holds_are_a_503_and_the_same_call_then_goes_on(desk: County, database: str) -> None:
    told, id_no = key(), number()
    no = await desk.home(id_no)
    sent = [settlement(number()), settlement(id_no), settlement(number())]
    admin = await asyncpg.connect(database)
    async with admin.transaction():
        household_id = str(desk.vault.household_id(no))
        assert await admin.execute("UPDATE intake.keys SET key = key WHERE key = $1", household_id) == "UPDATE 1"
        answer = await desk.post(MEDICAL, lines(sent), idempotency_key=told)
        assert answer.status_code == 503, answer.text
    await admin.close()
    account = (await desk.post(MEDICAL, lines(sent), idempotency_key=told)).json()
    assert [account[name] for name in COUNTS] == [3, 1, 0, 0, 2]
    assert await desk.said(no) == [("changed", 1)]


async def test_a_body_of_too_many_records_is_told(desk: County, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "RECORDS_MAX", 10)
    answer = await desk.post(MEDICAL, lines([settlement(number()) for _ in range(11)]))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_records")


async def test_over_a_thousand_rejections_are_counted_whole_and_told_in_part(desk: County) -> None:
    account = (await desk.post(MEDICAL, b"{}\n" * 1200)).json()
    assert (account["rejected"], len(account["rejections"])) == (1200, 1000)


async def test_over_kafka_the_one_waits_and_is_replayed(desk: County, database: str, two_hundred: list[Record]) -> None:
    bad = two_hundred[77]
    async with planted(database, bad["record_id"]):
        await desk.stream(MEDICAL, *two_hundred)
        rows = await desk.service.worker.fetch("SELECT state, cause FROM waiting")
        assert [row["state"] for row in rows] == ["failed"]
        assert "number" not in rows[0]["cause"] and bad["subject"]["id_no"] not in rows[0]["cause"]
        await desk.is_conserved()
    query = "SELECT count(*) FROM records WHERE record_id = ANY ($1::text[])"
    names = [one["record_id"] for one in two_hundred]
    assert await desk.service.worker.fetchval(query, names) == 199
    [letter] = (await desk.client.get("/v1/dead-letters", headers=desk.token("system"))).json()["items"]
    answer = await desk.client.post(f"/v1/dead-letters/{letter['id']}/replay", headers=desk.token("system"))
    assert answer.json()["replayed"], answer.text
    assert await desk.service.worker.fetchval(query, names) == 200
    await desk.is_conserved()


async def test_a_skipped_one_counts_as_rejected(desk: County, database: str, two_hundred: list[Record]) -> None:
    bad = two_hundred[0]
    async with planted(database, bad["record_id"]):
        await desk.stream(MEDICAL, *two_hundred[:3])
        [letter] = (await desk.client.get("/v1/dead-letters", headers=desk.token("system"))).json()["items"]
        detail = await desk.client.get(f"/v1/dead-letters/{letter['id']}", headers=desk.token("system"))
        assert bad["subject"]["id_no"] not in detail.text, "a department's record stays sealed"
        skip = f"/v1/dead-letters/{letter['id']}/skip"
        answer = await desk.client.post(skip, headers=desk.token("system"), json={"reason": "已核实为错件"})
    assert answer.json()["skipped"], answer.text
    await desk.is_conserved()


async def test_a_batch_of_nobody_is_not_found(desk: County) -> None:
    answer = await desk.client.get(f"/v1/batches/{uuid4()}", headers=desk.department(MEDICAL))
    assert answer.status_code == 404


async def test_a_batch_is_its_departments_and_its_countys_own(desk: County) -> None:
    batch_id = (await desk.post(MEDICAL, lines([settlement(number())]))).json()["batch_id"]
    for headers, status in (
        (desk.department(MEDICAL), 200),
        (desk.token("county"), 200),
        (desk.department("housing"), 404),
        (desk.department(MEDICAL, region="340822"), 404),
        (desk.token("village"), 403),
    ):
        assert (await desk.client.get(f"/v1/batches/{batch_id}", headers=headers)).status_code == status
