"""Water 水利: a household whose water has been off for too long, or is unfit to drink.

The newest word about the supply counts by the day on which it was true; what a test said of the water stands until
another test says otherwise, whether the supply was off in between or not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast

from services.screening.rules.finding import Answer, Change, Live, Measured, Quiet, Sight, not_verified
from services.screening.rules.window import newest_words
from shared.contracts.data import Fact, WaterSupply
from shared.contracts.types import Level
from shared.contracts.warning import Words
from shared.domain.dated import Dated
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
    """By how many days a beginning differs from the earliest one that says nothing yet."""
    within = today - timedelta(days=int(lines.days.value))
    days = abs((within - last.since).days)
    return Change(last.record_id, "since", cast(Any, comparison), within.isoformat(), "day", f"{days}")


# ── sentences ───────────────────────────────────────────────────────────────────────────────────────────────────


def sentence(found: Measured) -> Words:
    day, unsure = found.occurred_on.isoformat(), not_verified(found.line)
    if found.rule == QUALITY:
        return Words(
            zh=f"{day} 水质检测不合格，来自水利局。",
            en=f"The water was tested unfit on {day}; from the water bureau.",
        )
    since = found.line.valid_from.isoformat()
    return Words(
        zh=f"自 {day} 起停水，已超过 {found.threshold} 天（{since} 起{unsure[0]}），来自水利局。",
        en=f"The water has been off since {day}, more than {found.threshold} days (from {since}{unsure[1]}); from the"
        " water bureau.",
    )


def unless(found: Measured) -> Words:
    if found.rule == QUALITY:
        return Words(zh="水质检测合格（现为不合格）", en="the water is tested fit (now unfit)")
    return Words(
        zh=f"{found.unless.value} 或以后才停水（现早 {found.unless.by} 天）",
        en=f"the water went off on {found.unless.value} or later (now {found.unless.by} days earlier)",
    )


def why_not(facts: Sequence[Live], sight: Sight, lines: WaterLines, today: date) -> Iterator[Quiet]:
    last, tested = _last(facts), _last_test(facts)
    if not last.is_off or _ends(last, lines) > today:
        yield _not_off_for_long(last, lines, today)
    if tested is not None and tested.is_fit:
        day = tested.occurred_on.isoformat()
        yield Quiet(
            QUALITY, DEPARTMENT, "pass", "pass", "quality", lines.unfit, tested.occurred_on,
            Change(tested.record_id, "quality", "one_of", "fail", "quality"),
            Words(zh=f"{day} 水质检测合格。", en=f"The water was tested fit on {day}."),
        )  # fmt: skip


def _not_off_for_long(last: SupplyFact, lines: WaterLines, today: date) -> Quiet:
    day, line = last.since.isoformat(), int(lines.days.value)
    if last.is_off:
        says = Words(
            zh=f"自 {day} 起停水，超过 {line} 天才预警（{_ends(last, lines).isoformat()}）。",
            en=f"The water has been off since {day}; a warning comes after more than {line} days"
            f" ({_ends(last, lines).isoformat()}).",
        )
        change: Change | None = _shorter("before", last, lines, today)
    else:
        says = Words(zh=f"自 {day} 起供水正常。", en=f"The water has been on since {day}.")
        off_by_now = _ends(last, lines) <= today
        change = Change(last.record_id, "status", "one_of", "interrupted", "status") if off_by_now else None
    return Quiet(OFF, DEPARTMENT, day, f"{line}", "days_since", lines.days, last.since, change, says)


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
