"""Concerns: the closed list of what can trouble a household — two worries, three guarantees, water, living,
shocks.

Each has its name and a *band*: the sentence that village and group see, without a sum, a disease, a
hospital or a prison in it. A department's record of a kind raises the concerns listed
beside that kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Concern:
    """`kinds` are the (department, kind) of records that raise it."""

    code: str
    zh: str
    en: str
    band_zh: str
    band_en: str
    kinds: tuple[tuple[str, str], ...] = ()


CONCERNS: tuple[Concern, ...] = (
    Concern(
        "food",
        "吃饭问题",
        "food",
        "吃饭可能有困难",
        "May be short of food",
    ),
    Concern("clothing", "穿衣问题", "clothing", "穿衣可能有困难", "May be short of clothing"),
    Concern(
        "schooling",
        "义务教育",
        "compulsory schooling",
        "孩子上学需要关心",
        "A child's schooling needs a look",
        (("education", "enrolment"),),
    ),
    Concern(
        "medical_burden",
        "医疗负担",
        "medical burden",
        "医疗负担较重",
        "Medical costs weigh heavily",
        (("medical_insurance", "settlement"), ("health", "diagnosis")),
    ),
    Concern(
        "insurance_gap",
        "基本医疗保险",
        "medical insurance",
        "医保参保情况需要核实",
        "Medical insurance needs checking",
        (("medical_insurance", "cover"),),
    ),
    Concern(
        "unsafe_house",
        "住房安全",
        "safe housing",
        "住房安全需要查看",
        "The house needs a safety check",
        (("housing", "house_grade"),),
    ),
    Concern(
        "unsafe_water",
        "饮水安全",
        "safe water",
        "饮水情况需要查看",
        "The water supply needs a look",
        (("water", "supply"),),
    ),
    Concern(
        "living",
        "基本生活",
        "daily living",
        "基本生活可能有困难",
        "Daily living may be hard",
        (("civil_affairs", "allowance"),),
    ),
    Concern(
        "schooling_cost",
        "教育支出",
        "cost of schooling",
        "上学开支较大",
        "Schooling costs weigh heavily",
        (("education", "cost"),),
    ),
    Concern(
        "income_loss",
        "收入减少",
        "loss of income",
        "家庭收入可能减少",
        "The family's income may have fallen",
        (
            ("human_resources", "employment"),
            ("human_resources", "wage_arrears"),
            ("market_supervision", "business"),
            ("market_supervision", "consumer_loss"),
            ("agriculture", "loss"),
            ("rural_revitalization", "project_failure"),
        ),
    ),
    Concern(
        "debt",
        "债务压力",
        "debt",
        "还款可能有压力",
        "Repayments may be hard",
        (("finance", "loan"),),
    ),
    Concern(
        "labour_loss",
        "劳动力缺失",
        "loss of labour",
        "家中劳力情况有变化",
        "The family's hands have changed",
        (("public_security", "death"), ("public_security", "imprisonment")),
    ),
    Concern(
        "disability",
        "残疾",
        "disability",
        "家中有人需要照料",
        "Somebody in the family needs care",
        (("disabled_federation", "certificate"),),
    ),
    Concern(
        "accident",
        "意外事故",
        "accident",
        "家中遇到突发情况",
        "Something sudden happened to the family",
        (("public_security", "accident"),),
    ),
    Concern(
        "disaster",
        "自然灾害",
        "natural disaster",
        "家中可能受灾",
        "The family may have been hit by a disaster",
        (("emergency", "disaster"),),
    ),
    Concern(
        "isolation",
        "出行受阻",
        "cut-off road",
        "出行可能受阻",
        "The road may be cut off",
        (("transport", "isolation"),),
    ),
    Concern(
        "other",
        "其他困难",
        "another difficulty",
        "有其他困难需要了解",
        "Another difficulty to ask about",
    ),
)

BY_CODE: Mapping[str, Concern] = MappingProxyType({one.code: one for one in CONCERNS})


def concern(code: str) -> Concern:
    """Raises LookupError for a code that is not on the list."""
    return BY_CODE[code]


def concerns_of(department: str, kind: str) -> tuple[Concern, ...]:
    """What a department's record of this kind can raise; none for a kind that says nothing by itself."""
    return tuple(one for one in CONCERNS if (department, kind) in one.kinds)
