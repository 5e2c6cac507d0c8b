"""Thousands at a time: a township's register in NDJSON chunks, then its settlements; the rate is told, not asserted."""

import json
import time

from tests.services.intake.county import (
    COUNTS,
    County,
    Record,
    household,
    household_no,
    income,
    member,
    number,
    settlement,
)

HOUSEHOLDS, CHUNK = 3000, 1500
REGISTER, MEDICAL = "rural_revitalization", "medical_insurance"


def chunks(records: list[Record]) -> list[bytes]:
    encoded = [json.dumps(one, ensure_ascii=False) for one in records]
    return ["\n".join(encoded[at : at + CHUNK]).encode() for at in range(0, len(encoded), CHUNK)]


async def sent(desk: County, code: str, records: list[Record], what: str) -> dict[str, int]:
    bodies = chunks(records)
    total = dict.fromkeys(COUNTS, 0)
    start = time.perf_counter()
    for body in bodies:
        answer = await desk.post(code, body)
        assert answer.status_code == 202, answer.text
        for name in COUNTS:
            total[name] += answer.json()[name]
    seconds = time.perf_counter() - start
    print(f"\n{what}: {len(records)} records in {seconds:.2f} s, {len(records) / seconds:,.0f} records/s")
    return total


async def test_a_township_s_register_and_its_settlements_pass_in_thousands(desk: County) -> None:
    people = [(household_no(), [number() for _ in range(3)]) for _ in range(HOUSEHOLDS)]
    homes = [
        household(no, *(member(one, relation=word) for one, word in zip(ids, ("户主", "配偶", "之子"), strict=True)))
        for no, ids in people
    ]
    early = [settlement(ids[1]) for _, ids in people[:300]]
    waiting = await sent(desk, MEDICAL, early, "settlements of unknown persons")
    assert waiting["parked"] == len(early)
    told = await sent(desk, REGISTER, homes, "households")
    assert told["accepted"] == told["received"] == HOUSEHOLDS
    assert await desk.service.worker.fetchval("SELECT count(*) FROM parked") == 0
    assert (await sent(desk, REGISTER, [income(no) for no, _ in people], "incomes"))["accepted"] == HOUSEHOLDS
    facts = [settlement(ids[0]) for _, ids in people]
    assert (await sent(desk, MEDICAL, facts, "settlements"))["accepted"] == HOUSEHOLDS
    assert (await sent(desk, MEDICAL, facts, "the same again"))["duplicates"] == HOUSEHOLDS
    assert await desk.service.worker.fetchval("SELECT count(*) FROM households") == HOUSEHOLDS
    assert len(await desk.events("data.changed")) == HOUSEHOLDS + len(early)
    assert len(await desk.events("household.registered")) == 2 * HOUSEHOLDS
    await desk.is_conserved()


async def test_over_kafka_thousands_pass_too(desk: County) -> None:
    ids = [number() for _ in range(1000)]
    start = time.perf_counter()
    await desk.stream(REGISTER, *(household(household_no(), member(one)) for one in ids))
    await desk.stream(MEDICAL, *(settlement(one) for one in ids))
    seconds = time.perf_counter() - start
    print(f"\nover Kafka, sent one by one and read: 2000 records in {seconds:.2f} s, {2000 / seconds:,.0f} records/s")
    assert (await desk.account(MEDICAL))["accepted"] == 1000
    await desk.is_conserved()
