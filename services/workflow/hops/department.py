"""Departments: each plans its measures on a branch of its own, or declines on a legal ground."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from services.workflow.form import Asked, Form, Note, Wrong, not_past, titled
from services.workflow.hops.papers import Basis, Yuan
from services.workflow.outcome import Onward, Outcome, Redirects, Standing
from shared.contracts.types import Text
from shared.policy import Names

QUESTIONS = {
    "measure_plan": Names(
        "请制定帮扶措施：做什么、多少钱、何时到位。", "Plan the measures: what, how much, and until when."
    ),
}

_KINDS = {
    "income": ("增收（产业、就业）", "income: business or work"),
    "medical": ("医疗救助", "medical aid"),
    "schooling": ("教育资助", "help with schooling"),
    "housing": ("住房安全", "safe housing"),
    "water": ("饮水安全", "safe water"),
    "relief": ("低保、特困、临时救助", "subsistence allowance or relief"),
    "care": ("照护、残疾服务", "care"),
    "other": ("其他", "other"),
}


class Plan(Form):
    """One department's measures for the household."""

    kind: Annotated[
        Literal["income", "medical", "schooling", "housing", "water", "relief", "care", "other"],
        Field(json_schema_extra=titled("措施类别", "Kind", _KINDS)),
    ]
    measure: Annotated[Text, Field(min_length=1, max_length=500, json_schema_extra=titled("措施内容", "The measure"))]
    amount_yuan: Annotated[Yuan, Field(json_schema_extra=titled("资金（元）", "Money, yuan"))] = Decimal(0)
    in_place_by: Annotated[date, Field(json_schema_extra=titled("到位时间", "In place by"))]
    note: Note = ""

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {
            "kind": "relief", "measure": "落实救助政策，按月随访。", "amount_yuan": "3000.00",
            "in_place_by": asked.today.isoformat(),
        }  # fmt: skip

    def wrong(self, asked: Asked) -> list[Wrong]:
        return not_past("form.in_place_by", self.in_place_by, asked)


class Decline(Form):
    """The clause on which it is declined; the county asks another department or accepts it."""

    basis: Basis

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"basis": "不属本部门政策范围，建议由民政办理。"}


FORMS: Mapping[str, type[Form]] = {"plan": Plan, "decline": Decline}


def offers(action: str, standing: Standing) -> bool:
    return True


def decide(form: Form, reason_code: str, standing: Standing) -> Outcome:
    match form:
        case Plan():
            return Onward()
        case Decline():
            return Redirects(reason_code, ("county", "reassign"), standing.branch)
        case _:
            raise AssertionError(f"{type(form).__name__} is no form of this hop")
