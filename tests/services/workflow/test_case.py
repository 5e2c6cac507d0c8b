"""A household's one case: opened, strengthened, withdrawn; on its way, arrived, decided. On real PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.services.workflow.house import CADRE, Desk, household, opened_desk, report, visit


@pytest_asyncio.fixture(scope="module")
async def desk(database: str, keys: Path) -> AsyncIterator[Desk]:
    built = await opened_desk(database, keys)
    yield built
    await built.close()


async def test_a_warning_opens_a_case_that_walks_to_the_village_committee_and_rests(desk: Desk) -> None:
    house = household(1)
    await desk.warn(house, level="orange")
    assert await desk.places(house) == [("village_group", 1, "main", "on_its_way")]
    assert await desk.words(house) == ["opened"]
    await desk.deliver()
    task = await desk.task(house)
    answer = await desk.decide(task, "report", report())
    assert (answer["outcome"], answer["next"]["hop"]) == ("advanced", "village_committee")
    assert answer["emitted"] == ["stage.advanced", "hop.village_committee"]
    await desk.deliver()
    second = await desk.task(house)
    answer = await desk.decide(second, "record_visit", visit(), CADRE)
    assert (answer["outcome"], answer["next"]["state"]) == ("resting", "resting")
    assert await desk.places(house) == [
        ("village_group", 1, "main", "ended"),
        ("village_committee", 1, "main", "resting"),
    ]
    assert await desk.words(house) == ["opened", "arrived", "advanced", "arrived", "advanced"]
