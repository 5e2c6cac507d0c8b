"""Hundreds of hostile kinds of every record, over HTTP in three forms and over Kafka: each is refused by its line, or
taken as one that could be meant; its neighbours are all there."""

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from services.intake.departments import KINDS
from services.intake.rejection import message
from tests import hostile
from tests.hostile import Kind
from tests.services.intake.county import SOUND, County, Record, number, settlement
from tests.until import until

DEPARTMENT_OF = {kind.name: code for code, kinds in KINDS.items() for kind in kinds}
FORMS = ("lines", "array", "gzip")
EVERY = 40
"""A sound record stands after so many hostile ones."""


def test_every_kind_of_record_has_its_two_hundred() -> None:
    assert SOUND.keys() == DEPARTMENT_OF.keys()
    for make in SOUND.values():
        found = hostile.records(make("HB-1", number()), 1)
        assert len({one.raw for one in found}) >= hostile.KINDS


@pytest.mark.parametrize("kind", SOUND)
@pytest.mark.parametrize("form", FORMS)
async def test_over_http_each_hostile_kind_is_refused_by_its_line(desk: County, kind: str, form: str) -> None:
    make, code = await _make(desk, kind), DEPARTMENT_OF[kind]
    kinds = [one for one in hostile.records(make(), 1) if form != "array" or one.is_whole]
    sent = list(_among_neighbours(kinds, make))
    answer = await _post(desk, code, [raw for raw, _ in sent], form)
    assert answer.status_code == 202, answer.text
    account = answer.json()
    assert account["received"] == len(sent) == sum(account[n] for n in ("accepted", "duplicates", "rejected", "parked"))
    refused = {one["line"]: one for one in account["rejections"]}
    assert account["rejected"] == len(refused)
    for one in refused.values():
        _has_a_remedy(one)
    _judge(sent, set(refused))
    await _neighbours_are_kept(desk, code, sent)


@pytest.mark.parametrize("code", KINDS)
async def test_over_kafka_each_hostile_kind_is_rejected_and_no_partition_is_blocked(desk: County, code: str) -> None:
    topic = f"departments.{code}.records"
    before = await desk.account(code)
    sent: list[tuple[bytes, Kind | None]] = []
    for kind in KINDS[code]:
        make = await _make(desk, kind.name)
        sent += _among_neighbours(hostile.records(make(), 2), make)
    placed = await _stream(desk, topic, sent)
    await hostile.publish_bytes(desk.kafka, topic, 0, [("县".encode("gbk"), b"341221")], b"{}")
    behind = settlement(number()) | {"kind": "no_such_kind"}
    [last] = await _stream(desk, topic, [(json.dumps(behind).encode(), None)])

    async def told() -> dict[str, int] | None:
        after = await desk.account(code)
        found = {name: after[name] - before[name] for name in after}
        return found if found["received"] >= len(sent) + 2 else None

    account = await until(told, 30, f"{topic}: all read")
    desk.streamed[code] = desk.streamed.get(code, 0) + len(sent) + 2
    assert account["received"] == len(sent) + 2
    rows = await desk.service.worker.fetch(
        "SELECT line, code, field FROM rejections WHERE channel = 'kafka' AND department = $1", code
    )
    assert len(rows) >= account["rejected"]
    for row in rows:
        _has_a_remedy({"code": row["code"], "field": row["field"], "message": message(row["code"], "zh")})
    refused_at = {row["line"] for row in rows}
    must = [one for one, (_, kind) in zip(placed, sent, strict=True) if kind is not None and kind.must]
    assert all(offset in refused_at for _, offset in must)
    assert {last[1] - 1, last[1]} <= refused_at, "a name of no UTF-8 is one more hostile header"
    assert await desk.service.worker.fetchval("SELECT count(*) FROM waiting") == 0
    await _neighbours_are_kept(desk, code, sent)
    await desk.is_conserved()


@pytest.mark.parametrize("how", hostile.spelt("34122119700101101X"))
async def test_an_id_number_in_any_spelling_names_the_same_person(desk: County, how: str) -> None:
    id_no = next(one for one in (number() for _ in range(200)) if how in ("15 digits",) or one.endswith("X"))
    no = await desk.home(id_no)
    account = await desk.send("medical_insurance", sent := settlement(hostile.spelt(id_no)[how]))
    assert account["accepted"] == 1, account
    assert await desk.said(no, sent["record_id"]) == [("changed", 1)]


HEADERS: dict[str, dict[bytes, bytes]] = {
    "a language of no UTF-8": {b"accept-language": b"\xff\xfe"},
    "a type of GBK": {b"content-type": "农户".encode("gbk")},
    "a trace of no UTF-8": {b"traceparent": b"\xff" * 55},
    "a long key": {b"idempotency-key": b"k" * 3000},
    "a key of no UTF-8": {b"idempotency-key": b"\xff\xfe\x80"},
    "an encoding of no UTF-8": {b"content-encoding": b"\xff"},
    "an unknown encoding": {b"content-encoding": b"br"},
    "a gzip that is none": {b"content-encoding": b"gzip"},
    "a form": {b"content-type": b"multipart/form-data; boundary=x"},
    "a charset": {b"content-type": b"application/json; charset=gbk"},
}


