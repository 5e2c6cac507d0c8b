"""A policy package: everything that the field decided and software only looks up, read from one YAML file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeVar, cast

from shared.contracts.types import Hop, Level
from shared.domain.concerns import BY_CODE
from shared.domain.dated import Dated, nearest, overlap
from shared.domain.dated import on as holding_on
from shared.domain.division import pad, trim
from shared.policy.ladder import Ladder
from shared.policy.notices import DatedNoticeRules, read_notices
from shared.policy.precision import DatedPrecision, read_precision
from shared.policy.reading import Field, Record, read
from shared.policy.route import (
    LEVELS,
    HopAction,
    HopStep,
    Limit,
    Limits,
    Names,
    Pauses,
    Reason,
    Responsible,
    Route,
    RouteHop,
    names,
    read_route,
    reason,
)
from shared.policy.values import DATED, DATED_TOO, UNITS, Frame, covering, dated, figures

Thing = TypeVar("Thing")

GreenWhen = Literal["always", "declared_sudden"]
"""When a declared risk goes by the green channel: whenever it is named, or only when told as sudden."""
HouseholdKind = Literal["monitored", "others"]
"""Which threshold counts for a household: monitored and lifted-out ones, or the others."""
KINDS: tuple[HouseholdKind, ...] = ("monitored", "others")

REQUIRED: Mapping[str, str] = {
    **{f"medical.self_paid.{kind}": "yuan" for kind in KINDS},
    "medical.self_paid.income_ratio": "ratio",
    "medical.self_paid.rolling_window": "months",
    "medical.self_paid.calendar_window": "calendar_years",
    "education.compulsory_age.least": "years_of_age",
    "education.compulsory_age.most": "years_of_age",
    "education.cost": "yuan",
    "education.cost.counted": "months",
    "water.supply.off": "calendar_days",
    "civil_affairs.watch": "months",
    "human_resources.out_of_work.single_earner": "months",
    "human_resources.out_of_work.others": "months",
    "human_resources.wage_arrears": "yuan",
    "human_resources.wage_arrears.window": "months",
    "rural_revitalization.project_failure": "yuan",
    "rural_revitalization.project_failure.window": "months",
    "visit.visitors_least": "people",
    "planned.within": "calendar_days",
    "declaration.attached": "calendar_days",
    "screening.cool_down": "calendar_days",
    "screening.audit_share": "ratio",
    "appeal.most": "times",
    "identity.matched": "hours",
    "review.quorum": "ratio",
    "review.majority": "ratio",
    "grid.households_least": "households",
    "grid.households": "households",
    "grid.households_most": "households",
    "feed.period": "calendar_days",
    "feed.silent": "times",
}
"""The figures that the rules and hops read, with their unit: a package without one of them is refused."""

KEPT_MOST: Mapping[str, int] = {
    "medical.self_paid.rolling_window": 12,
    "medical.self_paid.calendar_window": 1,
    "education.cost.counted": 36,
    "rural_revitalization.project_failure.window": 48,
}
"""Windows over which sums are taken, in their unit: a longer one would count what pruning has let go."""

REQUIRED_LEVELS: Mapping[str, tuple[str, ...]] = {
    "medical.self_paid": ("at_threshold", "over_income_ratio"),
    "medical.cover": ("insured", "uninsured", "paused", "arrears", "employee", "resident", "elsewhere"),
    "housing.house_grade": ("A", "B", "C", "D"),
    "education.enrolment": ("enrolled", "suspected_dropout", "dropped_out", "not_enrolled"),
    "education.enrolment_outside": ("enrolled", "suspected_dropout", "dropped_out", "not_enrolled"),
    "education.cost": ("at_threshold",),
    "water.supply": ("off", "quality_fail"),
    "civil_affairs.ended": ("subsistence", "extreme_poverty", "temporary_relief", "orphan", "other"),
    "human_resources.employment": ("single_earner", "others"),
    "human_resources.wage_arrears": ("at_threshold",),
    "rural_revitalization.project_failure": ("at_threshold",),
    "clue.concern": (*BY_CODE, "green"),
}
"""The tables that give a level to what a record says. Every code is listed: `none` is said, never meant."""

NEVER_NONE = frozenset({"clue.concern"})
"""What a person reported is always looked at: `none` is refused there."""


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of monitored household. `within` names the category of which it is an optional sub-category.

    Nothing decides by it yet: it is for the public notice's category, which is still typed, and for the national form;
    the packages hold it because the three kinds of 2021–2025 have no document that ends them.
    """

    code: str
    names: Names
    within: str | None
    dated: Dated[str]


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One package, read only and read once: equal to itself alone. `route` is in order; every look-up by day falls back
    to the package's nearest value."""

    name: str
    names: Names
    valid_from: date
    valid_to: date | None
    route: tuple[RouteHop, ...]
    categories: tuple[Category, ...]
    risks: tuple[Reason, ...]
    green_risks: Mapping[str, Dated[GreenWhen]]
    notices: DatedNoticeRules
    precision: DatedPrecision
    _sources: Mapping[str, Names]
    _way: Route
    _values: Mapping[str, tuple[Dated[Decimal], ...]]
    _levels: Mapping[str, Mapping[str, tuple[Dated[Level | None], ...]]]
    _lines: Mapping[str, tuple[Dated[Decimal], ...]]
    _kinds: Mapping[HouseholdKind, Mapping[str, frozenset[str]]]

    def value(self, key: str, on: date | None = None) -> Dated[Decimal]:
        """A figure by its key. Raises LookupError for a key that the package does not have."""
        return nearest(_found(self._values, key, self.name), on)

    def source(self, told: str) -> Names:
        """A source in both languages, by its English text, with which facts carry it; that text alone where this
        package does not list it (any more)."""
        return self._sources.get(told, Names(told, told))

    def changes_after(self, day: date) -> tuple[date, ...]:
        """The later days on which a figure or a level changes, in order."""
        figures = [one.valid_from for values in self._values.values() for one in values]
        levels = [one.valid_from for table in self._levels.values() for rows in table.values() for one in rows]
        return tuple(sorted({start for start in (*figures, *levels) if start > day}))

    def level(self, table: str, code: str, on: date | None = None) -> Dated[Level | None]:
        """The level that a table gives to a code; its value is None where the table says `none`.

        Raises LookupError for a table or a code that is not there.
        """
        rows = _found(self._levels, table, self.name)
        return nearest(_found(rows, code, f"{self.name}: {table}"), on)

    def limit(self, hop: str, level: Level, step: str | None = None, on: date | None = None) -> Limit:
        """The limit of a hop's first step, or of another one of its steps. Raises LookupError."""
        return nearest(self.step(hop, step).limits[level], on)

    def step(self, hop: str, step: str | None = None) -> HopStep:
        """A step of a hop, the first one if none is named. Raises LookupError."""
        found = next((one for one in self.hop(hop).steps if step in (None, one.code)), None)
        if found is None:
            raise LookupError(f"{self.name}: hop {hop} has no step {step}")
        return found

    def single_limit(self, code: str, level: Level, on: date | None = None) -> Limit:
        """A limit that belongs to no hop: `acceptance`, `measures`, … Raises LookupError."""
        return _at(_found(self._way.singles, code, self.name), level, on)

    def total(self, code: str, level: Level, on: date | None = None) -> Limit:
        """A limit over several hops: `identification`, `journey`. Raises LookupError."""
        return _at(_found(self._way.totals, code, self.name).limits, level, on)

    def totals_of(self, hop: str) -> tuple[str, ...]:
        """The totals that cover a hop."""
        return tuple(code for code, one in self._way.totals.items() if hop in one.covers)

    @property
    def pauses(self) -> Pauses:
        return self._way.pauses

    @property
    def departments(self) -> tuple[Responsible, ...]:
        """The county's functional departments, each with the concerns that it answers for."""
        return self._way.departments

    @property
    def ladder(self) -> Ladder:
        """The steps that the alarm tells of every limit, in order."""
        return self._way.ladder

    def journey(self, level: Level, on: date | None = None) -> Limit:
        """The limit of the whole journey, from the start of its clock."""
        return self.total("journey", level, on)

    def hop(self, hop: str) -> RouteHop:
        """Raises LookupError for a hop that is not on the route."""
        found = next((one for one in self.route if one.hop == hop), None)
        if found is None:
            raise LookupError(f"{self.name}: hop {hop} is not on the route")
        return found

    def action(self, hop: str, action: str) -> HopAction:
        """An action of any step of a hop. Raises LookupError."""
        actions = (one for step in self.hop(hop).steps for one in step.actions)
        found = next((one for one in actions if one.code == action), None)
        if found is None:
            raise LookupError(f"{self.name}: hop {hop} has no action {action}")
        return found

    @property
    def hop_names(self) -> Mapping[Hop, Names]:
        return MappingProxyType({one.hop: one.names for one in self.route})

    @property
    def household_kinds(self) -> tuple[HouseholdKind, ...]:
        """All of them: a judgement that is provisional must hold for each."""
        return KINDS

    def household_kind(self, poverty_history: str, monitoring_status: str) -> HouseholdKind:
        """Which threshold counts for a household of this history and status."""
        told = {"poverty_history": poverty_history, "monitoring": monitoring_status}
        by_kind = self._kinds["monitored"]
        return "monitored" if any(told[what] in codes for what, codes in by_kind.items()) else "others"

    def income_line(self, region: str, on: date) -> Dated[Decimal] | None:
        """The line of the narrowest region around this one that has one for that very day, or None.

        Unlike the figures a line is not carried over to another year. An unverified one may warn but never
        decide.
        """
        code = trim(pad(region))
        for length in (len(code), 9, 6, 4, 2):
            found = holding_on(self._lines.get(code[:length], ()), on) if length <= len(code) else None
            if found is not None:
                return found
        return holding_on(self._lines.get("00", ()), on)


