"""Rural revitalisation 乡村振兴: a help project that failed, each by itself; the register itself tells no fact here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import cast

from services.screening.rules.finding import Answer, Change, Live, Measured, Quiet, Sight, line_since
from services.screening.rules.window import YEARS_KEPT, months_after
from shared.contracts.data import Fact, ProjectFailure
from shared.contracts.types import Level
from shared.contracts.warning import Words
from shared.domain.dated import Dated
from shared.domain.said_day import said_in_both
from shared.policy import Policy

DEPARTMENT = "rural_revitalization"
FAILURE = "rural_revitalization.project_failure"


class FailureFact(Live, frozen=True, tag="p"):
    occurred_on: date
    yuan: Decimal


FACTS: tuple[type[Live], ...] = (FailureFact,)


@dataclass(frozen=True, slots=True)
class FailureLines:
    loss: Dated[Decimal]
    window: Dated[Decimal]
    at_threshold: Dated[Level | None]


def lines_of(policy: Policy, today: date) -> FailureLines:
    return FailureLines(
        loss=policy.value(FAILURE, today),
        window=policy.value(f"{FAILURE}.window", today),
        at_threshold=policy.level(FAILURE, "at_threshold", today),
    )


def live_of(fact: Fact) -> Live | None:
    said = fact.values
    return FailureFact(fact.record_id, fact.occurred_on, said.loss_yuan) if isinstance(said, ProjectFailure) else None


def kept(facts: Sequence[Live], today: date) -> Sequence[Live]:
    return [one for one in cast(Sequence[FailureFact], facts) if one.occurred_on.year >= today.year - YEARS_KEPT]


def check(facts: Sequence[Live], sight: Sight, lines: FailureLines, today: date) -> Iterator[Answer]:
    """The days: a loss lies too long back."""
    line, level = lines.loss, lines.at_threshold.value
    for one in cast(Sequence[FailureFact], facts):
        if one.yuan < line.value or _counted_until(one, lines) <= today:
            continue
        yield _counted_until(one, lines)
        if level is not None:
            over = one.yuan - line.value
            yield Measured(
                FAILURE, one.record_id, DEPARTMENT, "income_loss", level,
                f"{one.yuan:.2f}", f"{line.value:.2f}", "yuan", line, one.occurred_on, (one.record_id,),
                Change(one.record_id, "loss_yuan", "under", f"{line.value:.2f}", "yuan", f"{over:.2f}"),
                {"value": f"{one.yuan:,.2f}", "line": f"{line.value:,.2f}", "over": f"{over:,.2f}"},
            )  # fmt: skip


def _counted_until(one: FailureFact, lines: FailureLines) -> date:
    """The first day on which it is no longer counted."""
    return months_after(one.occurred_on, int(lines.window.value))


# ── sentences ───────────────────────────────────────────────────────────────────────────────────────────────────────


def sentence(found: Measured) -> Words:
    told, day, since = found.words, said_in_both(found.occurred_on), line_since(found.line)
    return Words(
        zh=f"{day[0]}帮扶项目失败，损失 {told['value']} 元，达到 {told['line']} 元线（{since[0]}），来自乡村振兴部门。",
        en=f"A help project failed on {day[1]} and lost {told['value']} yuan, at or over the line of"
        f" {told['line']} yuan ({since[1]}); from the rural revitalisation bureau.",
    )


def unless(found: Measured) -> Words:
    return Words(
        zh=f"项目损失不足 {found.words['line']} 元（现多 {found.words['over']} 元）",
        en=f"the project lost under {found.words['line']} yuan (now {found.words['over']} more)",
    )


def why_not(facts: Sequence[Live], sight: Sight, lines: FailureLines, today: date) -> Iterator[Quiet]:
    line = lines.loss
    for one in cast(Sequence[FailureFact], facts):
        if one.yuan >= line.value or _counted_until(one, lines) <= today:
            continue
        missing = line.value - one.yuan
        yield Quiet(
            FAILURE, DEPARTMENT, f"{one.yuan:.2f}", f"{line.value:.2f}", "yuan", line, one.occurred_on,
            Change(one.record_id, "loss_yuan", "at_least", f"{line.value:.2f}", "yuan", f"{missing:.2f}"),
            Words(
                zh=f"帮扶项目失败损失 {one.yuan:,.2f} 元，未到 {line.value:,.2f} 元线，还差 {missing:,.2f} 元。",
                en=f"A failed help project lost {one.yuan:,.2f} yuan, {missing:,.2f} under the line of"
                f" {line.value:,.2f}.",
            ),
        )  # fmt: skip
