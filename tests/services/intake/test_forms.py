"""The forms of a body: one object, an array, NDJSON, gzip; whole or in pieces; every record accounted for."""

import gzip
import json
from collections.abc import AsyncIterator

import pytest

from services.intake.body import OVER, Broken, Elements, Inflater, Lines
from tests.services.intake.county import COUNTS, County, Record, key, settlement
from tests.services.intake.county import number as id_number

MEDICAL = "medical_insurance"
JSON = "application/json"
NDJSON = "application/x-ndjson"


def three() -> list[Record]:
    return [settlement(id_number()), {"record_id": "nothing"}, settlement(id_number())]


def as_array(records: list[Record]) -> bytes:
    return json.dumps(records, indent=2, ensure_ascii=False).encode()


def as_lines(records: list[Record]) -> bytes:
    return "\n".join(json.dumps(one) for one in records).encode()


async def account_of(desk: County, body: bytes, kind: str, **headers: str) -> Record:
    answer = await desk.post(MEDICAL, body, kind=kind, **headers)
    assert answer.status_code == 202, answer.text
    account: Record = answer.json()
    assert account["received"] == sum(account[name] for name in COUNTS[1:])
    return account


@pytest.mark.parametrize(
    "form",
    [
        "array",
        "lines",
        "objects",
        "windows",
        "blank lines",
        "bom",
        "bom array",
        "gzip array",
        "gzip lines",
        "two gzips",
    ],
)
async def test_three_records_in_every_form_are_accounted_for(desk: County, form: str) -> None:
    records = three()
    array, lines = as_array(records), as_lines(records)
    forms: dict[str, tuple[bytes, str, dict[str, str], int]] = {
        "array": (array, JSON, {}, 2),
        "lines": (lines, NDJSON, {}, 2),
        "objects": (lines, JSON, {}, 2),
        "windows": (lines.replace(b"\n", b"\r\n") + b"\r\n", NDJSON, {}, 2),
        "blank lines": (b"\n" + lines.replace(b"\n", b"\n\n"), NDJSON, {}, 4),
        "bom": (b"\xef\xbb\xbf" + lines, "text/plain", {}, 2),
        "bom array": (b"\xef\xbb\xbf" + array, "application/json; charset=utf-8", {}, 2),
        "gzip array": (gzip.compress(array), JSON, {"content_encoding": "gzip"}, 2),
        "gzip lines": (gzip.compress(lines), NDJSON, {"content_encoding": "gzip"}, 2),
        "two gzips": (gzip.compress(lines[:99]) + gzip.compress(lines[99:]), NDJSON, {"content_encoding": "gzip"}, 2),
    }
    body, kind, headers, line = forms[form]
    account = await account_of(desk, body, kind, **headers)
    assert (account["received"], account["parked"], account["rejected"]) == (3, 2, 1)
    assert [(one["line"], one["record_id"]) for one in account["rejections"]] == [(line, "nothing")]
    assert set(account) == {"batch_id", *COUNTS, "rejections"}
    await desk.is_conserved()


async def test_one_object_is_a_batch_of_one(desk: County) -> None:
    body = json.dumps(settlement(id_number()), indent=1).encode()
    assert (await account_of(desk, body, JSON))["received"] == 1


@pytest.mark.parametrize(("body", "kind"), [(b"", NDJSON), (b"", JSON), (b"[]", JSON), (b" \n\n ", NDJSON)])
async def test_a_body_without_records_is_a_batch_of_none(desk: County, body: bytes, kind: str) -> None:
    assert (await account_of(desk, body, kind))["received"] == 0


async def test_an_array_that_breaks_off_keeps_what_was_whole(desk: County) -> None:
    whole = as_array([settlement(id_number()), settlement(id_number())])
    account = await account_of(desk, whole[:-60], JSON)
    assert (account["parked"], account["rejected"]) == (1, 1)
    assert account["rejections"][0]["code"] == "not_json"


async def test_a_body_in_pieces_is_the_same_body(desk: County) -> None:
    body = gzip.compress(as_array(three()))

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 37):
            yield body[at : at + 37]

    headers = desk.department(MEDICAL) | {"content-type": JSON, "content-encoding": "gzip"}
    answer = await desk.client.post(f"/v1/departments/{MEDICAL}/records", content=pieces(), headers=headers)
    assert answer.json()["received"] == 3


