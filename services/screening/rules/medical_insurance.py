"""Medical insurance 医保: what a household paid itself within scope, and who is without cover.

Self-paid: the sum of the calendar year or of the rolling twelve months, whichever is larger, at or over the household's
threshold; one level higher where it is also a set share of its known yearly income. A refund counts on the day of the
settlement that it takes back, and not at all where that one does not stand.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, partial
from operator import attrgetter

import msgspec

from services.screening.rules.finding import (
    KIND_EN,
    KIND_ZH,
    Answer,
    Change,
    Live,
    Measured,
    Quiet,
    Sight,
    last_of,
    line_since,
)
from services.screening.rules.window import last_words, leaves_on, months_after, newest_words
from shared.contracts.data import Cover, Fact, Settlement
from shared.contracts.types import Level
from shared.contracts.warning import Words
from shared.domain.dated import Dated
from shared.domain.said_day import said_in_both
from shared.policy import Policy

DEPARTMENT = "medical_insurance"
SELF_PAID, COVER = "medical_insurance.self_paid", "medical_insurance.cover"
YUAN_FIELD = "in_scope_self_paid_yuan"


class SettlementFact(Live, frozen=True, tag="s"):
    """`yuan` is what counts: the in-scope self-paid sum, or the self-paid one where the former is absent."""

    settled_on: date
    yuan: Decimal
    is_in_scope: bool
    reverses: str | None


class CoverFact(Live, frozen=True, tag="c"):
    person_id: str
    occurred_on: date
    status: str


FACTS: tuple[type[Live], ...] = (SettlementFact, CoverFact)


@dataclass(frozen=True, slots=True)
class MedicalLines:
    """`rolling`: months; `calendar`: years, the one that runs counted. `covered`: the states of cover that say nothing,
    as a change names them."""

    self_paid: Mapping[str, Dated[Decimal]]
    rolling: int
    calendar: int
    income_ratio: Dated[Decimal]
    at_threshold: Level
    over_ratio: Level
    cover: Mapping[str, Dated[Level | None]]
    covered: str


STATUSES = ("insured", "uninsured", "paused", "arrears", "employee", "resident", "elsewhere")


def lines_of(policy: Policy, today: date) -> MedicalLines:
    at_threshold = policy.level("medical.self_paid", "at_threshold", today).value
    over_ratio = policy.level("medical.self_paid", "over_income_ratio", today).value
    assert at_threshold is not None and over_ratio is not None, "the package gives both a level"
    cover = {status: policy.level("medical.cover", status, today) for status in STATUSES}
    return MedicalLines(
        self_paid={kind: policy.value(f"medical.self_paid.{kind}", today) for kind in policy.household_kinds},
        rolling=int(policy.value("medical.self_paid.rolling_window", today).value),
        calendar=int(policy.value("medical.self_paid.calendar_window", today).value),
        income_ratio=policy.value("medical.self_paid.income_ratio", today),
        at_threshold=at_threshold,
        over_ratio=over_ratio,
        cover=cover,
        covered="|".join(status for status, told in cover.items() if told.value is None),
    )


def live_of(fact: Fact) -> Live | None:
    match fact.values:
        case Settlement() as said:
            in_scope = said.in_scope_self_paid_yuan
            counted = said.self_paid_yuan if in_scope is None else in_scope
            return SettlementFact(fact.record_id, said.settled_on, counted, in_scope is not None, said.reverses)
        case Cover() as said:
            return CoverFact(fact.record_id, str(fact.person_id or ""), fact.occurred_on, said.status)
        case _:
            return None


def kept(facts: Sequence[Live], today: date) -> Sequence[Live]:
    """Settlements of the longest window that a package may have, twelve months, with the refunds of them, and each
    person's newest covers."""
    since = months_after(today, -12)
    settled = _settled(facts)
    in_window = [one for one in settled.values() if settled.get(one.reverses or one.record_id, one).settled_on >= since]
    covers = (one for one in facts if isinstance(one, CoverFact))
    return [*in_window, *newest_words(covers, _person, _occurred_on)]


