"""A service whose first batch outlasts its poll interval and its session: `python -m tests.chaos.faults.slow_member`.

Meanwhile its group gives its partitions to another, and what it commits in the end is late.
"""

import asyncio
import logging
import os
import runpy
from collections.abc import Sequence

from shared.messaging import kafka
from shared.messaging.batch import Report
from shared.messaging.finish import UNPLACED, Firsts
from shared.messaging.room import Input
from shared.messaging.unit_of_work import UnitOfWork

POLL_INTERVAL_MS, BATCH_SECONDS = 3_000, 25.0
ENDED = "slow.ended"
in_time = UnitOfWork.process
begun: list[Sequence[Input]] = []


async def too_late(self: UnitOfWork, inputs: Sequence[Input], firsts: Firsts = UNPLACED) -> Report:
    if begun or not inputs:
        return await in_time(self, inputs, firsts)
    begun.append(inputs)
    await asyncio.sleep(BATCH_SECONDS)
    try:
        return await in_time(self, inputs, firsts)
    finally:
        logging.getLogger(__name__).warning(ENDED)


if __name__ == "__main__":
    kafka.POLL_INTERVAL_MS = POLL_INTERVAL_MS
    UnitOfWork.process = too_late  # type: ignore[method-assign]
    runpy.run_module(
        f"services.{os.environ['SHOUWANG_INSTANCE'].partition('-')[0]}", run_name="__main__", alter_sys=True
    )
