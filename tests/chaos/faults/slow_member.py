"""A service whose first batches outlast their poll interval: `python -m tests.chaos.faults.slow_member`.

Meanwhile its group gives its partitions to another, and what it commits in the end is late.
"""

import asyncio
import os
import runpy
from collections.abc import Sequence

from shared.messaging import kafka
from shared.messaging.batch import Report
from shared.messaging.room import Input
from shared.messaging.unit_of_work import UnitOfWork

POLL_INTERVAL_MS, BATCH_SECONDS, SLOW_BATCHES = 3_000, 8.0, 2
in_time = UnitOfWork.process
slow = [0]


async def too_late(work: UnitOfWork, inputs: Sequence[Input]) -> Report:
    if inputs and slow[0] < SLOW_BATCHES:
        slow[0] += 1
        await asyncio.sleep(BATCH_SECONDS)
    return await in_time(work, inputs)


if __name__ == "__main__":
    kafka.POLL_INTERVAL_MS = POLL_INTERVAL_MS
    UnitOfWork.process = too_late  # type: ignore[assignment,method-assign]
    runpy.run_module(
        f"services.{os.environ['SHOUWANG_INSTANCE'].partition('-')[0]}", run_name="__main__", alter_sys=True
    )
