"""Explain: why a household is warned, in both languages and in two grades. Pure.

`exact` is for township and above: value, threshold, its date and whether it was checked, day, department. `band` is for
village and group: the concern alone, never a sum, a disease or a hospital, and never how
often or by which ways something was reported. What was told in words is not known here.
"""

from collections.abc import Sequence
from datetime import timedelta

from services.screening.clue import ClueFact, Said
from services.screening.rules import BY_DEPARTMENT
from services.screening.rules.finding import UNVERIFIED_EN, UNVERIFIED_ZH, Measured, Quiet
from shared.clock import civil_date
from shared.contracts.warning import Explanation, Words
from shared.domain.concerns import Concern, concern
from shared.domain.said_day import said_in_both

LEVEL_ZH = {"red": "红色", "orange": "橙色", "yellow": "黄色"}
NEW_RISK = Words(
    zh="本户已在监测或帮扶，按新风险核实。",
    en="The household is monitored or helped already: check this as a new risk.",
)


TEXT_MAX = 2000
"""Characters of a text in the contract. More than it holds is told as a number, the gravest findings first."""


def explained(
    findings: Sequence[Explanation], reports: Sequence[Explanation] = (), is_new_risk: bool = False
) -> Explanation:
    """The whole warning: what people reported, then one sentence a finding, the gravest first, as many as it holds."""
    before = [*reports, *([Explanation(exact=NEW_RISK, band=NEW_RISK)] if is_new_risk else [])]
    if len(findings) == 1 and not before:
        return findings[0]
    texts = _texts([*before, *findings])
    for told in reversed(range(len(findings))):
        if max(map(len, texts)) <= TEXT_MAX:
            break
        texts = _texts([*before, *findings[:told], _and_more(len(findings) - told)])
    exact_zh, exact_en, band_zh, band_en = texts
    return Explanation(exact=Words(zh=exact_zh, en=exact_en), band=Words(zh=band_zh, en=band_en))


def _texts(parts: Sequence[Explanation]) -> tuple[str, str, str, str]:
    """Exact in both languages, band in both; a band says each concern once."""
    zh, en = (
        dict.fromkeys(filter(None, words)) for words in zip(*((p.band.zh, p.band.en) for p in parts), strict=True)
    )
    exact_zh, exact_en = "".join(p.exact.zh for p in parts), " ".join(p.exact.en for p in parts)
    return exact_zh, exact_en, "".join(zh), " ".join(en)


def _and_more(number: int) -> Explanation:
    words = Words(zh=f"另有 {number} 项。", en=f"And {number} more.")
    return Explanation(exact=words, band=words)


def of_finding(found: Measured) -> Explanation:
    exact = BY_DEPARTMENT[found.department].sentence(found)
    return Explanation(exact=exact, band=_band(concern(found.concern)))


def silent_if(found: Measured) -> Words:
    """What would have to be different for this finding not to be there, exact."""
    middle = BY_DEPARTMENT[found.department].unless(found)
    return Words(zh=f"若{middle.zh}则不预警。", en=f"There would be no warning if {middle.en}.")


def _band(known: Concern) -> Words:
    return Words(zh=f"{known.band_zh}，请上门了解。", en=f"{known.band_en}: please visit and ask.")


def of_reports(said: Said, counted_over: timedelta) -> list[Explanation]:
    """A sentence for what the farmer declared, one for what others reported, and how often by how many ways.

    `counted_over`: so long intake counts a household's reports.
    """
    parts = []
    if said.declared is not None:
        parts.append(_reported(said.declared, "农户自主申报", "The household declared"))
    if said.reported is not None:
        parts.append(_reported(said.reported, "线索反映", "A clue reported"))
    again = _again(said, counted_over)
    if again is not None:
        parts.append(Explanation(exact=again, band=Words(zh="", en="")))
    return parts


def _reported(one: ClueFact, who_zh: str, who_en: str) -> Explanation:
    known = [concern(code) for code in one.concerns]
    day, (level_zh, level_en) = said_in_both(civil_date(one.first_at)), _level(one)
    bands = [_band(each) for each in known]
    if one.cause == "declaration":
        bands.insert(0, Words(zh="农户自主申报困难。", en="The household declared a difficulty."))
    if one.is_green:
        bands.insert(0, Words(zh="情况突发，先救助后补手续。", en="Sudden: help first, the procedure afterwards."))
    return Explanation(
        exact=Words(
            zh=f"{who_zh}（{day[0]}收到）：{'、'.join(each.zh for each in known)}；{level_zh}。",
            en=f"{who_en} (received {day[1]}): {', '.join(each.en for each in known)}; {level_en}.",
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


def _again(said: Said, counted_over: timedelta) -> Words | None:
    """第三次反映，九天内，两个渠道."""
    if said.times > said.reports:
        span_zh, span_en = _span(counted_over.days)
        return Words(zh=f"近{span_zh}第{_numeral(said.times)}次反映。", en=f"Report number {said.times} {span_en}.")
    if said.reports < 2:
        return None
    days = (civil_date(said.last_at) - civil_date(said.first_at)).days
    span_zh, span_en = _span(days) if days else ("同一天", "within a day")
    ways_en = f"{said.channels} channels" if said.channels > 1 else "one channel"
    return Words(
        zh=f"第{_numeral(said.reports)}次反映，{span_zh}，{_counted(said.channels)}个渠道。",
        en=f"Report number {said.reports}, {span_en}, through {ways_en}.",
    )


def _span(days: int) -> tuple[str, str]:
    return f"{_counted(days)}天内", f"within {days} days" if days > 1 else "within a day"


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


MERGED_WORDS = Words(
    zh="两户登记已合并为一户，情况并入合并后该户的预警继续核实。",
    en="The register has merged two households into one: this goes on with that household's warning.",
)
MERGED = Explanation(exact=MERGED_WORDS, band=MERGED_WORDS)


SUPPRESSED = Words(
    zh="有应当预警的情况，但暂不上门，原因和再次预警的日期见该条预警。",
    en="There is something to warn of, held back for now: the warning says why and until which day.",
)


def why_not(looked_at: Sequence[Quiet]) -> Words:
    """Why a household is not warned, and how far it is from it, as much as a text holds. For township and above."""
    if not looked_at:
        return Words(zh="没有仍有效的部门记录，不预警。", en="No department's record stands: no warning.")
    says = list(dict.fromkeys((one.says.zh, one.says.en) for one in looked_at))
    for told in range(len(says), -1, -1):
        more = [(f"另有 {len(says) - told} 项，", f"And {len(says) - told} more.")] if told < len(says) else []
        parts = [*says[:told], *more]
        zh, en = "".join(one[0] for one in parts) + "不预警。", " ".join(one[1] for one in parts) + " No warning."
        if max(len(zh), len(en)) <= TEXT_MAX:
            break
    return Words(zh=zh, en=en)