@pytest.mark.parametrize("what", HEADERS)
async def test_a_hostile_header_harms_nobody(desk: County, what: str) -> None:
    sound = settlement(number())
    given = {name.encode(): value.encode() for name, value in desk.department("medical_insurance").items()}
    address = "/v1/departments/medical_insurance/records"
    answer = await desk.client.post(
        address, content=json.dumps(sound).encode(), headers=list((given | HEADERS[what]).items())
    )
    if answer.status_code == 202:
        assert answer.json()["received"] == 1
    else:
        _is_a_problem(answer)


@pytest.mark.parametrize("code", ["", "drought", "%00", "%ff%fe", "MEDICAL_INSURANCE", "..%2f..", "x" * 2000, "医保"])
async def test_an_unknown_department_is_a_problem(desk: County, code: str) -> None:
    answer = await desk.client.post(
        f"/v1/departments/{code}/records", content=b"{}", headers=desk.department("medical_insurance")
    )
    assert answer.status_code in (404, 405), answer.text
    _is_a_problem(answer)


# ── what is sent ────────────────────────────────────────────────────────────────────────────────────────────────────


async def _make(desk: County, kind: str) -> Callable[[], Record]:
    """Makes sound records of a kind about a household and a person that are registered."""
    id_no = number()
    no = await desk.home(id_no)
    return lambda: SOUND[kind](no, id_no)


def _among_neighbours(kinds: list[Kind], make: Callable[[], Record]) -> Iterator[tuple[bytes, Kind | None]]:
    """Hostile ones with a sound one in front, after every forty, and behind."""
    for place, one in enumerate(kinds):
        if place % EVERY == 0:
            yield json.dumps(make()).encode(), None
        yield one.raw, one
    yield json.dumps(make()).encode(), None


async def _post(desk: County, code: str, raws: list[bytes], form: str) -> Any:
    if form == "array":
        return await desk.post(code, b"[" + b",".join(raws) + b"]", kind="application/json")
    body = b"\n".join(raws)
    assert body.count(b"\n") == len(raws) - 1
    if form == "gzip":
        return await desk.post(code, gzip.compress(body, 1), content_encoding="gzip")
    return await desk.post(code, body)


async def _stream(desk: County, topic: str, sent: list[tuple[bytes, Kind | None]]) -> list[tuple[int, int]]:
    """One partition, keys and headers as hostile as the values. Returns each one's place."""
    keys: tuple[bytes | None, ...] = (None, b"", b"\xff\xfe", "农户".encode("gbk"), b"\x00" * 300)
    headers: tuple[list[tuple[str, bytes | None]], ...] = (
        [], [("county", b"\xff\xfe")], [("county", "３４１２２１".encode())], [("county", None)], [("", b"")],
        [("ce_id", b"\x00")], [("traceparent", b"\xff" * 55)], [("x" * 300, b"y" * 3000)] * 5,
    )  # fmt: skip
    producer = AIOKafkaProducer(bootstrap_servers=desk.kafka, linger_ms=5)
    await producer.start()
    try:
        waits = [
            await producer.send(topic, raw, key=keys[n % len(keys)], headers=headers[n % len(headers)], partition=0)
            for n, (raw, _) in enumerate(sent)
        ]
        found = [await one for one in waits]
    finally:
        await producer.stop()
    return [(one.partition, one.offset) for one in found]


# ── what must have come of it ───────────────────────────────────────────────────────────────────────────────────────


def _judge(sent: list[tuple[bytes, Kind | None]], refused: set[int]) -> None:
    for line, (_, kind) in enumerate(sent, start=1):
        if kind is None:
            assert line not in refused, "a neighbour was refused"
        elif kind.must:
            assert line in refused, kind.name


async def _neighbours_are_kept(desk: County, code: str, sent: list[tuple[bytes, Kind | None]]) -> None:
    ids = [json.loads(raw)["record_id"] for raw, kind in sent if kind is None]
    query = "SELECT record_id, outcome FROM records WHERE department = $1 AND record_id = ANY ($2::text[])"
    kept = {row["record_id"]: row["outcome"] for row in await desk.service.worker.fetch(query, code, ids)}
    assert kept == dict.fromkeys(ids, "accepted")


def _has_a_remedy(refused: dict[str, Any]) -> None:
    assert refused["code"] and len(refused["message"]) > 5
    assert message(refused["code"], "zh") != message(refused["code"], "en")
    assert refused["field"] is None or 0 < len(refused["field"]) < 100


def _is_a_problem(answer: Any) -> None:
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["code"] and told["detail"] and told["status"] == answer.status_code
