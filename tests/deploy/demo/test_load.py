"""Loading: order, retries, idempotency and accounts over real HTTP and real Kafka; the services are stood in for."""

import asyncio
import gzip
import json
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from aiokafka import AIOKafkaConsumer, TopicPartition
from fastapi import FastAPI, Request, Response

from deploy.demo.county import plan
from deploy.demo.desk import PREFIX
from deploy.demo.load import load
from deploy.demo.parcel import RECORDS_PER_CALL
from deploy.demo.sending import sending
from deploy.demo.township import generate, made
from deploy.trouble import Trouble
from shared.access.tokens import Verifier
from shared.clock import machine_now
from shared.settings import Settings
from tests.tokens import settings_of
from tests.topics import renew
from tests.until import until

TODAY = date(2026, 11, 25)
SEED, HOUSEHOLDS, RECORDS = 4, 300, 200


@dataclass
class Call:
    path: str
    role: str
    department: str | None
    key: str
    body: bytes
    status: int


@dataclass
class StandIn:
    """Answers as intake and workflow do: accepts everything, or says what the test wants said."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    refuse: Callable[[int], Response | None] = lambda number: None

    def answered(self, suffix: str) -> list[Call]:
        return [call for call in self.calls if call.path.endswith(suffix) and call.status < 300]


@pytest_asyncio.fixture
async def services(keys: Path) -> AsyncIterator[StandIn]:
    stand_in, app = StandIn(), FastAPI()
    verifier = Verifier((keys / "token.pub").read_bytes())

    @app.middleware("http")
    async def answer(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        body = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        caller = verifier.verify(request.headers["authorization"].removeprefix("Bearer "), machine_now())
        count = len(body.splitlines())
        account = {"received": count, "accepted": count, "duplicates": 0, "rejected": 0, "parked": 0}
        response = stand_in.refuse(len(stand_in.calls)) or Response(json.dumps(account), 202)
        key = request.headers["idempotency-key"]
        path = request.url.path
        stand_in.calls.append(Call(path, caller.role, caller.department, key, body, response.status_code))
        return response

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started, 10, "the stand-in serves")
    stand_in.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield stand_in
    server.should_exit = True
    await task


@pytest.fixture
def settings(services: StandIn, kafka: str, keys: Path, tmp_path: Path) -> Settings:
    shutil.copytree(keys, tmp_path / "keys")
    urls = {"SHOUWANG_INTAKE_URL": services.url, "SHOUWANG_WORKFLOW_URL": services.url}
    return settings_of("console", kafka, "postgresql://nobody@127.0.0.1:1/none", tmp_path / "keys", **urls)


@pytest_asyncio.fixture(scope="module")
async def topics(kafka: str) -> None:
    await renew(kafka)


async def read_topic(bootstrap: str, topic: str, offsets: dict[int, int]) -> list[tuple[int, str, dict[str, Any]]]:
    """(partition, key, record) of everything from these offsets on."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(topic, partition) for partition in offsets]
        consumer.assign(places)
        for place in places:
            consumer.seek(place, offsets[place.partition])
        ends = await consumer.end_offsets(places)
        found: list[tuple[int, str, dict[str, Any]]] = []
        while sum(ends.values()) - sum(offsets.values()) > len(found):
            for place, batch in (await consumer.getmany(timeout_ms=1000)).items():
                found += [(place.partition, record.key.decode(), json.loads(record.value)) for record in batch]
        return found
    finally:
        await consumer.stop()


async def test_officers_come_first_then_households_then_what_is_said_about_them(
    services: StandIn, settings: Settings, topics: None
) -> None:
    await load(settings, seed=SEED, households=HOUSEHOLDS, records=RECORDS, today=TODAY)
    paths = [call.path.removeprefix("/v1/departments/").removesuffix("/records") for call in services.calls]
    assert list(dict.fromkeys(paths)) == ["/v1/officers", "rural_revitalization", *list(DEPARTMENTS)[:-1]]
    kinds = [
        {json.loads(line)["kind"] for line in call.body.splitlines()}
        for call in services.answered("rural_revitalization/records")
    ]
    assert kinds[:3] == [{"household"}, {"income"}, {"monitoring"}]
    assert all(later == {"project_failure"} for later in kinds[3:])
    assert {call.role for call in services.answered("/officers")} == {"system"}
    assert {(call.role, call.department) for call in services.answered("housing/records")} == {
        ("department", "housing")
    }
    assert all(len(call.body.splitlines()) <= RECORDS_PER_CALL for call in services.answered("/records"))
    assert all(len(call.body) < 256_000 for call in services.answered("/officers"))


