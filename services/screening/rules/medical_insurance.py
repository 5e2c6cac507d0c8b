"""Medical insurance 医保: what a household paid itself within scope, and who is without cover.

Self-paid: the sum of the calendar year or of the rolling twelve months, whichever is larger, at or over the household's
threshold; one level higher where it is also a set share of its known yearly income. A refund counts on the day of the
settlement that it takes back, and not at all where that one does not stand (people's needs D2, D3).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.screening.facts import CoverFact, Live, SettlementFact, year_before
from services.screening.rules.finding import Lines, Measured, Sight

DEPARTMENT = "medical_insurance"
READS: tuple[str, ...] = ("settlement", "cover")
SELF_PAID, COVER = "medical_insurance.self_paid", "medical_insurance.cover"


@dataclass(frozen=True, slots=True)
class Paid:
    """What was paid in one window. `window` is year or rolling; `is_in_scope` false where a plain sum had to count."""

    window: str
    yuan: Decimal
    last_on: date
    record_ids: tuple[str, ...]
    is_in_scope: bool


def check(facts: Sequence[Live], sight: Sight, lines: Lines, today: date) -> Iterator[Measured]:
    line = lines.self_paid[sight.kind].value
    if _most(facts) >= line:
        paid = self_paid(facts, today)
        if paid is not None and paid.yuan >= line:
            yield _burden(paid, sight, lines, today)
    yield from _without_cover(facts, lines)


def _most(facts: Sequence[Live]) -> Decimal:
    """More than any window can hold: what lies under the line even so, as nearly every household does, is done with."""
    return sum((one.yuan for one in facts if isinstance(one, SettlementFact) and one.yuan > 0), Decimal(0))


def self_paid(facts: Sequence[Live], today: date) -> Paid | None:
    """The larger window; None when no settlement lies in either."""
    settled = {one.record_id: one for one in facts if isinstance(one, SettlementFact)}
    year: list[tuple[date, SettlementFact]] = []
    rolling: list[tuple[date, SettlementFact]] = []
    since = year_before(today)
    for one in settled.values():
        counted_as = settled.get(one.reverses) if one.reverses else one
        if counted_as is None or counted_as.settled_on > today:
            continue
        if counted_as.settled_on.year == today.year:
            year.append((counted_as.settled_on, one))
        if counted_as.settled_on > since:
            rolling.append((counted_as.settled_on, one))
    windows = [_paid(name, parts) for name, parts in (("year", year), ("rolling", rolling)) if parts]
    return max(windows, key=lambda paid: paid.yuan, default=None)


def _paid(window: str, parts: list[tuple[date, SettlementFact]]) -> Paid:
    return Paid(
        window,
        sum((one.yuan for _, one in parts), Decimal(0)),
        max(day for day, _ in parts),
        tuple(sorted(one.record_id for _, one in parts)),
        all(one.is_in_scope for _, one in parts),
    )


def _burden(paid: Paid, sight: Sight, lines: Lines, today: date) -> Measured:
    line, ratio = lines.self_paid[sight.kind], lines.income_ratio
    is_heavy = sight.income is not None and paid.yuan >= sight.income[1] * ratio.value
    words = {
        "window": paid.window,
        "year": str(today.year),
        "value": f"{paid.yuan:,.2f}",
        "line": f"{line.value:,.2f}",
        "kind": sight.kind,
        "since": line.valid_from.isoformat(),
        "last_on": paid.last_on.isoformat(),
        "scope": "in_scope" if paid.is_in_scope else "self_paid",
        "income": "unknown" if sight.income is None else "heavy" if is_heavy else "light",
    }
    if sight.income is not None:
        year, yuan = sight.income
        share = f"{paid.yuan / yuan * 100:.1f}" if yuan > 0 else ""
        words |= {"income_year": str(year), "income_yuan": f"{yuan:,.2f}", "share": share}
    return Measured(
        SELF_PAID, "", DEPARTMENT, "medical_burden", lines.over_ratio if is_heavy else lines.at_threshold,
        f"{paid.yuan:.2f}", f"{line.value:.2f}", "yuan", line.verified, paid.last_on, paid.record_ids, words,
    )  # fmt: skip


def _without_cover(facts: Sequence[Live], lines: Lines) -> Iterator[Measured]:
    """The latest word about each person, by the day on which it was true."""
    latest: dict[str, CoverFact] = {}
    for one in facts:
        if isinstance(one, CoverFact):
            known = latest.get(one.person_id)
            if known is None or one.occurred_on >= known.occurred_on:
                latest[one.person_id] = one
    for one in latest.values():
        told = lines.cover[one.status]
        if told.value is not None:
            yield Measured(
                COVER, one.person_id, DEPARTMENT, "insurance_gap", told.value,
                one.status, "insured", "status", told.verified, one.occurred_on, (one.record_id,),
                {"status": one.status, "occurred_on": one.occurred_on.isoformat()},
            )  # fmt: skip
