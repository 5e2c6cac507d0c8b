"""By which of two ways each department record goes to intake: half over HTTP, half over Kafka.

Everything about one household takes one way, and so does every version of a record and every refund of
it: two ways know no common order, and a lower version, a duplicate or a refusal would depend on which one
is quicker.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.demo.answers import Register, read_register
from deploy.demo.desk import Record, Sent


@dataclass(frozen=True, slots=True)
class Keyed:
    """A record for Kafka. `key` is its record id; a refund has that of what it takes back, to stay behind."""

    department: str
    key: str
    record: Record


@dataclass(frozen=True, slots=True)
class Sending:
    http: tuple[Sent, ...]
    kafka: tuple[Keyed, ...]


def sending(register: Sequence[Record], records: Sequence[Sent]) -> Sending:
    """Both ways in order of arrival; each new household goes where fewer records go so far."""
    bundles = _bundles(read_register(register), records)
    sizes: dict[str, int] = {}
    for bundle in bundles:
        sizes[bundle] = sizes.get(bundle, 0) + 1
    over_http = _half(sizes)
    keys = _keys(records)
    http = tuple(sent for bundle, sent in zip(bundles, records, strict=True) if bundle in over_http)
    kafka = tuple(
        Keyed(department, keys[department, record["record_id"]], record)
        for bundle, (department, record) in zip(bundles, records, strict=True)
        if bundle not in over_http
    )
    return Sending(http, kafka)


def _half(sizes: dict[str, int]) -> set[str]:
    chosen: set[str] = set()
    http = kafka = 0
    for bundle, size in sizes.items():
        if http <= kafka:
            chosen.add(bundle)
            http += size
        else:
            kafka += size
    return chosen


def _bundles(known: Register, records: Sequence[Sent]) -> list[str]:
    """For each record the name of all that must go with it."""
    bundle_of: dict[str, str] = {}

    def root(name: str) -> str:
        bundle_of.setdefault(name, name)
        while bundle_of[name] != name:
            name = bundle_of[name]
        return name

    names = []
    for department, record in records:
        name = f"record {department} {record['record_id']}"
        names.append(name)
        if (household_no := known.household_of(record["subject"])) is not None:
            bundle_of[root(name)] = root(f"household {household_no}")
        if reverses := record["data"].get("reverses"):
            bundle_of[root(name)] = root(f"record {department} {reverses}")
    return [root(name) for name in names]


def _keys(records: Sequence[Sent]) -> dict[tuple[str, str], str]:
    """A refund's withdrawal no longer says what it took back, so the key is looked up by record id."""
    keys: dict[tuple[str, str], str] = {}
    for department, record in records:
        record_id = record["record_id"]
        keys.setdefault((department, record_id), record["data"].get("reverses", record_id))
    return keys
