"""Loads the sample into a running system the way departments and the county do: over HTTP and over Kafka.

Officers first, then the register, then the departments' records, then `answers.ndjson` beside the data.
What was begun is finished with the same people after an interruption: `sample.json` keeps the day it was
made for, and every call has an idempotency key that follows from it.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from deploy.demo.desk import HOUSING, MEDICAL_INSURANCE, Record
from deploy.demo.register import DEPARTMENT
from deploy.demo.sending import Keyed, sending
from deploy.demo.township import COUNTY, SEED, Township, generate
from deploy.progress import Progress, quiet
from deploy.trouble import Trouble, of_disk
from shared.access.tokens import Issuer
from shared.clock import civil_date, machine_now
from shared.settings import Settings

RECORDS_PER_CALL = 1000  # one unit of work of intake (design.md §5)
TRIES_MAX = 40
WAIT_SECONDS_MAX = 5.0  # a Retry-After beyond this is not believed
CALL_TIMEOUT = httpx.Timeout(60.0, connect=5.0)  # a chunk of 1,000 households writes some 20,000 rows
KAFKA_TIMEOUT_MS = 30_000
_TOKEN_LIFE = timedelta(minutes=30)
_NAMESPACE = uuid.UUID("6f1d5b52-7f0c-4a53-9f6e-3c1f0a1b2c4d")
_COUNTS = ("received", "accepted", "duplicates", "rejected", "parked")
_IN_CHINESE = {DEPARTMENT: "乡村振兴", MEDICAL_INSURANCE: "医保", HOUSING: "住建"}


@dataclass(frozen=True, slots=True)
class Sample:
    """What was asked for, kept in the data folder; the same sample is made again from it."""

    seed: int
    households: int
    records: int
    today: str
    is_loaded: bool = False


@dataclass(slots=True)
class Summary:
    """What was sent and what intake answered, by department; `over_kafka` counts what nobody answers."""

    sample: Sample
    people: int
    officers: int
    answers: Path
    over_http: dict[str, dict[str, int]] = field(default_factory=dict)
    over_kafka: dict[str, int] = field(default_factory=dict)
    was_loaded_before: bool = False

    def lines(self) -> list[str]:
        """What the person at the shell is told, Chinese first."""
        homes, people = self.sample.households, self.people
        told = [
            f"样本数据：鲖城镇的区划代码真实，{homes:,} 户 {people:,} 人和 {self.officers} 名干部均为虚构。",
            f"This is a sample: the division codes of 鲖城镇 are real; all {homes:,} households with"
            f" {people:,} people and all {self.officers} officers are invented.",
        ]
        if self.was_loaded_before:
            return [*told, "样本已在库中，未重复导入。", "It is loaded already; nothing was sent again."]
        told += [_account(department, account) for department, account in self.over_http.items()]
        told += [
            f"  {_IN_CHINESE[department]} {department}: {count:,} 条经 Kafka 发送 / sent over Kafka"
            for department, count in self.over_kafka.items()
        ]
        return [*told, f"  预期答案 / expected answers: {self.answers}"]


async def load(
    settings: Settings,
    progress: Progress = quiet,
    *,
    seed: int = SEED,
    households: int = 3000,
    records: int = 1000,
    today: date | None = None,
) -> Summary:
    """Sends the sample and prints its accounts; a sample that was loaded before is left alone.

    The services must be ready. `today` is the civil day, taken from the machine where it is not given.
    Raises Trouble.
    """
    folder = settings.keys.parent
    day = (today or civil_date(machine_now())).isoformat()
    sample = _begun(folder) or Sample(seed, households, records, day)
    township = await asyncio.to_thread(_generate, sample)
    summary = _summary(sample, township, folder)
    if not sample.is_loaded:
        _write(folder / "sample.json", [asdict(sample)])
        await _send(settings, sample, township, summary, progress)
        _write(summary.answers, township.answers)
        _write(folder / "sample.json", [asdict(replace(sample, is_loaded=True))])
    print("\n".join(summary.lines()))
    return summary


async def _send(settings: Settings, sample: Sample, township: Township, summary: Summary, progress: Progress) -> None:
    total = len(township.officers) + len(township.register) + len(township.records)
    step = _Step(progress, total)
    ways = sending(township.register, township.records)
    async with _caller(settings, sample) as caller:
        for call in _officer_calls(township):
            await caller.post_officers(call)
            step.add(len(call["officers"]))
        for chunk in _chunks(township.register):
            await caller.post_records(DEPARTMENT, chunk, summary)
            step.add(len(chunk))
        for department in (MEDICAL_INSURANCE, HOUSING):
            for chunk in _chunks([record for sender, record in ways.http if sender == department]):
                await caller.post_records(department, chunk, summary)
                step.add(len(chunk))
    await _publish(settings, ways.kafka, summary)
    step.add(len(ways.kafka))


class _Step:
    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def add(self, count: int) -> None:
        self._done += count
        self._progress("样本 sample township", self._done, self._total)


class _Caller:
    """Calls intake and workflow with tokens of its own; the same sample makes the same calls."""

    def __init__(self, client: httpx.AsyncClient, settings: Settings, issuer: Issuer, sample: Sample) -> None:
        self._client = client
        self._settings = settings
        self._issuer = issuer
        self._name = f"{sample.seed} {sample.households} {sample.records} {sample.today}"
        self._calls = 0

    async def post_officers(self, call: Record) -> None:
        token = self._issuer.issue({"role": "system"}, _TOKEN_LIFE, machine_now())
        body = json.dumps(call, ensure_ascii=False).encode()
        await self._post(f"{self._settings.workflow_url}/v1/officers", body, "application/json", token)

    async def post_records(self, department: str, records: Sequence[Record], summary: Summary) -> None:
        fields = {"role": "department", "department": department, "region": COUNTY}
        token = self._issuer.issue(fields, _TOKEN_LIFE, machine_now())
        body = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
        url = f"{self._settings.intake_url}/v1/departments/{department}/records"
        answer = await self._post(url, body, "application/x-ndjson", token)
        account = summary.over_http.setdefault(department, dict.fromkeys(_COUNTS, 0))
        for count in _COUNTS:
            account[count] += int(answer.get(count, 0))

    async def _post(self, url: str, body: bytes, content_type: str, token: str) -> Mapping[str, Any]:
        self._calls += 1
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": content_type,
            "Idempotency-Key": str(uuid.uuid5(_NAMESPACE, f"{self._name} {self._calls}")),
        }
        for _ in range(TRIES_MAX):
            response = await self._try(url, body, headers)
            if response is not None and response.status_code not in (409, 503):
                return _answer(url, response)
            await asyncio.sleep(_wait_seconds(response))
        raise Trouble(f"{url} was not ready after {TRIES_MAX} tries: see its log, then start again.")

    async def _try(self, url: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response | None:
        """None where no answer came: whether the call was heard is told by its idempotency key."""
        try:
            return await self._client.post(url, content=body, headers=headers)
        except httpx.TransportError:
            return None


@asynccontextmanager
async def _caller(settings: Settings, sample: Sample) -> AsyncIterator[_Caller]:
    key = settings.keys / "token.key"
    if not key.exists():
        raise Trouble(f"There is no {key}: let the services start once, they make their keys.")
    async with httpx.AsyncClient(timeout=CALL_TIMEOUT, trust_env=False) as client:
        yield _Caller(client, settings, Issuer(key.read_bytes()), sample)


def _answer(url: str, response: httpx.Response) -> Mapping[str, Any]:
    if response.is_success:
        answer: Mapping[str, Any] = response.json() if response.content else {}
        return answer
    raise Trouble(f"{url} answered {response.status_code} ({_code(response)}): see its log, then start again.")


def _code(response: httpx.Response) -> str:
    """The problem's code alone: its other fields may repeat what was sent."""
    try:
        return str(response.json().get("code", "no code"))
    except (ValueError, AttributeError):
        return "no code"