def read_package(path: Path) -> Policy:
    """Raises PolicyError with file, line and remedy for a package that is not fit to be law."""
    root = read(path)
    here = root.record(
        "package",
        "names",
        "valid_from",
        "valid_to",
        "sources",
        "values",
        "levels",
        "income_lines",
        "household_kinds",
        "precision",
        "categories",
        "risks",
        "declarations",
        "notices",
        "route",
    )
    if here["package"].text() != path.stem:
        raise here["package"].wrong("is not the name of its file", f"write {path.stem}")
    sources = {name: names(at) for name, at in here["sources"].entries().items()}
    frame = _frame(here, sources)
    route = read_route(frame, here["route"])
    return Policy(
        name=path.stem,
        names=names(here["names"]),
        valid_from=frame.valid_from,
        valid_to=frame.valid_to,
        route=route.hops,
        categories=_categories(frame, here["categories"]),
        risks=tuple(reason(at) for at in here["risks"].items()),
        green_risks=_green(frame, here["declarations"], here["risks"]),
        notices=read_notices(frame, here["notices"]),
        precision=read_precision(frame, here["precision"]),
        _sources=MappingProxyType({one.en: one for one in sources.values()}),
        _way=route,
        _values=_values(frame, here["values"]),
        _levels=_levels(frame, here["levels"]),
        _lines=_lines(frame, here["income_lines"]),
        _kinds=_kinds(here["household_kinds"]),
    )


