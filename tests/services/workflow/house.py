"""Workflow without Kafka: its subscribers on real PostgreSQL through the unit of work, fed by hand, and what tests ask.

`deliver` plays the relay and the hops' groups: it takes hop facts out of the outbox and gives them to their group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID, uuid5

import asyncpg
import orjson

from services.workflow import desk
from services.workflow.alarm import Alarm, ring
from services.workflow.deciding import CLAIM, DECIDE, Answer, Ask, Claiming, Deciding
from services.workflow.office import UPLOAD, Officers, Register, Upload
from services.workflow.subscribers import BY_HOP, subscribers
from services.workflow.supervision import ANSWER, CLOSE, Answering, Closing, Letter
from shared import postgres
from shared.access.tokens import Caller
from shared.contracts.envelope import event_id
from shared.contracts.household import Household, Monitoring
from shared.contracts.types import Level
from shared.contracts.warning import Explanation, WarningState, Words
from shared.crypto import Cipher, read_keys
from shared.messaging import record
from shared.messaging.answers import Answer as Given
from shared.messaging.answers import Slot
from shared.messaging.batch import Report
from shared.messaging.outbox import serialise
from shared.messaging.room import Emit, Input
from shared.messaging.unit_of_work import Scope, UnitOfWork
from shared.web.callers import scoped
from tests.tokens import GRID, VILLAGE

SPACE = UUID("5b0f7a52-2f3e-4a51-9c39-6a1b22d00b01")
RAISED_AT = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)

WORKER = Caller("gw-1", "grid_worker", VILLAGE, GRID)
CADRE = Caller("vc-1", "village", VILLAGE)
STEWARD = Caller("st-1", "steward", "341221")


REGISTER: dict[str, Any] = {
    "offices": [
        {"office_id": GRID, "kind": "village_group", "region": VILLAGE, "name": {"zh": "第 3 组", "en": "group 3"}},
        {"office_id": VILLAGE, "kind": "village_committee", "region": VILLAGE, "name": {"zh": "村委", "en": "office"}},
    ],
    "grids": [{"grid": GRID, "region": VILLAGE, "office_id": GRID}],
    "officers": [
        {
            "officer_id": id_, "name": name, "display_name": f"{name[0]}**", "role": role, "region": VILLAGE,
            "grid": grid, "office_id": office, "capacity": None, "post": post, "since": "2026-01-01",
        }
        for id_, name, role, grid, office, post in (
            ("gw-1", "王守望", "grid_worker", GRID, GRID, "worker"),
            ("gw-2", "李相助", "grid_worker", GRID, GRID, "deputy"),
            ("vc-1", "赵村官", "village", None, VILLAGE, "leader"),
            ("vc-2", "钱委员", "village", None, VILLAGE, "member"),
        )
    ],
}  # fmt: skip
"""The tests' village: one grid with a worker and a deputy, two cadres."""


def household(number: int) -> UUID:
    return uuid5(SPACE, f"household {number}")


def emit_of(
    topic: str, word: str, key: str, data: Any, about: object, *, region: str = VILLAGE, grid: str = GRID
) -> Emit:
    type_ = f"shouwang.{topic.split('.')[0]}.{word}.v1"
    return Emit(topic, type_, key, event_id("tests", type_, key, about), region, data, grid=grid)


def as_input(emit: Emit, sequence: int, offset: int | None = None, now: datetime = RAISED_AT) -> Input:
    """A fact of another service as it comes from Kafka."""
    value = serialise(emit, "/tests", sequence, now)
    return read(emit.topic, emit.key, sequence, str(emit.id), emit.type, emit.region, value, offset)


def read(
    topic: str, key: str, sequence: int, id_: str, type_: str, region: str, value: bytes, offset: int | None = None
) -> Input:
    headers = {
        "ce_id": id_, "ce_type": type_, "ce_source": "/tests", "ce_sequence": f"{sequence:012d}",
        "ce_partitionkey": key, "ce_region": region,
    }  # fmt: skip
    packed = [(name, text.encode()) for name, text in headers.items()]
    return record.read(topic, 0, sequence if offset is None else offset, packed, value, record.Read())


