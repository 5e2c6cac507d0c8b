"""Figures of a run: seconds, CPU seconds of whole process trees from the kernel's own account, memory."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil


class Measured(Protocol):
    """What a part of the benchmarks gives: a line to print at once, and figures of which the medians are printed."""

    @property
    def name(self) -> str: ...
    def line(self) -> str: ...
    def figures(self) -> Mapping[str, float]: ...


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU seconds so far, by part of the house."""

    app: float
    postgres: float
    broker: float

    def __sub__(self, earlier: "Cpu") -> "Cpu":
        return Cpu(self.app - earlier.app, self.postgres - earlier.postgres, self.broker - earlier.broker)

    @property
    def total(self) -> float:
        return self.app + self.postgres + self.broker

    def per_million(self, things: int) -> str:
        each = 1e6 / things
        parts = " / ".join(f"{seconds * each:.1f}" for seconds in (self.app, self.postgres, self.broker))
        return f"{self.total * each:7.1f} CPU s/M ({parts})"


def cpu(app: Iterable[int], postgres: int, broker: int) -> Cpu:
    """Of processes and all their descendants, those that have ended and were waited for included."""
    return Cpu(sum(tree(pid) for pid in app), tree(postgres), tree(broker))


def tree(pid: int) -> float:
    total = 0.0
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            times = process.cpu_times()
            total += times.user + times.system
        gone = root.cpu_times()
        total += gone.children_user + gone.children_system
    except psutil.NoSuchProcess:
        return total
    return total


def pss_mb(pid: int) -> float:
    """Its proportional share: pages that several processes share are divided among them, so that a sum is true."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except (OSError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("Pss:")), 0.0)


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run: `things` a second, and CPU seconds a million of them (service / PostgreSQL / broker)."""

    name: str
    things: int
    seconds: float
    cpu: Cpu
    note: str = ""

    @property
    def rate(self) -> float:
        return self.things / self.seconds

    def line(self) -> str:
        return (
            f"{self.name:<44} {self.rate:>10,.0f}/s   {self.cpu.per_million(self.things)}"
            f"  n={self.things:,}  {self.note}"
        )

    def figures(self) -> Mapping[str, float]:
        each = 1e6 / self.things
        return {
            "/s": self.rate,
            "service CPU s/M": self.cpu.app * each,
            "PostgreSQL CPU s/M": self.cpu.postgres * each,
            "broker CPU s/M": self.cpu.broker * each,
        }


@dataclass(frozen=True, slots=True)
class Said:
    """Figures that are no rate, each with its unit in its name."""

    name: str
    values: Mapping[str, float]
    note: str = ""
    lines: tuple[str, ...] = field(default=())

    def line(self) -> str:
        return "\n  ".join(self._parts())

    def _parts(self) -> Iterator[str]:
        yield f"{self.name}: " + ", ".join(f"{word} {value:,.1f}" for word, value in self.values.items())
        yield from self.lines
        if self.note:
            yield self.note

    def figures(self) -> Mapping[str, float]:
        return self.values


def quantile(sorted_values: list[float], share: float) -> float:
    """The value below which `share` of them lie; nearest rank."""
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]