async def test_every_record_is_sent_once_by_its_way(
    services: StandIn, settings: Settings, kafka: str, topics: None
) -> None:
    before = {department: await _ends(kafka, department) for department in DEPARTMENTS}
    summary = await load(settings, seed=SEED, households=HOUSEHOLDS, records=RECORDS, today=TODAY)
    township = generate(SEED, TODAY, HOUSEHOLDS, RECORDS)
    ways = sending(township.register, township.records)

    over_http = [
        (call.department, json.loads(line))
        for call in services.answered("/records")
        for line in call.body.splitlines()
        if json.loads(line)["kind"] not in ("household", "income", "monitoring")
    ]
    for department in DEPARTMENTS:
        assert [sent for sent in over_http if sent[0] == department] == [
            sent for sent in ways.http if sent[0] == department
        ]
        read = await read_topic(kafka, f"departments.{department}.records", before[department])
        sent = [keyed for keyed in ways.kafka if keyed.department == department]
        assert Counter(json.dumps(record) for _, _, record in read) == Counter(json.dumps(k.record) for k in sent)
        by_key: dict[str, list[dict[str, Any]]] = {}
        for _, key, record in read:
            by_key.setdefault(key, []).append(record)
        for key, records in by_key.items():
            assert records == [keyed.record for keyed in sent if keyed.key == key]
        assert summary.over_kafka.get(department, 0) == len(sent)


