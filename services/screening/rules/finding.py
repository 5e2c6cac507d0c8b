"""What a rule is: one file for one department, and the shapes in which it answers.

A rule's file holds all that is this department's own: its facts and how each is read from an event, what pruning keeps
of them, its lines (what it reads of the policy package), what it finds, on which later days time alone may change that,
and its sentences. The rest of screening loops over `RULES`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, Protocol

import msgspec

from shared.contracts.data import Fact
from shared.contracts.types import Level
from shared.contracts.warning import Words
from shared.domain.dated import Dated
from shared.domain.said_day import said_in_both
from shared.policy import Policy

RANK: Mapping[str, int] = {"yellow": 1, "orange": 2, "red": 3}


class Live(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A fact as a rule reads it, packed in the household's digest. Each kind is a subclass with a `tag` of its own
    among all rules; its fields are few and bounded. A record id is the department's own."""

    record_id: str


class Sight(msgspec.Struct, frozen=True, gc=False):
    """A household as a rule sees it. `kind` decides the threshold; the rest is None where it is not known.

    `income` is (year, yuan) of the newest known year; `earners` how many members can work; `young` the year of birth of
    each member who may be of school age, 0 where it is not told; `grown` the other members. Whoever is in neither is
    not in the register; where `grown` is not known, whoever is not in `young` is taken for grown up.
    """

    kind: str
    income: tuple[int, Decimal] | None = None
    earners: int | None = None
    young: Mapping[str, int] | None = None
    grown: Sequence[str] | None = None


Comparison = Literal["under", "at_most", "at_least", "over", "one_of", "before", "on_or_after"]
"""Of a number: under, at_most, at_least, over. Of a word: one_of, several parted by `|`. Of a day (ISO): before,
on_or_after."""


class Change(msgspec.Struct, frozen=True):
    """The smallest change of what one record says that turns a rule's answer round.

    The rule is turned as soon as `field` (of the contract's values, or `occurred_on` of the fact) of `record_id`
    makes the measured value be `comparison` `value`. `by`: how far a number or a number of days is from the line now.
    """

    record_id: str
    field: str
    comparison: Comparison
    value: str
    unit: str
    by: str = ""


RECORDS_NAMED = 100
"""So many records a finding names, those that weigh most; of how many is told beside. A sum over thousands stays a
small fact."""


def last_of(parts: Sequence[tuple[Any, ...]]) -> tuple[str, ...]:
    """The record ids of the last of (what orders them …, record id), as many as a finding names."""
    return tuple(part[-1] for part in sorted(parts)[-RECORDS_NAMED:])


class Measured(msgspec.Struct, frozen=True):
    """A finding. `about` tells findings of one rule apart (a person); `line` is the package's value that it was held
    against, with its day and source. `record_ids` are the last of `records` records that it rests on, in the order in
    which they weigh. `fills`, read as `words`, fills the rule's sentences, and `change`, read as `unless`, would
    silence it: where making them costs more than finding it did, they are given as functions, asked when it is told or
    may have to be."""

    rule: str
    about: str
    department: str
    concern: str
    level: Level
    value: str
    threshold: str
    unit: str
    line: Dated[Any]
    occurred_on: date
    record_ids: tuple[str, ...]
    change: Change | Callable[[], Change]
    fills: Mapping[str, str] | Callable[[], Mapping[str, str]] = {}
    records: int = 1

    @property
    def unless(self) -> Change:
        return self.change if isinstance(self.change, Change) else self.change()

    @property
    def words(self) -> Mapping[str, str]:
        return self.fills() if callable(self.fills) else self.fills

    @property
    def key(self) -> str:
        return f"{self.rule}|{self.about}"

    @property
    def is_verified(self) -> bool:
        return self.line.verified


Answer = Measured | date
"""What a rule says: a finding, or a day from which time alone may change what it finds."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """What a rule looked at and did not warn of. `speaks_if` would make it speak; without a record to change None."""

    rule: str
    department: str
    value: str
    threshold: str
    unit: str
    line: Dated[Any]
    occurred_on: date | None
    speaks_if: Change | None
    says: Words


class Rule(Protocol):
    """A rule's file. All functions are pure; `facts` are the live ones of this department alone, oldest known first,
    never empty; `lines` is what this file's `lines_of` gave."""

    DEPARTMENT: str
    FACTS: tuple[type[Live], ...]

    def lines_of(self, policy: Policy, today: date) -> Any:
        """This rule's part of the package on a day, looked up once a day: a small frozen dataclass of plain values.

        Raises LookupError for what the package lacks."""

    def live_of(self, fact: Fact) -> Live | None:
        """The fact as `check` reads it; None for a withdrawal and for a kind that this rule does not read."""

    def kept(self, facts: Sequence[Live], today: date) -> Sequence[Live]:
        """What a digest that has grown keeps: all that `check` may read today or on a later day."""

    def check(self, facts: Sequence[Live], sight: Sight, lines: Any, today: date) -> Iterator[Answer]:
        """What is found, and the days after today from which time alone may change that; too many are harmless, none
        missed. Where `sight` lacks something, what holds without it. Runs a million times: ifs first."""

    def sentence(self, found: Measured) -> Words:
        """The exact sentence, for township and above; the band comes from the concern."""

    def unless(self, found: Measured) -> Words:
        """`found.unless` as the middle of 若…则不预警 / No warning if …: exact."""

    def why_not(self, facts: Sequence[Live], sight: Sight, lines: Any, today: date) -> Iterator[Quiet]:
        """What was looked at and is in order, with how far it is from its line: exact."""


UNVERIFIED_ZH, UNVERIFIED_EN = "，未核实", ", unverified"


def line_since(line: Dated[Any]) -> tuple[str, str]:
    """What is said beside a line, in Chinese and in English: since when it holds, and that nobody has checked it."""
    zh, en = said_in_both(line.valid_from)
    unsure_zh, unsure_en = ("", "") if line.verified else (UNVERIFIED_ZH, UNVERIFIED_EN)
    return f"{zh}起{unsure_zh}", f"from {en}{unsure_en}"


KIND_ZH = {"monitored": "脱贫户、监测户", "others": "一般农户"}
KIND_EN = {"monitored": "households lifted out or monitored", "others": "other households"}
