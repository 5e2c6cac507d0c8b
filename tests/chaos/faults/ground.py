"""The ground's faults from the command line: a house for all that need no disk, one with disks, one put back.

A complaint is narrowed down by naming one fault (`--only`).
"""

import asyncio
from collections.abc import Sequence

from tests.chaos.faults import disk
from tests.chaos.faults.run import ALONE, ON_DISKS, Size, suffer
from tests.servers import folder


def ground(seed: int, size: Size, names: Sequence[str]) -> bool:
    """A verdict a house; whether all that could be tried are clean."""
    why = disk.why_not()
    on_disks = [name for name in names if name in ON_DISKS]
    if why and on_disks:
        print(f"{', '.join(on_disks)}: not tried, {why}", flush=True)
    houses = (
        [name for name in names if name not in ON_DISKS and name != ALONE],
        [] if why else on_disks,
        [name for name in names if name == ALONE],
    )
    return all([_house(seed, size, house) for house in houses if house])


def _house(seed: int, size: Size, names: Sequence[str]) -> bool:
    with folder("faults") as place:
        found = asyncio.run(suffer(place, seed, size, names, lambda line: print(f"  {line}", flush=True)))
    print("\n".join(found.lines()), flush=True)
    return found.is_clean