def _frame(here: Record, sources: Mapping[str, Names]) -> Frame:
    first = here["valid_from"].day()
    last = None if here["valid_to"].is_empty() else here["valid_to"].day()
    if last is not None and last < first:
        raise here["valid_to"].wrong("lies before valid_from", "correct one of the two")
    return Frame(first, last, MappingProxyType({name: one.en for name, one in sources.items()}))


def _values(frame: Frame, place: Field) -> Mapping[str, tuple[Dated[Decimal], ...]]:
    found = place.entries()
    for key in REQUIRED:
        if key not in found:
            raise place.wrong(f"has no {key}", f"add it, in {REQUIRED[key]}")
    read = {key: figures(frame, at, *([REQUIRED[key]] if key in REQUIRED else [])) for key, at in found.items()}
    for key, most in KEPT_MOST.items():
        if any(one.value > most for one in read[key]):
            raise found[key].wrong(f"is over {most} {REQUIRED[key]}", "shorten it: no more is kept of a household")
    return MappingProxyType(read)


def _levels(frame: Frame, place: Field) -> Mapping[str, Mapping[str, tuple[Dated[Level | None], ...]]]:
    found = place.record(*REQUIRED_LEVELS)
    return MappingProxyType({table: _table(frame, table, at) for table, at in found.items()})


