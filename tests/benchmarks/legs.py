"""Where a record's time goes on its way to the page: by the instants that Kafka's own records bear.

The relay stamps each fact as it sends it; a bill's way begins when it was due to be sent, and ends on the page.
"""

from collections.abc import Mapping

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.benchmarks.changes import PARTITIONS
from tests.benchmarks.clockwork import quantile

STAGES: tuple[tuple[str, str, str], ...] = (
    ("data.changed", "changed", "intake: accepted, sent"),
    ("warning.raised", "raised", "screening: judged, warning sent"),
    ("hop.village_group", "entered", "workflow: case opened, hop's entry sent"),
    ("stage.advanced", "arrived", "workflow: task opened, arrival sent"),
)
"""Topic, the last word of the fact, what has happened by then."""
LAST = "console: heard, counted anew, told"


class _Data(msgspec.Struct, frozen=True):
    household_id: str
    record_id: str = ""


class _Event(msgspec.Struct, frozen=True):
    type: str
    data: _Data


_DECODER = msgspec.json.Decoder(_Event)
Instants = dict[str, float]


async def legs(bootstrap: str, bills: Mapping[str, tuple[float, float]]) -> list[str]:
    """`bills`: record id → when it was due and when its page was told, as instants in seconds. Lines to print."""
    households: dict[str, str] = {}
    stages = [await _stage(bootstrap, topic, word, households) for topic, word, _ in STAGES]
    ways = [[due, *(stage[households[record]] for stage in stages), page] for record, (due, page) in bills.items()]
    names = [name for _, _, name in STAGES] + [LAST]
    return [_line(name, sorted((way[at + 1] - way[at]) * 1000 for way in ways)) for at, name in enumerate(names)]


async def _stage(bootstrap: str, topic: str, word: str, households: dict[str, str]) -> Instants:
    """Household → when the first such fact about it was sent. Learns which household a record is about."""
    found: Instants = {}
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        parts = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        while any([await consumer.position(part) < ends[part] for part in parts]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for one in records:
                    event = _DECODER.decode(one.value)
                    if f".{word}." in event.type:
                        found.setdefault(event.data.household_id, one.timestamp / 1000)
                        households[event.data.record_id] = event.data.household_id
    finally:
        await consumer.stop()
    return found


def _line(name: str, milliseconds: list[float]) -> str:
    return f"{name:<40} p50 {quantile(milliseconds, 0.5):6.1f} ms, p99 {quantile(milliseconds, 0.99):6.1f} ms"
