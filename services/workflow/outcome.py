"""What a hop's room decides: a closed union. `decided.py` carries it out on the case."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.contracts.types import Hop

Difficulty = Literal["confirmed", "not_seen", "unclear"]
Proposal = Literal["qualifies", "does_not_qualify"]
Result = Literal["identified", "refused", "helped"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a room knows of the place and the case that it decides on, beside the form.

    `notice_until` is the last day of the public notice, None while it is not up; `notice_days` its length, and
    `majority` the share of those present that must be exceeded, both the package's.
    """

    step: str
    today: date
    notice_days: int
    majority: float
    branch: str = "main"
    is_main: bool = True
    proposal: Proposal | None = None
    proposal_reason: str | None = None
    is_noticed: bool = False
    notice_until: date | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """A step that begins beside the main way."""

    hop: Hop
    step: str
    branch: str


@dataclass(frozen=True, slots=True)
class Onward:
    """The case goes on. `concerns` are what people saw, `difficulty` whether they found one.

    `proposal` is what the next person is to sign. `to` skips ahead to a step, `departments` are asked for measures,
    `beside` begins beside it, `result` is what is decided by this.
    """

    reason_code: str = ""
    difficulty: Difficulty | None = None
    concerns: tuple[str, ...] = ()
    proposal: Proposal | None = None
    to: tuple[Hop, str] | None = None
    departments: tuple[str, ...] = ()
    beside: tuple[Beside, ...] = ()
    result: Result | None = None
    has_been_noticed: bool = False


@dataclass(frozen=True, slots=True)
class Stays:
    """It was tried or noted; the task stays open, its clock runs. `notice_until`: the last day of a public notice."""

    reason_code: str = ""
    planned_on: date | None = None
    notice_until: date | None = None


@dataclass(frozen=True, slots=True)
class HandsOver:
    """Another person of the hop takes the task; its clock runs on. `to_deputy`: the grid's own deputy may.
    `stands_back`: whoever hands it over is a relative, and acts on this case no more."""

    reason_code: str
    to_deputy: bool
    stands_back: bool


@dataclass(frozen=True, slots=True)
class Returns:
    """The case goes back, once, with all defects listed; to these departments alone, where it goes back to them."""

    reason_code: str
    departments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Redirects:
    """A department's branch goes beside the main way to the county, or from there to another department."""

    reason_code: str
    to: tuple[Hop, str]
    branch: str


@dataclass(frozen=True, slots=True)
class Refuses:
    """Does not qualify: the village tells it with its basis and remedy, on the main way."""

    reason_code: str


@dataclass(frozen=True, slots=True)
class Ends:
    """This way ends here. The main way's end is the case's tracking, or its close after a refusal.

    `delivered_on`: when a refusal was proven delivered; the days to appeal count from then.
    """

    reason_code: str = ""
    delivered_on: date | None = None


@dataclass(frozen=True, slots=True)
class Pauses:
    """The clocks of this place and of the case stand still until a day at most."""

    reason_code: str
    until: date


@dataclass(frozen=True, slots=True)
class Resumes:
    """They run again, later by what was paused."""

    reason_code: str = ""


Outcome = Onward | Stays | HandsOver | Returns | Redirects | Refuses | Ends | Pauses | Resumes