def check(facts: Sequence[Live], sight: Sight, lines: MedicalLines, today: date) -> Iterator[Answer]:
    """The days: a settlement leaves the rolling months, its year ends, a later one begins to count."""
    line = lines.self_paid[sight.kind].value
    if _most(facts) >= line:
        counted = _counted(facts)
        paid = _larger(counted, lines, today)
        if paid is not None and paid.yuan >= line:
            yield _burden(paid, sight, lines, today)
        yield from _turns({day for day, _ in counted}, lines, today)
    for one in _latest_covers(facts):
        told = lines.cover[one.status]
        if told.value is not None:
            yield Measured(
                COVER, one.person_id, DEPARTMENT, "insurance_gap", told.value,
                one.status, "insured", "status", told, one.occurred_on, (one.record_id,),
                Change(one.record_id, "status", "one_of", lines.covered, "status"),
            )  # fmt: skip


def _turns(counted_on: Iterable[date], lines: MedicalLines, today: date) -> Iterator[date]:
    for day in counted_on:
        if day > today:
            yield day
        for leaves in (leaves_on(day, lines.rolling), date(day.year + lines.calendar, 1, 1)):
            if leaves > today:
                yield leaves


# ── self-paid ───────────────────────────────────────────────────────────────────────────────────────────────────


class Paid(msgspec.Struct, frozen=True):
    """What was paid in one window, year or rolling, by so many settlements and refunds. The last of `record_ids` is the
    latest settlement; `is_in_scope` is False where a plain sum had to count."""

    window: str
    yuan: Decimal
    records: int
    record_ids: tuple[str, ...]
    last_on: date
    is_in_scope: bool

    @property
    def newest(self) -> str:
        return self.record_ids[-1]


def _settled(facts: Sequence[Live]) -> dict[str, SettlementFact]:
    return {one.record_id: one for one in facts if isinstance(one, SettlementFact)}


NOTHING = Decimal(0)


def _most(facts: Sequence[Live]) -> Decimal:
    """More than any window can hold: what lies under the line even so, as nearly every household does, is done with."""
    most = NOTHING
    for one in facts:
        if isinstance(one, SettlementFact) and one.yuan > NOTHING:
            most += one.yuan
    return most


def self_paid(facts: Sequence[Live], lines: MedicalLines, today: date) -> Paid | None:
    """The larger window; None when no settlement lies in either."""
    return _larger(_counted(facts), lines, today)


Part = tuple[date, SettlementFact]
"""A settlement or a refund with the day on which it counts."""


def _larger(counted: Sequence[Part], lines: MedicalLines, today: date) -> Paid | None:
    first, since = date(today.year - lines.calendar + 1, 1, 1), months_after(today, -lines.rolling)
    windows = (
        ("year", [part for part in counted if first <= part[0] <= today]),
        ("rolling", [part for part in counted if since < part[0] <= today]),
    )
    sums = [(sum([one.yuan for _, one in parts], NOTHING), name, parts) for name, parts in windows if parts]
    yuan, name, parts = max(sums, key=lambda each: each[0], default=(NOTHING, "", ()))
    return _paid(name, yuan, parts) if parts else None


def _paid(window: str, yuan: Decimal, parts: Sequence[Part]) -> Paid:
    record_ids = last_of([(day, one.reverses is None, one.record_id) for day, one in parts])
    last_on = max([day for day, _ in parts])
    return Paid(window, yuan, len(parts), record_ids, last_on, all([one.is_in_scope for _, one in parts]))


def _counted(facts: Sequence[Live]) -> list[Part]:
    """What stands."""
    settled = _settled(facts)
    return [
        (counted_as.settled_on, one)
        for one in settled.values()
        if (counted_as := settled.get(one.reverses) if one.reverses else one) is not None
    ]


