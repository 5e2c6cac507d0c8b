"""Where a service's CPU time goes: its process with a sampler in it, by the kernel's profiling timer.

`python -m tests.benchmarks.sampled FILE SERVICE` runs the service; every 4 ms of CPU time its stack is noted. SIGUSR1
begins anew, so that only what is measured counts; at its end (SIGTERM) the stacks lie in FILE. A sample that falls into
C is noted at the next line of Python: mostly the one that called, but a callback where C calls back (a validator of
pydantic's is told of what was parsed before it too). Trust a function's whole more than one line.
"""

import atexit
import os
import runpy
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from tests.house import ROOT, House

INTERVAL_SECONDS = 0.004
"""The kernel's own tick on most machines: a shorter one changes nothing."""
LINES = 40
Stack = tuple[tuple[str, str, int], ...]


def start(house: House, slot: str, file: Path) -> None:
    """In place of `house.start`."""
    house.running[slot] = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.sampled", str(file), slot.partition("-")[0]],
        env={**os.environ, **house.environment(slot)}, cwd=ROOT, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def begin(house: House, slot: str) -> None:
    """What follows is what counts."""
    os.kill(house.running[slot].pid, signal.SIGUSR1)


def end(house: House, slot: str, file: Path) -> list[str]:
    """Stop the service in order; where its time went, as lines to print."""
    process = house.running.pop(slot)
    process.terminate()
    process.wait(30)
    return list(told(file.read_text("utf-8")))


def told(text: str) -> Iterator[str]:
    """Shares of CPU time: by our own line nearest to the work (what it calls in libraries included), by function."""
    stacks: list[tuple[Stack, int]] = []
    for line in text.splitlines():
        times, _, rest = line.partition(" ")
        frames = [one.rsplit(":", 2) for one in rest.split(" ; ")]
        stacks.append((tuple((file, function, int(number)) for file, function, number in frames), int(times)))
    total = sum(count for _, count in stacks) or 1
    own: Counter[str] = Counter()
    within: Counter[str] = Counter()
    for stack, count in stacks:
        own[_nearest(stack)] += count
        for name in {f"{frame[0]} {frame[1]}" for frame in stack if _is_ours(frame)}:
            within[name] += count
    yield f"profile: {total:,} samples"
    yield "  share  our line nearest to the work → what it calls there"
    yield from (f"  {count / total:5.1%}  {name}" for name, count in own.most_common(LINES))
    yield "  share  our function, with all that it calls"
    yield from (f"  {count / total:5.1%}  {name}" for name, count in within.most_common(LINES))


def _is_ours(frame: tuple[str, str, int]) -> bool:
    """Not the process's own entrance, within which everything runs."""
    file, function, _ = frame
    is_entrance = file.endswith("__main__.py") or (file, function) == ("shared/service.py", "run")
    return file.startswith(("services/", "shared/")) and not is_entrance


def _nearest(stack: Stack) -> str:
    last = max((place for place, frame in enumerate(stack) if _is_ours(frame)), default=-1)
    if last < 0:
        return f"(beside our code: {stack[-1][0]} {stack[-1][1]})"
    called = f" → {stack[last + 1][0]} {stack[last + 1][1]}" if last + 1 < len(stack) else ""
    file, function, number = stack[last]
    return f"{file}:{number} {function}{called}"


# ── in the service's process ────────────────────────────────────────────────────────────────────────────────────────


def main(file: Path, service: str) -> None:
    found: Counter[Stack] = Counter()
    names: dict[Any, tuple[str, str]] = {}

    def note(_: int, frame: FrameType | None) -> None:
        stack = []
        while frame is not None:
            code = frame.f_code
            if code not in names:
                names[code] = _place(code.co_filename), code.co_qualname
            stack.append((*names[code], frame.f_lineno or 0))
            frame = frame.f_back
        found[tuple(stack[::-1])] += 1

    def keep() -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        lines = (f"{count} " + " ; ".join(f"{f}:{q}:{n}" for f, q, n in stack) for stack, count in found.items())
        file.write_text("\n".join(lines), "utf-8")

    atexit.register(keep)
    signal.signal(signal.SIGPROF, note)
    signal.siginterrupt(signal.SIGPROF, False)
    signal.signal(signal.SIGUSR1, lambda *_: found.clear())
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)
    runpy.run_module(f"services.{service}", run_name="__main__")


def _place(path: str) -> str:
    return path.removeprefix(f"{ROOT}/").rpartition("site-packages/")[2].replace(":", "")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
