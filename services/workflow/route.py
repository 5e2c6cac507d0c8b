"""The route of a case: which hop follows, which office acts there, and until when. Pure.

Carries out method 6's hand-over (domain §7). The route is data of the policy package, frozen on the case; a limit is
the package's, of the day on which the case is sent (people's needs A1, A2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.types import Hop, Level
from shared.domain.calendar import day_of
from shared.policy import Policy

FIRST_LOOK, VISIT = "village_group", "village_committee"
MAIN, VERIFICATION = "main", "verification"

_PLACE_DIGITS = {"township": 9, "township_return": 9, "county": 6, "department": 6}
_RANK = {"yellow": 0, "orange": 1, "red": 2}


@dataclass(frozen=True, slots=True)
class Stop:
    """One hop of a frozen route."""

    hop: Hop
    follows: tuple[Hop, ...]
    returns_to: tuple[Hop, ...]


def frozen(policy: Policy) -> tuple[Stop, ...]:
    """The package's route as a case keeps it."""
    return tuple(Stop(one.hop, one.follows, one.returns_to) for one in policy.route)


def stop(route: Sequence[Stop], hop: str) -> Stop:
    """Raises LookupError for a hop that the case's route does not have."""
    found = next((one for one in route if one.hop == hop), None)
    if found is None:
        raise LookupError(f"hop {hop} is not on the case's route")
    return found


def office_at(hop: str, region: str, grid: str | None) -> str:
    """The office that acts at a hop: the grid's group, the village, the township, the county.

    A household whose grid is not known yet is the village's own.
    """
    if hop == FIRST_LOOK:
        return grid or region
    return region[: _PLACE_DIGITS.get(hop, 12)]


def is_higher(level: Level, than: Level) -> bool:
    return _RANK[level] > _RANK[than]


def highest(first: Level, second: Level) -> Level:
    return second if is_higher(second, first) else first


def due_at(
    policy: Policy, hop: Hop, level: Level, sent_at: datetime, *, declared_at: datetime | None = None
) -> datetime:
    """When a hop's task is due if the case is sent there now.

    `declared_at`: for a farmer's own application the visit's clock runs from its receipt, and the first look inside it
    (A2); the levels' own days are for warnings alone.
    """
    if declared_at is not None and hop in (FIRST_LOOK, VISIT):
        return policy.limit(VISIT, level, on=day_of(declared_at)).due(declared_at)
    return policy.limit(hop, level, on=day_of(sent_at)).due(sent_at)


def journey_due_at(policy: Policy, level: Level, clock_started_at: datetime) -> datetime:
    return policy.journey(level, on=day_of(clock_started_at)).due(clock_started_at)
