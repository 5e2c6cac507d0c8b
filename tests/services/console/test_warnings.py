"""Pages of warnings without a browser: why one is held back and until when, what would silence it, the way back up."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.console.live import Heard, _Data
from services.console.pages.warning import finding, measured
from services.console.pages.warnings import Asked, above, explained, held_back
from services.console.wording import Words
from shared.clock import machine_now
from shared.policy import load
from tests.services.console.scene import COUNTY, TOWNSHIP, Scene, household_id, says, signed_in
from tests.tokens import VILLAGE

ZH, EN = (Words(language, load("regular-2026")) for language in ("zh-CN", "en"))
WARNING_ID = "7d0f6c7e-5f5e-4a4e-9f77-2f2a6f0c0001"
HELD: dict[str, Any] = {
    "warning_id": WARNING_ID, "household_id": str(household_id(1)), "household_no": "H-0001", "state": "suppressed",
    "level": "yellow", "cause": "finding", "provisional": False, "raised_at": "2026-11-24T02:00:00+00:00",
    "concerns": ["medical_burden"], "clock_started_at": "2026-11-24T02:00:00+00:00", "policy": "regular-2026",
    "explanation": {"zh": "2026 年医疗合规自付累计 20,410.50 元。", "en": "Self-paid costs come to 20,410.50 yuan."},
    "suppression": {
        "reason": "cool_down", "speaks_again_on": "2027-02-25", "for_audit": True,
        "words": {
            "zh": "同一情况已由人员核实办结，90 天内没有新情况不重复预警；2027 年 2 月 25 日起仍存在则再次预警。",
            "en": "People have answered it; from 25 February 2027 on it is told if it still stands.",
        },
    },
    "findings": [{
        "rule": "medical_insurance.self_paid", "department": "medical_insurance", "level": "yellow",
        "value": "20410.50", "threshold": "5000.00", "unit": "yuan", "threshold_verified": False,
        "occurred_on": "2026-11-03", "concern": "medical_burden", "record_id": "YB-1", "record_ids": ["YB-1"],
        "explanation": {"zh": "2026 年医疗合规自付累计 20,410.50 元。", "en": "20,410.50 yuan."},
        "threshold_since": "2026-01-01", "threshold_source": "a county's medical insurance duties",
        "threshold_source_zh": "某县医保部门职责",
        "counterfactual": {"words": {"zh": "若合规自付不足 5,000.00 元（现多 15,410.50 元）则不预警。",
                                     "en": "There would be no warning if the costs were under 5,000.00 yuan."}},
    }],
    "changed_at": "2026-11-27T02:00:00+00:00",
}  # fmt: skip


async def test_a_warning_held_back_says_why_until_when_and_what_would_silence_it(village: Scene) -> None:
    answers = village.neighbours.answers
    tally = {"items": [{"state": "suppressed", "level": "yellow", "count": 1}], "as_of": "2026-11-27T03:00:00+00:00"}
    village.neighbours.away.discard("screening")
    answers |= {
        ("screening", "/v1/warnings/tally"): says(tally),
        ("screening", f"/v1/warnings/{WARNING_ID}"): says(HELD),
        ("screening", "/v1/warnings"): lambda request: httpx.Response(
            200, json={"items": [HELD] if request.url.params["level"] == "yellow" else [], "next": None}
        ),
    }
    try:
        async with httpx.AsyncClient(base_url=village.console.url) as client:
            await signed_in(client, f"COUNTY-{COUNTY}-1")
            listed = (await client.get("/warnings?state=suppressed")).text
            whole = (await client.get(f"/warnings/{WARNING_ID}")).text
    finally:
        for key in [key for key in answers if key[0] == "screening"]:
            answers.pop(key)
        village.neighbours.away.add("screening")
    for page in (listed, whole):
        for text in (
            "暂不提示：同一情况已由人员核实办结",
            "2027 年 2 月 25 日起仍存在则再次预警。",
            "已抽中，供人工抽查。",
        ):
            assert text in page
    assert "若合规自付不足 5,000.00 元（现多 15,410.50 元）则不预警。" in whole
    assert "某县医保部门职责" in whole and "a county&#39;s medical" not in whole
    assert "合规自付累计" in whole and "medical_insurance.self_paid" not in whole


def test_a_village_is_asked_to_visit_for_an_open_warning_alone() -> None:
    asks = {"zh": "医疗负担较重，请上门了解。", "en": "Medical costs weigh heavily: please visit and ask."}
    band = HELD | {
        "findings": [{"concern": "medical_burden", "level": "yellow", "explanation": asks}],
        "explanation": asks,
    }
    for state, zh, en in (
        ("open", asks["zh"], asks["en"]),
        ("suppressed", "医疗负担较重", "Medical costs weigh heavily"),
        ("closed", "医疗负担较重", "Medical costs weigh heavily"),
    ):
        assert [explained(band | {"state": state}, "band", words) for words in (ZH, EN)] == [zh, en]
    assert explained(HELD, "exact", ZH) == HELD["explanation"]["zh"]
    declared = HELD | {"findings": [], "state": "closed", "explanation": {"zh": "农户自主申报。", "en": "Declared."}}
    assert explained(declared, "exact", ZH) == "农户自主申报。"


def test_a_lines_source_is_named_in_the_readers_language() -> None:
    [one] = HELD["findings"]
    assert [finding(one, words)["line_source"] for words in (ZH, EN)] == [
        "某县医保部门职责", "a county's medical insurance duties",
    ]  # fmt: skip
    assert finding({**one, "threshold_source_zh": None}, ZH)["line_source"] == "a county's medical insurance duties"


def test_why_a_warning_is_held_back_and_from_which_day_it_speaks() -> None:
    why = "同一情况已由人员核实办结，90 天内没有新情况不重复预警；2027 年 2 月 25 日起仍存在则再次预警"
    assert held_back(HELD, ZH) == {"suppressed": why, "for_audit": True}
    assert held_back({"suppression": None}, ZH) == {"suppressed": "", "for_audit": False}


def test_below_the_township_a_finding_is_its_concern_alone() -> None:
    band = finding({"concern": "medical_burden", "level": "yellow", "explanation": {"zh": "负担较重。"}}, ZH)
    assert (band["is_exact"], band["rule"], band["value"], band["records"], band["unless"]) == (False, "", "", [], "")


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        ("20410.50", "yuan", "20,410.50 元", "20,410.50 yuan"),
        ("D", "grade", "D 级", "grade D"),
        ("uninsured", "status", "未参保", "uninsured"),
        ("2026-08-03", "months_since", "2026 年 8 月 3 日起", "since 3 August 2026"),
        ("3", "months_since", "3 个月", "3 months"),
        ("7", "days_since", "7 天", "7 days"),
        (None, "yuan", "", ""),
    ],
)
def test_a_value_is_said_with_its_unit_and_never_as_a_code(value: str | None, unit: str, zh: str, en: str) -> None:
    assert (measured(value, unit, ZH), measured(value, unit, EN)) == (zh, en)


def test_a_place_that_was_chosen_can_be_widened_again_up_to_ones_own() -> None:
    assert [one.code for one in above(COUNTY, VILLAGE)] == [TOWNSHIP]
    assert above(TOWNSHIP, VILLAGE) == [] == above(COUNTY, TOWNSHIP) == above(COUNTY, "")
    assert [one.code for one in above("34", TOWNSHIP)] == ["3412", COUNTY]


def test_another_place_than_ones_own_is_not_asked_for() -> None:
    for region in ("340822", "341221999999", "x", "3412211"):
        assert Asked.of({"region": region}, COUNTY).region == ""
    assert Asked.of({"region": f"{TOWNSHIP}000"}, COUNTY).region == TOWNSHIP


def test_a_warning_is_announced_where_the_list_would_show_it() -> None:
    def told(word: str = "raised", level: str = "red", region: str = VILLAGE) -> Heard:
        about = _Data(household_id=str(uuid4()), level=level)
        return Heard("warning.raised", word, machine_now(), region, None, about)

    asked = Asked(level="red", region=TOWNSHIP)
    assert asked.is_new(told())
    assert not any(map(asked.is_new, (told(word="withdrawn"), told(level="yellow"), told(region="341221103201"))))
    assert not Asked(state="closed").is_new(told())
