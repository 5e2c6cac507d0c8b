"""The route of a case: which step follows, which office acts there, and until when. Pure.

Carries out method 6's hand-over. The route is data of the policy package, frozen on the case. A limit is
the package's, of the day on which the case is sent, re-planned when the time that is left of a
total would not hold all that is still ahead.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import takewhile

from shared.contracts.types import IN_VILLAGES, Hop, Level
from shared.domain.calendar import day_of, start_of
from shared.domain.division import is_village_open
from shared.policy import Limit, Policy

FIRST_LOOK: Hop = "village_group"
VISIT: Hop = "village_committee"
DEPARTMENT: Hop = "department"
RETURNED: Hop = "village_return"
TELL, APPEAL = "tell", "appeal"
"""Steps: a refusal is told by the village, and appealed against at the county."""
MAIN, VERIFICATION, RELIEF, BESIDE = "main", "verification", "relief", "appeal"
"""Branches: the main way, a look at what is new, the green channel (its step's name too), and an earlier case's appeal
with its answer, heard beside an open case's main way."""
JOURNEY = "journey"

_PLACE_DIGITS = {"township": 9, "township_return": 9, "county": 6, "department": 6}
_RANK = {"yellow": 0, "orange": 1, "red": 2}
_DAY, _MOMENT, _NOTHING = timedelta(days=1), timedelta(microseconds=1), timedelta()


@dataclass(frozen=True, slots=True)
class Stop:
    """One hop of a frozen route, with the steps of its main way."""

    hop: Hop
    follows: tuple[Hop, ...]
    returns_to: tuple[Hop, ...]
    steps: tuple[str, ...]


Route = tuple[Stop, ...]


def frozen(policy: Policy) -> tuple[Stop, ...]:
    """The package's route as a case keeps it."""
    return tuple(
        Stop(one.hop, one.follows, one.returns_to, tuple(step.code for step in one.steps if not step.is_aside))
        for one in policy.route
    )


def stop(route: Route, hop: str) -> Stop:
    """Raises LookupError for a hop that the case's route does not have."""
    found = next((one for one in route if one.hop == hop), None)
    if found is None:
        raise LookupError(f"hop {hop} is not on the case's route")
    return found


def first_of(route: Route, hop: str) -> tuple[Hop, str]:
    """The first step of a hop."""
    here = stop(route, hop)
    return here.hop, here.steps[0]


def following(route: Route, hop: str, step: str) -> tuple[Hop, str] | None:
    """The step that comes next on the main way, None at its end. A step beside it goes on with the next hop."""
    here = stop(route, hop)
    later = here.steps[here.steps.index(step) + 1 :] if step in here.steps else ()
    if later:
        return here.hop, later[0]
    return first_of(route, here.follows[0]) if here.follows else None


def before(route: Route, hop: str, step: str) -> tuple[Hop, str]:
    """Where a step sends back to: the hop's step before it, or the first step of the hop that it returns to."""
    here = stop(route, hop)
    at = here.steps.index(step) if step in here.steps else 0
    return (here.hop, here.steps[at - 1]) if at else first_of(route, here.returns_to[0])


def office_at(hop: str, region: str, grid: str | None, branch: str = MAIN) -> str:
    """The office that acts at a hop: the grid's group, the village, the township, the county, its department.

    A household whose grid is not known yet is the village's own; one whose village is not, the township's. A
    department's branch is its code.
    """
    if hop in IN_VILLAGES and is_village_open(region):
        return region[: _PLACE_DIGITS["township"]]
    if hop == FIRST_LOOK:
        return grid or region
    place = region[: _PLACE_DIGITS.get(hop, 12)]
    return f"{place}-{branch}" if hop == "department" else place


def is_higher(level: Level, than: Level) -> bool:
    return _RANK[level] > _RANK[than]


def highest(first: Level, second: Level) -> Level:
    return second if is_higher(second, first) else first


# ── clocks ──────────────────────────────────────────────────────────────────────────────────────────────────────


def due_at(
    policy: Policy,
    route: Route,
    hop: Hop,
    step: str,
    level: Level,
    sent_at: datetime,
    ends: Mapping[str, datetime],
    *,
    declared_at: datetime | None = None,
) -> datetime:
    """When a step's task is due if the case is sent there now. `ends` are the instants at which the totals run out."""
    start, limit = counted_from(policy, hop, step, level, sent_at, declared_at)
    if declared_at is not None and _is_a_visit(policy, hop, step):
        return limit.due(start)
    here = policy.step(hop, step)
    if here.is_fixed:
        closing = policy.single_limit("notice_close", level, on=day_of(sent_at))
        return closing.due(limit.due(sent_at) - _MOMENT)
    own = limit.due(sent_at)
    if here.is_aside:
        return own
    within = _within(policy, route, hop, step, level, day_of(sent_at))
    return min([own, *(_replanned(legs, own, sent_at, ends[code]) for code, legs in within.items() if code in ends)])


def counted_from(
    policy: Policy, hop: str, step: str, level: Level, sent_at: datetime, declared_at: datetime | None
) -> tuple[datetime, Limit]:
    """Since when a step's limit runs, and the limit.

    `declared_at`, on a case's first way: for a farmer's own application the visit's clock runs from its receipt, and
    the first look inside it; the levels' own days are for warnings alone.
    """
    if declared_at is not None and _is_a_visit(policy, hop, step):
        return declared_at, policy.limit(VISIT, level, on=day_of(declared_at))
    return sent_at, policy.limit(hop, level, step, on=day_of(sent_at))


def _is_a_visit(policy: Policy, hop: str, step: str) -> bool:
    return hop in (FIRST_LOOK, VISIT) and step == policy.step(hop).code


@dataclass(frozen=True, slots=True)
class Leg:
    """A step that is still ahead: its limit, and whether it may be shortened."""

    hop: Hop
    limit: Limit
    is_fixed: bool


@lru_cache(maxsize=1024)
def _within(policy: Policy, route: Route, hop: Hop, step: str, level: Level, day: date) -> Mapping[str, Sequence[Leg]]:
    """Each total that covers this hop, with its legs from here on. The same for every case of a day."""
    ahead = list(_ahead(policy, route, hop, step, level, day))
    return {
        code: tuple(takewhile(lambda leg: code in policy.totals_of(leg.hop), ahead))  # noqa: B023
        for code in policy.totals_of(hop)
    }


def _ahead(policy: Policy, route: Route, hop: Hop, step: str, level: Level, day: date) -> Iterator[Leg]:
    place: tuple[Hop, str] | None = (hop, step)
    while place is not None:
        here = policy.step(*place)
        yield Leg(place[0], policy.limit(place[0], level, place[1], on=day), here.is_fixed)
        place = following(route, *place)


def _replanned(legs: Sequence[Leg], own: datetime, now: datetime, end: datetime) -> datetime:
    """The first leg's share of the time left until `end`: later hops shrink, never below a day, the notice never."""
    reached = now
    for leg in legs:
        # Whoever decides in the last moment of a day leaves the next one its whole time.
        reached = leg.limit.due(reached if reached == now else reached - _MOMENT) + (_DAY if leg.is_fixed else _NOTHING)
    if reached <= end:
        return own
    fixed = sum(leg.limit.days + 1 for leg in legs if leg.is_fixed)
    flexible = sum(leg.limit.days for leg in legs if not leg.is_fixed)
    left = (day_of(end) - day_of(now)).days - 1 - fixed
    days = max(1, left * legs[0].limit.days // flexible)
    return min(own, start_of(day_of(now) + timedelta(days=days + 1)))


def ends_after(
    policy: Policy,
    ends: Mapping[str, datetime],
    hop: Hop,
    level: Level,
    now: datetime,
    declared_at: datetime | None = None,
) -> Mapping[str, datetime]:
    """The totals' ends once a case is sent to a hop: those that cover it begin to run, if they do not run yet.

    From the receipt of a declaration runs what the visit is a part of; the help after it from its own beginning.
    """
    from_receipt = policy.totals_of(VISIT) if declared_at is not None else ()
    starts = {
        code: declared_at if declared_at is not None and code in from_receipt else now
        for code in policy.totals_of(hop)
        if code not in ends
    }
    return {**ends, **{code: policy.total(code, level, on=day_of(at)).due(at) for code, at in starts.items()}}


def journey_due_at(policy: Policy, level: Level, clock_started_at: datetime) -> datetime:
    return policy.journey(level, on=day_of(clock_started_at)).due(clock_started_at)
