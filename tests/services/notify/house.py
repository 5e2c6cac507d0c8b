"""Notify without Kafka: its subscribers on real PostgreSQL through the unit of work, fed by hand; what tests ask."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import asyncpg

from services.notify import retry
from services.notify.carriers import email
from services.notify.contact import Preferring
from services.notify.delivery import Delivering, delivered
from services.notify.hearing import Hearing
from services.notify.reading import READ, Ask, Reading
from services.notify.retry import Kept
from services.notify.sending import Claiming, Settling
from services.notify.subscribers import subscribers
from services.notify.unread import Unread, escalate_once
from shared import postgres
from shared.access.tokens import Caller
from shared.contracts.clue import Clue
from shared.contracts.deadline import Passed
from shared.contracts.envelope import event_id
from shared.contracts.officer import Assignment
from shared.contracts.stage import Stage
from shared.crypto import Cipher, read_keys
from shared.messaging import record
from shared.messaging.batch import Report
from shared.messaging.outbox import serialise
from shared.messaging.room import Emit, Input
from shared.messaging.unit_of_work import UnitOfWork
from shared.policy import load
from shared.web.callers import row_scope
from tests.tokens import GRID, VILLAGE

SPACE = UUID("5b0f7a52-2f3e-4a51-9c39-6a1b22d00c01")
NOW = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
DUE = datetime(2026, 11, 28, 16, 0, tzinfo=UTC)
"""24:00 of 28 November in China."""


def household(number: int) -> UUID:
    return uuid5(SPACE, f"household {number}")


def case_of(house: UUID) -> UUID:
    return uuid5(house, "case")


def task_of(house: UUID, hop: str = "village_group") -> UUID:
    return uuid5(house, f"task {hop}")


def assignment(officer_id: str, post: str, office: str = GRID, **more: Any) -> Assignment:
    """A post of the tests' village; office and grid are those of group 3 unless said."""
    is_group = "-" in office
    given: dict[str, Any] = {
        "office_id": office, "office_kind": "village_group" if is_group else "village_committee",
        "office_zh": "八里槐村第 3 组" if is_group else "八里槐村村委会",
        "office_en": "Balihuai village, group 3" if is_group else "Balihuai village committee",
        "officer_id": officer_id, "display_name": "王**", "role": "grid_worker" if is_group else "village",
        "capacity": None if is_group else "handler", "post": post, "region": VILLAGE,
        "grid": office if is_group else None, "since": date(2026, 1, 1),
    }  # fmt: skip
    return Assignment(**given | more)


def stage(house: UUID, hop: Any = "village_group", **more: Any) -> Stage:
    given: dict[str, Any] = {
        "case_id": case_of(house), "household_id": house, "policy": "regular-2026", "level": "orange",
        "concerns": ("medical_burden",), "hop": hop, "office": GRID if hop == "village_group" else VILLAGE,
        "task_id": task_of(house, hop), "due_at": DUE, "clock_started_at": NOW,
    }  # fmt: skip
    return Stage(**given | more)


def passed(house: UUID, hop: Any = "village_group", **more: Any) -> Passed:
    given: dict[str, Any] = {
        "deadline_id": uuid5(house, f"deadline {hop}"), "case_id": case_of(house), "household_id": house, "hop": hop,
        "round": 1, "office": GRID if hop == "village_group" else VILLAGE, "task_id": task_of(house, hop),
        "level": "orange", "step": "passed", "due_at": DUE, "fired_at": DUE,
    }  # fmt: skip
    return Passed(**given | more)


def clue(house: UUID, **more: Any) -> Clue:
    """A declaration of a household, at the village's window."""
    given: dict[str, Any] = {
        "clue_id": uuid5(house, "clue"), "household_id": house, "cause": "declaration", "channel": "window",
        "concerns": ("medical_burden",), "reported_at": NOW, "reported_by_role": "farmer",
    }  # fmt: skip
    return Clue(**given | more)


def as_input(
    topic: str, word: str, key: str, data: Any, sequence: int, grid: str | None = GRID, region: str = VILLAGE
) -> Input:
    """A fact of workflow as it comes from Kafka."""
    type_ = f"shouwang.{topic.split('.')[0]}.{word}.v1"
    id_ = event_id("tests", type_, key, sequence)
    emit = Emit(topic, type_, key, id_, region, data, correlation_id=uuid5(SPACE, key), grid=grid)
    headers = {
        "ce_id": str(id_), "ce_type": type_, "ce_source": "/workflow", "ce_sequence": f"{sequence:012d}",
        "ce_partitionkey": key, "ce_region": region,
    }  # fmt: skip
    packed = [(name, text.encode()) for name, text in headers.items()]
    return record.read(topic, 0, sequence, packed, serialise(emit, "/workflow", sequence, NOW), record.Read())


