"""The farmer's own messages: each once, at its moment, in plain words, whatever comes again."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.services.notify.house import NOW, Post, clue, household
from tests.tokens import VILLAGE

HOUSE = household(1)
PERSON = f"household:{HOUSE}"


async def said(office: Post) -> list[str]:
    return [row["step"] for row in await office.notices(HOUSE) if row["officer_id"] == PERSON]


async def test_a_declaration_is_answered_once(office: Post) -> None:
    declared = office.fact("clue.reported", "reported", str(HOUSE), clue(HOUSE))
    await office.told(declared)
    await office.told(declared)
    await office.told(office.fact("clue.reported", "reported", str(HOUSE), clue(HOUSE)))
    [notice] = await office.notices(HOUSE)
    assert (notice["officer_id"], notice["carrier"], notice["state"]) == (PERSON, "inbox", "sent")
    assert notice["case_id"] is None and notice["part"] == "household" and notice["region"] == VILLAGE
    assert notice["title_zh"] == "您家的申报已收到"
    assert await office.emitted(HOUSE) == [("sent", 1)]


@pytest.mark.parametrize(
    ("word", "more"),
    [
        ("reported", {"cause": "clue"}), ("repeated", {}), ("withdrawn", {}), ("appealed", {}), ("objected", {}),
        ("unmatched", {}),
    ],
)  # fmt: skip
async def test_other_reports_are_not_told_to_the_household(office: Post, word: str, more: dict[str, Any]) -> None:
    """Above all an objection of a neighbour and a cadre's clue: neither is the household's own."""
    await office.told(office.fact("clue.reported", word, str(HOUSE), clue(HOUSE, **more)))
    assert await office.notices(HOUSE) == []


async def test_two_declarations_are_two_answers(office: Post) -> None:
    for one in (clue(HOUSE), clue(HOUSE, clue_id=household(7))):
        await office.told(office.fact("clue.reported", "reported", str(HOUSE), one))
    assert await said(office) == ["received", "received"]


async def test_a_visit_day_is_told_and_told_again_when_it_changes(office: Post) -> None:
    for day in (27, 27, 29):
        more = {"action": "plan_visit", "planned_on": date(2026, 11, day)}
        await office.told(office.step("noted", HOUSE, "village_committee", **more))
    titles = [row["title_zh"] for row in await office.notices(HOUSE)]
    assert titles == ["村干部 11 月 27 日上门", "村干部 11 月 29 日上门"]


async def test_the_public_notice_and_the_result_are_told_once(office: Post) -> None:
    posted = {"action": "post_notice", "notice_until": date(2026, 12, 4)}
    await office.told(office.step("noted", HOUSE, "village_committee", **posted))
    decided = {"from_hop": "county", "result": "identified"}
    await office.told(office.step("advanced", HOUSE, "department", branch="medical_insurance", **decided))
    await office.told(office.step("advanced", HOUSE, "department", branch="housing", **decided))
    await office.told(office.step("advanced", HOUSE, "township_return", from_hop="department", result="identified"))
    await office.told(office.step("helped", HOUSE, "village_return", result="helped"))
    assert await said(office) == ["public_notice", "identified", "helped"]


async def test_a_household_that_is_monitored_again_is_told_again(office: Post) -> None:
    """The same case goes its way once more, by a new clock."""
    for clock in (NOW, NOW, NOW + timedelta(days=90)):
        more = {"result": "identified", "clock_started_at": clock}
        await office.told(office.step("advanced", HOUSE, "township_return", from_hop="department", **more))
        await office.told(office.step("helped", HOUSE, "village_return", result="helped", clock_started_at=clock))
    assert await said(office) == ["identified", "helped", "identified", "helped"]


async def test_a_refusal_says_not_eligible_its_basis_and_its_remedy(office: Post) -> None:
    """The basis is the package's own words for the coded reason; no word of a cadre's own reaches the letter."""
    given = {"from_hop": "township", "result": "refused", "action": "sign", "reason_code": "already_resolved"}
    await office.told(office.step("rejected", HOUSE, "village_return", **given))
    [notice] = await office.notices(HOUSE)
    assert notice["title_zh"] == "审核结果：不符合条件"
    assert "依据：困难已解决。" in notice["text_zh"] and "救济途径" in notice["text_zh"]
    assert "the difficulty has been resolved" in notice["text_en"]

    await office.told(office.step("closed", HOUSE, "village_return", result="refused", appeal_until=date(2026, 12, 9)))
    assert await said(office) == ["refused", "appealable"]
    last = (await office.notices(HOUSE))[-1]
    assert "12 月 9 日（含）前申诉" in last["text_zh"]


async def test_an_unknown_reason_points_to_the_written_answer(office: Post) -> None:
    given = {"from_hop": "township", "action": "no_such", "reason_code": "no_such", "policy": "no-such-package"}
    await office.told(office.step("rejected", HOUSE, "village_return", **given))
    [notice] = await office.notices(HOUSE)
    assert "依据：见书面告知。" in notice["text_zh"]


async def test_a_refusal_after_an_appeal_is_told_anew(office: Post) -> None:
    for hop, branch in (("township", "main"), ("county", "appeal")):
        await office.told(office.step("rejected", HOUSE, "village_return", from_hop=hop, branch=branch))
    assert await said(office) == ["refused", "refused"]


async def test_a_case_closed_for_another_reason_says_nothing_to_the_household(office: Post) -> None:
    await office.told(office.step("closed", HOUSE, "village_group"))
    assert await office.notices(HOUSE) == []
