"""The ladder of supervision: what is told of a limit before and after its due instant, and how late a place is then.

Reminded, overdue, urged, supervised, reported, in calendar days. Method 6.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Literal, cast, get_args

from shared.contracts.deadline import LadderStep
from shared.domain.dated import Dated
from shared.policy.reading import Field
from shared.policy.values import DATED, DATED_TOO, Frame, dated

Lateness = Literal["due", "overdue", "supervised"]
LADDER_STEPS: tuple[LadderStep, ...] = get_args(LadderStep)
LATENESS: tuple[Lateness, ...] = get_args(Lateness)
DAYS_MAX = Decimal(60)


@dataclass(frozen=True, slots=True)
class Rung:
    """One step: its calendar days after the due instant (negative: before it), and the lateness from then on."""

    step: LadderStep
    lateness: Lateness
    after_days: Dated[int]

    def instant(self, sent_at: datetime, due_at: datetime) -> datetime:
        """When the step is due: midnight to midnight is 24 hours, China's clocks know no summer time.

        A reminder never comes before half of the limit has run: with a limit of 24 hours it would be told together
        with the task itself and mean nothing.
        """
        at = due_at + timedelta(days=self.after_days.value)
        return at if at >= due_at else max(at, sent_at + (due_at - sent_at) / 2)


Ladder = tuple[Rung, ...]


def read_ladder(frame: Frame, place: Field) -> Ladder:
    """Raises PolicyError for a ladder that leaves out a step, turns their order round, or tells lateness backwards."""
    rungs = tuple(_rung(frame, at) for at in place.items())
    if tuple(one.step for one in rungs) != LADDER_STEPS:
        raise place.wrong("does not have its steps in order", f"list {', '.join(LADDER_STEPS)}")
    for lower, upper in pairwise(rungs):
        if upper.after_days.value <= lower.after_days.value:
            raise place.wrong(f"tells {upper.step} no later than {lower.step}", "give each step a later day")
        if LATENESS.index(upper.lateness) < LATENESS.index(lower.lateness):
            raise place.wrong(f"makes a place less late at {upper.step}", f"keep to {', '.join(LATENESS)}")
    if rungs[LADDER_STEPS.index("passed")].after_days.value != 0:
        raise place.wrong("tells passed on another day than the limit's", "write 0")
    return rungs


def _rung(frame: Frame, place: Field) -> Rung:
    here = place.record("step", "when", "value", "unit", "lateness", *DATED, optional=DATED_TOO)
    days = int(here["value"].number(Decimal(0), DAYS_MAX, True))
    is_before = here["when"].choice("before", "after") == "before"
    return Rung(
        step=cast(LadderStep, here["step"].choice(*LADDER_STEPS)),
        lateness=cast(Lateness, here["lateness"].choice(*LATENESS)),
        after_days=dated(frame, here, -days if is_before else days, here["unit"].choice("calendar_days")),
    )
