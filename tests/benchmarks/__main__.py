"""`./shouwang bench [--changes N] [--rounds N] [--seed N]`: figures and ratios of one run."""

import argparse
import asyncio
import gc
import platform
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import psutil

from tests.benchmarks import intake, screening
from tests.benchmarks.clockwork import Run
from tests.servers import folder

Bench = Callable[[Path], Awaitable[Run]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="shouwang bench", description=__doc__)
    parser.add_argument("--changes", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3, help="the parts are interleaved, round after round")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="screening or intake")
    given = parser.parse_args()
    print(f"{psutil.cpu_count()} cores, {platform.python_implementation()} {platform.python_version()}", flush=True)
    parts: list[Bench] = []
    if given.only in ("", "screening"):
        parts += [
            lambda place: screening.naive(place, 4000, given.seed),
            lambda place: screening.ours(place, given.changes, 1, given.seed),
            lambda place: screening.ours(place, given.changes, 2, given.seed),
        ]
    if given.only in ("", "intake"):
        parts += [intake.over_http]
    rounds: dict[str, list[Run]] = {}
    for number in range(given.rounds):
        for part in parts:
            gc.collect()
            with folder("bench") as place:
                run: Run = asyncio.run(part(place))  # type: ignore[arg-type]
            rounds.setdefault(run.name, []).append(run)
            print(f"round {number + 1}: {run.line()}", flush=True)
    print("\nmedians")
    middle = {name: median(run.rate for run in runs) for name, runs in rounds.items()}
    base = next((rate for name, rate in middle.items() if "naive" in name), None)
    for name, rate in middle.items():
        ratio = f"   {rate / base:.1f} × naive" if base and name.startswith("screening") else ""
        print(f"{name:<44} {rate:>10,.0f}/s   n={len(rounds[name])}{ratio}")


if __name__ == "__main__":
    main()
