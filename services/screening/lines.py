"""The package's values of one day, looked up once: a rule that runs a million times reads plain attributes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

from services.screening.rules import RULES
from shared.contracts.types import Level
from shared.domain.concerns import BY_CODE
from shared.domain.dated import Dated
from shared.policy import Policy, load


@dataclass(frozen=True, slots=True)
class Lines:
    """`rules`: each department's own part, as its file made it. `clue`: the level of what is told, by its concern.

    `counted_over`: intake counts a household's reports over so long. `cool_down`: so long a finding that people have
    answered does not speak again unless it says more. `audit_share`: of the suppressed warnings this share is looked
    at. `until`: the next day on which any of these values changes.
    """

    rules: Mapping[str, Any]
    clue: Mapping[str, Dated[Level]]
    counted_over: timedelta
    cool_down: timedelta
    audit_share: Decimal
    until: date | None = None


@lru_cache(maxsize=8)
def lines_on(policy: str, today: date) -> Lines:
    """They change at midnight, not with every record. Raises LookupError when a package lacks a value: it would have
    been refused at load."""
    package = load(policy)
    lines = _lines(package, today)
    changes = (day for day in package.changes_after(today) if _lines(package, day) != lines)
    return replace(lines, until=next(changes, None))


def _lines(policy: Policy, today: date) -> Lines:
    return Lines(
        rules={rule.DEPARTMENT: rule.lines_of(policy, today) for rule in RULES},
        clue={code: _told_level(policy, code, today) for code in (*BY_CODE, "green")},
        counted_over=timedelta(days=int(policy.value("declaration.attached", today).value)),
        cool_down=timedelta(days=int(policy.value("screening.cool_down", today).value)),
        audit_share=policy.value("screening.audit_share", today).value,
    )


def _told_level(policy: Policy, code: str, today: date) -> Dated[Level]:
    """What is told always has a level: a package that says `none` here was refused at load."""
    return cast(Dated[Level], policy.level("clue.concern", code, today))
