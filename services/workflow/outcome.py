"""What a hop's room decides: a closed union. `decided.py` carries it out on the case."""

from dataclasses import dataclass
from typing import Literal

Difficulty = Literal["confirmed", "not_seen", "unclear"]


@dataclass(frozen=True, slots=True)
class Onward:
    """The case goes on. `concerns` are what people saw, `difficulty` whether they found one."""

    difficulty: Difficulty
    reason_code: str
    concerns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stays:
    """It was tried and noted; the task stays open and its clock runs."""

    reason_code: str


@dataclass(frozen=True, slots=True)
class HandsOver:
    """Another person of the hop takes the task; its clock runs on. `to_deputy`: the grid's own deputy may."""

    reason_code: str
    to_deputy: bool


@dataclass(frozen=True, slots=True)
class Returns:
    """The case goes back, once, with all defects listed."""

    reason_code: str


Outcome = Onward | Stays | HandsOver | Returns
