"""County: decides with the comparison's result, announces, enters the household, asks the departments; hears appeals.

A handler proposes, an approver signs; an appeal is answered by nobody who refused it. With the signature the farmer
hears at once, through the village, beside the measures.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from services.workflow.form import Asked, Form, Note, Wrong, titled
from services.workflow.hops.papers import (
    Basis,
    DepartmentCode,
    NotEligible,
    Referrals,
    Return,
    SendBack,
    Sign,
    among,
    narrowed_to,
)
from services.workflow.outcome import Beside, Ends, Onward, Outcome, Redirects, Refuses, Returns, Standing
from shared.contracts.types import Hop, Text
from shared.policy import Names

QUESTIONS = {
    "review": Names(
        "请结合信息比对结果审定，并选定帮扶部门。", "Decide with the comparison's result; name the departments."
    ),
    "sign": Names("请签批经办所拟意见。", "Sign what the handler proposes."),
    "entry": Names("请在全国系统录入标注，填户编号。", "Enter the household in the national system; give its number."),
    "announcement": Names("请以乡镇名义在村内公告，并记录。", "Have it announced in the village, and record it."),
    "reassign": Names("部门不予受理，请改派或认可。", "A department declined: ask another one, or accept it."),
    "appeal": Names("请由未参与原认定的人员复核申诉。", "An appeal: for somebody who took no part in the refusal."),
}

_COMPARED = {
    "none": ("未发现不符合情形", "nothing against it"),
    "hit": ("发现情形，已逐项核实", "something, checked one by one"),
    "cannot": ("无法比对，已说明", "could not be compared"),
}

Departments = Annotated[
    tuple[DepartmentCode, ...],
    Field(
        min_length=1, max_length=9, json_schema_extra={"uniqueItems": True} | titled("帮扶部门", "Departments to help")
    ),
]
BEGIN_BESIDE = (Beside("county", "announcement", "announcement"), Beside("village_return", "tell", "result"))


class Approve(Form):
    """The decision, the comparison's result and who is to help."""

    comparison: Annotated[
        Literal["none", "hit", "cannot"], Field(json_schema_extra=titled("信息比对结果", "Comparison", _COMPARED))
    ]
    departments: Departments
    minutes_no: Annotated[
        Text, Field(min_length=1, max_length=60, json_schema_extra=titled("纪要编号", "Minutes number"))
    ]
    note: Note = ""

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"comparison": "none", "departments": list(asked.fitting), "minutes_no": f"{asked.today:%Y}-县-01"}

    @classmethod
    def narrowed(cls, asked: Asked) -> Mapping[str, Mapping[str, Any]]:
        return {"departments": {"items": narrowed_to(asked.departments)}}

    def wrong(self, asked: Asked) -> list[Wrong]:
        return super().wrong(asked) + among("form.departments", self.departments, asked.departments)


class RecordEntry(Form):
    """The number that the national system gave, and the month of the entry."""

    national_no: Annotated[
        str,
        Field(
            pattern=r"^[0-9A-Za-z-]{4,40}$", json_schema_extra=titled("全国系统户编号", "Number in the national system")
        ),
    ]
    entered_on: Annotated[date, Field(json_schema_extra=titled("录入日期", "Entered on"))]

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"national_no": f"3412{asked.today:%Y%m}0001", "entered_on": asked.today.isoformat()}


class Announce(Form):
    """Head, group and category; taken down after a week; never a cause."""

    announced_on: Annotated[date, Field(json_schema_extra=titled("公告日期", "Announced on"))]
    place: Annotated[Text, Field(min_length=1, max_length=100, json_schema_extra=titled("公告地点", "Where"))]

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"announced_on": asked.today.isoformat(), "place": "村务公开栏"}


class Reassign(Form):
    """Another department, which has not been asked yet."""

    department: Annotated[DepartmentCode, Field(json_schema_extra=titled("改派部门", "Department"))]
    note: Note = ""

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"department": next((code for code, _ in asked.departments if code not in asked.asked_already), "")}

    @classmethod
    def narrowed(cls, asked: Asked) -> Mapping[str, Mapping[str, Any]]:
        return {"department": narrowed_to(asked.departments)}

    def wrong(self, asked: Asked) -> list[Wrong]:
        found = super().wrong(asked) + among("form.department", (self.department,), asked.departments)
        if self.department in asked.asked_already:
            en, zh = "This department has been asked already.", "该部门已经派过。"
            found.append(Wrong("form.department", "asked_already", en, zh))
        return found


class AcceptDecline(Form):
    """Nothing is asked of any department in its place."""

    note: Note = ""


class Uphold(Form):
    """不符合 stands: its basis, and where else there is help."""

    basis: Basis
    referrals: Referrals

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"basis": "复核入户和比对结果，仍不符合。", "referrals": ["temporary_relief"]}


class Overturn(Form):
    """What was overlooked."""

    basis: Basis

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"basis": "复核发现支出未计入，撤销原认定。"}


FORMS: Mapping[str, type[Form]] = {
    "approve": Approve,
    "not_eligible": NotEligible,
    "return": Return,
    "sign": Sign,
    "send_back": SendBack,
    "enter": RecordEntry,
    "announce": Announce,
    "reassign": Reassign,
    "accept_decline": AcceptDecline,
    "uphold": Uphold,
    "overturn": Overturn,
}

_REVIEW: tuple[Hop, str] = ("county", "review")
_AGAIN: tuple[Hop, str] = ("village_committee", "review")


def offers(action: str, standing: Standing) -> bool:
    return True


def decide(form: Form, reason_code: str, standing: Standing) -> Outcome:
    match form:
        case Approve():
            return Onward(proposal="qualifies", departments=form.departments)
        case NotEligible():
            return Onward(reason_code, proposal="does_not_qualify")
        case Sign() if standing.proposal == "does_not_qualify":
            return Refuses(standing.proposal_reason or "")
        case Sign():
            return Onward(result="identified", beside=BEGIN_BESIDE)
        case RecordEntry():
            return Onward()
        case Return() | SendBack():
            return Returns(reason_code)
        case Announce() | AcceptDecline():
            return Ends(reason_code)
        case Reassign():
            return Redirects(reason_code, ("department", "measure_plan"), form.department)
        case Uphold():
            return Refuses(reason_code)
        case Overturn():
            return Onward(to=_REVIEW if standing.is_noticed else _AGAIN)
        case _:
            raise AssertionError(f"{type(form).__name__} is no form of this hop")
