"""Judge: everything that the rules find in one household on one day. Pure; the same live, in replay and in a test.

Where the register's row is not there yet the judgement is provisional: it speaks only if it would for every kind of
household, at the highest threshold, and says nothing that needs an income.
"""

from collections.abc import Sequence
from datetime import date

from services.screening.facts import Live
from services.screening.household import Known
from services.screening.rules import RULES
from services.screening.rules.finding import RANK, Lines, Measured, Sight
from shared.policy import Policy


def judge(facts: Sequence[Live], known: Known | None, policy: Policy, lines: Lines, today: date) -> list[Measured]:
    """Findings, the gravest first."""
    if not facts:
        return []
    if known is None:
        found = _for_every_kind(facts, policy, lines, today)
    else:
        kind = policy.household_kind(known.poverty_history, known.monitoring)
        income = (known.income_year, known.income_yuan) if known.income_year and known.income_yuan is not None else None
        found = _checked(facts, Sight(kind, income), lines, today)
    return sorted(found, key=lambda one: (-RANK[one.level], one.key))


def _checked(facts: Sequence[Live], sight: Sight, lines: Lines, today: date) -> list[Measured]:
    return [one for rule in RULES for one in rule.check(facts, sight, lines, today)]


def _for_every_kind(facts: Sequence[Live], policy: Policy, lines: Lines, today: date) -> list[Measured]:
    answers = {
        kind: {one.key: one for one in _checked(facts, Sight(kind, None), lines, today)}
        for kind in policy.household_kinds
    }
    strictest = max(policy.household_kinds, key=lambda kind: lines.self_paid[kind].value)
    return [one for key, one in answers[strictest].items() if all(key in answer for answer in answers.values())]
