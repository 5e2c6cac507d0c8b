"""`python -m tests.services.workflow.ringing DSN KEYS`: an alarm process and nothing else, until it is killed."""

import asyncio
import sys
from pathlib import Path

from services.workflow.alarm import BATCH_MAX, HANDS, Alarm, ring
from shared import postgres
from shared.crypto import Cipher, read_keys
from shared.messaging.faults import Retry
from shared.messaging.unit_of_work import UnitOfWork

PAUSE_SECONDS = 0.05


async def main(dsn: str, keys: Path) -> None:
    secrets = read_keys(keys)
    pool = await postgres.worker_pool(dsn, "workflow", secrets.database)
    cipher = Cipher(secrets.waiting)
    works = [UnitOfWork("workflow", "workflow.calls", [Alarm()], pool, cipher) for _ in range(HANDS)]
    print("ringing", flush=True)
    while True:
        try:
            due, _ = await ring(*works)
        except Retry as error:
            print(f"again: {error}", file=sys.stderr, flush=True)  # the unit of work has backed off already
            continue
        if due < BATCH_MAX * HANDS:
            await asyncio.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
