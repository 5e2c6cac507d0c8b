"""Township: reviews the village's file and passes it on, or refuses; a handler proposes, an approver signs.

Beside it the green channel: for a sudden blow the household is helped first, and the procedure follows.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from services.workflow.form import Asked, Form, Note, titled
from services.workflow.hops.papers import NotEligible, Return, SendBack, Sign, Yuan
from services.workflow.outcome import Ends, Onward, Outcome, Refuses, Returns, Standing
from shared.contracts.types import Text
from shared.policy import Names

QUESTIONS = {
    "review": Names(
        "请审核村里报来的材料，提出意见；要退回的，一次列明全部问题。",
        "Review the village's file and propose; what goes back lists all defects at once.",
    ),
    "sign": Names("请签批经办所拟意见。", "Sign what the handler proposes."),
    "relief": Names(
        "突发困难，请 24 小时内先行救助，手续后补。", "A sudden blow: help within 24 hours; the procedure follows."
    ),
}


class Pass(Form):
    """The opinion with which the case goes to the county."""

    opinion: Annotated[Text, Field(min_length=1, max_length=500, json_schema_extra=titled("审核意见", "Opinion"))]
    spot_checked: Annotated[bool, Field(json_schema_extra=titled("已抽查入户", "Spot-checked at home"))] = False
    note: Note = ""

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"opinion": "材料齐全，程序合规，拟同意报县。", "spot_checked": True}


class Relieve(Form):
    """What was given at once."""

    given_on: Annotated[date, Field(json_schema_extra=titled("救助日期", "Given on"))]
    kind: Annotated[Text, Field(min_length=1, max_length=100, json_schema_extra=titled("救助内容", "What was given"))]
    amount_yuan: Annotated[Yuan, Field(json_schema_extra=titled("金额（元）", "Amount, yuan"))] = Decimal(0)
    approved_by: Annotated[Text, Field(min_length=1, max_length=60, json_schema_extra=titled("批准人", "Approved by"))]

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {
            "given_on": asked.today.isoformat(), "kind": "临时救助金和生活物资", "amount_yuan": "2000.00",
            "approved_by": "分管负责人",
        }  # fmt: skip


class NoRelief(Form):
    """Why nothing is given at once."""

    note: Note = ""


FORMS: Mapping[str, type[Form]] = {
    "pass": Pass,
    "not_eligible": NotEligible,
    "return": Return,
    "sign": Sign,
    "send_back": SendBack,
    "relieve": Relieve,
    "no_relief": NoRelief,
}


def offers(action: str, standing: Standing) -> bool:
    """Nobody passes on a household that was not held up to its neighbours: it goes back, or is refused."""
    return action != "pass" or standing.is_noticed


def decide(form: Form, reason_code: str, standing: Standing) -> Outcome:
    match form:
        case Pass():
            return Onward(proposal="qualifies")
        case NotEligible():
            return Onward(reason_code, proposal="does_not_qualify")
        case Sign() if standing.proposal == "does_not_qualify":
            return Refuses(standing.proposal_reason or "")
        case Sign():
            return Onward()
        case Return() | SendBack():
            return Returns(reason_code)
        case Relieve() | NoRelief():
            return Ends(reason_code)
        case _:
            raise AssertionError(f"{type(form).__name__} is no form of this hop")
