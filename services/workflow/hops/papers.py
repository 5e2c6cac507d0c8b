"""What several hops ask: a refusal with its basis, a return with all defects, a signature, an attempt at which
nobody was met, departments, sums. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from services.workflow.form import Asked, Form, Note, Wrong, titled
from shared.contracts.types import Text
from shared.policy import Names

_HOW = {"visit": ("上门", "visit"), "phone": ("电话", "telephone"), "video": ("视频", "video call")}
_PRESENT = {
    "head": ("户主", "head of the household"),
    "spouse": ("配偶", "spouse"),
    "adult": ("其他成年家人", "another adult of the family"),
    "child": ("孩子", "a child"),
    "relative": ("亲属", "a relative"),
    "neighbour": ("邻居", "a neighbour"),
}
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
Yuan = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=2)]
DepartmentCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
How = Annotated[Literal["visit", "phone", "video"], Field(json_schema_extra=titled("方式", "How", _HOW))]
PresentCode = Annotated[
    Literal["head", "spouse", "adult", "child", "relative", "neighbour"],
    Field(json_schema_extra=titled("在场人员", "Who was present", _PRESENT)),
]
Present = Annotated[
    tuple[PresentCode, ...],
    Field(min_length=1, max_length=6, json_schema_extra=titled("在场人员", "Who was present")),
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


class NotReached(Form):
    """An attempt at which nobody was met. The task stays open; three of them are no ground to close it."""

    tried_on: Annotated[date, Field(json_schema_extra=titled("哪天去的", "Tried on"))]
    how: How
    note: Note = ""

    @classmethod
    def example(cls, asked: Asked) -> Mapping[str, Any]:
        return {"tried_on": asked.today.isoformat(), "how": "visit"}


def among(field: str, codes: Sequence[str], listed: Sequence[tuple[str, Names]]) -> list[Wrong]:
    """What is wrong with departments that must be among those listed, each once."""
    if set(codes) <= {code for code, _ in listed} and len(set(codes)) == len(codes):
        return []
    return [
        Wrong(field, "not_listed", "Choose from the departments listed, each once.", "请从列出的部门中选择，每个一次。")
    ]


def narrowed_to(listed: Sequence[tuple[str, Names]]) -> Mapping[str, Any]:
    """What a field of departments is narrowed to in the schema."""
    names = {code: {"zh": name.zh, "en": name.en} for code, name in listed}
    return {"enum": list(names), "x-names-of": names}
