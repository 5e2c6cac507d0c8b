"""Two at once: HTTP and Kafka, two consumers, the register and a department. Whoever wins, the end is the same."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.intake import batch
from services.intake.record import Origin, parse
from services.intake.subscribers import departments
from services.intake.subscribers.department_records import DepartmentRecords
from shared.contracts.topics import department_topic
from shared.messaging.room import Input
from shared.messaging.unit_of_work import UnitOfWork
from shared.policy import load
from shared.postgres import session
from tests.services.intake.county import (
    County,
    Record,
    house_grade,
    household,
    household_no,
    income,
    member,
    number,
    settlement,
)

MEDICAL = "medical_insurance"
REGISTER = "rural_revitalization"


def consumer(desk: County) -> UnitOfWork:
    """Another member of the group: a unit of work of its own, on the worker's pool."""
    return desk.service.calls(
        departments(desk.vault, desk.service.alarm, load(desk.service.settings.policy)), as_worker=True
    )


async def handle(desk: County, sent: Sequence[tuple[str, Record]]) -> None:
    """One unit of work of records of several departments, each department's in a batch of its own."""
    inputs: list[Input] = []
    opened = {code: uuid4() for code, _ in sent}
    region = "341221000000"
    async with session(desk.service.worker) as connection:
        for code, id_ in opened.items():
            await batch.open_batch(connection, id_, code, "tests", region, "tests/1")
    lines = Counter[str]()
    for code, one in sent:
        lines[code] += 1
        origin = Origin("http", "341221", opened[code], lines[code], lines[code], holder="tests/1")
        body = parse(json.dumps(one).encode(), code, origin, desk.vault)
        inputs.append(Input(department_topic(code), "", None, body))
    await consumer(desk).process(inputs)
    for code, id_ in opened.items():
        await batch.close_batch(desk.service.worker, id_, lines[code], "tests/1")


async def at_once(desk: County, *batches: Sequence[tuple[str, Record]]) -> None:
    await asyncio.gather(*(handle(desk, one) for one in batches))


async def standing(desk: County, no: str) -> list[str]:
    """The records that stand under a household after everything that was told of it."""
    found: set[str] = set()
    for one in await desk.events("data.changed", desk.vault.household_id(no)):
        word = one["type"].split(".")[2]
        record_id = one["data"]["record_id"]
        assert (word == "changed") == (record_id not in found), "changed once, then corrected or withdrawn"
        if word == "withdrawn":
            found.discard(record_id)
        else:
            found.add(record_id)
    return sorted(found)


@pytest.mark.parametrize("first", ["http", "kafka"])
async def test_versions_that_name_different_persons_over_two_channels_leave_the_fact_in_one_household(
    desk: County, first: str
) -> None:
    pairs = [(number(), number()) for _ in range(6)]
    homes = [(await desk.home(one), await desk.home(other)) for one, other in pairs]
    sent = [(one := settlement(old), settlement(new, record_id=one["record_id"], version=2)) for old, new in pairs]
    over_http = [pair[0 if first == "http" else 1] for pair in sent]
    over_kafka = [pair[1 if first == "http" else 0] for pair in sent]
    streaming = desk.stream(MEDICAL, *over_kafka)
    await asyncio.gather(streaming, *(desk.send(MEDICAL, one) for one in over_http))
    for (old, new), (one, _) in zip(homes, sent, strict=True):
        assert await standing(desk, old) == []
        assert await standing(desk, new) == [one["record_id"]]
    await desk.is_conserved()


async def test_versions_from_two_consumers_in_both_orders_at_once(desk: County) -> None:
    for round_ in range(10):
        old, new = number(), number()
        first, second = await desk.home(old), await desk.home(new)
        one = settlement(old)
        two = settlement(new, record_id=one["record_id"], version=2)
        batches = [[(MEDICAL, one)], [(MEDICAL, two)]]
        await at_once(desk, *(batches if round_ % 2 else reversed(batches)))
        assert (await standing(desk, first), await standing(desk, second)) == ([], [one["record_id"]])


async def test_a_household_that_two_consumers_see_first_at_once_is_registered_once(desk: County) -> None:
    for _ in range(10):
        no, id_no = household_no(), number()
        sent = household(no, member(id_no))
        beside = income(no)
        await at_once(desk, [(REGISTER, sent), (REGISTER, beside)], [(REGISTER, beside), (REGISTER, sent)])
        homes = await desk.homes(no)
        assert [word for word, _ in homes].count("registered") == 1
        assert homes[-1][1]["incomes"] == [{"year": 2025, "net_yuan": "30000.00"}]
        assert await desk.parked(beside["record_id"]) is None


