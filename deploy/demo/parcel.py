"""One part of the sample ready to send: bodies of calls, records for Kafka, lines of the answers. Pure.

Made in a thread while other parts are on their way; what it was made from is let go, so that a county of any
size needs the memory of a few parcels.
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from deploy.demo.county import Part
from deploy.demo.desk import PREFIX, Record
from deploy.demo.register import DEPARTMENT
from deploy.demo.sending import sending
from deploy.demo.township import Township, made

RECORDS_PER_CALL = 1000  # one unit of work of intake
_ROWS_PER_CALL = 400  # officers and offices: far under the 256 kB of one object
_COMPRESSION = 1  # a loop's length away, more would cost more than it saves


@dataclass(frozen=True, slots=True)
class Body:
    """One call: gzipped NDJSON; `counts` of its records are told to whoever watches the progress."""

    department: str
    content: bytes
    counts: int


@dataclass(frozen=True, slots=True)
class Message:
    """A record for a department's topic, as its own producer would send it."""

    department: str
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Parcel:
    """`officers` and `bodies` are calls in their order; `messages` come after them; `answers` are NDJSON of the
    households', `accounts` the departments'.
    """

    index: int
    officers: tuple[bytes, ...]
    bodies: tuple[Body, ...]
    messages: tuple[Message, ...]
    answers: bytes
    accounts: tuple[Record, ...]
    people: int
    posts: int


def parcel(seed: int, today: date, part: Part) -> Parcel:
    """Raises ValueError for more records than the part's households can have."""
    township = made(seed, today, part)
    ways = sending(township.register, township.records)
    by_department: dict[str, list[Record]] = {department: [] for department in PREFIX}
    for department, record in ways.http:
        by_department[department].append(record)
    bodies = [_body(DEPARTMENT, chunk, is_register=True) for chunk in chunks(township.register)]
    for department, records in by_department.items():
        bodies += [_body(department, chunk, is_register=False) for chunk in chunks(records)]
    return Parcel(
        index=part.index,
        officers=tuple(json.dumps(call, ensure_ascii=False).encode() for call in officer_calls(township)),
        bodies=tuple(bodies),
        messages=tuple(
            Message(keyed.department, keyed.key.encode(), json.dumps(keyed.record, ensure_ascii=False).encode())
            for keyed in ways.kafka
        ),
        answers=lines([answer for answer in township.answers if answer["kind"] == "household"]),
        accounts=tuple(answer for answer in township.answers if answer["kind"] == "account"),
        people=sum(len(record["data"]["members"]) for record in township.register if record["kind"] == "household"),
        posts=len(township.officers),
    )


def chunks(records: Sequence[Record]) -> Iterator[list[Record]]:
    """At most 1,000 records, in the register of one kind, so that no income comes with its household."""
    for _, same in groupby(
        records, key=lambda record: record["kind"] in ("household", "income", "monitoring") and record["kind"]
    ):
        group = list(same)
        for start in range(0, len(group), RECORDS_PER_CALL):
            yield group[start : start + RECORDS_PER_CALL]


def officer_calls(township: Township) -> Iterator[dict[str, list[Record]]]:
    """County and township first, then some villages a call: whoever is in an office comes with it."""

    def village(region: str) -> str:
        return region if region[9:] != "000" else ""

    call: dict[str, list[Record]] = {"offices": [], "grids": [], "officers": []}
    for code in dict.fromkeys(village(office["region"]) for office in township.offices):
        if sum(map(len, call.values())) > _ROWS_PER_CALL:
            yield call
            call = {"offices": [], "grids": [], "officers": []}
        call["offices"] += [office for office in township.offices if village(office["region"]) == code]
        call["grids"] += [grid for grid in township.grids if grid["region"] == code]
        call["officers"] += [officer for officer in township.officers if village(officer["region"]) == code]
    yield call


def lines(rows: Sequence[Mapping[str, object]]) -> bytes:
    """NDJSON."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _body(department: str, records: Sequence[Record], *, is_register: bool) -> Body:
    counts = 0 if is_register and records[0]["kind"] != "household" else len(records)
    return Body(department, gzip.compress(lines(records), _COMPRESSION, mtime=0), counts)
