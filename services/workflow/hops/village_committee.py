"""Village committee: the household visit by two people (入户核查), within two working days.

Method 5's first check. A missing photo or signature never refuses a visit (people's needs A12, C4); the group is asked
again once, with all defects listed.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from services.workflow.form import Asked, Concerns, Form, Note, Wrong, titled
from services.workflow.hops.village_group import NotReached, Present
from services.workflow.outcome import Onward, Outcome, Returns, Stays
from shared.contracts.types import Text
from shared.policy import Names

HOP = "village_committee"
QUESTION = Names(
    "请两人以上入户核查，记录看到的情况。", "Visit the household, two people or more, and record what you find."
)

_ABSENCE = {
    "working_away": ("外出务工", "working away"),
    "in_hospital": ("住院", "in hospital"),
    "at_school": ("在校", "at school"),
    "not_home": ("不在家", "not at home"),
    "moved": ("已搬走", "has moved"),
    "declined": ("不愿参加", "did not wish to take part"),
}

OfficerId = Annotated[
    str,
    Field(
        pattern=r"^[0-9A-Za-z-]{1,40}$",
        # A page offers the people in post by name; a program gives their ids.
        json_schema_extra={"x-of": "officers"} | titled("工作人员编号", "officer's id"),
    ),
]

AbsenceCode = Annotated[
    Literal["working_away", "in_hospital", "at_school", "not_home", "moved", "declined"],
    Field(json_schema_extra=titled("未在场原因", "why somebody was absent", _ABSENCE)),
]
EvidenceCode = Annotated[str, Field(pattern=r"^[a-z_]{1,60}$")]

_NOBODY_KNOWN = tuple(f"officer-{number}" for number in range(1, 9))
"""For the example of a village whose officers are not entered yet."""

Visitors = Annotated[
    tuple[OfficerId, ...],
    Field(min_length=1, max_length=8, json_schema_extra={"uniqueItems": True} | titled("入户人员", "Who visited")),
]
Absences = Annotated[
    tuple[AbsenceCode, ...],
    Field(max_length=8, json_schema_extra=titled("未在场的家人", "Who of the family was absent, and why")),
]
Evidences = Annotated[
    tuple[EvidenceCode, ...],
    Field(max_length=10, json_schema_extra=titled("已有材料（缺少也可提交）", "Evidence at hand (may be none)")),
]


class RecordVisit(Form):
    """What two people found at the household."""

    visited_on: Annotated[date, Field(json_schema_extra=titled("入户日期", "Visited on"))]
    visitors: Visitors
    present: Present
    absences: Absences = ()
    facts: Annotated[Text, Field(min_length=1, json_schema_extra=titled("看到的情况", "What was found"))]
    difficulty_confirmed: Annotated[
        bool, Field(json_schema_extra=titled("核查属实，有困难", "Is the difficulty confirmed"))
    ]
    concerns: Concerns = ()
    evidence: Evidences = ()
    note: Note = ""

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        people = asked.officers if len(asked.officers) >= asked.visitors_least else _NOBODY_KNOWN
        return {
            "visited_on": asked.today.isoformat(),
            "visitors": list(people[: asked.visitors_least]),
            "present": ["head", "spouse"],
            "facts": "已入户查看住房、收支和家人情况。",
            "difficulty_confirmed": True,
            "concerns": list(asked.concerns[:3]),
            "evidence": [code for code, _ in asked.evidence[:1]],
        }

    @classmethod
    def narrowed(cls, asked: Asked) -> Mapping[str, Mapping[str, Any]]:
        names = {code: {"zh": name.zh, "en": name.en} for code, name in asked.evidence}
        return {
            "visitors": {"minItems": asked.visitors_least},
            "evidence": {"items": {"enum": list(names), "x-names-of": names}},
        }

    def wrong(self, asked: Asked) -> list[Wrong]:
        found = super().wrong(asked)
        least = asked.visitors_least
        if len(set(self.visitors)) < max(least, len(self.visitors)):
            en, zh = f"At least {least} different people visit.", f"入户须有 {least} 名以上不同人员。"
            found.append(Wrong("form.visitors", "too_few_visitors", en, zh))
        unknown = set(self.evidence) - {code for code, _ in asked.evidence}
        if unknown:
            found.append(
                Wrong("form.evidence", "not_listed", "Choose from the evidence listed.", "请从列出的材料中选择。")
            )
        return found


class Return(Form):
    """Back to the group, once, with everything that is missing."""

    defects: Annotated[
        tuple[Annotated[Text, Field(min_length=1, max_length=200)], ...],
        Field(min_length=1, max_length=10, json_schema_extra=titled("一次列明全部问题", "All defects, at once")),
    ]

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"defects": ["未写明与谁见面", "未说明住房情况"]}


FORMS: Mapping[str, type[Form]] = {"record_visit": RecordVisit, "not_reached": NotReached, "return": Return}


def decide(form: Form, reason_code: str) -> Outcome:
    """`reason_code` is one of the action's own, or empty where none is needed."""
    match form:
        case RecordVisit():
            found = form.difficulty_confirmed
            reason = "difficulty_confirmed" if found else "no_difficulty_found"
            return Onward("confirmed" if found else "not_seen", reason, form.concerns)
        case NotReached():
            return Stays(reason_code)
        case Return():
            return Returns(reason_code)
        case _:
            raise AssertionError(f"{type(form).__name__} is no form of this hop")
