"""Explain: why a household is warned, in both languages and in two grades. Pure.

`exact` is for township and above: value, threshold, its date and whether it was checked, day, department. `band` is for
village and group: the concern alone, never a sum, a disease or a hospital (people's needs A5).
"""

from collections.abc import Sequence
from decimal import Decimal

from services.screening.rules import housing, medical_insurance
from services.screening.rules.finding import Measured
from shared.contracts.warning import Explanation, Words
from shared.domain.concerns import concern

KIND_ZH = {"monitored": "脱贫户、监测户", "others": "一般农户"}
KIND_EN = {"monitored": "households lifted out or monitored", "others": "other households"}
STATUS_ZH = {"uninsured": "未参加基本医疗保险", "paused": "暂停参保", "arrears": "医保欠费"}
STATUS_EN = {"uninsured": "is not insured", "paused": "has a paused insurance", "arrears": "is in arrears with it"}
UNVERIFIED_ZH, UNVERIFIED_EN = "，未核实", ", unverified"


def explained(found: Sequence[Measured]) -> Explanation:
    """The whole warning: one sentence a finding, the gravest first."""
    parts = [of_finding(one) for one in found]
    bands = list(dict.fromkeys(part.band.zh for part in parts)), list(dict.fromkeys(part.band.en for part in parts))
    return Explanation(
        exact=Words(zh="".join(part.exact.zh for part in parts), en=" ".join(part.exact.en for part in parts)),
        band=Words(zh="".join(bands[0]), en=" ".join(bands[1])),
    )


def of_finding(found: Measured) -> Explanation:
    known = concern(found.concern)
    match found.rule:
        case medical_insurance.SELF_PAID:
            exact = _self_paid(found)
        case medical_insurance.COVER:
            exact = _cover(found)
        case housing.GRADE:
            exact = _house(found)
        case other:
            raise AssertionError(f"rule {other} has no words")
    return Explanation(
        exact=exact, band=Words(zh=f"{known.band_zh}，请上门了解。", en=f"{known.band_en}: please visit and ask.")
    )


def not_verified(found: Measured) -> tuple[str, str]:
    return ("", "") if found.is_verified else (UNVERIFIED_ZH, UNVERIFIED_EN)


def _self_paid(found: Measured) -> Words:
    told, unsure = found.words, not_verified(found)
    window_zh = f"{told['year']} 年" if told["window"] == "year" else "近 12 个月"
    window_en = f"in {told['year']}" if told["window"] == "year" else "in the last 12 months"
    what_zh = "医疗合规自付" if told["scope"] == "in_scope" else "医疗自付（部分记录没有合规自付金额，按自付金额计）"
    what_en = "in-scope self-paid" if told["scope"] == "in_scope" else "self-paid (some records give no in-scope sum)"
    income_zh, income_en = _income(told)
    return Words(
        zh=f"{window_zh}{what_zh}累计 {told['value']} 元，达到{KIND_ZH[told['kind']]} {told['line']} 元线"
        f"（{told['since']} 起{unsure[0]}）{income_zh}，最近一笔 {told['last_on']} 结算，来自医保局。",
        en=f"Medical costs {what_en} {window_en} come to {told['value']} yuan, at or over the line of"
        f" {told['line']} yuan for {KIND_EN[told['kind']]} (from {told['since']}{unsure[1]}){income_en};"
        f" last settled on {told['last_on']}; from the medical insurance bureau.",
    )


def _income(told: object) -> tuple[str, str]:
    assert isinstance(told, dict)
    if told["income"] == "unknown":
        return "，家庭年收入未知", "; the yearly income is not known"
    share_zh = f"的 {told['share']}%" if told["share"] else ""
    share_en = f"{told['share']} % of " if told["share"] else ""
    return (
        f"，为 {told['income_year']} 年家庭收入 {told['income_yuan']} 元{share_zh}",
        f", {share_en}the household's income of {told['income_yuan']} yuan in {told['income_year']}",
    )


def _cover(found: Measured) -> Words:
    told = found.words
    return Words(
        zh=f"一名成员自 {told['occurred_on']} 起{STATUS_ZH[told['status']]}，来自医保局。",
        en=f"One member {STATUS_EN[told['status']]} since {told['occurred_on']}; from the medical insurance bureau.",
    )


def _house(found: Measured) -> Words:
    told = found.words
    return Words(
        zh=f"{told['inspected_on']} 房屋安全鉴定为 {told['grade']} 级，来自住建局。",
        en=f"The house was graded {told['grade']} on {told['inspected_on']}; from the housing bureau.",
    )


def why_not(paid: Decimal, line: Decimal, kind: str, has_facts: bool) -> Words:
    """Why a household is not warned, and how far it is from it. For township and above."""
    if not has_facts:
        return Words(zh="没有仍有效的部门记录，不预警。", en="No department's record stands: no warning.")
    if paid <= 0:
        return Words(
            zh="部门记录显示的情况正常，不预警。", en="What the departments' records say is in order: no warning."
        )
    return Words(
        zh=f"医疗合规自付累计 {paid:,.2f} 元，未到{KIND_ZH[kind]} {line:,.2f} 元线，还差 {line - paid:,.2f} 元；"
        "参保和住房记录没有问题，不预警。",
        en=f"In-scope self-paid medical costs come to {paid:,.2f} yuan, {line - paid:,.2f} under the line of"
        f" {line:,.2f} for {KIND_EN[kind]}; cover and house are in order: no warning.",
    )