def _table(frame: Frame, table: str, place: Field) -> Mapping[str, tuple[Dated[Level | None], ...]]:
    """Each of the table's versions holds all codes, so that a code can never lose its level by being left
    out."""
    known = LEVELS if table in NEVER_NONE else ("none", *LEVELS)
    by_code: dict[str, list[Dated[Level | None]]] = {code: [] for code in REQUIRED_LEVELS[table]}
    for item in place.items():
        here = item.record("gives", *DATED, optional=DATED_TOO)
        gives = here["gives"].record(*by_code)
        for code, at in gives.items():
            word = at.choice(*known)
            level = None if word == "none" else cast(Level, word)
            by_code[code].append(dated(frame, here, level, "level"))
    return MappingProxyType({code: covering(frame, place, rows) for code, rows in by_code.items()})


def _lines(frame: Frame, place: Field) -> Mapping[str, tuple[Dated[Decimal], ...]]:
    """By region; years without a line are allowed (a missing line never blocks help), two for one day are
    not."""
    found: dict[str, list[Dated[Decimal]]] = {}
    for item in place.items():
        here = item.record("region", "value", "unit", *DATED, optional=DATED_TOO)
        region = here["region"].text()
        if not re.fullmatch(r"(?:[0-9]{2}){1,3}", region):
            raise here["region"].wrong(f"is {region!r}", "write 00 for the country or 2, 4 or 6 digits")
        unit = here["unit"].choice("yuan_per_person_year")
        least, most, is_whole = UNITS[unit]
        lines = found.setdefault(region, [])
        lines.append(dated(frame, here, here["value"].number(least, most, is_whole), unit))
        if overlap(lines) is not None:
            raise item.wrong(f"gives region {region} a second line on one day", "correct from or to")
    return MappingProxyType({region: tuple(lines) for region, lines in found.items()})


def _kinds(place: Field) -> Mapping[HouseholdKind, Mapping[str, frozenset[str]]]:
    here = place.record("monitored")["monitored"].record("poverty_history", "monitoring")
    return MappingProxyType(
        {
            "monitored": MappingProxyType(
                {
                    "poverty_history": _codes(here["poverty_history"], "none", "lifted_out"),
                    "monitoring": _codes(here["monitoring"], "none", "monitored", "eliminated"),
                }
            )
        }
    )


def _codes(place: Field, *known: str) -> frozenset[str]:
    return frozenset(at.choice(*known) for at in place.items())


def _categories(frame: Frame, place: Field) -> tuple[Category, ...]:
    found: list[Category] = []
    for item in place.items():
        here = item.record("code", "names", *DATED, optional=("within", *DATED_TOO))
        code = here["code"].code()
        within = here["within"].code() if "within" in here else None
        if code in [one.code for one in found]:
            raise here["code"].wrong(f"is {code!r} a second time", "keep one of them")
        if within is not None and within not in [one.code for one in found]:
            raise here["within"].wrong(f"is {within!r}", "name a category that stands above")
        found.append(Category(code, names(here["names"]), within, dated(frame, here, code, "code")))
    if not found:
        raise place.wrong("is empty", "add the categories of monitored households")
    return tuple(found)


def _green(frame: Frame, place: Field, risks: Field) -> Mapping[str, Dated[GreenWhen]]:
    known = [reason(at).code for at in risks.items()]
    found: dict[str, Dated[GreenWhen]] = {}
    for item in place.record("green_risks")["green_risks"].items():
        here = item.record("risk", "when", *DATED, optional=DATED_TOO)
        risk = here["risk"].choice(*known)
        if risk in found:
            raise here["risk"].wrong(f"is {risk!r} a second time", "keep one of them")
        found[risk] = dated(frame, here, cast(GreenWhen, here["when"].choice("always", "declared_sudden")), "when")
    return MappingProxyType(found)


def _at(limits: Limits, level: Level, on: date | None) -> Limit:
    return nearest(limits[level], on)


def _found(things: Mapping[str, Thing], key: str, where: str) -> Thing:
    if key not in things:
        raise LookupError(f"{where} has no {key}")
    return things[key]
