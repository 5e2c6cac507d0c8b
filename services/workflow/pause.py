"""Pauses: a clock stops for a coded reason, with a ceiling, and runs on by itself at its end. Pure.

The package says where. While a place is paused nothing else is offered than to let it run again.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from services.workflow.case import Case, Place
from services.workflow.form import Asked, Form, Note, Wrong, bounded, titled
from services.workflow.outcome import Outcome, Pauses, Resumes
from shared.domain.dated import nearest
from shared.policy import HopAction, Names, Policy

PAUSE, RESUME = "pause", "resume"


class Pause(Form):
    """Until when, at most."""

    until: Annotated[date, Field(json_schema_extra=titled("暂停至", "Until"))]
    note: Note = ""

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"until": min(asked.today + (asked.pause_last - asked.today) / 2, asked.pause_last).isoformat()}

    def wrong(self, asked: Asked) -> list[Wrong]:
        if asked.today <= self.until <= asked.pause_last:
            return []
        en, zh = "From today to {day} at most.", "从今天起，最迟到 {day}。"
        return [bounded("form.until", "too_long", asked.pause_last, en, zh)]


class Resume(Form):
    """The reason is gone."""

    note: Note = ""


FORMS: Mapping[str, type[Form]] = {PAUSE: Pause, RESUME: Resume}


NAMES: Mapping[str, Names] = {
    PAUSE: Names("暂停计时", "Pause the clock"),
    RESUME: Names("恢复计时", "Let the clock run again"),
}


def clock_actions(policy: Policy, case: Case, place: Place, now: datetime) -> tuple[HopAction, ...]:
    """What may be done with the clock here; nothing where the package does not allow it, not again, or it is late."""
    if place.paused_at is not None:
        return (HopAction(RESUME, NAMES[RESUME], "stays", False, ()),)
    rules = policy.pauses
    if f"{place.hop}.{place.step}" not in rules.steps or case.pauses >= rules.times_most:
        return ()
    if not place.is_main or place.due_at <= now:
        return ()
    return (HopAction(PAUSE, NAMES[PAUSE], "stays", True, rules.reasons),)


def last_day(policy: Policy, today: date) -> date:
    """The last day until which a pause from today may run."""
    return today + timedelta(days=nearest(policy.pauses.longest, today).days)


def decide(form: Form, reason_code: str) -> Outcome:
    match form:
        case Pause():
            return Pauses(reason_code, form.until)
        case Resume():
            return Resumes()
        case _:
            raise AssertionError(f"{type(form).__name__} is no form of a pause")
