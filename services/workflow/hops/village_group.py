"""Village group: the first look (组级初核). It reports facts only: no vote, no refusal, no close.

Method 2. "Not mine" goes to the deputy or the village at once, and the case's clock does not stop.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from services.workflow.form import Asked, Concerns, Form, Note, titled
from services.workflow.hops.papers import How, NotReached, Present
from services.workflow.outcome import HandsOver, Onward, Outcome, Standing, Stays
from shared.policy import Names

QUESTIONS = {
    "first_look": Names("请上门或联系这户，如实报告看到的情况。", "Visit or call this household; report what you see."),
}

_DIFFICULTY = {
    "confirmed": ("看到了困难", "there is a difficulty"),
    "not_seen": ("没有看到困难", "no difficulty was seen"),
    "unclear": ("说不准，请村里入户", "not sure, please visit"),
}


class Report(Form):
    """What was seen, and who was there."""

    seen_on: Annotated[date, Field(json_schema_extra=titled("哪天看到的", "Seen on"))]
    how: How
    present: Present
    difficulty: Annotated[
        Literal["confirmed", "not_seen", "unclear"],
        Field(json_schema_extra=titled("是否有困难", "Is there a difficulty", _DIFFICULTY)),
    ]
    concerns: Concerns = ()
    note: Note = ""

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        seen = {"seen_on": asked.today.isoformat(), "how": "visit", "present": ["head"], "difficulty": "confirmed"}
        return seen | {"concerns": list(asked.concerns[:3])}


class NotMine(Form):
    """Another person must look: why stands in the reason code."""

    hands_over = True

    note: Note = ""


FORMS: Mapping[str, type[Form]] = {"report": Report, "not_reached": NotReached, "not_mine": NotMine}

_SEEN = {"confirmed": "difficulty_seen", "not_seen": "no_difficulty_seen", "unclear": "not_sure"}
_RELATIVE = "relative"
_DEPUTY_MAY = frozenset({_RELATIVE, "away"})
"""A household of another grid is not the deputy's either: that one the village settles."""


def offers(action: str, standing: Standing) -> bool:
    return True


def decide(form: Form, reason_code: str, standing: Standing) -> Outcome:
    """`reason_code` is one of the action's own, or empty where none is needed."""
    match form:
        case Report():
            return Onward(_SEEN[form.difficulty], form.difficulty, form.concerns)
        case NotReached():
            return Stays(reason_code)
        case NotMine():
            return HandsOver(reason_code, reason_code in _DEPUTY_MAY, stands_back=reason_code == _RELATIVE)
        case _:
            raise AssertionError(f"{type(form).__name__} is no form of this hop")