def warning_state(
    house: UUID,
    level: Level = "yellow",
    concerns: Sequence[str] = ("medical_burden",),
    *,
    warning: object = 1,
    new: Sequence[str] = (),
    cause: Any = "finding",
    state: Any = "open",
    started_at: datetime = RAISED_AT,
    is_green: bool = False,
) -> WarningState:
    words = Explanation(
        exact=Words(zh="合规自付 20,410.50 元", en="self-paid 20,410.50 yuan"),
        band=Words(zh="医疗负担较重", en="Medical costs weigh heavily"),
    )
    return WarningState(
        warning_id=uuid5(house, f"warning {warning}"), household_id=house, state=state, cause=cause, level=level,
        is_green=is_green, provisional=False, policy="regular-2026", raised_at=RAISED_AT, clock_started_at=started_at,
        concerns=tuple(concerns), new_concerns=tuple(new), findings=(), explanation=words,
    )  # fmt: skip


def registered(
    number: int, *, grid: str = GRID, region: str = VILLAGE, size: int = 3, merged_into: UUID | None = None
) -> Household:
    return Household(
        household_id=household(number), household_no=f"H-{number:04d}", region=region, grid=grid, group=3,
        display_name="张**", poverty_history="none", monitoring=Monitoring(status="none"), members=(), size=size,
        status="merged" if merged_into else "active", merged_into=merged_into,
    )  # fmt: skip


@dataclass
class Desk:
    """The works of one process, and the numbers of what was told to them."""

    dsn: str
    worker: asyncpg.Pool
    api: asyncpg.Pool
    stream: UnitOfWork
    hops: Mapping[str, UnitOfWork]
    calls: UnitOfWork
    alarm: UnitOfWork
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    offsets: int = 0

    def fact(self, topic: str, word: str, key: UUID, data: Any, **place: str) -> Input:
        number = self.numbers[topic, str(key)] = self.numbers.get((topic, str(key)), 0) + 1
        self.offsets += 1
        return as_input(emit_of(topic, word, str(key), data, number, **place), number, self.offsets)

    async def told(self, *inputs: Input) -> Report:
        return await self.stream.process(list(inputs))

    async def warn(self, house: UUID, word: str = "raised", level: Level = "yellow", **how: Any) -> Report:
        place = {name: how.pop(name) for name in ("region", "grid") if name in how}
        return await self.told(self.fact("warning.raised", word, house, warning_state(house, level, **how), **place))

    async def register(self, number: int, word: str = "registered", **how: Any) -> Report:
        data = registered(number, **how)
        return await self.told(
            self.fact("household.registered", word, data.household_id, data, region=data.region, grid=data.grid)
        )

    async def deliver(self, *hops: str) -> list[Report]:
        """Take hop facts out of the outbox and give them to their groups; the rest of the outbox stays."""
        reports = []
        for hop in hops or tuple(self.hops):
            rows = await self.worker.fetch("DELETE FROM outbox WHERE topic = $1 RETURNING *", f"hop.{hop}")
            inputs = [self._entered(row) for row in sorted(rows, key=lambda row: row["id"])]
            if inputs:
                reports.append(await self.hops[hop].process(inputs))
        return reports

    def _entered(self, row: asyncpg.Record) -> Input:
        self.offsets += 1
        return read(
            row["topic"], row["key"], row["sequence"], str(row["event_id"]), row["type"], row["region"], row["value"],
            self.offsets,
        )  # fmt: skip

    async def opened(self, house: UUID, level: Level = "yellow", **how: Any) -> asyncpg.Record:
        """A case whose first task is open."""
        await self.warn(house, level=level, **how)
        await self.deliver()
        return await self.task(house)

    async def task(self, house: UUID, branch: str = "main") -> asyncpg.Record:
        row = await self.worker.fetchrow(
            "SELECT t.*, p.branch, p.round, p.level, p.due_at, p.office, p.lateness "
            "FROM tasks t JOIN places p USING (place_id) "
            "WHERE t.household_id = $1 AND t.state = 'open' AND p.branch = $2",
            house,
            branch,
        )
        assert row is not None, "an open task"
        return row

    async def case(self, house: UUID) -> asyncpg.Record:
        row = await self.worker.fetchrow(
            "SELECT * FROM cases WHERE household_id = $1 ORDER BY opened_at DESC LIMIT 1", house
        )
        assert row is not None, "a case"
        return row

    async def places(self, house: UUID) -> list[tuple[str, int, str, str]]:
        rows = await self.worker.fetch(
            "SELECT hop, round, branch, state FROM places WHERE household_id = $1 ORDER BY sent_at, round", house
        )
        return [tuple(row) for row in rows]

    async def emitted(self, house: UUID, topic: str | None = None) -> list[dict[str, Any]]:
        rows = await self.worker.fetch(
            "SELECT value FROM outbox WHERE key = $1 AND ($2::text IS NULL OR topic = $2) ORDER BY id",
            str(house),
            topic,
        )
        return [orjson.loads(row["value"]) for row in rows]

    async def words(self, house: UUID, topic: str = "stage.advanced") -> list[str]:
        return [event["type"].split(".")[2] for event in await self.emitted(house, topic)]

    async def claim(self, task: Any, caller: Caller = WORKER) -> Any:
        return await self._call(CLAIM, Ask(task["task_id"], caller, caller.officer_id or caller.role), caller, None)

    async def decide(
        self, task: Any, action: str, form: Any, caller: Caller = WORKER, *, key: str | None = None, **more: Any
    ) -> Any:
        version = more.pop("version", task["version"])
        answer = Answer(action=action, form=form, version=version, **more)
        return await self._call(
            DECIDE, Ask(task["task_id"], caller, caller.officer_id or caller.role, answer), caller, key
        )

    async def write(self, what: Literal["answer", "closure"], supervision: UUID, text: str, caller: Caller) -> Any:
        topic = ANSWER if what == "answer" else CLOSE
        return await self._call(
            topic, Letter(supervision, caller, caller.officer_id or caller.role, text), caller, None
        )

    async def upload(self, register: Mapping[str, Any], caller: Caller = STEWARD) -> Any:
        given = Upload(caller, Register.model_validate(register))
        return await self._call(UPLOAD, given, caller, None)

    async def _call(self, topic: str, body: Any, caller: Caller, key: str | None) -> Any:
        def render(report: Report) -> Given:
            return Given(200, report.decided[0].decision.answer | {"emitted": [row.topic for row in report.emits]})

        slot = Slot(caller.officer_id or caller.role, topic, key, b"same", render)
        scope = Scope(caller.region_from, caller.region_to, caller.grid)
        _, given = await self.calls.call([Input(topic, "", None, body)], scope, slot)
        assert given is not None
        return given.body

    async def advance(self, step: timedelta) -> None:
        """The civil clock of this database moves on."""
        connection = await asyncpg.connect(self.dsn)
        await connection.execute("UPDATE civil.clock SET is_demo = true")
        await connection.execute("SELECT civil.advance($1)", step)
        await connection.close()

    async def sees(self, caller: Caller, task: Any) -> bool:
        """Whether somebody reads this task whole, under the own row scope."""
        viewer = caller.officer_id or caller.role
        async with scoped(self.api, caller) as connection:
            return await desk.whole(connection, task["task_id"], viewer, "exact", caller.department) is not None

    async def ring(self) -> tuple[int, int]:
        return await ring(self.alarm)

    async def close(self) -> None:
        await self.worker.close()
        await self.api.close()