async def test_the_answers_lie_beside_the_data_and_the_accounts_are_told_in_both_languages(
    services: StandIn, settings: Settings, topics: None, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = await load(settings, seed=SEED, households=HOUSEHOLDS, records=RECORDS, today=TODAY)
    told = capsys.readouterr().out
    answers = [json.loads(line) for line in (settings.keys.parent / "answers.ndjson").read_text("utf-8").splitlines()]
    assert answers == list(generate(SEED, TODAY, HOUSEHOLDS, RECORDS).answers)
    assert "样本" in told and "虚构" in told and "sample" in told and "invented" in told
    for account in summary.over_http.values():
        parts = ("accepted", "duplicates", "rejected", "parked")
        assert account["received"] == sum(account[part] for part in parts)
    assert "收到 received" in told and "Kafka" in told


async def test_progress_ends_with_everything_done(services: StandIn, settings: Settings, topics: None) -> None:
    seen: list[tuple[int, int]] = []
    await load(
        settings,
        lambda what, done, total: seen.append((done, total)),
        seed=SEED,
        households=HOUSEHOLDS,
        records=RECORDS,
        today=TODAY,
    )
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


async def test_a_busy_service_is_asked_again_with_the_same_key(
    services: StandIn, settings: Settings, topics: None
) -> None:
    busy = {0: Response(status_code=503, headers={"Retry-After": "0"}), 5: Response(status_code=409)}
    services.refuse = busy.get
    await load(settings, seed=SEED, households=HOUSEHOLDS, records=RECORDS, today=TODAY)
    for number in busy:
        refused, again = services.calls[number], services.calls[number + 1]
        assert (refused.key, refused.body) == (again.key, again.body)
    assert len({call.key for call in services.calls}) == len(services.calls) - len(busy)


async def test_what_was_loaded_is_not_loaded_again(services: StandIn, settings: Settings, topics: None) -> None:
    await load(settings, seed=SEED, households=HOUSEHOLDS, records=RECORDS, today=TODAY)
    calls = len(services.calls)
    again = await load(settings, seed=SEED + 1, households=200, today=date(2026, 12, 1))
    assert len(services.calls) == calls
    assert again.sample.is_loaded
    assert again.sample.households == HOUSEHOLDS
    assert again.people > HOUSEHOLDS


async def test_an_interrupted_load_goes_on_with_the_same_people_and_keys_on_another_day(
    services: StandIn, settings: Settings, topics: None
) -> None:
    services.refuse = lambda number: Response(status_code=500) if number == 6 else None
    with pytest.raises(Trouble, match="500"):
        await load(settings, seed=SEED, households=HOUSEHOLDS, records=RECORDS, today=TODAY)
    assert not (settings.keys.parent / "answers.ndjson").exists()
    first = services.calls.copy()
    services.refuse = lambda number: None
    await load(settings, seed=SEED + 1, households=500, today=date(2026, 11, 26))
    second = services.calls[len(first) :]
    assert [(call.key, call.body) for call in second[: len(first)]] == [(call.key, call.body) for call in first]
    assert (settings.keys.parent / "answers.ndjson").exists()


async def test_a_refusal_is_told_in_one_sentence_without_what_was_sent(
    services: StandIn, settings: Settings, topics: None
) -> None:
    problem = json.dumps({"code": "not_yours", "detail": "34122119600101911X"})
    services.refuse = lambda number: Response(problem, 403) if number == 4 else None
    with pytest.raises(Trouble, match=r"403.*not_yours") as caught:
        await load(settings, seed=SEED, households=HOUSEHOLDS, records=RECORDS, today=TODAY)
    assert "341221" not in str(caught.value)


async def test_a_sample_that_cannot_be_is_refused_before_anything_is_sent(
    services: StandIn, settings: Settings, topics: None
) -> None:
    with pytest.raises(Trouble, match="120 to 640000"):
        await load(settings, households=5, today=TODAY)
    assert not services.calls
    assert not (settings.keys.parent / "sample.json").exists()


async def test_a_county_is_sent_part_by_part_and_goes_on_after_an_interruption_with_what_is_missing(
    services: StandIn, settings: Settings, topics: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.demo.county.MOST_IN_ONE_TOWNSHIP", 1000)
    monkeypatch.setattr("deploy.demo.county._PART", 300)
    parts = plan(SEED, 1500, 800)
    assert len(parts) > 3 and sum(part.households for part in parts) == 1500
    services.refuse = lambda number: Response(status_code=500) if number == 18 else None
    refreshed: list[int] = []

    async def refresh() -> None:
        refreshed.append(len(services.calls))

    with pytest.raises(Trouble, match="500"):
        await load(settings, seed=SEED, households=1500, records=800, today=TODAY, refresh=refresh)
    services.refuse = lambda number: None
    before = len(services.calls)
    summary = await load(settings, refresh=refresh)
    bodies = [call.body for call in services.answered("rural_revitalization/records")]
    homes = [
        record for body in bodies for record in map(json.loads, body.splitlines()) if record["kind"] == "household"
    ]
    assert {home["record_id"] for home in homes} == {
        record["record_id"]
        for part in parts
        for record in made(SEED, TODAY, part).register
        if record["kind"] == "household"
    }
    assert len(services.calls) - before > 0
    assert len({call.key for call in services.calls if call.status < 300}) == len(
        {(call.key, call.body) for call in services.calls if call.status < 300}
    )
    assert refreshed
    answers = [json.loads(line) for line in summary.answers.read_text("utf-8").splitlines()]
    accounts = [answer for answer in answers if answer["kind"] == "account"]
    assert len(accounts) == len({account["department"] for account in accounts})
    assert sum(account["received"] for account in accounts) == 800
    for account in accounts:
        http = summary.over_http[account["department"]]["received"] if account["department"] in DEPARTMENTS[:-1] else 0
        over_kafka = summary.over_kafka.get(account["department"], 0)
        assert account["department"] == "rural_revitalization" or account["received"] == http + over_kafka


DEPARTMENTS = tuple(PREFIX)


async def _ends(bootstrap: str, department: str) -> dict[int, int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        topic = f"departments.{department}.records"
        places = [TopicPartition(topic, partition) for partition in range(6)]
        return {place.partition: end for place, end in (await consumer.end_offsets(places)).items()}
    finally:
        await consumer.stop()