def _burden(paid: Paid, sight: Sight, lines: MedicalLines, today: date) -> Measured:
    line, ratio = lines.self_paid[sight.kind], lines.income_ratio
    is_heavy = sight.income is not None and paid.yuan >= sight.income[1] * ratio.value
    return Measured(
        SELF_PAID, "", DEPARTMENT, "medical_burden", lines.over_ratio if is_heavy else lines.at_threshold,
        f"{paid.yuan:.2f}", f"{line.value:.2f}", "yuan", line, paid.last_on, paid.record_ids,
        partial(_less, paid, line.value), cache(partial(_burden_words, paid, sight, lines, is_heavy, today)),
        paid.records,
    )  # fmt: skip


def _less(paid: Paid, line: Decimal) -> Change:
    return Change(paid.newest, YUAN_FIELD, "under", f"{line:.2f}", "yuan", f"{paid.yuan - line:.2f}")


def _burden_words(paid: Paid, sight: Sight, lines: MedicalLines, is_heavy: bool, today: date) -> Mapping[str, str]:
    line = lines.self_paid[sight.kind]
    words = {
        "window": paid.window,
        "year": str(today.year),
        "months": str(lines.rolling),
        "value": f"{paid.yuan:,.2f}",
        "line": f"{line.value:,.2f}",
        "over": f"{paid.yuan - line.value:,.2f}",
        "kind": sight.kind,
        "scope": "in_scope" if paid.is_in_scope else "self_paid",
        "income": "unknown" if sight.income is None else "heavy" if is_heavy else "light",
    }
    if sight.income is None:
        return words
    year, yuan = sight.income
    share = f"{paid.yuan / yuan * 100:.1f}" if yuan > 0 else ""
    return words | {"income_year": str(year), "income_yuan": f"{yuan:,.2f}", "share": share}


# ── cover ───────────────────────────────────────────────────────────────────────────────────────────────────────


_person, _occurred_on = attrgetter("person_id"), attrgetter("occurred_on")


def _latest_covers(facts: Sequence[Live]) -> Iterator[CoverFact]:
    """The latest word about each person, by the day on which it was true."""
    return last_words([one for one in facts if isinstance(one, CoverFact)], _person, _occurred_on)


# ── sentences ───────────────────────────────────────────────────────────────────────────────────────────────────

STATUS_ZH = {"uninsured": "未参加基本医疗保险", "paused": "暂停参保", "arrears": "医保欠费"}
STATUS_EN = {"uninsured": "is not insured", "paused": "has a paused insurance", "arrears": "is in arrears with it"}


def sentence(found: Measured) -> Words:
    return _self_paid_sentence(found) if found.rule == SELF_PAID else _cover_sentence(found)


def unless(found: Measured) -> Words:
    if found.rule == SELF_PAID:
        told = found.words
        return Words(
            zh=f"{_scope_zh(told)}不足 {told['line']} 元（现多 {told['over']} 元）",
            en=f"{_scope_en(told)} costs stay under {told['line']} yuan (now {told['over']} more)",
        )
    return Words(zh=f"该成员已参保（现为{STATUS_ZH[found.value]}）", en=f"this member is insured (now {found.value})")


def _scope_zh(told: Mapping[str, str]) -> str:
    return "合规自付" if told["scope"] == "in_scope" else "自付"


def _scope_en(told: Mapping[str, str]) -> str:
    return "in-scope self-paid" if told["scope"] == "in_scope" else "self-paid"


