"""Explain: why a household is warned, in both languages and in two grades. Pure.

`exact` is for township and above: value, threshold, its date and whether it was checked, day, department. `band` is for
village and group: the concern alone, never a sum, a disease or a hospital (people's needs A5), and never how
often or by which ways something was reported (A4). What was told in words is not known here.
"""

from collections.abc import Sequence
from decimal import Decimal

from services.screening.clue import ClueFact, Said
from services.screening.rules import housing, medical_insurance
from services.screening.rules.finding import Measured
from shared.clock import civil_date
from shared.contracts.warning import Explanation, Words
from shared.domain.concerns import Concern, concern

KIND_ZH = {"monitored": "脱贫户、监测户", "others": "一般农户"}
KIND_EN = {"monitored": "households lifted out or monitored", "others": "other households"}
STATUS_ZH = {"uninsured": "未参加基本医疗保险", "paused": "暂停参保", "arrears": "医保欠费"}
STATUS_EN = {"uninsured": "is not insured", "paused": "has a paused insurance", "arrears": "is in arrears with it"}
UNVERIFIED_ZH, UNVERIFIED_EN = "，未核实", ", unverified"


LEVEL_ZH = {"red": "红色", "orange": "橙色", "yellow": "黄色"}
NEW_RISK = Words(
    zh="本户已在监测或帮扶，按新风险核实。",
    en="The household is monitored or helped already: check this as a new risk.",
)


def explained(found: Sequence[Measured], said: Said | None = None, is_new_risk: bool = False) -> Explanation:
    """The whole warning: what people reported, then one sentence a finding, the gravest first."""
    parts = [of_finding(one) for one in found]
    if said is not None:
        parts = [*of_reports(said), *([Explanation(exact=NEW_RISK, band=NEW_RISK)] if is_new_risk else []), *parts]
    bands = [dict.fromkeys(filter(None, words)) for words in zip(*((p.band.zh, p.band.en) for p in parts), strict=True)]
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
    return Explanation(exact=exact, band=_band(known))


def _band(known: Concern) -> Words:
    return Words(zh=f"{known.band_zh}，请上门了解。", en=f"{known.band_en}: please visit and ask.")


def of_reports(said: Said) -> list[Explanation]:
    """A sentence for what the farmer declared, one for what others reported, and how often by how many ways."""
    parts = []
    if said.declared is not None:
        parts.append(_reported(said.declared, "农户自主申报", "The household declared"))
    if said.reported is not None:
        parts.append(_reported(said.reported, "线索反映", "A clue reported"))
    again = _again(said)
    if again is not None:
        parts.append(Explanation(exact=again, band=Words(zh="", en="")))
    return parts


def _reported(one: ClueFact, who_zh: str, who_en: str) -> Explanation:
    known = [concern(code) for code in one.concerns]
    day, (level_zh, level_en) = civil_date(one.first_at).isoformat(), _level(one)
    bands = [_band(each) for each in known]
    if one.cause == "declaration":
        bands.insert(0, Words(zh="农户自主申报困难。", en="The household declared a difficulty."))
    if one.is_green:
        bands.insert(0, Words(zh="情况突发，先救助后补手续。", en="Sudden: help first, the procedure afterwards."))
    return Explanation(
        exact=Words(
            zh=f"{who_zh}（{day} 收到）：{'、'.join(each.zh for each in known)}；{level_zh}。",
            en=f"{who_en} (received {day}): {', '.join(each.en for each in known)}; {level_en}.",
        ),
        band=Words(zh="".join(each.zh for each in bands), en=" ".join(each.en for each in bands)),
    )


def _level(one: ClueFact) -> tuple[str, str]:
    zh = LEVEL_ZH[one.level]
    match one.basis:
        case "green":
            return f"情况突发，走绿色通道，定为{zh}", f"sudden, by the green channel, {one.level}"
        case "given":
            return f"上报人定为{zh}", f"{one.level} as given by whoever reported it"
        case "table":
            return f"按规定定为{zh}{UNVERIFIED_ZH}", f"{one.level} by the table{UNVERIFIED_EN}"
        case "table_verified":
            return f"按规定定为{zh}", f"{one.level} by the table"


def _again(said: Said) -> Words | None:
    """第三次反映，九天内，两个渠道."""
    if said.times > said.reports:
        return Words(
            zh=f"近三十天内第{_numeral(said.times)}次反映。", en=f"Report number {said.times} within thirty days."
        )
    if said.reports < 2:
        return None
    days = (civil_date(said.last_at) - civil_date(said.first_at)).days
    span_zh = f"{_counted(days)}天内" if days else "同一天"
    span_en = f"within {days} days" if days > 1 else "within a day"
    ways_en = f"{said.channels} channels" if said.channels > 1 else "one channel"
    return Words(
        zh=f"第{_numeral(said.reports)}次反映，{span_zh}，{_counted(said.channels)}个渠道。",
        en=f"Report number {said.reports}, {span_en}, through {ways_en}.",
    )


DIGITS = "零一二三四五六七八九"


def _numeral(number: int) -> str:
    """In characters below a hundred."""
    tens, ones = divmod(number, 10)
    if tens == 0 or tens > 9:
        return DIGITS[ones] if tens == 0 else str(number)
    return ("" if tens == 1 else DIGITS[tens]) + "十" + (DIGITS[ones] if ones else "")


def _counted(number: int) -> str:
    return "两" if number == 2 else _numeral(number)


def withdrawn_because(is_told: bool) -> Explanation:
    """Of a withdrawn warning: whoever reported took it back, or the records were corrected."""
    words = TAKEN_BACK if is_told else CORRECTED
    return Explanation(exact=words, band=words)


TAKEN_BACK = Words(
    zh="申报或反映的情况已撤回，没有其他依据。",
    en="What was declared or reported was taken back; nothing else holds it.",
)
CORRECTED = Words(
    zh="预警依据的部门记录已更正或撤回。", en="The records behind this warning were corrected or withdrawn."
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
