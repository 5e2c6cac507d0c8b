"""Judge: everything that the rules find in one household on one day. Pure; the same live, in replay and in a test.

Only the rules whose facts are there run. Where the register's row is not there yet the judgement is provisional: it
speaks only if it would for every kind of household, by the mildest answer, and says nothing that needs an income.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from services.screening.facts import Facts
from services.screening.household import Known
from services.screening.lines import Lines
from services.screening.rules import BY_DEPARTMENT
from services.screening.rules.finding import RANK, Measured, Quiet, Sight
from shared.policy import Policy, load


def judge(facts: Facts, sights: Sequence[Sight], lines: Lines, today: date) -> list[Measured]:
    """Findings, the gravest first. `sights`: the household as it is known, or one of each kind."""
    if not facts:
        return []
    found = _checked(facts, sights[0], lines, today) if len(sights) == 1 else _common(facts, sights, lines, today)
    return sorted(found, key=lambda one: (-RANK[one.level], one.key)) if len(found) > 1 else found


def sights_of(known: Known | None, policy: Policy) -> Sequence[Sight]:
    """One; of a household that the register does not know yet one of each kind, the highest threshold last."""
    if known is None:
        return [Sight(kind) for kind in policy.household_kinds]
    return (sight_of(known, policy),)


def turns_on(facts: Facts, sights: Sequence[Sight], lines: Lines, today: date) -> list[date]:
    """The days after today from which time alone may change what is found."""
    return [
        day
        for department, mine in facts.items()
        for sight in sights
        for day in BY_DEPARTMENT[department].turns(mine, sight, lines.rules[department], today)
    ]


@lru_cache(maxsize=64)
def _kind(policy: str, poverty_history: str, monitoring: str) -> str:
    return load(policy).household_kind(poverty_history, monitoring)


def looked_at(facts: Facts, sights: Sequence[Sight], lines: Lines, today: date) -> list[Quiet]:
    """What the rules looked at and did not warn of; by the highest threshold where the register says nothing yet."""
    sight = sights[-1]
    return [
        one
        for department, mine in facts.items()
        for one in BY_DEPARTMENT[department].why_not(mine, sight, lines.rules[department], today)
    ]


def sight_of(known: Known, policy: Policy) -> Sight:
    """A household that the register knows, as the rules see it; an income counts with its year alone."""
    kind = _kind(policy.name, known.poverty_history, known.monitoring)
    income = (known.income_year, known.income_yuan) if known.income_year and known.income_yuan is not None else None
    return Sight(kind, income, known.earners, known.young)


def _checked(facts: Facts, sight: Sight, lines: Lines, today: date) -> list[Measured]:
    return [
        one
        for department, mine in facts.items()
        for one in BY_DEPARTMENT[department].check(mine, sight, lines.rules[department], today)
    ]


def _common(facts: Facts, sights: Sequence[Sight], lines: Lines, today: date) -> list[Measured]:
    """What is found for each of them, with the mildest of their answers; of equal ones the last one's."""
    answers = [{one.key: one for one in _checked(facts, sight, lines, today)} for sight in sights]
    common = [key for key in answers[-1] if all(key in answer for answer in answers)]
    return [_mildest([answer[key] for answer in answers]) for key in common]


def _mildest(answers: Sequence[Measured]) -> Measured:
    return min(reversed(answers), key=lambda one: RANK[one.level])
