"""Village group: the first look (组级初核). It reports facts only: no vote, no refusal, no close (people's needs A7).

Method 2. "Not mine" goes to the deputy or the village at once, and the case's clock does not stop (C6).
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from services.workflow.form import Asked, Concerns, Form, Note, titled
from services.workflow.outcome import HandsOver, Onward, Outcome, Standing, Stays
from shared.policy import Names

HOP = "village_group"
QUESTIONS = {
    "first_look": Names("请上门或联系这户，如实报告看到的情况。", "Visit or call this household; report what you see."),
}

_HOW = {"visit": ("上门", "visit"), "phone": ("电话", "telephone"), "video": ("视频", "video call")}
_PRESENT = {
    "head": ("户主", "head of the household"),
    "spouse": ("配偶", "spouse"),
    "adult": ("其他成年家人", "another adult of the family"),
    "child": ("孩子", "a child"),
    "relative": ("亲属", "a relative"),
    "neighbour": ("邻居", "a neighbour"),
}
_DIFFICULTY = {
    "confirmed": ("看到了困难", "there is a difficulty"),
    "not_seen": ("没有看到困难", "no difficulty was seen"),
    "unclear": ("说不准，请村里入户", "not sure, please visit"),
}

How = Annotated[Literal["visit", "phone", "video"], Field(json_schema_extra=titled("方式", "How", _HOW))]
PresentCode = Annotated[
    Literal["head", "spouse", "adult", "child", "relative", "neighbour"],
    Field(json_schema_extra=titled("在场人员", "Who was present", _PRESENT)),
]
Present = Annotated[
    tuple[PresentCode, ...],
    Field(min_length=1, max_length=6, json_schema_extra=titled("在场人员", "Who was present")),
]


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


class NotReached(Form):
    """An attempt at which nobody was met. The task stays open; three of them are no ground to close it (C4)."""

    tried_on: Annotated[date, Field(json_schema_extra=titled("哪天去的", "Tried on"))]
    how: How
    note: Note = ""

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"tried_on": asked.today.isoformat(), "how": "visit"}


class NotMine(Form):
    """Another person must look: why stands in the reason code."""

    note: Note = ""


FORMS: Mapping[str, type[Form]] = {"report": Report, "not_reached": NotReached, "not_mine": NotMine}

_SEEN = {"confirmed": "difficulty_seen", "not_seen": "no_difficulty_seen", "unclear": "not_sure"}
_DEPUTY_MAY = frozenset({"relative", "away"})
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
            return HandsOver(reason_code, to_deputy=reason_code in _DEPUTY_MAY)
        case _:
            raise AssertionError(f"{type(form).__name__} is no form of this hop")
