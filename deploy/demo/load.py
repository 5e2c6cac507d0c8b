"""Loads the sample into a running system the way departments and the county do: over HTTP and over Kafka.

Part by part of the county (`county.py`), a few side by side: officers, the register, the departments' day; at
last `answers.ndjson` beside the data. What was begun is finished with the same people after an interruption:
`sample.json` keeps the day it was made for, `sample-progress.json` the parts that are in, and every call has an
idempotency key that follows from its place.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import httpx
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from deploy.demo.county import COUNTY, HOUSEHOLDS, MOST_IN_ONE_TOWNSHIP, SEED, Part, plan, records_for
from deploy.demo.desk import Record
from deploy.demo.parcel import Body, Message, Parcel, lines, parcel
from deploy.progress import Progress, quiet
from deploy.trouble import Trouble, of_disk
from shared.access.tokens import Issuer
from shared.clock import civil_date, machine_now
from shared.settings import Settings

PARTS_AT_ONCE = 4
"""While intake waits for the disk over one, it reads another; more would only hold memory."""
TRIES_MAX = 120
WAIT_SECONDS_MAX = 5.0  # a Retry-After beyond this is not believed
CALL_TIMEOUT = httpx.Timeout(120.0, connect=5.0)  # a chunk of 1,000 households writes some 20,000 rows
KAFKA_TIMEOUT_MS = 30_000
GROWTH = 4
"""Each time this many times as many parts are in, the database is let look at its tables again."""
_TOKEN_LIFE = timedelta(minutes=30)
_NAMESPACE = uuid.UUID("6f1d5b52-7f0c-4a53-9f6e-3c1f0a1b2c4d")
_COUNTS = ("received", "accepted", "duplicates", "rejected", "parked")
_IN_CHINESE = {
    "rural_revitalization": "乡村振兴",
    "medical_insurance": "医保",
    "housing": "住建",
    "education": "教育",
    "water": "水利",
    "civil_affairs": "民政",
    "human_resources": "人社",
}

Refresh = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Sample:
    """What was asked for, kept in the data folder; the same sample is made again from it."""

    seed: int
    households: int
    records: int
    today: str
    is_loaded: bool = False
    people: int = 0
    officers: int = 0


@dataclass(slots=True)
class Summary:
    """What was sent and what intake answered, by department; `over_kafka` counts what nobody answers."""

    sample: Sample
    answers: Path
    people: int = 0
    officers: int = 0
    parts: list[int] = field(default_factory=list)
    over_http: dict[str, dict[str, int]] = field(default_factory=dict)
    over_kafka: dict[str, int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """What the person at the shell is told, Chinese first."""
        homes, people, officers = f"{self.sample.households:,}", f"{self.people:,}", f"{self.officers:,}"
        is_township = self.sample.households <= MOST_IN_ONE_TOWNSHIP
        zh, en = ("鲖城镇", "鲖城镇") if is_township else ("临泉县", "临泉县 with its townships and villages")
        told = [
            f"样本数据：{zh}的区划代码真实，{homes} 户 {people} 人和 {officers} 名干部均为虚构。",
            f"This is a sample: the division codes of {en} are real; all {homes} households with"
            f" {people} people and all {officers} officers are invented.",
        ]
        if self.sample.is_loaded:
            return [*told, "样本已在库中，未重复导入。", "It is loaded already; nothing was sent again."]
        told += [_account(department, account) for department, account in sorted(self.over_http.items())]
        told += [
            f"  {_IN_CHINESE[department]} {department}: {count:,} 条经 Kafka 发送 / sent over Kafka"
            for department, count in sorted(self.over_kafka.items())
        ]
        return [*told, f"  预期答案 / expected answers: {self.answers}"]


async def load(
    settings: Settings,
    progress: Progress = quiet,
    *,
    seed: int = SEED,
    households: int = HOUSEHOLDS,
    records: int | None = None,
    today: date | None = None,
    refresh: Refresh | None = None,
) -> Summary:
    """Sends the sample and prints its accounts; a sample that was loaded before is left alone.

    The services must be ready. `today` is the civil day, taken from the machine where it is not given;
    `refresh` lets the database look at its tables as they grow. Raises Trouble.
    """
    folder = settings.keys.parent
    day = (today or civil_date(machine_now())).isoformat()
    wanted = records_for(households) if records is None else records
    sample = _begun(folder) or Sample(seed, households, wanted, day)
    summary = Summary(sample, folder / "answers.ndjson", sample.people, sample.officers)
    if not sample.is_loaded:
        await _Loading(settings, sample, summary, progress, refresh).run(_planned(sample))
        told = replace(sample, is_loaded=True, people=summary.people, officers=summary.officers)
        _write(folder / "sample.json", [asdict(told)])
        (folder / "sample-progress.json").unlink(missing_ok=True)
    print("\n".join(summary.lines()))
    return summary


class _Loading:
    """Parcels are made one after the other in a thread, and sent by a few senders."""

    def __init__(
        self, settings: Settings, sample: Sample, summary: Summary, progress: Progress, refresh: Refresh | None
    ) -> None:
        self._settings = settings
        self._sample = sample
        self._summary = summary
        self._refresh = refresh
        self._refreshed = 1
        self._step = _Step(progress, sample.households + sample.records)
        self._folder = settings.keys.parent
        self._ready: asyncio.Queue[Parcel | None] = asyncio.Queue(maxsize=1)

    async def run(self, parts: Sequence[Part]) -> None:
        first = await self._made(parts[0])
        _write(self._folder / "sample.json", [asdict(self._sample)])
        _read_progress(self._folder, self._summary)
        try:
            async with (
                _caller(self._settings, self._sample) as caller,
                _producer(self._settings) as producer,
                asyncio.TaskGroup() as group,
            ):
                group.create_task(self._make(first, parts[1:]))
                for _ in range(PARTS_AT_ONCE):
                    group.create_task(self._send_all(caller, producer))
        except* Trouble as troubles:
            raise _first(troubles) from None

    async def _make(self, first: Parcel, rest: Sequence[Part]) -> None:
        """In the plan's order, and the answers written in it."""
        accounts: dict[str, Record] = {}
        beside = self._summary.answers.with_suffix(".part")
        with _opened(beside) as file:
            for number in range(len(rest) + 1):
                one = first if number == 0 else await self._made(rest[number - 1])
                file.write(one.answers)
                _add(accounts, one.accounts)
                self._summary.people += one.people
                self._summary.officers += one.posts
                await self._ready.put(one)
            file.write(lines([accounts[department] for department in sorted(accounts)]))
        for _ in range(PARTS_AT_ONCE):
            await self._ready.put(None)
        await self._ready.join()
        beside.replace(self._summary.answers)

    async def _made(self, part: Part) -> Parcel:
        """In a thread: a second of CPU, in which a progress bar must not stand still."""
        try:
            return await asyncio.to_thread(parcel, self._sample.seed, date.fromisoformat(self._sample.today), part)
        except ValueError as error:
            raise Trouble(f"No such sample can be made: {error}.") from None

    async def _send_all(self, caller: "_Caller", producer: AIOKafkaProducer) -> None:
        while (one := await self._ready.get()) is not None:
            if one.index in self._summary.parts:
                self._step.add(sum(body.counts for body in one.bodies) + len(one.messages))
            else:
                await self._send(caller, producer, one)
            self._ready.task_done()
        self._ready.task_done()

    async def _send(self, caller: "_Caller", producer: AIOKafkaProducer, one: Parcel) -> None:
        http: dict[str, dict[str, int]] = {}
        for number, call in enumerate(one.officers):
            await caller.post_officers(call, f"{one.index} officers {number}")
        for number, body in enumerate(one.bodies):
            answer = await caller.post_records(body, f"{one.index} records {number}")
            account = http.setdefault(body.department, dict.fromkeys(_COUNTS, 0))
            for count in _COUNTS:
                account[count] += int(answer.get(count, 0))
            self._step.add(body.counts)
        await _publish(self._settings, producer, one.messages)
        self._step.add(len(one.messages))
        _add_progress(self._folder, self._summary, one, http)
        if self._refresh and len(self._summary.parts) >= self._refreshed:
            self._refreshed = len(self._summary.parts) * GROWTH
            await self._refresh()


