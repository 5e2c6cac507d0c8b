"""What a rule says, and what it is told to judge by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import cast

from shared.contracts.types import Level
from shared.domain.concerns import BY_CODE
from shared.domain.dated import Dated
from shared.policy import Policy

RANK: Mapping[str, int] = {"yellow": 1, "orange": 2, "red": 3}


@dataclass(frozen=True, slots=True)
class Sight:
    """A household as a rule sees it. `kind` decides the threshold; `income` is (year, yuan) where it is known."""

    kind: str
    income: tuple[int, Decimal] | None


@dataclass(frozen=True, slots=True)
class Measured:
    """A rule's answer. `about` tells findings of one rule apart (a person); `words` fills the rule's sentences."""

    rule: str
    about: str
    department: str
    concern: str
    level: Level
    value: str
    threshold: str
    unit: str
    is_verified: bool
    occurred_on: date
    record_ids: tuple[str, ...]
    words: Mapping[str, str]

    @property
    def key(self) -> str:
        return f"{self.rule}|{self.about}"


@dataclass(frozen=True, slots=True)
class Lines:
    """The package's values of one day, looked up once: a rule that runs a million times reads plain attributes."""

    self_paid: Mapping[str, Dated[Decimal]]
    income_ratio: Dated[Decimal]
    at_threshold: Level
    over_ratio: Level
    cover: Mapping[str, Dated[Level | None]]
    house: Mapping[str, Dated[Level | None]]
    clue: Mapping[str, Dated[Level]]


def lines_of(policy: Policy, today: date) -> Lines:
    """Raises LookupError when a package lacks a value: it would have been refused at load."""
    at_threshold = policy.level("medical.self_paid", "at_threshold", today).value
    over_ratio = policy.level("medical.self_paid", "over_income_ratio", today).value
    assert at_threshold is not None and over_ratio is not None, "the package gives both a level"
    statuses = ("insured", "uninsured", "paused", "arrears", "employee", "resident", "elsewhere")
    return Lines(
        self_paid={kind: policy.value(f"medical.self_paid.{kind}", today) for kind in policy.household_kinds},
        income_ratio=policy.value("medical.self_paid.income_ratio", today),
        at_threshold=at_threshold,
        over_ratio=over_ratio,
        cover={status: policy.level("medical.cover", status, today) for status in statuses},
        house={grade: policy.level("housing.house_grade", grade, today) for grade in "ABCD"},
        clue={code: _told_level(policy, code, today) for code in (*BY_CODE, "green")},
    )


def _told_level(policy: Policy, code: str, today: date) -> Dated[Level]:
    """What is told always has a level: a package that says `none` here was refused at load."""
    return cast(Dated[Level], policy.level("clue.concern", code, today))
