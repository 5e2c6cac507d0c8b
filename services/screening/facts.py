"""Facts: what departments' records say of a household, as the rules read them. Pure.

A fact is named by its record; a correction replaces it, a withdrawal removes it. The digest keeps the live facts that
some rule's longest window still reads; the whole history stands in the table `facts`.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import msgspec

from shared.contracts.data import Cover, Fact, HouseGrade, Settlement


class SettlementFact(msgspec.Struct, frozen=True, array_like=True, tag="s"):
    """`yuan` is what counts: the in-scope self-paid sum, or the self-paid one where the former is absent."""

    record_id: str
    settled_on: date
    yuan: Decimal
    is_in_scope: bool
    reverses: str | None


class CoverFact(msgspec.Struct, frozen=True, array_like=True, tag="c"):
    record_id: str
    person_id: str
    occurred_on: date
    status: str


class HouseFact(msgspec.Struct, frozen=True, array_like=True, tag="h"):
    record_id: str
    inspected_on: date
    grade: str


Live = SettlementFact | CoverFact | HouseFact


def live_of(fact: Fact) -> Live | None:
    """The fact as the rules read it; None for a withdrawal."""
    match fact.values:
        case Settlement() as said:
            in_scope = said.in_scope_self_paid_yuan
            counted = said.self_paid_yuan if in_scope is None else in_scope
            return SettlementFact(fact.record_id, said.settled_on, counted, in_scope is not None, said.reverses)
        case Cover() as said:
            return CoverFact(fact.record_id, str(fact.person_id or ""), fact.occurred_on, said.status)
        case HouseGrade() as said:
            return HouseFact(fact.record_id, said.inspected_on, said.grade)
        case None:
            return None


def department_of(fact: Live) -> str:
    """Record ids are a department's own: two departments may use the same one."""
    return "housing" if isinstance(fact, HouseFact) else "medical_insurance"


def replaced(facts: tuple[Live, ...], fact: Fact) -> tuple[Live, ...]:
    """The live facts after this one: its earlier version goes, its new one stands at the end."""
    rest = tuple(one for one in facts if one.record_id != fact.record_id or department_of(one) != fact.department)
    new = live_of(fact)
    return rest if new is None else (*rest, new)


FACTS_BEFORE_PRUNING = 16
"""Rules leave aside what their windows do not read; pruning only keeps the digest small (20 facts are 0.7 kB)."""


def prune(facts: tuple[Live, ...], today: date) -> tuple[Live, ...]:
    """What no window reads any more goes: settlements before the longest window, with the refunds of them, and of
    covers and houses all but the newest word. A superseded word that is corrected or withdrawn later is still in the
    history; what it would change is the newest word's to say."""
    if len(facts) <= FACTS_BEFORE_PRUNING:
        return facts
    since = window_start(today)
    settled = {one.record_id: one for one in facts if isinstance(one, SettlementFact)}
    kept: list[Live] = []
    for one in facts:
        match one:
            case SettlementFact():
                counted_as = settled.get(one.reverses or one.record_id, one)
                if counted_as.settled_on >= since:
                    kept.append(one)
            case _:
                kept.append(one)
    return tuple(_newest(kept))


WORDS_KEPT = 4
"""Of each person's covers and of a house's inspections this many newest words stay, so that the withdrawal of the
newest lets the one before it speak again."""


def _newest(facts: Iterable[Live]) -> list[Live]:
    kept, seen = [], dict[str, int]()
    for one in sorted(facts, key=_told_on, reverse=True):
        name = one.person_id if isinstance(one, CoverFact) else "house" if isinstance(one, HouseFact) else ""
        if name:
            seen[name] = seen.get(name, 0) + 1
            if seen[name] > WORDS_KEPT:
                continue
        kept.append(one)
    return kept[::-1]


def _told_on(fact: Live) -> date:
    match fact:
        case SettlementFact():
            return fact.settled_on
        case CoverFact():
            return fact.occurred_on
        case HouseFact():
            return fact.inspected_on


def window_start(today: date) -> date:
    """The first day that any window reads: 1 January, or the day after this one a year ago, whichever is earlier."""
    return min(date(today.year, 1, 1), year_before(today))


def year_before(day: date) -> date:
    """The same day a year earlier; 28 February for the leap day."""
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)
