"""The route of a case: its hops in order, what may follow what, limits, evidence, and what may be done at
each.

A route is refused when a hop cannot be reached or has no way out, when its forward ways run in a circle, or
when the hops that a total covers take longer together than the total allows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from types import MappingProxyType
from typing import Literal, cast, get_args

from shared.contracts.types import Hop, Level
from shared.domain.calendar import LimitUnit, add_limit
from shared.domain.concerns import CONCERNS
from shared.domain.dated import Dated, nearest
from shared.policy.ladder import Ladder, read_ladder
from shared.policy.reading import Field
from shared.policy.values import Frame, figures

LEVELS: tuple[Level, ...] = get_args(Level)
HOPS: tuple[Hop, ...] = get_args(Hop)
LIMIT_UNITS: tuple[LimitUnit, ...] = get_args(LimitUnit)
HOURS_A_DAY = 24


@dataclass(frozen=True, slots=True)
class Names:
    """One text in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Limit(Dated[int]):
    """A limit of time in its own unit."""

    @property
    def amount(self) -> int:
        return self.value

    def due(self, start: datetime) -> datetime:
        """When it is due if it starts then, in UTC (see the calendar's `add_limit`)."""
        return add_limit(start, self.value, cast(LimitUnit, self.unit))

    @property
    def days(self) -> int:
        """Its length for comparing sums: hours rounded up to days, a working day as one day (its
        shortest)."""
        return -(-self.value // HOURS_A_DAY) if self.unit == "hours" else self.value


Effect = Literal["onward", "stays", "returns", "refuses", "ends"]
EFFECTS: tuple[Effect, ...] = get_args(Effect)

Limits = Mapping[Level, tuple[Limit, ...]]
"""A limit's values over time, by level."""


@dataclass(frozen=True, slots=True)
class Evidence:
    code: str
    names: Names
    is_required: bool


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    names: Names


@dataclass(frozen=True, slots=True)
class HopAction:
    """What may be done at a step. `effect`: the case goes on, stays here, goes back, is refused, or the way ends."""

    code: str
    names: Names
    effect: Effect
    needs_reason: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class HopStep:
    """A part of a hop: one task with its own limit. `actions[0]` is the ordinary way on.

    `is_aside`: it runs beside the main way, which does not wait for it. `signs`: another person than the one who
    prepared it signs (approver and handler are two). `is_fixed`: its limit is never shortened (the public notice).
    """

    code: str
    names: Names
    limits: Limits
    is_aside: bool
    signs: bool
    is_fixed: bool
    actions: tuple[HopAction, ...]


@dataclass(frozen=True, slots=True)
class RouteHop:
    """`follows` are the hops that may come next (none: the route ends here). Its main steps follow one another."""

    hop: Hop
    names: Names
    office: Names
    follows: tuple[Hop, ...]
    returns_to: tuple[Hop, ...]
    steps: tuple[HopStep, ...]
    evidence: tuple[Evidence, ...]

    @property
    def main_steps(self) -> tuple[HopStep, ...]:
        return tuple(one for one in self.steps if not one.is_aside)

    @property
    def actions(self) -> tuple[HopAction, ...]:
        """Those of all its steps."""
        return tuple(chain.from_iterable(one.actions for one in self.steps))


@dataclass(frozen=True, slots=True)
class Pauses:
    """Where a clock may be stopped for a coded reason: how often in a case, and how long at most each time."""

    steps: frozenset[str]
    times_most: int
    longest: tuple[Limit, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Responsible:
    """A functional department of the county, and the concerns that it answers for."""

    code: str
    names: Names
    concerns: frozenset[str]


@dataclass(frozen=True, slots=True)
class Total:
    """A limit over several hops, and the single limits beside them."""

    code: str
    limits: Limits
    covers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Route:
    hops: tuple[RouteHop, ...]
    ladder: Ladder
    pauses: Pauses
    departments: tuple[Responsible, ...]
    singles: Mapping[str, Limits]
    totals: Mapping[str, Total]


def read_route(frame: Frame, place: Field) -> Route:
    """Raises PolicyError for a route that a case could not walk, or not in time."""
    here = place.record("ladder", "limits", "hops", "totals", "pauses", "departments")
    singles = {code: _limits(frame, at) for code, at in here["limits"].entries().items()}
    places = here["hops"].items()
    hops = tuple(_hop(frame, at) for at in places)
    _check_ways(here["hops"], places, hops)
    totals = {}
    for code, at in here["totals"].entries().items():
        totals[code] = _total(frame, code, at, {*singles, *(one.hop for one in hops)})
        _check_total(frame, at, totals[code], tuple(zip(hops, places, strict=True)), singles)
    if "journey" not in totals:
        raise here["totals"].wrong("has no journey", "add the limit of the whole journey")
    pauses = _pauses(frame, here["pauses"], {f"{one.hop}.{step.code}" for one in hops for step in one.steps})
    departments = tuple(_responsible(at) for at in here["departments"].items())
    if not departments:
        raise here["departments"].wrong("is empty", "add the county's functional departments")
    _once(here["departments"], [one.code for one in departments])
    ladder = read_ladder(frame, here["ladder"])
    return Route(hops, ladder, pauses, departments, MappingProxyType(singles), MappingProxyType(totals))


def _hop(frame: Frame, place: Field) -> RouteHop:
    here = place.record("hop", "names", "office", "next", "returns_to", "steps", "evidence")
    follows, returns_to = _hops(here["next"]), _hops(here["returns_to"])
    steps = tuple(_step(frame, at) for at in here["steps"].items())
    _once(here["steps"], [one.code for one in steps])
    if all(one.is_aside for one in steps):
        raise here["steps"].wrong("has no step on the main way", "add at least one")
    for at, step in zip(here["steps"].items(), steps, strict=True):
        is_last = step is [one for one in steps if not one.is_aside][-1]
        _check_actions(at, step, bool(follows) or not is_last, bool(returns_to) or step is not steps[0])
    return RouteHop(
        hop=cast(Hop, here["hop"].choice(*HOPS)),
        names=names(here["names"]),
        office=names(here["office"]),
        follows=follows,
        returns_to=returns_to,
        steps=steps,
        evidence=tuple(_evidence(at) for at in here["evidence"].items()),
    )


def _check_actions(place: Field, step: HopStep, goes_on: bool, goes_back: bool) -> None:
    """The first action leads on, or out; none leads where there is no way."""
    on = goes_on and not step.is_aside
    if not on and all(one.effect != "ends" for one in step.actions):
        raise place.wrong(f"({step.code}) has no way out", "name a hop in next, or add an action that ends the case")
    if step.actions[0].effect != ("onward" if on else "ends"):
        raise place.wrong(f"({step.code}) does not begin with the ordinary way on", "put it first")
    for one in step.actions:
        if one.effect == "returns" and not goes_back:
            raise place.wrong(f"({step.code}) has {one.code}, but this hop returns to none", "name one in returns_to")
        if one.effect == "onward" and not on and not step.is_aside:
            raise place.wrong(f"({step.code}) has {one.code}, but no hop follows", "name a hop in next")
        if one.needs_reason and not one.reasons:
            raise place.wrong(f"({step.code}) has {one.code}, which needs a reason and has none", "add its reasons")


def _hops(place: Field) -> tuple[Hop, ...]:
    found = tuple(cast(Hop, at.choice(*HOPS)) for at in place.items())
    _once(place, found)
    return found


def _step(frame: Frame, place: Field) -> HopStep:
    here = place.record("step", "names", "limit", "actions", optional=("aside", "signs", "fixed"))
    actions = tuple(_action(at) for at in here["actions"].items())
    if not actions:
        raise here["actions"].wrong("is empty", "add at least one")
    _once(here["actions"], [one.code for one in actions])
    return HopStep(
        code=here["step"].code(),
        names=names(here["names"]),
        limits=_limits(frame, here["limit"]),
        is_aside="aside" in here and here["aside"].truth(),
        signs="signs" in here and here["signs"].truth(),
        is_fixed="fixed" in here and here["fixed"].truth(),
        actions=actions,
    )


def _pauses(frame: Frame, place: Field, known: set[str]) -> Pauses:
    here = place.record("steps", "times_most", "longest", "reasons")
    steps = frozenset(at.choice(*sorted(known)) for at in here["steps"].items())
    times = int(here["times_most"].number(Decimal(1), Decimal(10), True))
    reasons = tuple(reason(at) for at in here["reasons"].items())
    if not reasons:
        raise here["reasons"].wrong("is empty", "a clock stops for a coded reason only: add at least one")
    return Pauses(steps, times, _over_time(frame, here["longest"]), reasons)


def _responsible(place: Field) -> Responsible:
    here = place.record("code", "zh", "en", "concerns")
    known = tuple(one.code for one in CONCERNS)
    concerns = frozenset(at.choice(*known) for at in here["concerns"].items())
    return Responsible(here["code"].code(), Names(here["zh"].text(), here["en"].text()), concerns)


def _action(place: Field) -> HopAction:
    here = place.record("action", "names", "effect", optional=("needs_reason", "reasons"))
    reasons = tuple(reason(at) for at in here["reasons"].items()) if "reasons" in here else ()
    _once(place, [one.code for one in reasons])
    return HopAction(
        code=here["action"].code(),
        names=names(here["names"]),
        effect=cast(Effect, here["effect"].choice(*EFFECTS)),
        needs_reason="needs_reason" in here and here["needs_reason"].truth(),
        reasons=reasons,
    )


def reason(place: Field) -> Reason:
    here = place.record("code", "zh", "en")
    return Reason(here["code"].code(), Names(here["zh"].text(), here["en"].text()))


def _evidence(place: Field) -> Evidence:
    here = place.record("code", "zh", "en", "required")
    return Evidence(here["code"].code(), Names(here["zh"].text(), here["en"].text()), here["required"].truth())


def names(place: Field) -> Names:
    here = place.record("zh", "en")
    return Names(here["zh"].text(), here["en"].text())


def _limits(frame: Frame, place: Field) -> Limits:
    """By level, or `every_level` for one that is the same for all."""
    found = place.entries()
    if set(found) == {"every_level"}:
        same = _over_time(frame, found["every_level"])
        return MappingProxyType({level: same for level in LEVELS})
    here = place.record(*LEVELS)
    return MappingProxyType({level: _over_time(frame, here[level]) for level in LEVELS})


def _over_time(frame: Frame, place: Field) -> tuple[Limit, ...]:
    return tuple(_limit(one) for one in figures(frame, place, *LIMIT_UNITS))


def _limit(one: Dated[Decimal]) -> Limit:
    return Limit(
        value=int(one.value),
        unit=one.unit,
        valid_from=one.valid_from,
        source=one.source,
        verified=one.verified,
        valid_to=one.valid_to,
        document=one.document,
    )


def _total(frame: Frame, code: str, place: Field, known: set[str]) -> Total:
    here = place.record("covers", "limit")
    covers = [at.choice(*sorted(known)) for at in here["covers"].items()]
    _once(here["covers"], covers)
    if not covers:
        raise here["covers"].wrong("is empty", "name the hops and limits that it covers")
    return Total(code, _limits(frame, here["limit"]), frozenset(covers))


def _once(place: Field, codes: Sequence[str]) -> None:
    for code in codes:
        if codes.count(code) > 1:
            raise place.wrong(f"has {code} twice", "keep one of them")


def _check_ways(place: Field, places: Sequence[Field], hops: Sequence[RouteHop]) -> None:
    """Every hop is reached from the first, and going on never comes back: so every way leads to an end."""
    if not hops:
        raise place.wrong("is empty", "add the hops of the route")
    _once(place, [one.hop for one in hops])
    by_name = {one.hop: one for one in hops}
    for at, one in zip(places, hops, strict=True):
        for other in (*one.follows, *one.returns_to):
            if other not in by_name:
                raise at.wrong(f"({one.hop}) names {other}, which is not on the route", "add that hop")
    reached = _reached(by_name, hops[0].hop)
    for at, one in zip(places, hops, strict=True):
        if one.hop not in reached:
            raise at.wrong(f"({one.hop}) cannot be reached", f"name {one.hop} in the next of another hop")
        if one.hop in chain.from_iterable(_reached(by_name, other) for other in one.follows):
            raise at.wrong(f"({one.hop}) comes back to itself: no way out", "use returns_to for a way back")


def _reached(by_name: Mapping[Hop, RouteHop], first: Hop) -> set[Hop]:
    found: set[Hop] = set()
    ahead = [first]
    while ahead:
        hop = ahead.pop()
        if hop not in found:
            found.add(hop)
            ahead += by_name[hop].follows
    return found


def _check_total(
    frame: Frame, place: Field, total: Total, placed: Sequence[tuple[RouteHop, Field]], singles: Mapping[str, Limits]
) -> None:
    """On every day on which a limit changes, for every level: no hop, and no way through the hops, over the total."""
    hops = [one for one, _ in placed]
    for level in LEVELS:
        for day in _changes(frame, total, hops, singles, level):
            allowed = nearest(total.limits[level], day)
            most = f"{allowed.value} {allowed.unit} of {total.code} ({level})"
            for one, at in placed:
                if one.hop in total.covers and _hop_days(one, level, day) > allowed.days:
                    took = f"({one.hop}) alone takes {_hop_days(one, level, day)} days, over the {most}"
                    raise at.wrong(took, "shorten this hop or raise that total")
            beside = sum(nearest(singles[c][level], day).days for c in total.covers if c in singles)
            longest = beside + _longest(hops, total.covers, level, day)
            if longest > allowed.days:
                took = f"is over its limit: the longest way takes {longest} days, over the {most}"
                raise place.wrong(took, "shorten its hops or raise the total")


def _changes(
    frame: Frame, total: Total, hops: Iterable[RouteHop], singles: Mapping[str, Limits], level: Level
) -> list[date]:
    every: Iterator[Limits] = chain(
        (total.limits,), singles.values(), (step.limits for one in hops for step in one.steps)
    )
    return sorted({frame.valid_from, *(one.valid_from for limits in every for one in limits[level])})


def _hop_days(hop: RouteHop, level: Level, day: date) -> int:
    return sum(nearest(step.limits[level], day).days for step in hop.main_steps)


def _longest(hops: Sequence[RouteHop], covers: frozenset[str], level: Level, day: date) -> int:
    by_name = {one.hop: one for one in hops}
    known: dict[Hop, int] = {}

    def from_here(hop: Hop) -> int:
        if hop not in known:
            own = _hop_days(by_name[hop], level, day) if hop in covers else 0
            known[hop] = own + max((from_here(other) for other in by_name[hop].follows), default=0)
        return known[hop]

    return from_here(hops[0].hop)
