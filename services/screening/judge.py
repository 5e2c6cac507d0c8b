"""Judge: everything that the rules find in one household on one day. Pure; the same live, in replay and in a test.

Only the rules whose facts are there run. Where the register's row is not there yet the judgement is provisional: it
speaks only if it would for every kind of household, by the mildest answer, and says nothing that needs an income.
"""

from collections.abc import Sequence
from datetime import date

from services.screening.facts import Facts
from services.screening.household import Known
from services.screening.lines import Lines
from services.screening.rules import BY_DEPARTMENT
from services.screening.rules.finding import RANK, Measured, Quiet, Sight
from shared.policy import Policy


def judge(facts: Facts, known: Known | None, policy: Policy, lines: Lines, today: date) -> list[Measured]:
    """Findings, the gravest first."""
    if not facts:
        return []
    if known is None:
        found = _for_every_kind(facts, policy, lines, today)
    else:
        found = _checked(facts, sight_of(known, policy), lines, today)
    return sorted(found, key=lambda one: (-RANK[one.level], one.key)) if len(found) > 1 else found


def looked_at(facts: Facts, known: Known | None, policy: Policy, lines: Lines, today: date) -> list[Quiet]:
    """What the rules looked at and did not warn of; by the highest threshold where the register says nothing yet."""
    sight = Sight(policy.household_kinds[-1]) if known is None else sight_of(known, policy)
    return [
        one
        for department, mine in facts.items()
        for one in BY_DEPARTMENT[department].why_not(mine, sight, lines.rules[department], today)
    ]


def sight_of(known: Known, policy: Policy) -> Sight:
    kind = policy.household_kind(known.poverty_history, known.monitoring)
    income = (known.income_year, known.income_yuan) if known.income_year and known.income_yuan is not None else None
    return Sight(kind, income, known.earners, known.young)


def _checked(facts: Facts, sight: Sight, lines: Lines, today: date) -> list[Measured]:
    return [
        one
        for department, mine in facts.items()
        for one in BY_DEPARTMENT[department].check(mine, sight, lines.rules[department], today)
    ]


def _for_every_kind(facts: Facts, policy: Policy, lines: Lines, today: date) -> list[Measured]:
    """What is found for each kind, with the mildest of their answers; of equal ones the last kind's."""
    answers = [{one.key: one for one in _checked(facts, Sight(kind), lines, today)} for kind in policy.household_kinds]
    common: Sequence[str] = [key for key in answers[-1] if all(key in answer for answer in answers)]
    return [_mildest([answer[key] for answer in answers]) for key in common]


def _mildest(answers: Sequence[Measured]) -> Measured:
    return min(reversed(answers), key=lambda one: RANK[one.level])
