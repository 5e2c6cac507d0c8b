"""Civil affairs 民政: a household is watched for a while after its subsistence allowance has ended.

Of each type of allowance the newest word counts, by the day on which it was true, whoever in the household draws it:
granted again or adjusted, it runs. Drawing an allowance neither warns nor keeps a warning from being given.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import cast

from services.screening.rules.finding import Answer, Change, Live, Measured, Quiet, Sight, line_since
from services.screening.rules.window import first_within, last_words, months_after, newest_words
from shared.contracts.data import Allowance, Fact
from shared.contracts.types import Level
from shared.contracts.warning import Words
from shared.domain.dated import Dated
from shared.domain.said_day import said_in_both
from shared.policy import Policy

DEPARTMENT = "civil_affairs"
ENDED = "civil_affairs.allowance_ended"
TYPES = ("subsistence", "extreme_poverty", "temporary_relief", "orphan", "other")


class AllowanceFact(Live, frozen=True, tag="a"):
    occurred_on: date
    allowance: str
    change: str


FACTS: tuple[type[Live], ...] = (AllowanceFact,)


@dataclass(frozen=True, slots=True)
class AllowanceLines:
    """`months`: how long the household is watched; `ended`: the level by type."""

    months: Dated[Decimal]
    ended: Mapping[str, Dated[Level | None]]


def lines_of(policy: Policy, today: date) -> AllowanceLines:
    return AllowanceLines(
        months=policy.value("civil_affairs.watch", today),
        ended={type_: policy.level("civil_affairs.ended", type_, today) for type_ in TYPES},
    )


def live_of(fact: Fact) -> Live | None:
    said = fact.values
    return (
        AllowanceFact(fact.record_id, fact.occurred_on, said.type, said.change) if isinstance(said, Allowance) else None
    )


def kept(facts: Sequence[Live], today: date) -> Sequence[Live]:
    return newest_words(cast(Sequence[AllowanceFact], facts), _allowance, _occurred_on)


def check(facts: Sequence[Live], sight: Sight, lines: AllowanceLines, today: date) -> Iterator[Answer]:
    """The days: a watch is over."""
    for one in _last(facts):
        if one.change != "ended" or _watched_until(one, lines) <= today:
            continue
        yield _watched_until(one, lines)
        level = lines.ended[one.allowance].value
        if level is not None:
            yield Measured(
                ENDED, one.allowance, DEPARTMENT, "living", level,
                "ended", "granted", "change", lines.months, one.occurred_on, (one.record_id,),
                Change(one.record_id, "change", "one_of", "granted|adjusted", "change"),
                {"type": one.allowance, "months": f"{lines.months.value}"},
            )  # fmt: skip


def _watched_until(one: AllowanceFact, lines: AllowanceLines) -> date:
    """The first day on which nobody watches any more."""
    return months_after(one.occurred_on, int(lines.months.value))


# ── sentences ───────────────────────────────────────────────────────────────────────────────────────────────────

TYPE_ZH = {
    "subsistence": "低保",
    "extreme_poverty": "特困供养",
    "temporary_relief": "临时救助",
    "orphan": "孤儿基本生活费",
    "other": "其他救助待遇",
}
TYPE_EN = {
    "subsistence": "the subsistence allowance",
    "extreme_poverty": "support in extreme poverty",
    "temporary_relief": "temporary relief",
    "orphan": "the orphan's allowance",
    "other": "another allowance",
}


def sentence(found: Measured) -> Words:
    told, day, since = found.words, said_in_both(found.occurred_on), line_since(found.line)
    return Words(
        zh=f"{TYPE_ZH[told['type']]}自 {day[0]}起停发，此后 {told['months']} 个月内留意（{since[0]}），来自民政局。",
        en=f"{TYPE_EN[told['type']].capitalize()} ended on {day[1]}; the household is watched for {told['months']}"
        f" months ({since[1]}); from the civil affairs bureau.",
    )


def unless(found: Measured) -> Words:
    name = found.words["type"]
    return Words(zh=f"{TYPE_ZH[name]}仍在发放（现为停发）", en=f"{TYPE_EN[name]} is still paid (now ended)")


def why_not(facts: Sequence[Live], sight: Sight, lines: AllowanceLines, today: date) -> Iterator[Quiet]:
    for one in _last(facts):
        if lines.ended[one.allowance].value is None:
            yield _quiet(one, lines, None, "，这类待遇变动不预警", "; changes of this allowance give no warning")
        elif one.change != "ended":
            is_recent = _watched_until(one, lines) > today
            change = Change(one.record_id, "change", "one_of", "ended", "change") if is_recent else None
            yield _quiet(one, lines, change, "，停发才预警", "; only its end gives a warning")
        elif _watched_until(one, lines) <= today:
            within = first_within(today, int(lines.months.value))
            days = f"{(within - one.occurred_on).days}"
            change = Change(one.record_id, "occurred_on", "on_or_after", within.isoformat(), "day", days)
            until = said_in_both(_watched_until(one, lines))
            yield _quiet(one, lines, change, f"，留意期至 {until[0]}已满", f"; the watch ended on {until[1]}")


CHANGE_ZH = {"granted": "纳入", "ended": "停发", "adjusted": "调整"}


def _quiet(one: AllowanceFact, lines: AllowanceLines, change: Change | None, zh: str, en: str) -> Quiet:
    day = said_in_both(one.occurred_on)
    return Quiet(
        ENDED, DEPARTMENT, one.change, "granted", "change", lines.months, one.occurred_on, change,
        Words(
            zh=f"{TYPE_ZH[one.allowance]} {day[0]}{CHANGE_ZH[one.change]}{zh}。",
            en=f"{TYPE_EN[one.allowance].capitalize()} was {one.change} on {day[1]}{en}.",
        ),
    )  # fmt: skip


def _last(facts: Sequence[Live]) -> Iterator[AllowanceFact]:
    return last_words(cast(Sequence[AllowanceFact], facts), _allowance, _occurred_on)


def _allowance(fact: AllowanceFact) -> str:
    return fact.allowance


def _occurred_on(fact: AllowanceFact) -> date:
    return fact.occurred_on
