"""A county for intake's tests: the service on real servers, its departments, and invented people with sound numbers."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from services.intake.app import build
from services.intake.vault import Vault
from shared.contracts.envelope import event_id
from shared.contracts.stage import Stage
from shared.contracts.topics import TOPIC
from shared.crypto import read_keys
from shared.domain.identity import check_digit
from shared.messaging.outbox import serialise
from shared.messaging.room import Emit
from shared.service import Service, serving
from tests.databases import execute
from tests.tokens import GRID, VILLAGE, bearer, settings_of
from tests.until import until

Record = dict[str, Any]
COUNTS = ("received", "accepted", "duplicates", "rejected", "parked")
INSERT, RELEASE = "INSERT ON intake.records", "DELETE ON intake.parked"
HEARD = "SELECT coalesce(sum(received), 0)::bigint FROM positions WHERE topic = 'stage.advanced'"
NOW = datetime(2026, 10, 4, 9, tzinfo=UTC)
_serials: Iterator[int] = count(1)


def number(serial: int | None = None) -> str:
    """An invented ID number: the tests' county, born on 1 January 1970 or so, with its check digit."""
    serial = next(_serials) if serial is None else serial
    day, order = divmod(serial, 1000)
    stem = f"341221197001{day % 28 + 1:02d}{order:03d}"
    return stem + check_digit(stem)


def household_no() -> str:
    return f"HB-T{next(_serials):06d}"


def member(id_no: str | None, name: str = "张守望", relation: str = "户主", **more: Any) -> Record:
    return {"name": name, "id_no": id_no, "relation": relation, "health": "健康", "labour": "普通劳动力"} | more


def record(kind: str, subject: Record, data: Record, **more: Any) -> Record:
    return {
        "record_id": f"R-{next(_serials):06d}",
        "version": 1,
        "op": "upsert",
        "kind": kind,
        "occurred_on": "2026-10-03",
        "subject": {"region": VILLAGE} | subject,
        "data": data,
    } | more


def household(no: str, *members: Record, region: str = VILLAGE, **more: Any) -> Record:
    data = {"household_no": no, "group": 3, "members": list(members), "poverty_history": {"status": "none"}}
    data |= more.pop("data", {})
    return record("household", {"household_no": no, "region": region}, data, **more)


def settlement(id_no: str | None, yuan: str = "6000.00", **more: Any) -> Record:
    data = {
        "setting": "inpatient",
        "total_yuan": "8000.00",
        "reimbursed_yuan": "2000.00",
        "self_paid_yuan": "6000.00",
        "in_scope_self_paid_yuan": yuan,
    } | more.pop("data", {})
    return record("settlement", {"id_no": id_no, "name": "张守望"} | more.pop("subject", {}), data, **more)


def income(no: str, yuan: str = "30000.00", year: int = 2025, **more: Any) -> Record:
    return record("income", {"household_no": no}, {"year": year, "wage_yuan": yuan}, **more)


def house_grade(no: str, grade: str, **more: Any) -> Record:
    return record("house_grade", {"household_no": no}, {"grade": grade}, **more)


Make = Callable[[str, str], Record]
SOUND: dict[str, Make] = {
    "household": lambda no, id_no: household(household_no(), member(number()), member(None, "李守望", "之子")),
    "income": lambda no, id_no: income(no),
    "monitoring": lambda no, id_no: record("monitoring", {"household_no": no}, {"status": "none", "since": None}),
    "project_failure": lambda no, id_no: record("project_failure", {"household_no": no}, {"loss_yuan": "5000.00"}),
    "settlement": lambda no, id_no: settlement(id_no),
    "cover": lambda no, id_no: record("cover", {"id_no": id_no}, {"status": "insured", "year": 2026}),
    "house_grade": lambda no, id_no: house_grade(no, "B"),
    "enrolment": lambda no, id_no: record(
        "enrolment", {"id_no": id_no}, {"status": "enrolled", "stage": "小学", "school": "临泉县守望小学"}
    ),
    "cost": lambda no, id_no: record(
        "cost", {"id_no": id_no}, {"school_year": "2026-2027", "cost_yuan": "12000.00", "subsidy_yuan": "2000.00"}
    ),
    "supply": lambda no, id_no: record(
        "supply",
        {"household_no": no},
        {"status": "interrupted", "since": "2026-09-28", "quality": "pass", "scope": "household"},
    ),
    "allowance": lambda no, id_no: record(
        "allowance", {"id_no": id_no}, {"type": "低保", "change": "granted", "monthly_yuan": "480.00"}
    ),
    "employment": lambda no, id_no: record(
        "employment",
        {"id_no": id_no},
        {"status": "employed", "since": "2026-03-01", "place": "浙江省义乌市", "monthly_wage_yuan": "4200.00"},
    ),
    "wage_arrears": lambda no, id_no: record("wage_arrears", {"id_no": id_no}, {"yuan": "6000.00"}),
}
"""A sound record of every kind, about a household's number and a person's."""


