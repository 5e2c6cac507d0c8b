"""Village committee: the household visit by two people (入户核查), the one democratic review, the public notice.

Method 5's first check. A missing photo or signature never refuses a visit; the group is asked
again once, with all defects listed. The village may propose 不符合, never decide it; the notice names the head,
the group and the category, never a cause, and is never cut short.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from math import ceil
from typing import Annotated, Any, Literal

from pydantic import Field

from services.workflow.form import Asked, Concerns, Form, Note, Wrong, bounded, not_past, titled
from services.workflow.hops.papers import NotReached, Present, Return
from services.workflow.outcome import Onward, Outcome, Returns, Standing, Stays
from shared.contracts.types import Hop, Text
from shared.policy import Names

QUESTIONS = {
    "visit": Names(
        "请两人以上入户核查，记录看到的情况。", "Visit the household, two people or more, and record what you find."
    ),
    "review": Names(
        "请召开村民代表会议评议，记录到会与表决。", "Hold the review; record who was there and how they voted."
    ),
    "notice": Names(
        "请张贴公示（只写户主、组别、类别），期满后记录结果。",
        "Put up the notice (head, group and category alone); record its result when it has ended.",
    ),
}

TOWNSHIP: tuple[Hop, str] = ("township", "review")

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


class PlanVisit(Form):
    """The day on which the household is visited; the farmer is told."""

    planned_on: Annotated[date, Field(json_schema_extra=titled("约定入户日期", "Day of the visit"))]
    note: Note = ""

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"planned_on": asked.today.isoformat()}

    def wrong(self, asked: Asked) -> list[Wrong]:
        return not_past("form.planned_on", self.planned_on, asked)


class RecordReview(Form):
    """The meeting of the villagers' representatives: who was there, how they voted, who stood back as a relative."""

    held_on: Annotated[date, Field(json_schema_extra=titled("评议日期", "Held on"))]
    roster: Annotated[int, Field(ge=3, le=999, json_schema_extra=titled("应到人数", "Representatives on the roster"))]
    present: Annotated[int, Field(ge=1, le=999, json_schema_extra=titled("实到人数", "Present"))]
    votes_for: Annotated[int, Field(ge=0, le=999, json_schema_extra=titled("同意票", "Votes for"))]
    votes_against: Annotated[int, Field(ge=0, le=999, json_schema_extra=titled("不同意票", "Votes against"))]
    recused: Annotated[int, Field(ge=0, le=99, json_schema_extra=titled("回避人数", "Stood back as relatives"))] = 0
    minutes_no: Annotated[
        Text, Field(min_length=1, max_length=60, json_schema_extra=titled("记录编号", "Minutes number"))
    ]
    note: Note = ""

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {
            "held_on": asked.today.isoformat(), "roster": 30, "present": 26, "votes_for": 25, "votes_against": 1,
            "minutes_no": f"{asked.today:%Y}-01",
        }  # fmt: skip

    def wrong(self, asked: Asked) -> list[Wrong]:
        found = super().wrong(asked)
        if self.present > self.roster:
            en, zh = "More are present than are on the roster.", "实到人数不能多于应到人数。"
            found.append(Wrong("form.present", "over_the_roster", en, zh))
        elif self.present < (least := ceil(self.roster * asked.quorum)):
            en = f"Of {self.roster} at least {least} must be present: choose “no quorum, meet again”."
            zh = f"应到 {self.roster} 人，须至少 {least} 人到会：请选“到会不足，改期”。"
            found.append(Wrong("form.present", "no_quorum", en, zh))
        if self.votes_for + self.votes_against > self.present - self.recused:
            en, zh = "There are more votes than people who may vote.", "票数不能多于有表决权的到会人数。"
            found.append(Wrong("form.votes_for", "too_many_votes", en, zh))
        return found

    def has_passed(self, majority: float) -> bool:
        """More than half of those present."""
        return self.votes_for > self.present * majority


class NoQuorum(Form):
    """The meeting is held again on another day; the clock runs on."""

    held_on: Annotated[date, Field(json_schema_extra=titled("会议日期", "Held on"))]
    present: Annotated[int, Field(ge=0, le=999, json_schema_extra=titled("实到人数", "Present"))]

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"held_on": asked.today.isoformat(), "present": 12}