@pytest.mark.parametrize("cut", [4, 10, 12, 40, -1, -8])
async def test_a_gzip_that_breaks_off_is_told_and_what_was_read_stands(desk: County, cut: int) -> None:
    body = gzip.compress(as_lines(three()))[:cut]
    answer = await desk.post(MEDICAL, body, content_encoding="gzip")
    assert (answer.status_code, answer.json()["code"]) == (422, "gzip_damaged"), answer.text
    await desk.is_conserved()


async def test_what_is_no_gzip_is_told(desk: County) -> None:
    answer = await desk.post(MEDICAL, as_lines(three()), content_encoding="gzip")
    assert (answer.status_code, answer.json()["code"]) == (422, "gzip_damaged")
    answer = await desk.post(MEDICAL, as_lines(three()), content_encoding="br")
    assert (answer.status_code, answer.json()["code"]) == (415, "encoding")
    answer = await desk.post(MEDICAL, b"--x", kind="multipart/form-data; boundary=x")
    assert (answer.status_code, answer.json()["code"]) == (415, "content_type")


async def test_a_bomb_is_refused_before_it_is_unpacked(desk: County) -> None:
    bomb = gzip.compress(b" " * (65 * 1024 * 1024))
    answer = await desk.post(MEDICAL, bomb, content_encoding="gzip", idempotency_key=key())
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_a_traceparent_travels_into_what_is_said(desk: County) -> None:
    told = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    no = await desk.home(one := id_number())
    body = json.dumps(settlement(one)).encode()
    await desk.post(MEDICAL, body, kind=JSON, traceparent=told)
    await desk.post(MEDICAL, json.dumps(settlement(one)).encode(), kind=JSON, traceparent="../x")
    first, second = await desk.events("data.changed", desk.vault.household_id(no))
    assert first["traceparent"] == told and second.get("traceparent") is None


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def elements(*pieces: bytes) -> list[tuple[int, bytes]]:
    splitter = Elements()
    return [one for piece in pieces for one in splitter.feed(piece)] + list(splitter.end())


def lines(*pieces: bytes) -> list[tuple[int, bytes]]:
    splitter = Lines()
    return [one for piece in pieces for one in splitter.feed(piece)] + list(splitter.end())


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_elements_are_cut_at_the_same_places_however_they_come(size: int) -> None:
    body = rb'[ {"a": "],[\"\\"}, 1 ,[2,[3]],"x,y", {"b": {"c": "}"}} ]'
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    assert [raw for _, raw in elements(*pieces)] == [
        rb'{"a": "],[\"\\"}', b"1", b"[2,[3]]", b'"x,y"', b'{"b": {"c": "}"}}'
    ]  # fmt: skip


def test_objects_one_after_another_need_nothing_between() -> None:
    assert [raw for _, raw in elements(b'{"a":1}{"b":[2]}\n{"c":3} tail')] == [
        b'{"a":1}', b'{"b":[2]}', b'{"c":3}', b"tail"
    ]  # fmt: skip


def test_more_closed_than_opened_is_a_spoilt_element_alone() -> None:
    assert [number for number, _ in elements(b'[}}{"a":1}, {"b":2}]')] == [1, 2]


@pytest.mark.parametrize("split", [lines, elements])
def test_a_record_over_the_limit_is_not_kept(split: object) -> None:
    assert callable(split)
    over = b'{"x": "' + b"y" * 300_000 + b'"}'
    between = b"\n" if split is lines else b""
    found = split(b'{"a":1}' + between + over[:1000], *[over[at : at + 4096] for at in range(1000, len(over), 4096)],
                  between + b'{"b":2}')  # fmt: skip
    assert found == [(1, b'{"a":1}'), (2, OVER), (3, b'{"b":2}')]


def test_an_inflater_counts_what_it_gives() -> None:
    inflater = Inflater(is_gzip=True)
    with pytest.raises(Broken) as broken:
        for piece in inflater.feed(gzip.compress(b"x" * (70 * 1024 * 1024))):
            assert len(piece) <= 256 * 1024
    assert broken.value.code == "too_large"