def _wait_seconds(response: httpx.Response | None) -> float:
    """What the service asks for in Retry-After; half a second where it is silent or away."""
    asked = response.headers.get("Retry-After", "") if response is not None else ""
    return min(float(asked), WAIT_SECONDS_MAX) if asked.isdigit() else 0.5


async def _publish(settings: Settings, records: Sequence[Keyed], summary: Summary) -> None:
    """As a department's own producer would: idempotent, keyed, every record acknowledged."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka,
        client_id="sample-departments",
        acks="all",
        enable_idempotence=True,
        linger_ms=5,
        max_batch_size=1 << 20,
        request_timeout_ms=KAFKA_TIMEOUT_MS,
    )
    try:
        await producer.start()
        try:
            await asyncio.gather(*[await _sent(producer, keyed) for keyed in records])
        finally:
            await producer.stop()
    except (KafkaError, OSError) as error:
        raise Trouble(
            f"Kafka at {settings.kafka} did not take the records ({type(error).__name__}): start again."
        ) from None
    for keyed in records:
        summary.over_kafka[keyed.department] = summary.over_kafka.get(keyed.department, 0) + 1


async def _sent(producer: AIOKafkaProducer, keyed: Keyed) -> asyncio.Future[Any]:
    value = json.dumps(keyed.record, ensure_ascii=False).encode()
    topic = f"departments.{keyed.department}.records"
    acknowledged: asyncio.Future[Any] = await producer.send(topic, value, key=keyed.key.encode())
    return acknowledged


def _chunks(records: Sequence[Record]) -> Iterator[list[Record]]:
    """At most 1,000 records, in the register of one kind, so that no income comes with its household."""
    for _, same in groupby(
        records, key=lambda record: record["kind"] in ("household", "income", "monitoring") and record["kind"]
    ):
        group = list(same)
        for start in range(0, len(group), RECORDS_PER_CALL):
            yield group[start : start + RECORDS_PER_CALL]


def _officer_calls(township: Township) -> Iterator[dict[str, list[Record]]]:
    """The county and the township, then a call a village: each stays far under the 256 kB of one object."""

    def village(region: str) -> str:
        return region if region[9:] != "000" else ""

    for code in dict.fromkeys(village(office["region"]) for office in township.offices):
        yield {
            "offices": [office for office in township.offices if village(office["region"]) == code],
            "grids": [grid for grid in township.grids if grid["region"] == code],
            "officers": [officer for officer in township.officers if village(officer["region"]) == code],
        }


def _generate(sample: Sample) -> Township:
    """In a thread: half a second of CPU, in which a progress bar must not stand still."""
    try:
        return generate(sample.seed, date.fromisoformat(sample.today), sample.households, sample.records)
    except ValueError as error:
        raise Trouble(f"No such sample can be made: {error}.") from None


def _summary(sample: Sample, township: Township, folder: Path) -> Summary:
    people = sum(len(record["data"]["members"]) for record in township.register if record["kind"] == "household")
    return Summary(
        sample, people, len(township.officers), folder / "answers.ndjson", was_loaded_before=sample.is_loaded
    )


def _account(department: str, account: Mapping[str, int]) -> str:
    received, accepted, duplicates, rejected, parked = (f"{account[count]:,}" for count in _COUNTS)
    return (
        f"  {_IN_CHINESE[department]} {department}: 收到 received {received} = 接收 accepted {accepted}"
        f" + 重复 duplicates {duplicates} + 退回 rejected {rejected} + 待认领 parked {parked}"
    )


def _begun(folder: Path) -> Sample | None:
    try:
        return Sample(**json.loads((folder / "sample.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def _write(path: Path, rows: Sequence[Record]) -> None:
    """Beside, then over it: an interruption leaves the old file or the new one, never half of one."""
    beside = path.with_suffix(".part")
    try:
        beside.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise of_disk(error) from None
