"""How often a person's call goes to the database: each statement is a way there and back under a household's lock."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest_asyncio

from tests.services.workflow.house import (
    CADRE,
    REGISTER,
    Desk,
    household,
    opened_desk,
    report,
    visit,
    warning_state,
)

DECISION_MOST, CLAIM_MOST = 9, 8
"""With BEGIN, COMMIT and the scope; a pool says nothing when a connection comes back."""


@pytest_asyncio.fixture
async def desk(database: str, keys: Path) -> AsyncIterator[Desk]:
    built = await opened_desk(database, keys)
    await built.upload(REGISTER)
    yield built
    await built.close()


@contextlib.asynccontextmanager
async def counted(pool: asyncpg.Pool) -> AsyncIterator[list[str]]:
    """The statements of this pool meanwhile, by their name."""
    heard: list[str] = []
    held = [await pool.acquire() for _ in range(pool.get_size())]

    def hear(query: Any) -> None:
        heard.append(" ".join(query.query.split())[:70])

    with contextlib.ExitStack() as stack:
        for one in held:
            stack.enter_context(_listening(one, hear))
        for one in held:
            await pool.release(one)
        yield heard


@contextlib.contextmanager
def _listening(connection: Any, hear: Any) -> Iterator[None]:
    connection = connection._con
    connection.add_query_logger(hear)
    try:
        yield
    finally:
        connection.remove_query_logger(hear)


async def test_a_claim_and_a_decision_go_to_the_database_a_bounded_number_of_times(desk: Desk) -> None:
    house = household(700)
    await desk.opened(household(701))
    await desk.claim(await desk.task(household(701)))  # whatever is asked once a connection
    task = await desk.opened(house)
    async with counted(desk.api) as claimed:
        await desk.claim(task)
    async with counted(desk.api) as first:
        await desk.decide(task, "report", report())
    await desk.deliver()
    async with counted(desk.api) as second:
        await desk.decide(await desk.task(house), "record_visit", visit(), CADRE)

    assert len(claimed) <= CLAIM_MOST, claimed
    assert len(first) <= DECISION_MOST and len(second) <= DECISION_MOST, (first, second)


async def test_what_is_withdrawn_and_warned_of_anew_in_one_batch_is_written_at_once(desk: Desk) -> None:
    """One statement writes the case that closes and the one that opens, and its parts have no order of their own."""
    house = household(703)
    await desk.opened(house)
    gone = warning_state(house, state="withdrawn")
    facts = (
        desk.fact("warning.raised", "withdrawn", house, gone),
        desk.fact("warning.raised", "raised", house, warning_state(house, warning=2)),
    )
    async with counted(desk.worker) as heard:
        await desk.told(*facts)
    assert sum(one.startswith("BEGIN") for one in heard) == 1, "no part of the batch was tried again by itself"
    assert (await desk.case(house))["state"] == "open"