class PostNotice(Form):
    """The notice is up. Its days count from here, however late it went up."""

    posted_on: Annotated[date, Field(json_schema_extra=titled("张贴日期", "Put up on"))]
    posted_at: Annotated[Text, Field(min_length=1, max_length=100, json_schema_extra=titled("张贴地点", "Where"))]
    has_photo: Annotated[bool, Field(json_schema_extra=titled("已拍照存档（不外传）", "Photo kept on file"))] = False

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"posted_on": asked.today.isoformat(), "posted_at": "村务公开栏", "has_photo": True}

    def wrong(self, asked: Asked) -> list[Wrong]:
        found = super().wrong(asked)
        if self.posted_on < asked.sent_on:
            en, zh = "It cannot have been put up before the review was held ({day}).", "不能早于评议通过之日（{day}）。"
            found.append(bounded("form.posted_on", "too_early", asked.sent_on, en, zh))
        return found


class AnswerObjection(Form):
    """An objection to the notice, and what was answered. Who objected is not asked here."""

    received_on: Annotated[date, Field(json_schema_extra=titled("收到日期", "Received on"))]
    about: Annotated[Text, Field(min_length=1, max_length=500, json_schema_extra=titled("异议内容", "What it says"))]
    answer: Annotated[Text, Field(min_length=1, max_length=500, json_schema_extra=titled("答复", "The answer"))]

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"received_on": asked.today.isoformat(), "about": "认为收入更高", "answer": "已复核，收入属实"}


class CloseNotice(Form):
    """Taken down when all its days are over."""

    removed_on: Annotated[date, Field(json_schema_extra=titled("撤下日期", "Taken down on"))]
    objections: Annotated[
        Literal["none", "answered"],
        Field(
            json_schema_extra=titled("异议", "Objections", {"none": ("无", "none"), "answered": ("已答复", "answered")})
        ),
    ]
    category: Annotated[Text, Field(max_length=60, json_schema_extra=titled("公示类别", "Category on the notice"))] = ""

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"removed_on": asked.today.isoformat(), "objections": "none"}

    def wrong(self, asked: Asked) -> list[Wrong]:
        """The days of the notice are the field's: nobody shortens them, and every one of them ends at midnight."""
        found = super().wrong(asked)
        until = asked.notice_until
        if until is not None and min(self.removed_on, asked.today) <= until:
            en, zh = "The notice stays up until {day} has ended.", "公示到 {day}结束，此前不能撤下。"
            found.append(bounded("form.removed_on", "notice_running", until, en, zh))
        return found


FORMS: Mapping[str, type[Form]] = {
    "record_visit": RecordVisit,
    "plan_visit": PlanVisit,
    "not_reached": NotReached,
    "return": Return,
    "record_review": RecordReview,
    "no_quorum": NoQuorum,
    "post_notice": PostNotice,
    "answer_objection": AnswerObjection,
    "close_notice": CloseNotice,
}


def offers(action: str, standing: Standing) -> bool:
    """A notice is closed once it is up, and put up once."""
    is_up = standing.notice_until is not None
    return {"post_notice": not is_up, "close_notice": is_up, "answer_objection": is_up}.get(action, True)


def decide(form: Form, reason_code: str, standing: Standing) -> Outcome:
    """`reason_code` is one of the action's own, or empty where none is needed."""
    match form:
        case RecordVisit():
            return _visited(form, standing)
        case PlanVisit():
            return Stays(planned_on=form.planned_on)
        case RecordReview() if form.has_passed(standing.majority):
            return Onward("review_passed")
        case RecordReview():
            return Onward("review_not_passed", proposal="does_not_qualify", to=TOWNSHIP)
        case PostNotice():
            return Stays(notice_until=form.posted_on + timedelta(days=standing.notice_days))
        case CloseNotice():
            reason = "no_objection" if form.objections == "none" else "objections_answered"
            return Onward(reason, proposal="qualifies", has_been_noticed=True)
        case Return():
            return Returns(reason_code)
        case NotReached() | NoQuorum() | AnswerObjection():
            return Stays(reason_code)
        case _:
            raise AssertionError(f"{type(form).__name__} is no form of this hop")


def _visited(form: RecordVisit, standing: Standing) -> Outcome:
    """With a difficulty to the review, or to the township that asked again; without one, to it as a proposal."""
    if not form.difficulty_confirmed:
        return Onward("no_difficulty_found", "not_seen", form.concerns, "does_not_qualify", TOWNSHIP)
    if standing.is_noticed:
        return Onward("difficulty_confirmed", "confirmed", form.concerns, "qualifies", TOWNSHIP)
    return Onward("difficulty_confirmed", "confirmed", form.concerns)
