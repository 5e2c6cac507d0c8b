"""Human resources 人社: who has been without work for too long, and what a household is owed in wages.

Out of work: each person's newest word, by the day on which it was true; where only one member of the household can work
the wait is shorter. Wages owed: each person's newest word within the window, added up over the household.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.screening.rules.finding import Answer, Change, Live, Measured, Quiet, Sight, last_of, line_since
from services.screening.rules.window import first_within, last_words, months_after, newest_words
from shared.contracts.data import Employment, Fact, WageArrears
from shared.contracts.types import Level
from shared.contracts.warning import Words
from shared.domain.dated import Dated
from shared.domain.said_day import said_in_both
from shared.policy import Policy

DEPARTMENT = "human_resources"
OUT, ARREARS = "human_resources.out_of_work", "human_resources.wage_arrears"
CASES = ("single_earner", "others")


class WorkFact(Live, frozen=True, tag="e"):
    """`since` is the first day of this state."""

    person_id: str
    occurred_on: date
    since: date
    status: str


class ArrearsFact(Live, frozen=True, tag="g"):
    person_id: str
    occurred_on: date
    yuan: Decimal


FACTS: tuple[type[Live], ...] = (WorkFact, ArrearsFact)


@dataclass(frozen=True, slots=True)
class WorkLines:
    """`months` and `out` by case: single_earner or others."""

    months: Mapping[str, Dated[Decimal]]
    out: Mapping[str, Dated[Level | None]]
    arrears: Dated[Decimal]
    window: Dated[Decimal]
    at_threshold: Dated[Level | None]


def lines_of(policy: Policy, today: date) -> WorkLines:
    return WorkLines(
        months={case: policy.value(f"human_resources.out_of_work.{case}", today) for case in CASES},
        out={case: policy.level("human_resources.employment", case, today) for case in CASES},
        arrears=policy.value("human_resources.wage_arrears", today),
        window=policy.value("human_resources.wage_arrears.window", today),
        at_threshold=policy.level("human_resources.wage_arrears", "at_threshold", today),
    )


def live_of(fact: Fact) -> Live | None:
    person_id = str(fact.person_id or "")
    match fact.values:
        case Employment() as said:
            return WorkFact(fact.record_id, person_id, fact.occurred_on, said.since, said.status)
        case WageArrears() as said:
            return ArrearsFact(fact.record_id, person_id, fact.occurred_on, said.yuan)
        case _:
            return None


def kept(facts: Sequence[Live], today: date) -> Sequence[Live]:
    work = (one for one in facts if isinstance(one, WorkFact))
    arrears = (one for one in facts if isinstance(one, ArrearsFact))
    return [*newest_words(work, _person, _occurred_on), *newest_words(arrears, _person, _occurred_on)]


def check(facts: Sequence[Live], sight: Sight, lines: WorkLines, today: date) -> Iterator[Answer]:
    """The days: somebody has been out of work for long enough, a debt was told too long ago."""
    case = _case(sight)
    level = lines.out[case].value
    for one in _last_work(facts):
        if one.status != "employed" and _speaks_on(one, case, lines) > today:
            yield _speaks_on(one, case, lines)
        elif one.status != "employed" and level is not None:
            yield _out_of_work(one, case, level, lines, today)
    if _most(facts) >= lines.arrears.value:
        level, owed = lines.at_threshold.value, _owed(facts, lines, today)
        if level is not None and owed is not None and owed.yuan >= lines.arrears.value:
            yield _arrears(owed, level, lines)
        yield from (day for told in _last_arrears(facts) if (day := _counted_until(told, lines)) > today)


# ── out of work ─────────────────────────────────────────────────────────────────────────────────────────────────


def _case(sight: Sight) -> str:
    """A household of which nobody knows how many can work waits as the others do."""
    return "single_earner" if sight.earners is not None and sight.earners <= 1 else "others"


def _speaks_on(one: WorkFact, case: str, lines: WorkLines) -> date:
    return months_after(one.since, int(lines.months[case].value))


def _out_of_work(one: WorkFact, case: str, level: Level, lines: WorkLines, today: date) -> Measured:
    line = lines.months[case]
    within = first_within(today, int(line.value))
    return Measured(
        OUT, one.person_id, DEPARTMENT, "income_loss", level,
        one.since.isoformat(), f"{line.value}", "months_since", line, one.since, (one.record_id,),
        Change(one.record_id, "since", "on_or_after", within.isoformat(), "day", f"{(within - one.since).days}"),
        {"status": one.status, "case": case},
    )  # fmt: skip


def _last_work(facts: Sequence[Live]) -> Iterator[WorkFact]:
    return last_words((one for one in facts if isinstance(one, WorkFact)), _person, _occurred_on)


# ── wages owed ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Owed:
    """What a household is owed; the last of its records is the last word that says so."""

    yuan: Decimal
    last_on: date
    record_ids: tuple[str, ...]
    records: int

    @property
    def newest(self) -> str:
        return self.record_ids[-1]


NOTHING_OWED = Decimal(0)


def _most(facts: Sequence[Live]) -> Decimal:
    """More than can be owed: what lies under the line even so, as nearly every household does, is done with."""
    most = NOTHING_OWED
    for one in facts:
        if isinstance(one, ArrearsFact):
            most += one.yuan
    return most


def _owed(facts: Sequence[Live], lines: WorkLines, today: date) -> Owed | None:
    """None where nobody has said anything within the window."""
    told = [one for one in _last_arrears(facts) if _counted_until(one, lines) > today]
    if not told:
        return None
    last_on = max(one.occurred_on for one in told)
    ids = last_of([(one.occurred_on, one.yuan, one.record_id) for one in told])
    return Owed(sum((one.yuan for one in told), NOTHING_OWED), last_on, ids, len(told))


def _counted_until(one: ArrearsFact, lines: WorkLines) -> date:
    """The first day on which it is no longer counted."""
    return months_after(one.occurred_on, int(lines.window.value))


def _arrears(owed: Owed, level: Level, lines: WorkLines) -> Measured:
    line, over = lines.arrears, owed.yuan - lines.arrears.value
    return Measured(
        ARREARS, "", DEPARTMENT, "income_loss", level,
        f"{owed.yuan:.2f}", f"{line.value:.2f}", "yuan", line, owed.last_on, owed.record_ids,
        Change(owed.newest, "yuan", "under", f"{line.value:.2f}", "yuan", f"{over:.2f}"),
        {"value": f"{owed.yuan:,.2f}", "line": f"{line.value:,.2f}", "over": f"{over:,.2f}"},
        owed.records,
    )  # fmt: skip


def _last_arrears(facts: Sequence[Live]) -> Iterator[ArrearsFact]:
    return last_words((one for one in facts if isinstance(one, ArrearsFact)), _person, _occurred_on)


def _person(fact: WorkFact | ArrearsFact) -> str:
    return fact.person_id


def _occurred_on(fact: WorkFact | ArrearsFact) -> date:
    return fact.occurred_on


# ── sentences ───────────────────────────────────────────────────────────────────────────────────────────────────

STATUS_ZH = {"employed": "在业", "returned": "返乡未就业", "unemployed": "失业"}
STATUS_EN = {"employed": "in work", "returned": "back home without work", "unemployed": "out of work"}
CASE_ZH = {"single_earner": "家中仅一名或没有其他劳动力", "others": "家中另有劳动力或情况不明"}
CASE_EN = {"single_earner": "one member or none can work", "others": "others can work, or it is not known"}


def sentence(found: Measured) -> Words:
    told, since = found.words, line_since(found.line)
    if found.rule == ARREARS:
        return Words(
            zh=f"被拖欠工资合计 {told['value']} 元，达到 {told['line']} 元线（{since[0]}），来自人社局。",
            en=f"Wages owed come to {told['value']} yuan, at or over the line of {told['line']} yuan"
            f" ({since[1]}); from the human resources bureau.",
        )
    day = said_in_both(found.occurred_on)
    return Words(
        zh=f"一名成员自 {day[0]}起{STATUS_ZH[told['status']]}，已满 {found.threshold} 个月（{CASE_ZH[told['case']]}，"
        f"{since[0]}），来自人社局。",
        en=f"One member is {STATUS_EN[told['status']]} since {day[1]}, {found.threshold} months or longer"
        f" ({CASE_EN[told['case']]}; {since[1]}); from the human resources bureau.",
    )


def unless(found: Measured) -> Words:
    change = found.unless
    if found.rule == ARREARS:
        return Words(
            zh=f"被拖欠工资不足 {found.words['line']} 元（现多 {found.words['over']} 元）",
            en=f"the wages owed stay under {found.words['line']} yuan (now {found.words['over']} more)",
        )
    day = said_in_both(date.fromisoformat(change.value))
    return Words(
        zh=f"该成员 {day[0]}或以后才{STATUS_ZH[found.words['status']]}（现早 {change.by} 天）",
        en=f"this member is {STATUS_EN[found.words['status']]} since {day[1]} or later (now {change.by} days earlier)",
    )


def why_not(facts: Sequence[Live], sight: Sight, lines: WorkLines, today: date) -> Iterator[Quiet]:
    case = _case(sight)
    for one in _last_work(facts):
        if one.status == "employed" or _speaks_on(one, case, lines) > today:
            yield _not_out_for_long(one, case, lines, today)
    owed = _owed(facts, lines, today)
    if owed is not None and owed.yuan < lines.arrears.value:
        missing = lines.arrears.value - owed.yuan
        yield Quiet(
            ARREARS, DEPARTMENT, f"{owed.yuan:.2f}", f"{lines.arrears.value:.2f}", "yuan", lines.arrears, owed.last_on,
            Change(owed.newest, "yuan", "at_least", f"{lines.arrears.value:.2f}", "yuan", f"{missing:.2f}"),
            Words(
                zh=f"被拖欠工资合计 {owed.yuan:,.2f} 元，未到 {lines.arrears.value:,.2f} 元线，"
                f"还差 {missing:,.2f} 元。",
                en=f"Wages owed come to {owed.yuan:,.2f} yuan, {missing:,.2f} under the line of"
                f" {lines.arrears.value:,.2f}.",
            ),
        )  # fmt: skip


def _not_out_for_long(one: WorkFact, case: str, lines: WorkLines, today: date) -> Quiet:
    line, since, speaks_on = lines.months[case], one.since.isoformat(), _speaks_on(one, case, lines)
    day = said_in_both(one.since)
    if one.status == "employed":
        change = Change(one.record_id, "status", "one_of", "returned|unemployed", "status")
        says = Words(zh=f"一名成员自 {day[0]}起在业。", en=f"One member is in work since {day[1]}.")
        return Quiet(
            OUT, DEPARTMENT, since, f"{line.value}", "months_since", line, one.since,
            change if speaks_on <= today else None, says,
        )  # fmt: skip
    within, on = first_within(today, int(line.value)), said_in_both(speaks_on)
    return Quiet(
        OUT, DEPARTMENT, since, f"{line.value}", "months_since", line, one.since,
        Change(one.record_id, "since", "before", within.isoformat(), "day", f"{(one.since - within).days + 1}"),
        Words(
            zh=f"一名成员自 {day[0]}起{STATUS_ZH[one.status]}，满 {line.value} 个月才预警（{on[0]}）。",
            en=f"One member is {STATUS_EN[one.status]} since {day[1]}; a warning comes after {line.value} months"
            f" ({on[1]}).",
        ),
    )  # fmt: skip
