"""Facts: what departments' records say of a household, by department, as each one's rule reads them. Pure.

A fact is named by its record; a correction replaces it, a withdrawal removes it. The digest keeps the live facts that
some rule's longest window still reads; the whole history stands in the table `facts`.
"""

from collections.abc import Mapping
from datetime import date

from services.screening.rules import BY_DEPARTMENT
from services.screening.rules.finding import Live
from shared.contracts.data import Fact

Facts = Mapping[str, tuple[Live, ...]]
"""Department → its live facts, the newest known last; a department without any is left out."""


def replaced(facts: Facts, fact: Fact) -> Facts:
    """The live facts after this one: its earlier version goes, its new one stands at the end."""
    rule = BY_DEPARTMENT.get(fact.department)
    if rule is None:
        return facts
    new = rule.live_of(fact)
    mine = [one for one in facts.get(fact.department, ()) if one.record_id != fact.record_id]
    return _with(facts, fact.department, tuple(mine) if new is None else (*mine, new))


FACTS_BEFORE_PRUNING = 16
"""Rules leave aside what their windows do not read; pruning only keeps the digest small (20 facts are 0.7 kB)."""


def pruned(facts: Facts, department: str, today: date) -> Facts:
    """Without what this department's rule does not read any more, once its facts have grown. A superseded word that is
    corrected or withdrawn later is still in the history; what it would change is the newest word's to say."""
    mine = facts.get(department, ())
    if len(mine) <= FACTS_BEFORE_PRUNING:
        return facts
    return _with(facts, department, tuple(BY_DEPARTMENT[department].kept(mine, today)))


def _with(facts: Facts, department: str, mine: tuple[Live, ...]) -> Facts:
    if mine:
        return {**facts, department: mine}
    return {code: others for code, others in facts.items() if code != department}
