"""Department changes for the benchmarks, as they lie on the topic, and the warnings that must come of them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import count, islice
from uuid import UUID, uuid5
from zlib import crc32

from shared.clock import machine_now
from shared.contracts.data import Cover, Fact, Settlement
from shared.contracts.envelope import event_id
from shared.contracts.household import Household, Income, Member, Monitoring
from shared.messaging.outbox import serialise
from shared.messaging.room import Emit

SPACE = UUID("5e1a2f3e-3b1c-4a57-8f57-3a1c3a5f0009")
VILLAGE, GRID = "341221102201", "341221102201-03"
INCOME, LINE, RATIO = Decimal(40_000), Decimal(5_000), Decimal("0.25")
PARTITIONS = 6


@dataclass(frozen=True, slots=True)
class Lying:
    """A record as Kafka holds it."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def household_id(number: int) -> UUID:
    return uuid5(SPACE, f"household {number}")


def households(count: int) -> Iterator[Lying]:
    """The register's word about each: lifted out, an income of 40,000 yuan."""
    for number in range(count):
        id_ = household_id(number)
        data = Household(
            household_id=id_, household_no=f"H-{number:06d}", region=VILLAGE, grid=GRID, group=3, display_name="张**",
            poverty_history="lifted_out", monitoring=Monitoring(status="none"), size=3,
            members=(Member(person_id=uuid5(SPACE, f"person {number}"), display_name="张**", relation="户主"),),
            incomes=(Income(year=date.today().year - 1, net_yuan=INCOME),),
        )  # fmt: skip
        yield lying("household.registered", "shouwang.household.registered.v1", id_, 1, data)


def changes(number: int, of: int, seed: int, now: object) -> tuple[list[Lying], dict[str, str]]:
    """`number` changes of `of` households; and household number → level expected."""
    found: list[Lying] = []
    sums: dict[int, Decimal] = {}
    for household, yuan, one in islice(changing(of, seed, now), number):
        sums[household] = sums.get(household, Decimal(0)) + yuan
        found.append(one)
    expected = {
        f"H-{number:06d}": "orange" if total >= INCOME * RATIO else "yellow"
        for number, total in sums.items()
        if total >= LINE
    }
    return found, expected


def changing(of: int, seed: int, now: object, records_max: int | None = None) -> Iterator[tuple[int, Decimal, Lying]]:
    """Changes without end of `of` households, some busier than others: the household, what it paid, the record.

    With `records_max` a household's later changes correct its earlier ones, so that what is known of it does not grow.
    """
    chance = random.Random(seed)
    sequences: dict[int, int] = {}
    today = date.today()
    for number in count():
        household = int(of * chance.random() ** 1.6)
        sequences[household] = sequences.get(household, 0) + 1
        id_ = household_id(household)
        yuan = Decimal(0)
        if chance.random() < 0.8:
            cents = 560_000 if chance.random() < 0.02 else chance.randint(1, 30_000)
            yuan = Decimal(cents) / 100
            values: Settlement | Cover = Settlement(
                setting="inpatient", settled_on=today, total_yuan=yuan * 2, reimbursed_yuan=yuan, self_paid_yuan=yuan,
                in_scope_self_paid_yuan=yuan,
            )  # fmt: skip
        else:
            values = Cover(status="insured", year=today.year)
        of_it = f"{household}-{sequences[household] % records_max}" if records_max else f"{number:07d}"
        fact = Fact(
            department="medical_insurance", kind=values.kind, record_id=f"YB-2026-{of_it}",
            version=sequences[household] if records_max else 1,
            household_id=id_, person_id=uuid5(SPACE, f"person {household}"), occurred_on=today, known_at=now,
            values=values,
        )  # fmt: skip
        yield household, yuan, lying("data.changed", "shouwang.data.changed.v1", id_, sequences[household], fact, now)


def lying(topic: str, type_: str, household: UUID, sequence: int, data: object, now: object = None) -> Lying:
    key = str(household)
    emit = Emit(topic, type_, key, event_id("bench", topic, key, sequence), VILLAGE, data, grid=GRID)  # type: ignore[arg-type]
    value = serialise(emit, "/intake", sequence, now or machine_now())  # type: ignore[arg-type]
    headers = {
        "content-type": "application/cloudevents+json", "ce_id": str(emit.id), "ce_type": type_, "ce_source": "/intake",
        "ce_sequence": f"{sequence:012d}", "ce_partitionkey": key, "ce_region": VILLAGE,
    }  # fmt: skip
    return Lying(
        topic, crc32(key.encode()) % PARTITIONS, key.encode(), value, [(n, v.encode()) for n, v in headers.items()]
    )
