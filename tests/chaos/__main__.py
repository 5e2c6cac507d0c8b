"""`./shouwang chaos [--records N] [--households N] [--passes N] [--faults N] [--seed N]`: the long proof.

`--ground` instead: broken connections, full disks, a power cut, an older database (`--short`, `--only NAME …`).
`--volume` instead: a million rows, ten thousand calls, two hundred callers (`--count N`, `--only NAME …`).

First two small runs with a protection taken out (`--mutants`: these alone): what does not find them proves nothing.
"""

import argparse
import asyncio
import logging
import sys
import time
from dataclasses import replace

from deploy.demo.county import MOST_IN_ONE_TOWNSHIP
from tests.chaos import mutants, refusing
from tests.chaos.faults.ground import ground
from tests.chaos.faults.run import FAULTS, SHORT, WHOLE
from tests.chaos.run import Chaos, Plan
from tests.house import House, end_in_order
from tests.servers import folder
from tests.volume.__main__ import PROGRAMS, volume

RECORDS = 20_000
HALVED_EACH = len(refusing.TABLES)
"""With each pass every service that can die between the halves of a batch does, once."""


def main() -> None:
    end_in_order()
    parser = argparse.ArgumentParser(prog="shouwang chaos", description=__doc__)
    parser.add_argument("--records", type=int, default=None, help="20,000 of them, with --ground 3,000")
    parser.add_argument("--households", type=int, default=MOST_IN_ONE_TOWNSHIP)
    parser.add_argument("--passes", type=int, default=3, help="how often each step of each service is hit")
    parser.add_argument("--faults", type=int, default=None, help="fewer, drawn by the seed")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--mutants", action="store_true", help="the planted faults alone")
    parser.add_argument("--ground", action="store_true", help="the faults of connections, disks, power and members")
    parser.add_argument("--short", action="store_true", help="with --ground: as briefly as in the test suite")
    parser.add_argument("--volume", action="store_true", help="what holds at volume")
    parser.add_argument("--count", type=int, help="with --volume: of the things that each program is about")
    names = f"with --ground: {', '.join(FAULTS)}; with --volume: {', '.join(PROGRAMS)}"
    parser.add_argument("--only", nargs="+", metavar="NAME", help=names)
    given = parser.parse_args()
    if unknown := set(given.only or ()) - set(PROGRAMS if given.volume else FAULTS):
        parser.error(f"no such name: {', '.join(sorted(unknown))}; {names}")
    records, halved = given.records or RECORDS, given.passes * HALVED_EACH
    plan = Plan(given.seed, given.households, records, given.passes, given.faults, halved=halved)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a broker that was killed is away: that is the point
    print(f"chaos with seed {plan.seed}", flush=True)
    if given.volume:
        sys.exit(0 if volume(given.seed, given.only or list(PROGRAMS), given.count) else 1)
    if given.ground:
        size = SHORT if given.short else WHOLE
        size = replace(size, records=given.records or size.records)
        sys.exit(0 if ground(given.seed, size, given.only or list(FAULTS)) else 1)
    planted = mutants.every(plan.seed)
    if not all(one.is_right for one in planted):
        sys.exit("a planted fault was not found, or one where none was planted: no run counts")
    if given.mutants:
        return
    with folder("chaos") as place:
        house = House(place)
        try:
            outcome = asyncio.run(Chaos(plan, house, lambda line: print(f"  {line}", flush=True)).run())
        finally:
            house.stop()
    print("\n".join([*outcome.lines(), *(f"  {one.line()}" for one in planted)]))
    sys.exit(0 if outcome.verdict.is_clean() and not outcome.missed and not outcome.untrodden() else 1)


if __name__ == "__main__":
    main()