async def test_two_households_that_name_one_person_at_once_leave_him_in_one(desk: County) -> None:
    for _ in range(10):
        id_no, one, other = number(), household_no(), household_no()
        await at_once(
            desk,
            [(REGISTER, household(one, member(id_no), member(number(), relation="配偶")))],
            [(REGISTER, household(other, member(id_no), member(number(), relation="配偶")))],
        )
        person = str(desk.vault.person_id(id_no))
        last = [(await desk.homes(no))[-1][1] for no in (one, other)]
        names = [[each["person_id"] for each in home["members"]] for home in last]
        assert sum(person in members for members in names) == 1
        assert [home["size"] for home in last] == [len(members) for members in names]


async def test_a_settlement_sent_while_its_household_is_being_registered_is_told_once(desk: County) -> None:
    left: list[str] = []
    for round_ in range(40):
        id_no, no = number(), household_no()
        sent, grade = settlement(id_no), house_grade(no, "D")
        batches = [[(REGISTER, household(no, member(id_no)))], [(MEDICAL, sent)], [("housing", grade)]]
        await at_once(desk, *(batches if round_ % 2 else reversed(batches)))
        assert await standing(desk, no) == sorted((sent["record_id"], grade["record_id"])), f"round {round_}"
        left += [one["record_id"] for one in (sent, grade) if await desk.parked(one["record_id"])]
    assert left == []


async def test_a_person_who_is_registered_between_the_look_up_and_the_locks_is_seen(
    desk: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_no, no = number(), household_no()
    sent, look_up = settlement(id_no), DepartmentRecords.keys
    registered: list[str] = []

    async def keys(room: DepartmentRecords, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Any:
        found = await look_up(room, connection, inputs)
        if room.topic == department_topic(MEDICAL) and not registered:
            registered.append(no)
            await desk.send(REGISTER, household(no, member(id_no)))
        return found

    async def alone(*_: object) -> None:
        raise AssertionError("its keys are found again under the locks: no batch is cut for it")

    monkeypatch.setattr(DepartmentRecords, "keys", keys)
    monkeypatch.setattr(UnitOfWork, "_alone", alone)
    await handle(desk, [(MEDICAL, sent)])
    assert await standing(desk, no) == [sent["record_id"]] and await desk.parked(sent["record_id"]) is None


async def test_over_kafka_the_register_and_its_settlements_come_in_any_order(desk: County) -> None:
    people = [(household_no(), number()) for _ in range(60)]
    sent = [settlement(id_no) for _, id_no in people]
    await asyncio.gather(
        desk.stream(MEDICAL, *sent),
        desk.stream(REGISTER, *(household(no, member(id_no)) for no, id_no in people)),
    )
    for (no, _), one in zip(people, sent, strict=True):
        assert await desk.said(no) == [("changed", 1)]
        assert await desk.parked(one["record_id"]) is None
    await desk.is_conserved()


async def test_many_corrections_of_one_record_at_once_end_at_the_newest(desk: County) -> None:
    id_no = number()
    no = await desk.home(id_no)
    first = settlement(id_no)
    versions = [first | {"version": n, "data": first["data"] | {"total_yuan": f"{n}.00"}} for n in range(1, 13)]
    await at_once(desk, *([(MEDICAL, one)] for one in versions))
    said = await desk.said(no)
    assert said[-1][1] == 12 and [version for _, version in said] == sorted(version for _, version in said)
    assert len(await desk.kept(first["record_id"])) == 12


async def test_a_person_moves_while_a_settlement_comes(desk: County) -> None:
    for round_ in range(10):
        id_no, later = number(), household_no()
        first = await desk.home(number(), id_no)
        before, during = settlement(id_no), settlement(id_no)
        await desk.send(MEDICAL, before)
        batches = [[(REGISTER, household(later, member(id_no)))], [(MEDICAL, during)]]
        await at_once(desk, *(batches if round_ % 2 else reversed(batches)))
        assert await standing(desk, first) == []
        assert await standing(desk, later) == sorted((before["record_id"], during["record_id"]))


async def test_after_all_of_this_every_boundary_foots(desk: County) -> None:
    await desk.is_conserved()
    assert await desk.service.worker.fetchval("SELECT count(*) FROM waiting") == 0
    assert await desk.service.worker.fetchval("SELECT count(*) FROM rejections") == 0