def _self_paid_sentence(found: Measured) -> Words:
    told, last_on, since = found.words, said_in_both(found.occurred_on), line_since(found.line)
    window_zh = f"{told['year']} 年" if told["window"] == "year" else f"近 {told['months']} 个月"
    window_en = f"in {told['year']}" if told["window"] == "year" else f"in the last {told['months']} months"
    what_zh = "医疗合规自付" if told["scope"] == "in_scope" else "医疗自付（部分记录没有合规自付金额，按自付金额计）"
    what_en = "in-scope self-paid" if told["scope"] == "in_scope" else "self-paid (some records give no in-scope sum)"
    income_zh, income_en = _income(told)
    return Words(
        zh=f"{window_zh}{what_zh}累计 {told['value']} 元，达到{KIND_ZH[told['kind']]} {told['line']} 元线"
        f"（{since[0]}）{income_zh}，最近一笔 {last_on[0]}结算，来自医保局。",
        en=f"Medical costs {what_en} {window_en} come to {told['value']} yuan, at or over the line of"
        f" {told['line']} yuan for {KIND_EN[told['kind']]} ({since[1]}){income_en};"
        f" last settled on {last_on[1]}; from the medical insurance bureau.",
    )


def _income(told: Mapping[str, str]) -> tuple[str, str]:
    if told["income"] == "unknown":
        return "，家庭年收入未知", "; the yearly income is not known"
    share_zh = f"的 {told['share']}%" if told["share"] else ""
    share_en = f"{told['share']} % of " if told["share"] else ""
    return (
        f"，为 {told['income_year']} 年家庭收入 {told['income_yuan']} 元{share_zh}",
        f", {share_en}the household's income of {told['income_yuan']} yuan in {told['income_year']}",
    )


def _cover_sentence(found: Measured) -> Words:
    day = said_in_both(found.occurred_on)
    return Words(
        zh=f"一名成员自 {day[0]}起{STATUS_ZH[found.value]}，来自医保局。",
        en=f"One member {STATUS_EN[found.value]} since {day[1]}; from the medical insurance bureau.",
    )


def why_not(facts: Sequence[Live], sight: Sight, lines: MedicalLines, today: date) -> Iterator[Quiet]:
    line = lines.self_paid[sight.kind]
    paid = self_paid(facts, lines, today)
    if paid is not None and paid.yuan < line.value:
        yield _under(paid, sight, line)
    for one in _latest_covers(facts):
        told = lines.cover[one.status]
        if told.value is None:
            yield _covered(one, told, lines)


def _under(paid: Paid, sight: Sight, line: Dated[Decimal]) -> Quiet:
    missing = line.value - paid.yuan
    what_zh, what_en = ("合规自付", "In-scope self-paid") if paid.is_in_scope else ("自付", "Self-paid")
    return Quiet(
        SELF_PAID, DEPARTMENT, f"{paid.yuan:.2f}", f"{line.value:.2f}", "yuan", line, paid.last_on,
        Change(paid.newest, YUAN_FIELD, "at_least", f"{line.value:.2f}", "yuan", f"{missing:.2f}"),
        Words(
            zh=f"医疗{what_zh}累计 {paid.yuan:,.2f} 元，未到{KIND_ZH[sight.kind]} {line.value:,.2f} 元线，"
            f"还差 {missing:,.2f} 元。",
            en=f"{what_en} medical costs come to {paid.yuan:,.2f} yuan, {missing:,.2f} under the line of"
            f" {line.value:,.2f} for {KIND_EN[sight.kind]}.",
        ),
    )  # fmt: skip


def _covered(one: CoverFact, told: Dated[Level | None], lines: MedicalLines) -> Quiet:
    gaps = "|".join(status for status, level in lines.cover.items() if level.value is not None)
    day = said_in_both(one.occurred_on)
    return Quiet(
        COVER, DEPARTMENT, one.status, "insured", "status", told, one.occurred_on,
        Change(one.record_id, "status", "one_of", gaps, "status"),
        Words(
            zh=f"一名成员自 {day[0]}起已参保，断保、停保或欠费才预警。",
            en=f"One member is insured since {day[1]}; only a gap, a pause or arrears give a warning.",
        ),
    )  # fmt: skip
