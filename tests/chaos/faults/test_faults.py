"""The short form of the ground's faults: the cheap ones, one after another in one house."""

import logging
from pathlib import Path

import pytest

from tests.chaos.faults.run import SHORT, suffer
from tests.servers import folder

SEED = 20261127
NAMES = ("cut_at_commit", "hung_database", "broker_gone")


async def test_the_road_holds_when_the_ground_gives_way(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "aiokafka")
    with folder("faults") as place:
        found = await suffer(Path(place), SEED, SHORT, NAMES, lambda line: None)
    assert found.is_clean, "\n".join(found.lines())
    assert [one.fault for one in found.recoveries] == list(NAMES)
