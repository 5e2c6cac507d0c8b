"""A row that is removed by hand is missed: the account says unequal, and an alarm is raised without anybody looking."""

import io
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from prometheus_client import generate_latest

from shared.messaging import conservation, record
from shared.messaging.room import Input
from tests.journeys.people import couple, id_number
from tests.journeys.road import Road
from tests.until import until


@pytest.fixture(scope="module", autouse=True)
def often() -> Iterator[None]:
    """The house looks five times a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conservation, "PERIOD_SECONDS", 0.2)
        yield


@pytest_asyncio.fixture
async def admin(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


def told(walk: Road, service: str, boundary: str, topic: str) -> float:
    """The gauge `shouwang_conservation_difference`."""
    labels = {"service": service, "boundary": boundary, "topic": topic}
    registry = walk.services[service].metrics.registry
    return registry.get_sample_value("shouwang_conservation_difference", labels) or 0.0


def alarms(walk: Road) -> dict[str, int]:
    found = {}
    for name, one in walk.services.items():
        labels = {"service": name, "alarm": "conservation_unequal"}
        found[name] = int(one.metrics.registry.get_sample_value("shouwang_alarms_total", labels) or 0)
    return found


async def alarmed(walk: Road, service: str, before: dict[str, int], log: io.StringIO) -> None:
    await until(lambda: alarms(walk)[service] > before[service], 20, f"{service}: an alarm")
    assert '"event": "conservation.unequal"' in log.getvalue()


async def test_nothing_is_told_while_facts_go_by(walk: Road) -> None:
    for serial in range(40, 60):
        await walk.register(f"H-{serial:04d}", couple(serial))
        await walk.send("medical_insurance", walk.settlement(id_number(serial), "9000.00"))
    await walk.warned("H-0059")
    await until(lambda: _looked(walk), 20, "every service has looked")
    assert set(alarms(walk).values()) == {0}


def _looked(walk: Road) -> bool:
    return all(b"shouwang_conservation_difference{" in _figures(walk, name) for name in walk.services)


def _figures(walk: Road, service: str) -> bytes:
    return generate_latest(walk.services[service].metrics.registry)


async def test_a_record_that_is_removed_is_missed(walk: Road, admin: asyncpg.Connection, log: io.StringIO) -> None:
    before = alarms(walk)
    row = await admin.fetchrow(
        "SELECT department, record_id FROM intake.records WHERE department = 'medical_insurance'"
    )
    assert row is not None
    await admin.execute("DELETE FROM intake.records WHERE department = $1 AND record_id = $2", *row)
    await alarmed(walk, "intake", before, log)
    assert told(walk, "intake", "http", "medical_insurance") == 1
    account = await walk.get("intake", "/v1/conservation", walk.headers("steward", region="341221"))
    [http] = [one for one in account["sent"] if (one["boundary"], one["department"]) == ("http", "medical_insurance")]
    assert not http["is_equal"] and http["received"] == http["accepted"] + http["parked"] + 1


async def test_a_waiting_record_that_is_removed_is_missed(
    walk: Road, admin: asyncpg.Connection, log: io.StringIO
) -> None:
    await walk.services["screening"].work_of("screening").process([_odd()])
    await until(lambda: told(walk, "screening", "screening", "data.changed") == 0, 5, "it waits, and is counted so")
    before = alarms(walk)
    assert await admin.execute("DELETE FROM screening.waiting") == "DELETE 1"
    await alarmed(walk, "screening", before, log)
    assert told(walk, "screening", "screening", "data.changed") == 1
    account = await walk.get("screening", "/v1/conservation", walk.headers("steward", region="341221"))
    [read] = [one for one in account["read"] if (one["consumer"], one["topic"]) == ("screening", "data.changed")]
    assert not read["is_equal"]


def _odd() -> Input:
    headers = [("ce_partitionkey", str(uuid4()).encode()), ("ce_sequence", b"1"), ("ce_type", b"odd")]
    return record.read("data.changed", 0, 10**9, headers, b"{", record.Read())


async def test_a_fact_that_no_consumer_has_is_missed_between_two_services(
    walk: Road, admin: asyncpg.Connection, log: io.StringIO
) -> None:
    before = alarms(walk)
    warning = await walk.warned("H-0051")
    query = "UPDATE workflow.keys SET applied = '{}' WHERE key = $1"
    assert await admin.execute(query, warning["household_id"]) == "UPDATE 1"
    await alarmed(walk, "console", before, log)

    async def is_missed() -> bool:
        return told(walk, "console", "workflow", "warning.raised") > 0

    await until(is_missed, 20, "the fact that workflow does not have")
    account = await walk.get("console", "/v1/conservation", walk.headers("steward", region="341221"))
    [boundary] = [
        one for one in account["boundaries"] if (one["topic"], one["consumer"]) == ("warning.raised", "workflow")
    ]
    assert not boundary["is_equal"] and not account["is_equal"]
