"""Figures of a run: seconds, CPU seconds of whole process trees from the kernel's own account, resident memory."""

from collections.abc import Iterable
from dataclasses import dataclass

import psutil


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


def cpu(app: Iterable[int], postgres: int, broker: int) -> Cpu:
    """Of processes and all their descendants, those that have ended and were waited for included."""
    return Cpu(sum(_tree(pid) for pid in app), _tree(postgres), _tree(broker))


def _tree(pid: int) -> float:
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


def resident_mb(pids: Iterable[int]) -> float:
    found = 0
    for pid in pids:
        try:
            root = psutil.Process(pid)
            found += sum(one.memory_info().rss for one in (root, *root.children(recursive=True)))
        except psutil.NoSuchProcess:
            continue
    return found / 1e6


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run: `things` a second, and CPU seconds a million of them."""

    name: str
    things: int
    seconds: float
    cpu: Cpu
    note: str = ""

    @property
    def rate(self) -> float:
        return self.things / self.seconds

    def line(self) -> str:
        per_million = 1e6 / self.things
        each = (self.cpu.app, self.cpu.postgres, self.cpu.broker)
        parts = " / ".join(f"{seconds * per_million:.1f}" for seconds in each)
        total = self.cpu.total * per_million
        return (
            f"{self.name:<44} {self.rate:>10,.0f}/s   {total:>7.1f} CPU s/M ({parts})  n={self.things:,}  {self.note}"
        )
