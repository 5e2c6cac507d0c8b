"""A suppressed warning harms nobody downstream: no case, nobody told, and the timeline shows it with its reason."""

from pathlib import Path

import msgspec

from services.console.projections import SUBSCRIBERS, timeline
from shared import postgres
from shared.access.tokens import Caller
from shared.crypto import Cipher, read_keys
from shared.messaging.room import Input
from shared.messaging.unit_of_work import UnitOfWork
from shared.web.callers import scoped
from tests.services.console.test_projections import _beginning as beginning
from tests.services.notify.house import post_office
from tests.services.screening.conftest import Room
from tests.services.screening.people import changed, household_id, registered
from tests.services.workflow.house import opened_desk, read

H = household_id(1)
COUNTY = Caller("c", "county", "341221")


async def suppressed(room: Room) -> Input:
    """The first word of a household that the register has removed, as it comes from Kafka."""
    gone = registered(H, 1, {"number": "H-1"})
    data = gone.body.data.model_copy(update={"status": "removed"})
    gone = msgspec.structs.replace(gone, body=gone.body.model_copy(update={"data": data}))
    await room.work.process([gone, changed(H, 1, {"house": "C", "day": "2026-10-01"})])
    [row] = await room.pool.fetch("SELECT * FROM outbox")
    assert row["type"] == "shouwang.warning.suppressed.v1"
    return read(row["topic"], row["key"], 1, str(row["event_id"]), row["type"], row["region"], row["value"])


async def test_nobody_acts_on_it_and_the_timeline_shows_it(room: Room, database: str, keys: Path) -> None:
    event = await suppressed(room)
    desk = await opened_desk(database, keys)
    report = await desk.told(event)
    assert (dict(report.outcomes), dict(report.words)) == ({"accepted": 1}, {"suppressed": 1})
    assert await desk.worker.fetchval("SELECT count(*) FROM cases") == 0
    assert await desk.worker.fetchval("SELECT count(*) FROM outbox") == 0, "neither case nor deadline nor message"
    await desk.close()

    office = await post_office(database, keys)
    assert "warning.raised" not in office.stream.subscriber, "notify hears of a warning by its case alone"
    assert await office.worker.fetchval("SELECT count(*) FROM notices") == 0
    await office.worker.close()
    await office.api.close()

    secrets = read_keys(keys)
    worker = await postgres.worker_pool(database, "console", secrets.database)
    api = await postgres.api_pool(database, "console", secrets.database)
    console = UnitOfWork("console", "console", SUBSCRIBERS, worker, Cipher(secrets.waiting))
    assert dict((await console.process([event])).outcomes) == {"accepted": 1}
    async with scoped(api, COUNTY) as connection:
        rows = await connection.fetch(timeline.SQL.of_household, H, *beginning(), 100)
    assert [row["type"] for row in rows] == ["shouwang.warning.suppressed.v1"]
    await worker.close()
    await api.close()
