"""`./shouwang chaos --volume [--only NAME …] [--seed N] [--count N]`: what holds at volume, a line a row.

Each on a real Kafka and a real PostgreSQL, emptied before it. `--count` instead of a program's own number of things.
Exit 1 when a count that must be nought is not.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from shared.telemetry import configure_logging
from tests.benchmarks.screening import prepared
from tests.house import House
from tests.servers import folder
from tests.volume import calls, deliveries, fuzzed, letters, neighbours, outbox, scopes
from tests.volume.ground import Figure

Program = Callable[[House, int, int], Awaitable[Figure]]

PROGRAMS: Mapping[str, tuple[Program, int]] = {
    "gaps": (outbox.gaps, 1_000_000),
    "idle": (outbox.idle, 1_000_000),
    "keys_of_calls": (calls.keys_of_calls, 10_000),
    "held_lines": (calls.held_lines, 4_000),
    "replayed": (letters.replayed, 10_000),
    "again": (deliveries.again, 1_000_000),
    "hot": (neighbours.hot, 12_000),
    "poisoned": (neighbours.poisoned, 12_000),
    "interleaved": (scopes.interleaved, 100_000),
    "fuzzed": (fuzzed.fuzzed, 10_000),
}
"""Name → program, and its number of things."""


def volume(seed: int, names: Sequence[str], count: int | None = None) -> bool:
    """Run them one after the other, and print each figure as it comes. Whether every count was nought."""
    configure_logging("volume", "volume-0", "critical")
    with folder("volume") as place:
        house = House(place)
        try:
            return asyncio.run(_all(house, seed, names, count))
        finally:
            house.stop()


async def _all(house: House, seed: int, names: Sequence[str], count: int | None) -> bool:
    await prepared(house)
    is_right = True
    for name in names:
        program, own = PROGRAMS[name]
        figure = await program(house, own if count is None else count, seed)
        print(f"{name}: {figure.line()}", flush=True)
        is_right &= figure.is_right
    return is_right


def main() -> None:
    parser = argparse.ArgumentParser(prog="shouwang chaos --volume", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, metavar="NAME", help=", ".join(PROGRAMS))
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--count", type=int, help="of the things that each program is about")
    given = parser.parse_args()
    print(f"volume with seed {given.seed}", flush=True)
    sys.exit(0 if volume(given.seed, given.only or list(PROGRAMS), given.count) else 1)


if __name__ == "__main__":
    main()
