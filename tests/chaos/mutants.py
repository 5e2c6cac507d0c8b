"""Planted faults in real runs: services without one of their protections. The ledger must find each, and nothing in the
same run with all of them, else no verdict counts.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.ledger import Verdict
from tests.chaos.mutant import MUTATIONS
from tests.chaos.run import Chaos, Plan
from tests.house import House
from tests.servers import folder

HOUSEHOLDS, RECORDS, SHARE, HELD_SHARE, HALVED = 150, 200, 2, 0.15, 2
REST_SECONDS_WHOLE, REST_SECONDS = 120.0, 12.0
"""What has lost its order never comes to rest."""


@dataclass(frozen=True, slots=True)
class Caught:
    """`mutation` None: the control, in which there is nothing to find."""

    mutation: str | None
    seed: int
    verdict: Verdict
    seconds: float

    @property
    def is_right(self) -> bool:
        return self.verdict.is_clean() == (self.mutation is None)

    def line(self) -> str:
        found = ", ".join(f"{kind} {number}" for kind, number in self.verdict.figures().items() if number)
        name = self.mutation or "nothing, the control"
        answer = f"found {found or 'nothing'}{'' if self.is_right else ': WRONG'}"
        return f"planted: {name} (seed {self.seed}, {self.seconds:.0f} s): {answer}"


def plan_of(mutation: str | None, seed: int) -> Plan:
    """Small, with much out of order, and with every second case walking through all hops; two deaths between halves."""
    return Plan(
        seed, HOUSEHOLDS, RECORDS, faults=0, held_share=HELD_SHARE, poison_share=0.0, share=SHARE, reports=4,
        halved=HALVED, rest_seconds=REST_SECONDS_WHOLE if mutation is None else REST_SECONDS,
    )  # fmt: skip


def caught(mutation: str | None, seed: int, place: Path, say: Callable[[str], None] = lambda line: None) -> Caught:
    house = House(place, mutation)
    try:
        outcome = asyncio.run(Chaos(plan_of(mutation, seed), house, say).run())
    finally:
        house.stop()
    return Caught(mutation, seed, outcome.verdict, outcome.seconds)


def every(seed: int) -> list[Caught]:
    """The control, then one run a mutation, each in a house of its own."""
    found = []
    for mutation in (None, *MUTATIONS):
        with folder("mutant") as place:
            found.append(caught(mutation, seed, place))
        print(f"  {found[-1].line()}", flush=True)
    return found
