"""`./shouwang bench [--only NAME] [--rounds N] [--changes N] [--profile] …`: figures and ratios of one run.

NAME: steps, screening, ceiling, intake, files, workflow, alarm, latency, up, slope, memory; everything but the last two
where it is left out.
"""

import argparse
import asyncio
import gc
import platform
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from statistics import median

import psutil

from tests.benchmarks import alarm, files, intake, latency, memory, screening, steps, up, workflow
from tests.benchmarks.clockwork import Measured
from tests.house import end_in_order
from tests.servers import folder

Bench = Callable[[Path], Awaitable[Measured]]
Figures = Mapping[str, Mapping[str, list[float]]]

NAMES = (
    "",
    "steps",
    "screening",
    "ceiling",
    "intake",
    "files",
    "workflow",
    "alarm",
    "latency",
    "up",
    "slope",
    "memory",
)
STEPPED, MEMORY_CHANGES = 20_000, 1_000_000
A_COUNTY, TEN_COUNTIES = 60_000, 600_000
"""Households of which the slope is taken."""
NAIVE_CHANGES, NAIVE_RECORDS = 4000, 2000
"""At some hundred a second more would only take longer."""

RATIOS: tuple[tuple[str, str, str], ...] = (
    ("screening, 1 process", "screening, naive", "×"),
    ("screening, 2 processes, partitions moving", "screening, naive", "×"),
    ("screening, 1 process", "raw ceiling, 1 process", "%"),
    ("screening, 2 processes, partitions moving", "raw ceiling, 2 processes", "%"),
    (f"screening, {A_COUNTY:,} households", f"screening, {TEN_COUNTIES:,} households", "×"),
    ("intake over HTTP, posts of 1,000", "intake over HTTP, naive", "×"),
    ("intake over Kafka", "intake over HTTP, naive", "×"),
)


def main() -> None:
    given = _arguments()
    end_in_order()
    print(f"{psutil.cpu_count()} cores, {platform.python_implementation()} {platform.python_version()}", flush=True)
    found: dict[str, dict[str, list[float]]] = {}
    for number in range(given.rounds):
        for part in _parts(given):
            gc.collect()
            with folder("bench") as place:
                measured: Measured = asyncio.run(part(place))  # type: ignore[arg-type]
            for word, value in measured.figures().items():
                found.setdefault(measured.name, {}).setdefault(word, []).append(value)
            print(f"round {number + 1}: {measured.line()}", flush=True)
    print("\nmedians")
    for line in (*_medians(found), *_ratios(found)):
        print(line)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="shouwang bench", description=__doc__)
    parser.add_argument("--only", default="", choices=NAMES)
    parser.add_argument("--rounds", type=int, default=3, help="the parts are interleaved, round after round")
    parser.add_argument("--changes", type=int, default=200_000, help="of screening")
    parser.add_argument("--records", type=int, default=30_000, help="of intake")
    parser.add_argument("--rows", type=int, default=50_000, help="of files: a workbook's")
    parser.add_argument("--households", type=int, default=5_000, help="of files: a register's")
    parser.add_argument("--entered", type=int, default=20_000, help="of workflow")
    parser.add_argument("--deadlines", type=int, default=20_000, help="of alarm")
    parser.add_argument("--seconds", type=int, default=60, help="of latency, and of idleness half as many")
    parser.add_argument("--rate", type=int, default=200, help="records a second of latency")
    parser.add_argument("--warned", type=int, default=10, help="of latency: every so many records raise a warning")
    parser.add_argument("--profile", action="store_true", help="where the time goes, in runs that are not compared")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _parts(given: argparse.Namespace) -> Iterator[Bench]:
    """In the order in which they are interleaved."""
    count, seed = given.changes, given.seed
    if given.only in ("", "steps") and not given.profile:
        yield lambda place: steps.reading(place, STEPPED)
        yield lambda place: steps.screening(place, STEPPED, seed)
        yield lambda place: steps.departments(place, STEPPED)
    if given.only in ("", "screening", "ceiling") and not given.profile:
        if given.only != "ceiling":
            yield lambda place: screening.naive(place, NAIVE_CHANGES, seed)
        yield lambda place: screening.raw(place, count, 1, seed)
        yield lambda place: screening.ours(place, count, 1, seed)
        yield lambda place: screening.raw(place, count, 2, seed)
        yield lambda place: screening.ours(place, count, 2, seed)
    if given.only in ("", "screening") and given.profile:
        yield lambda place: screening.ours(place, count, 1, seed, is_sampled=True)
    if given.only in ("", "intake") and not given.profile:
        yield lambda place: intake.naive(place, NAIVE_RECORDS)
        yield lambda place: intake.over_http(place, given.records)
        yield lambda place: intake.over_kafka(place, given.records)
    if given.only in ("", "intake") and given.profile:
        yield lambda place: intake.over_http(place, given.records, is_sampled=True)
    if given.only in ("", "files") and not given.profile:
        yield lambda place: files.workbook(place, given.rows)
        yield lambda place: files.register(place, given.households)
    if given.only in ("", "latency"):
        yield lambda place: latency.measured(place, given.rate, given.seconds, given.warned)
    if given.only in ("", "workflow"):
        yield lambda place: workflow.measured(place, given.entered)
    if given.only in ("", "alarm"):
        yield lambda place: alarm.measured(place, given.deadlines)
    if given.only in ("", "up"):
        yield lambda place: up.measured(place, given.records, given.seconds / 2)
    if given.only == "slope":
        yield lambda place: screening.many(place, A_COUNTY, seed)
        yield lambda place: screening.many(place, TEN_COUNTIES, seed)
    if given.only == "memory":
        yield lambda place: memory.measured(place, MEMORY_CHANGES, seed)


def _medians(found: Figures) -> Iterator[str]:
    for name, figures in found.items():
        runs = len(next(iter(figures.values())))
        yield f"{name} (of {runs}): " + ", ".join(f"{word} {median(values):,.1f}" for word, values in figures.items())


def _ratios(found: Figures) -> Iterator[str]:
    for name, base, unit in RATIOS:
        if name in found and base in found:
            ratio = median(found[name]["/s"]) / median(found[base]["/s"])
            yield f"{name}: " + (f"{ratio:.1f} × {base}" if unit == "×" else f"{ratio:.0%} of {base}")


if __name__ == "__main__":
    main()