@dataclass
class County:
    """intake, running, and what a test asks of it."""

    service: Service
    client: httpx.AsyncClient
    kafka: str
    keys: Path
    vault: Vault = field(init=False)

    def __post_init__(self) -> None:
        self.vault = Vault.of(read_keys(self.keys))

    def token(self, role: str, **fields: str | None) -> dict[str, str]:
        return bearer(self.keys, role, **fields)

    def department(self, code: str, region: str = "341221") -> dict[str, str]:
        return self.token("department", department=code, region=region)

    async def post(
        self, code: str, body: bytes, region: str = "341221", kind: str = "application/x-ndjson", **headers: str
    ) -> httpx.Response:
        given = self.department(code, region) | {"content-type": kind}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(f"/v1/departments/{code}/records", content=body, headers=given)

    async def send(self, code: str, *records: Record, region: str = "341221") -> Record:
        """Over HTTP, as NDJSON. The account accounts for every record."""
        body = "\n".join(json.dumps(one, ensure_ascii=False) for one in records).encode()
        answer = await self.post(code, body, region)
        assert answer.status_code == 202, answer.text
        account: Record = answer.json()
        assert account["received"] == len(records) == sum(account[name] for name in COUNTS[1:]), account
        return account

    async def home(self, *id_nos: str, **more: Any) -> str:
        """A registered household of these people; its number."""
        no = household_no()
        relations = ["户主", "配偶", "之子", "之女"]
        members = [member(one, relation=relation) for one, relation in zip(id_nos, relations, strict=False)]
        assert (await self.send("rural_revitalization", household(no, *members, **more)))["accepted"] == 1
        return no

    async def stream(self, code: str, *values: Record | bytes | None, county: str | None = None) -> None:
        """Over the department's own topic, in order (one key)."""
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka)
        await producer.start()
        headers = [("county", county.encode())] if county else []
        for one in values:
            value = json.dumps(one).encode() if isinstance(one, dict) else one
            await producer.send_and_wait(f"departments.{code}.records", value, key=b"k", headers=headers)
        await producer.stop()
        self.streamed[code] = self.streamed.get(code, 0) + len(values)
        await until(lambda: self._has_read(code), 20, f"{code}: all read")

    streamed: dict[str, int] = field(default_factory=dict)

    async def _has_read(self, code: str) -> bool:
        query = "SELECT coalesce(sum(received), 0)::bigint FROM positions WHERE topic = $1"
        return bool(await self.service.worker.fetchval(query, f"departments.{code}.records") >= self.streamed[code])

    async def send_by(self, channel: str, code: str, *records: Record) -> Record:
        """By one of the two ways; what came of them, as counts."""
        if channel == "http":
            return await self.send(code, *records)
        before = await self.account(code)
        await self.stream(code, *records)
        after = await self.account(code)
        return {name: after[name] - before[name] for name in COUNTS}

    async def account(self, code: str) -> dict[str, int]:
        columns = ", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in COUNTS)
        query = f"SELECT {columns} FROM positions WHERE topic = $1"
        return dict(await self.service.worker.fetchrow(query, f"departments.{code}.records") or {})

    async def step(
        self, word: str, no: str | UUID, hop: Any = "village_group", at: datetime = NOW, region: str = VILLAGE,
        **more: Any,
    ) -> UUID:  # fmt: skip
        """A fact of workflow about a household's case, over its topic; the task that it names."""
        house = no if isinstance(no, UUID) else self.vault.household_id(no)
        given: dict[str, Any] = {
            "case_id": uuid5(house, "case"), "household_id": house, "policy": "regular-2026", "level": "orange",
            "hop": hop, "office": GRID if hop == "village_group" else VILLAGE, "task_id": uuid5(house, f"task {hop}"),
            "clock_started_at": NOW,
        } | more  # fmt: skip
        key, sequence = str(house), self.steps.get(house, 0) + 1
        self.steps[house] = sequence
        type_ = f"shouwang.stage.{word}.v1"
        id_ = event_id("tests", type_, key, sequence)
        grid = GRID.replace(VILLAGE, region)
        emit = Emit("stage.advanced", type_, key, id_, region, Stage(**given), correlation_id=id_, grid=grid)
        headers = {
            "ce_id": str(id_), "ce_type": type_, "ce_source": "/workflow", "ce_sequence": f"{sequence:012d}",
            "ce_partitionkey": key, "ce_region": region,
        }  # fmt: skip
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka)
        await producer.start()
        value = serialise(emit, "/workflow", sequence, at)
        packed = [(name, text.encode()) for name, text in headers.items()]
        await producer.send_and_wait("stage.advanced", value, key=key.encode(), headers=packed)
        await producer.stop()

        async def is_heard() -> bool:
            return bool(await self.service.worker.fetchval(HEARD) >= sum(self.steps.values()))

        await until(is_heard, 20, "the step is heard")
        return uuid5(house, f"task {hop}")

    steps: dict[UUID, int] = field(default_factory=dict)

    # ── what is said to the world ───────────────────────────────────────────────────────────────────────────────

    async def events(self, topic: str, key: UUID | str | None = None) -> list[Record]:
        """Everything on a topic, validated by its contract, in the order of each key."""
        await until(self._is_sent, 20, "the outbox empty")
        found = [json.loads(value) for value in await self.raw(topic)]
        for one in found:
            TOPIC[topic].event.model_validate(one)
        return sorted(
            (one for one in found if key is None or one["partitionkey"] == str(key)), key=lambda one: one["sequence"]
        )

    async def _is_sent(self) -> bool:
        return bool(await self.service.worker.fetchval("SELECT count(*) = 0 FROM outbox"))

    async def raw(self, topic: str) -> list[bytes]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.kafka, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            await consumer._client.force_metadata_update()
            parts = [TopicPartition(topic, part) for part in range(6)]
            consumer.assign(parts)
            ends = await consumer.end_offsets(parts)
            for part in parts:
                consumer.seek(part, 0)
            found: list[bytes] = []
            while any([await consumer.position(part) < end for part, end in ends.items()]):
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    found += [b"|".join((one.key or b"", one.value or b"", repr(one.headers).encode()))
                              if topic == "*" else one.value or b"" for one in batch]  # fmt: skip
            return found
        finally:
            await consumer.stop()

    async def said(self, no: str, record_id: str | None = None) -> list[tuple[str, int]]:
        """What was told of a household's facts: (word, version), in order."""
        events = await self.events("data.changed", self.vault.household_id(no))
        return [
            (one["type"].split(".")[2], one["data"]["version"])
            for one in events
            if record_id in (None, one["data"]["record_id"])
        ]

    async def homes(self, no: str) -> list[tuple[str, Record]]:
        events = await self.events("household.registered", self.vault.household_id(no))
        return [(one["type"].split(".")[2], one["data"]) for one in events]

    # ── what is kept ────────────────────────────────────────────────────────────────────────────────────────────

    async def refused(self, record_id: str) -> list[tuple[str, str | None, str]]:
        """(code, field, channel) of a record's rejections."""
        query = "SELECT code, field, channel FROM rejections WHERE record_id = $1 ORDER BY id"
        return [tuple(row) for row in await self.service.worker.fetch(query, record_id)]

    async def kept(self, record_id: str) -> list[tuple[int, str, bool]]:
        """(version, outcome at its coming, is history), by version."""
        query = "SELECT version, outcome, is_history FROM records WHERE record_id = $1 ORDER BY version"
        return [tuple(row) for row in await self.service.worker.fetch(query, record_id)]

    async def parked(self, record_id: str) -> tuple[str, int] | None:
        """(reason, version), if it is parked."""
        row = await self.service.worker.fetchrow("SELECT reason, version FROM parked WHERE record_id = $1", record_id)
        return tuple(row) if row else None

    async def is_conserved(self) -> None:
        """Every boundary foots, read over HTTP as an operator reads it."""

        async def foots() -> list[Record] | None:
            told = (await self.client.get("/v1/conservation", headers=self.token("steward"))).json()
            wrong = [one for one in told["sent"] + told["read"] if not one["is_equal"]]
            return None if wrong else told["sent"]

        await until(foots, 10, "received = accepted + duplicates + rejected + parked + waiting")


@contextlib.asynccontextmanager
async def county(kafka: str, database: str, keys: Path) -> AsyncIterator[County]:
    settings = settings_of("intake", kafka, database, keys)
    async with serving(build, settings) as service, httpx.AsyncClient(base_url=service.url, timeout=60) as client:
        yield County(service, client, kafka, keys)


def key() -> str:
    return str(uuid4())


@contextlib.asynccontextmanager
async def planted(database: str, record_id: str, act: str = INSERT) -> AsyncIterator[None]:
    """The database refuses this act on this one record, by a unique violation."""
    row, table = "NEW" if act == INSERT else "OLD", act.rpartition(" ")[2]
    await execute(
        database,
        "CREATE FUNCTION intake.planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {row}.record_id = '{record_id}' THEN RAISE unique_violation; END IF; RETURN {row}; END $$",
        f"CREATE TRIGGER planted BEFORE {act} FOR EACH ROW EXECUTE FUNCTION intake.planted()",
    )
    try:
        yield
    finally:
        await execute(database, f"DROP TRIGGER planted ON {table}; DROP FUNCTION intake.planted()")
