"""The short form of the chaos programme: 2,000 records, a dozen kills at named steps, two between the halves of a
batch that PostgreSQL refused, every other fault once.

Some cases walk through seven hops meanwhile, and the others' deadlines ring.
"""

import logging
from pathlib import Path

import pytest

from tests.chaos.run import Chaos, Plan
from tests.house import House
from tests.servers import folder


@pytest.mark.parametrize("seed", [20261125])
async def test_the_road_holds_when_it_is_broken(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "aiokafka")
    with folder("chaos") as place:
        house = House(Path(place))
        try:
            outcome = await Chaos(Plan(seed, 800, 2000, faults=12, share=14, halved=2), house, lambda line: None).run()
        finally:
            house.stop()
    assert outcome.verdict.is_clean(), "\n".join(outcome.lines())
    assert not outcome.missed, outcome.missed
    assert not outcome.untrodden(), outcome.untrodden()
    assert outcome.between_halves().total() == 2, outcome.hits
    assert outcome.done["records that PostgreSQL refused, put through again"] > 0
    assert outcome.done["facts held back and sent late"] > 0 and outcome.copies > 0