def works(dsn: str, keys: Path, worker: asyncpg.Pool, api: asyncpg.Pool) -> Desk:
    cipher = Cipher(read_keys(keys).waiting)

    def work(consumer: str, *rooms: Any, pool: asyncpg.Pool = worker) -> UnitOfWork:
        return UnitOfWork("workflow", consumer, rooms, pool, cipher)

    return Desk(
        dsn, worker, api,
        work("workflow", *subscribers("regular-2026")),
        {hop: work(f"workflow.{hop}", *rooms) for hop, rooms in BY_HOP.items()},
        work("workflow.calls", Claiming(), Deciding(), Officers(), Answering(), Closing(), pool=api),
        work("workflow.calls", Alarm()),
    )  # fmt: skip


async def opened_desk(dsn: str, keys: Path) -> Desk:
    secrets = read_keys(keys)
    worker = await postgres.worker_pool(dsn, "workflow", secrets.database)
    api = await postgres.api_pool(dsn, "workflow", secrets.database)
    return works(dsn, keys, worker, api)


def report(**more: Any) -> dict[str, Any]:
    return {"seen_on": "2026-11-20", "how": "visit", "present": ["head"], "difficulty": "confirmed"} | more


def visit(**more: Any) -> dict[str, Any]:
    return {
        "visited_on": "2026-11-20", "visitors": ["vc-1", "vc-2"], "present": ["head"], "facts": "住房安全，支出较大。",
        "difficulty_confirmed": True,
    } | more  # fmt: skip
