"""The ground's faults from the command line: each in a house of its own, so that a complaint has one cause."""

import asyncio
from collections.abc import Sequence

from tests.chaos.faults import disk
from tests.chaos.faults.run import ON_DISKS, Size, suffer
from tests.servers import folder

RECORDS = 1000


def ground(seed: int, size: Size, names: Sequence[str]) -> bool:
    """A verdict a fault; whether all that could be tried are clean."""
    is_clean = True
    for name in names:
        why = disk.why_not() if name in ON_DISKS else None
        if why:
            print(f"{name}: not tried, {why}", flush=True)
            continue
        with folder("faults") as place:
            found = asyncio.run(suffer(place, seed, size, [name], RECORDS, lambda line: None))
        print("\n".join(found.lines()), flush=True)
        is_clean &= found.is_clean
    return is_clean
