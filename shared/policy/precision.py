"""Precision: when few of a rule's warnings proved true, its owner is asked to look at it; which rules never are.

A life, a child at school and a house that may fall weigh more than many visits in vain.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from shared.domain.dated import Dated, nearest
from shared.policy.reading import Field
from shared.policy.values import DATED, DATED_TOO, Frame, dated, figures

FIGURES: Mapping[str, str] = {"share": "ratio", "judged": "warnings"}
"""Both are a must, in this unit."""


@dataclass(frozen=True, slots=True)
class Exempt:
    """A rule that is never flagged; with `values` only what it finds of these (a house's grade)."""

    rule: str
    values: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Precision:
    """A rule is flagged whose share of hits is under `share` where people have judged at least `judged` warnings."""

    share: Dated[Decimal]
    judged: Dated[Decimal]
    exempt: tuple[Exempt, ...]


@dataclass(frozen=True, slots=True)
class DatedPrecision:
    _figures: Mapping[str, tuple[Dated[Decimal], ...]]
    _exempt: tuple[Dated[Exempt], ...]

    def on(self, day: date | None = None) -> Precision:
        """As of a day; the figures fall back to the nearest ones that the package has."""
        return Precision(
            share=nearest(self._figures["share"], day),
            judged=nearest(self._figures["judged"], day),
            exempt=tuple(one.value for one in self._exempt if day is None or one.holds_on(day)),
        )


def read_precision(frame: Frame, place: Field) -> DatedPrecision:
    """Raises PolicyError for a missing figure, and for a rule that is no code or stands there twice."""
    here = place.record(*FIGURES, "exempt")
    found: list[Dated[Exempt]] = []
    for item in here["exempt"].items():
        row = item.record("rule", *DATED, optional=("values", *DATED_TOO))
        rule = row["rule"].text()
        if not re.fullmatch(r"[a-z_]{1,60}\.[a-z_]{1,60}", rule):
            raise row["rule"].wrong(f"is {rule!r}", "write a rule as department.rule")
        if rule in [one.value.rule for one in found]:
            raise row["rule"].wrong(f"is {rule!r} a second time", "keep one of them")
        values = frozenset(one.code() for one in row["values"].items()) if "values" in row else frozenset()
        found.append(dated(frame, row, Exempt(rule, values), "rule"))
    return DatedPrecision(
        MappingProxyType({key: figures(frame, here[key], unit) for key, unit in FIGURES.items()}), tuple(found)
    )
