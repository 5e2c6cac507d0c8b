"""Water 水利: a household whose water has been off for too long, or is unfit to drink.

The newest word about the supply counts by the day on which it was true; what a test said of the water stands until
another test says otherwise, whether the supply was off in between or not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast

from services.screening.rules.finding import Answer, Change, Live, Measured, Quiet, Sight, line_since
from services.screening.rules.window import newest_words
from shared.contracts.data import Fact, WaterSupply
from shared.contracts.types import Level
from shared.contracts.warning import Words
from shared.domain.dated import Dated
from shared.domain.said_day import said_in_both
from shared.policy import Policy

DEPARTMENT = "water"
OFF, QUALITY = "water.supply_off", "water.quality"


class SupplyFact(Live, frozen=True, tag="w"):
    """`since` is the first day of this state; `is_fit` None where the water was not tested."""

    occurred_on: date
    since: date
    is_off: bool
    is_fit: bool | None


FACTS: tuple[type[Live], ...] = (SupplyFact,)


@dataclass(frozen=True, slots=True)
class WaterLines:
    """`days`: more days without water than this are a finding."""

    days: Dated[Decimal]
    off: Dated[Level | None]
    unfit: Dated[Level | None]


def lines_of(policy: Policy, today: date) -> WaterLines:
    return WaterLines(
        days=policy.value("water.supply.off", today),
        off=policy.level("water.supply", "off", today),
        unfit=policy.level("water.supply", "quality_fail", today),
    )


def live_of(fact: Fact) -> Live | None:
    said = fact.values
    if not isinstance(said, WaterSupply):
        return None
    is_fit = None if said.quality is None else said.quality == "pass"
    return SupplyFact(fact.record_id, fact.occurred_on, said.since, said.status == "interrupted", is_fit)


def kept(facts: Sequence[Live], today: date) -> Sequence[Live]:
    """The newest words, and the newest ones among those of tests."""
    told = cast(Sequence[SupplyFact], facts)
    tested = newest_words((one for one in told if one.is_fit is not None), _one_house, _occurred_on)
    newest = newest_words(told, _one_house, _occurred_on)
    return [one for one in told if one in tested or one in newest]


def check(facts: Sequence[Live], sight: Sight, lines: WaterLines, today: date) -> Iterator[Answer]:
    """The day: the water has been off for too long."""
    last, tested = _last(facts), _last_test(facts)
    if last.is_off and _ends(last, lines) > today:
        yield _ends(last, lines)
    elif last.is_off and lines.off.value is not None:
        yield Measured(
            OFF, "", DEPARTMENT, "unsafe_water", lines.off.value,
            last.since.isoformat(), f"{lines.days.value}", "days_since", lines.days, last.since, (last.record_id,),
            _shorter("on_or_after", last, lines, today),
        )  # fmt: skip
    if tested is not None and not tested.is_fit and lines.unfit.value is not None:
        yield Measured(
            QUALITY, "", DEPARTMENT, "unsafe_water", lines.unfit.value,
            "fail", "pass", "quality", lines.unfit, tested.occurred_on, (tested.record_id,),
            Change(tested.record_id, "quality", "one_of", "pass", "quality"),
        )  # fmt: skip


def _ends(last: SupplyFact, lines: WaterLines) -> date:
    """The first day on which the water has been off for more days than the line."""
    return last.since + timedelta(days=int(lines.days.value) + 1)


def _shorter(comparison: str, last: SupplyFact, lines: WaterLines, today: date) -> Change:
    """By how many days a beginning differs from the earliest one that says nothing yet, or from the day before it."""
    within = today - timedelta(days=int(lines.days.value))
    days = abs((within - last.since).days) + (comparison == "before")
    return Change(last.record_id, "since", cast(Any, comparison), within.isoformat(), "day", f"{days}")


# ── sentences ───────────────────────────────────────────────────────────────────────────────────────────────────


def sentence(found: Measured) -> Words:
    day, since = said_in_both(found.occurred_on), line_since(found.line)
    if found.rule == QUALITY:
        return Words(
            zh=f"{day[0]}水质检测不合格，来自水利局。",
            en=f"The water was tested unfit on {day[1]}; from the water bureau.",
        )
    return Words(
        zh=f"自 {day[0]}起停水，已超过 {found.threshold} 天（{since[0]}），来自水利局。",
        en=f"The water has been off since {day[1]}, more than {found.threshold} days ({since[1]}); from the"
        " water bureau.",
    )


def unless(found: Measured) -> Words:
    if found.rule == QUALITY:
        return Words(zh="水质检测合格（现为不合格）", en="the water is tested fit (now unfit)")
    change = found.unless
    day = said_in_both(date.fromisoformat(change.value))
    return Words(
        zh=f"{day[0]}或以后才停水（现早 {change.by} 天）",
        en=f"the water went off on {day[1]} or later (now {change.by} days earlier)",
    )


def why_not(facts: Sequence[Live], sight: Sight, lines: WaterLines, today: date) -> Iterator[Quiet]:
    last, tested = _last(facts), _last_test(facts)
    if not last.is_off or _ends(last, lines) > today:
        yield _not_off_for_long(last, lines, today)
    if tested is not None and tested.is_fit:
        day = said_in_both(tested.occurred_on)
        yield Quiet(
            QUALITY, DEPARTMENT, "pass", "pass", "quality", lines.unfit, tested.occurred_on,
            Change(tested.record_id, "quality", "one_of", "fail", "quality"),
            Words(zh=f"{day[0]}水质检测合格。", en=f"The water was tested fit on {day[1]}."),
        )  # fmt: skip


def _not_off_for_long(last: SupplyFact, lines: WaterLines, today: date) -> Quiet:
    day, line = said_in_both(last.since), int(lines.days.value)
    if last.is_off:
        speaks_on = said_in_both(_ends(last, lines))
        says = Words(
            zh=f"自 {day[0]}起停水，超过 {line} 天才预警（{speaks_on[0]}）。",
            en=f"The water has been off since {day[1]}; a warning comes after more than {line} days ({speaks_on[1]}).",
        )
        change: Change | None = _shorter("before", last, lines, today)
    else:
        says = Words(zh=f"自 {day[0]}起供水正常。", en=f"The water has been on since {day[1]}.")
        off_by_now = _ends(last, lines) <= today
        change = Change(last.record_id, "status", "one_of", "interrupted", "status") if off_by_now else None
    since = last.since.isoformat()
    return Quiet(OFF, DEPARTMENT, since, f"{line}", "days_since", lines.days, last.since, change, says)


def _last(facts: Sequence[Live]) -> SupplyFact:
    """The newest word; of one day, what came last."""
    told = cast(Sequence[SupplyFact], facts)
    last = told[0]
    for one in told:
        if one.occurred_on >= last.occurred_on:
            last = one
    return last


def _last_test(facts: Sequence[Live]) -> SupplyFact | None:
    tests = [one for one in cast(Sequence[SupplyFact], facts) if one.is_fit is not None]
    return _last(tests) if tests else None


def _one_house(fact: SupplyFact) -> str:
    return ""


def _occurred_on(fact: SupplyFact) -> date:
    return fact.occurred_on
