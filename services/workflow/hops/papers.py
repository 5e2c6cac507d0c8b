"""The papers that several hops use: a refusal with its basis, a return with all defects, a signature (A7, B2). Pure."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from services.workflow.form import Asked, Form, Note, titled
from shared.contracts.types import Text

_REFERRALS = {
    "temporary_relief": ("临时救助", "temporary relief"),
    "medical_aid": ("医疗救助", "medical aid"),
    "major_illness": ("大病救助", "relief for major illness"),
    "education": ("教育资助", "help with schooling"),
    "disabled_federation": ("残联帮扶", "the disabled persons' federation"),
    "none": ("无需转介", "none is needed"),
}
ReferralCode = Annotated[
    Literal["temporary_relief", "medical_aid", "major_illness", "education", "disabled_federation", "none"],
    Field(json_schema_extra=titled("转介", "Referral", _REFERRALS)),
]
Basis = Annotated[
    Text,
    Field(min_length=1, max_length=500, json_schema_extra=titled("依据（政策条款和事实）", "Basis: clause and facts")),
]
Referrals = Annotated[
    tuple[ReferralCode, ...],
    Field(min_length=1, max_length=6, json_schema_extra=titled("转介其他救助", "Referred to other help")),
]
Defects = Annotated[
    tuple[Annotated[Text, Field(min_length=1, max_length=200)], ...],
    Field(min_length=1, max_length=10, json_schema_extra=titled("一次列明全部问题", "All defects, at once")),
]


class NotEligible(Form):
    """不符合, with its basis, and where else the household may find help."""

    basis: Basis
    referrals: Referrals
    note: Note = ""

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"basis": "入户核查未发现返贫致贫风险，收支平衡。", "referrals": ["temporary_relief"]}


class Return(Form):
    """Back once, with everything that is missing."""

    defects: Defects

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"defects": ["缺户主签字", "未说明收入来源"]}


class Sign(Form):
    """Whoever signs has read it; the number of the meeting's minutes where there was one."""

    minutes_no: Annotated[Text, Field(max_length=60, json_schema_extra=titled("会议纪要编号", "Minutes number"))] = ""
    note: Note = ""


class SendBack(Form):
    """To the handler, with what is to be done again."""

    defects: Defects

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"defects": ["意见与核查记录不一致"]}
