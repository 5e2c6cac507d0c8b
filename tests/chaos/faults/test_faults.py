"""The short form of the ground's faults: the cheap ones in one house, then a database that was put back."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.chaos.faults.run import SHORT, suffer
from tests.servers import folder

SEED = 20261127


@pytest.mark.parametrize(
    "names", [("cut_at_commit", "hung_database", "broker_gone"), ("older_database",)], ids=lambda names: names[-1]
)
async def test_the_road_holds_when_the_ground_gives_way(names: Sequence[str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "aiokafka")
    with folder("faults") as place:
        found = await suffer(Path(place), SEED, SHORT, names, lambda line: None)
    print("\n".join(found.lines()))
    assert found.is_clean, "\n".join(found.lines())
    assert [one.fault for one in found.recoveries] == list(names)