@dataclass
class Post:
    """The works of one process, and the numbers of what was told to them."""

    dsn: str
    worker: asyncpg.Pool
    api: asyncpg.Pool
    stream: UnitOfWork
    calls: UnitOfWork
    retry: UnitOfWork
    unread: UnitOfWork
    prefer: UnitOfWork
    send: UnitOfWork
    showing: UnitOfWork
    cipher: Cipher
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def fact(self, topic: str, word: str, key: str, data: Any, **place: Any) -> Input:
        number = self.numbers[topic, key] = self.numbers.get((topic, key), 0) + 1
        return as_input(topic, word, key, data, number, **place)

    def step(self, word: str, house: UUID, hop: str = "village_group", **more: Any) -> Input:
        place = {name: more.pop(name) for name in ("grid", "region") if name in more}
        return self.fact("stage.advanced", word, str(house), stage(house, hop, **more), **place)

    def late(self, house: UUID, hop: str = "village_group", **more: Any) -> Input:
        data = passed(house, hop, **more)
        return self.fact("deadline.passed", data.step, str(house), data)

    def appointed(self, officer_id: str, post: str, office: str = GRID, word: str = "assigned", **more: Any) -> Input:
        return self.fact("officer.assigned", word, f"office:{office}", assignment(officer_id, post, office, **more))

    async def told(self, *inputs: Input) -> Report:
        return await self.stream.process(list(inputs))

    async def appoint(self, *posts: tuple[str, str] | tuple[str, str, str]) -> None:
        await self.told(*(self.appointed(*one) for one in posts))

    async def try_again(self) -> Report | None:
        return await retry.once(self.retry)

    async def now(self) -> datetime:
        found: datetime = await self.worker.fetchval("SELECT civil.now()")
        return found

    async def admin(self, statement: str) -> None:
        """What no role of notify may do: time passes, or a person reads."""
        connection = await asyncpg.connect(self.dsn)
        await connection.execute(statement)
        await connection.close()

    async def escalate(self) -> Report | None:
        return await escalate_once(self.unread)

    async def notices(self, house: UUID) -> list[asyncpg.Record]:
        return list(
            await self.worker.fetch(
                "SELECT * FROM notices WHERE household_id = $1 ORDER BY created_at, step, officer_id", house
            )
        )

    async def show(self, house: UUID) -> None:
        """These notices are listed to their receivers."""
        await delivered(self.showing, await self.notices(house))

    async def heard(self, house: UUID, step: str = "arrived") -> list[tuple[str, str]]:
        """Who was told of a step, in which part."""
        return [(row["officer_id"], row["part"]) for row in await self.notices(house) if row["step"] == step]

    async def occasion(self, house: UUID, step: str = "arrived") -> asyncpg.Record:
        [row] = await self.worker.fetch("SELECT * FROM occasions WHERE household_id = $1 AND step = $2", house, step)
        return row

    async def emitted(self, house: UUID) -> list[tuple[str, int]]:
        rows = await self.worker.fetch("SELECT type, sequence FROM outbox WHERE key = $1 ORDER BY id", str(house))
        return [(row["type"].split(".")[2], row["sequence"]) for row in rows]

    async def read(self, notice_id: UUID, caller: Caller) -> Report:
        asked = Input(READ, "", None, Ask(notice_id, caller.officer_id or ""))
        report, _ = await self.calls.call([asked], row_scope(caller))
        return report


async def post_office(dsn: str, keys: Path) -> Post:
    """Empty of everything that an earlier test left."""
    admin = await asyncpg.connect(dsn)
    tables = (
        "notices",
        "occasions",
        "posts",
        "spells",
        "contacts",
        "dispatches",
        "keys",
        "outbox",
        "waiting",
        "positions",
        "answers",
    )
    await admin.execute("TRUNCATE " + ", ".join(f"notify.{one}" for one in tables))
    await admin.close()
    secrets = read_keys(keys)
    worker = await postgres.worker_pool(dsn, "notify", secrets.database)
    api = await postgres.api_pool(dsn, "notify", secrets.database)
    cipher, hearing = Cipher(secrets.waiting), Hearing(load("regular-2026"), frozenset({email.NAME}))
    return Post(
        dsn,
        worker,
        api,
        stream=UnitOfWork("notify", "notify", subscribers(hearing), worker, cipher),
        calls=UnitOfWork("notify", "notify.calls", [Reading()], api, cipher),
        retry=UnitOfWork("notify", "notify.calls", [Kept(hearing)], worker, cipher),
        unread=UnitOfWork("notify", "notify.calls", [Unread(hearing)], worker, cipher),
        prefer=UnitOfWork("notify", "notify.calls", [Preferring()], worker, cipher),
        send=UnitOfWork("notify", "notify.calls", [Claiming(), Settling()], worker, cipher),
        showing=UnitOfWork("notify", "notify.calls", [Delivering()], worker, cipher),
        cipher=cipher,
    )
