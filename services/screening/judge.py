"""Judge: everything that the rules find in one household on one day. Pure; the same live, in replay and in a test.

Only the rules whose facts are there run. Where the register's row is not there yet the judgement is provisional: it
speaks only if it would for every kind of household, by the mildest answer, and says nothing that needs an income.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from services.screening.facts import Facts
from services.screening.household import Known
from services.screening.lines import Lines
from services.screening.rules import BY_DEPARTMENT
from services.screening.rules.finding import RANK, Measured, Quiet, Sight
from shared.policy import Policy, load


class Judgement(NamedTuple):
    """Findings, the gravest first, and the days after today from which time alone may change them."""

    found: list[Measured]
    turns: list[date]


def judge(facts: Facts, sights: Sequence[Sight], lines: Lines, today: date) -> Judgement:
    """`sights`: the household as it is known, or one of each kind."""
    answers = [_checked(facts, sight, lines, today) for sight in sights]
    found, turns = answers[0] if len(answers) == 1 else _common(answers)
    if len(found) > 1:
        found.sort(key=lambda one: (-RANK[one.level], one.key))
    return Judgement(found, turns)


def sights_of(known: Known | None, policy: Policy) -> Sequence[Sight]:
    """One; of a household that the register does not know yet one of each kind, the highest threshold last."""
    if known is None:
        return [Sight(kind) for kind in policy.household_kinds]
    return (sight_of(known, policy),)


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
    return Sight(kind, income, known.earners, known.young, known.grown)


def _checked(facts: Facts, sight: Sight, lines: Lines, today: date) -> Judgement:
    found: list[Measured] = []
    turns: list[date] = []
    for department, mine in facts.items():
        for one in BY_DEPARTMENT[department].check(mine, sight, lines.rules[department], today):
            if isinstance(one, Measured):
                found.append(one)
            else:
                turns.append(one)
    return Judgement(found, turns)


def _common(judgements: Sequence[Judgement]) -> Judgement:
    """What is found for each of them, with the mildest of their answers; of equal ones the last one's."""
    answers = [{one.key: one for one in each.found} for each in judgements]
    common = [key for key in answers[-1] if all(key in answer for answer in answers)]
    found = [_mildest([answer[key] for answer in answers]) for key in common]
    return Judgement(found, [day for each in judgements for day in each.turns])


def _mildest(answers: Sequence[Measured]) -> Measured:
    return min(reversed(answers), key=lambda one: RANK[one.level])
