"""Hits: what people made of each rule's warnings, by month, and which rule's owner is asked to look at it. Pure.

Identified, helped, or a difficulty that was there is a hit; wrong data and no risk
are misses; what was neither confirmed nor denied is neither. Nothing is changed by a count: the rule's owner decides.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Literal

from shared.policy import Precision
from shared.postgres import queries

SQL = queries(__file__)

JOINED_AT_ONCE = "SET LOCAL enable_nestloop = off"
"""For the transaction that counts. Under row security PostgreSQL expects a two-hundredth of either table, and one row
once it plans a repeated query without its values: then it would look through all outcomes for each warning."""

Judged = Literal["hit", "miss", "neither"]

CONFIRMED = "difficulty_confirmed"
"""Two people saw a difficulty at the household. It says something of a warning once its case has ended."""

PLACED: Mapping[str, Judged] = {
    "helped": "hit",
    "eliminated": "hit",
    # The difficulty was there, and others were quicker.
    "already_resolved": "hit",
    "no_risk": "miss",
    "false_data": "miss",
    "no_difficulty_found": "miss",
    # The household has other means, or its neighbours voted otherwise: of the difficulty itself nothing is said.
    "comparison_hit": "neither",
    "review_not_passed": "neither",
    # Ended without a coded reason.
    "closed": "neither",
}
"""Every outcome with which workflow ends a warning's case: the reason of a refusal, or the end's own name."""


def judgement(outcomes: Collection[str]) -> Judged | None:
    """What several outcomes of one warning come to; None while none has ended it.

    Help outweighs an earlier refusal (it was appealed against), and a signed reason what the visit had seen. A code
    that is placed nowhere is neither.
    """
    ends = {PLACED.get(code, "neither") for code in outcomes if code != CONFIRMED}
    if not ends:
        return None
    if "hit" in ends:
        return "hit"
    if "miss" in ends:
        return "miss"
    return "hit" if CONFIRMED in outcomes else "neither"


@dataclass(frozen=True, slots=True)
class Counts:
    """Of the warnings told (`warned`) these were closed with a hit, a miss or neither; the rest are open or were
    withdrawn."""

    warned: int = 0
    hits: int = 0
    misses: int = 0
    neither: int = 0

    @property
    def closed(self) -> int:
        return self.hits + self.misses + self.neither

    @property
    def judged(self) -> int:
        """So many of them say whether the rule was right."""
        return self.hits + self.misses

    @property
    def share(self) -> float | None:
        """Hits of the judged, from 0 to 1; None where nobody has judged one."""
        return self.hits / self.judged if self.judged else None

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.warned + other.warned,
            self.hits + other.hits,
            self.misses + other.misses,
            self.neither + other.neither,
        )


@dataclass(frozen=True, slots=True)
class Tallied:
    """So many warnings of one rule and month (2026-11) of which people made the same."""

    rule: str
    department: str
    is_exempt: bool
    month: str
    outcomes: Sequence[str]
    warnings: int


@dataclass(frozen=True, slots=True)
class RuleHits:
    """One rule's warnings. A rule of which only some values are exempt (`values`) stands twice, once with these and
    once with the rest. `months` are all of them, the oldest first."""

    rule: str
    department: str
    is_exempt: bool
    values: tuple[str, ...]
    whole: Counts
    months: tuple[tuple[str, Counts], ...]
    is_flagged: bool


def by_rule(told: Iterable[Tallied], months: Sequence[str], precision: Precision) -> list[RuleHits]:
    """Each rule that has warned in these months: the flagged ones first, then those that warned most."""
    values = {one.rule: tuple(sorted(one.values)) for one in precision.exempt}
    ordered = sorted((one for one in told if one.month in months), key=_row)
    found = []
    for (rule, department, is_exempt), of_rule in groupby(ordered, key=_row):
        counted = dict.fromkeys(months, Counts())
        for one in of_rule:
            counted[one.month] += _counts(one)
        whole = sum(counted.values(), Counts())
        is_flagged = not is_exempt and is_low(whole, precision)
        each = tuple(counted.items())
        found.append(RuleHits(rule, department, is_exempt, values.get(rule, ()), whole, each, is_flagged))
    return sorted(found, key=lambda one: (not one.is_flagged, -one.whole.warned, one.rule, one.is_exempt))


def _row(one: Tallied) -> tuple[str, str, bool]:
    return one.rule, one.department, one.is_exempt


def _counts(one: Tallied) -> Counts:
    match judgement(one.outcomes):
        case "hit":
            return Counts(one.warnings, hits=one.warnings)
        case "miss":
            return Counts(one.warnings, misses=one.warnings)
        case "neither":
            return Counts(one.warnings, neither=one.warnings)
        case None:
            return Counts(one.warnings)


def is_low(counts: Counts, precision: Precision) -> bool:
    """Whether so few of so many were hits that the rule is put in question."""
    return counts.judged >= precision.judged.value and counts.hits < precision.share.value * counts.judged


def exempt_pairs(precision: Precision) -> tuple[list[str], list[str | None]]:
    """The exempt rules as `counts` asks for them: a rule with each of its values, or with None for all it finds."""
    pairs: list[tuple[str, str | None]] = []
    for one in precision.exempt:
        pairs += [(one.rule, value) for value in sorted(one.values)] or [(one.rule, None)]
    return [rule for rule, _ in pairs], [value for _, value in pairs]


def months_until(today: date, number: int) -> list[str]:
    """So many months, the one that runs the last."""
    newest = today.year * 12 + today.month - 1
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(newest - number + 1, newest + 1)]