class _Step:
    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def add(self, count: int) -> None:
        self._done += count
        self._progress("样本 sample", self._done, self._total)


class _Caller:
    """Calls intake and workflow with tokens of its own; the same sample makes the same calls."""

    def __init__(self, client: httpx.AsyncClient, settings: Settings, issuer: Issuer, sample: Sample) -> None:
        self._client = client
        self._settings = settings
        self._issuer = issuer
        self._name = f"{sample.seed} {sample.households} {sample.records} {sample.today}"

    async def post_officers(self, body: bytes, place: str) -> None:
        token = self._issuer.issue({"role": "system"}, _TOKEN_LIFE, machine_now())
        headers = {"Content-Type": "application/json"}
        await self._post(f"{self._settings.workflow_url}/v1/officers", body, headers, token, place)

    async def post_records(self, body: Body, place: str) -> Mapping[str, Any]:
        fields = {"role": "department", "department": body.department, "region": COUNTY}
        token = self._issuer.issue(fields, _TOKEN_LIFE, machine_now())
        url = f"{self._settings.intake_url}/v1/departments/{body.department}/records"
        headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        return await self._post(url, body.content, headers, token, place)

    async def _post(
        self, url: str, body: bytes, headers: Mapping[str, str], token: str, place: str
    ) -> Mapping[str, Any]:
        headers = {
            **headers,
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": str(uuid.uuid5(_NAMESPACE, f"{self._name} {place}")),
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


@asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """As a department's own producer: idempotent, keyed, every record acknowledged."""
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
            yield producer
        finally:
            await producer.stop()
    except (KafkaError, OSError) as error:
        raise _of_kafka(settings, error) from None


async def _publish(settings: Settings, producer: AIOKafkaProducer, messages: Sequence[Message]) -> None:
    try:
        await asyncio.gather(
            *[await producer.send(f"departments.{one.department}.records", one.value, key=one.key) for one in messages]
        )
    except (KafkaError, OSError) as error:
        raise _of_kafka(settings, error) from None


def _of_kafka(settings: Settings, error: Exception) -> Trouble:
    return Trouble(f"Kafka at {settings.kafka} did not take the records ({type(error).__name__}): start again.")


def _first(troubles: BaseExceptionGroup[Trouble]) -> Trouble:
    """Several senders may have met the same."""
    one: BaseException = troubles
    while isinstance(one, BaseExceptionGroup):
        one = one.exceptions[0]
    assert isinstance(one, Trouble)
    return one


def _planned(sample: Sample) -> tuple[Part, ...]:
    try:
        return plan(sample.seed, sample.households, sample.records)
    except ValueError as error:
        raise Trouble(f"No such sample can be made: {error}.") from None


def _add(accounts: dict[str, Record], more: Sequence[Record]) -> None:
    for one in more:
        known = accounts.setdefault(one["department"], one | dict.fromkeys(_COUNTS, 0))
        accounts[one["department"]] = known | {count: known[count] + one[count] for count in _COUNTS}


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


def _read_progress(folder: Path, summary: Summary) -> None:
    """What an interrupted load has told of the parts that are in."""
    try:
        told = json.loads((folder / "sample-progress.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    summary.parts, summary.over_http, summary.over_kafka = told["parts"], told["over_http"], told["over_kafka"]


def _add_progress(folder: Path, summary: Summary, one: Parcel, http: Mapping[str, Mapping[str, int]]) -> None:
    summary.parts.append(one.index)
    for department, account in http.items():
        known = summary.over_http.setdefault(department, dict.fromkeys(_COUNTS, 0))
        for count in _COUNTS:
            known[count] += account[count]
    for message in one.messages:
        summary.over_kafka[message.department] = summary.over_kafka.get(message.department, 0) + 1
    told = {"parts": summary.parts, "over_http": summary.over_http, "over_kafka": summary.over_kafka}
    _write(folder / "sample-progress.json", [told])


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("wb")
    except OSError as error:
        raise of_disk(error) from None


def _write(path: Path, rows: Sequence[Record]) -> None:
    """Beside, then over it: an interruption leaves the old file or the new one, never half of one."""
    beside = path.with_suffix(".part")
    try:
        beside.write_bytes(lines(rows))
        beside.replace(path)
    except OSError as error:
        raise of_disk(error) from None
