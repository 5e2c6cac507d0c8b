"""A warning held back: what people have answered is on record, says until when, and asks nobody for anything."""

from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.house import COUNTY_OFFICER, LOOKS, NARROW, PHONE, SMALL, TOWNSHIP_OFFICER, Theme, Village
from tests.journeys.road import CADRE, TOWNSHIP, WORKER
from tests.until import until


@pytest_asyncio.fixture(scope="module", autouse=True)
async def held(village: Village) -> dict[str, Any]:
    """Household 1 was visited, no difficulty was found, the refusal signed and told: its warning is closed, and the
    same finding, which still stands, is held back."""
    await village.register(1)
    await village.settle(1)
    road = village.road
    warning = await road.warned("H-0001")
    handler = road.headers("township", officer_id="to-1", region=TOWNSHIP)
    approver = road.headers("township", officer_id="to-2", region=TOWNSHIP, capacity="approver")
    for hop, who, action, change in (
        ("village_group", road.worker, "report", {"difficulty": "not_seen"}),
        ("village_committee", road.cadre, "record_visit", {"difficulty_confirmed": False, "concerns": []}),
        ("township", handler, "not_eligible", {}),
        ("township", approver, "sign", {}),
        ("village_return", road.cadre, "tell", {}),
    ):
        await decided(village, str(warning["household_id"]), hop, who, action, change)
    [found] = await until(lambda: road.warnings("H-0001", "suppressed"), 30, "the finding is held back")
    return dict(found)


async def decided(
    village: Village, household_id: str, hop: str, who: dict[str, str], action: str, change: dict[str, Any]
) -> None:
    """The household's task at a hop by this action's example, with these answers changed."""

    async def offered() -> dict[str, Any] | None:
        task = await village.road.task(household_id, hop, who)
        return task if any(one["action"] == action for one in task["actions"]) else None

    task = await until(offered, 20, f"{action} at {hop}")
    [found] = [one for one in task["actions"] if one["action"] == action]
    body = {"action": action, "form": found["form_schema"]["examples"][0] | change, "version": task["version"]}
    reason = {"reason_code": found["reason_codes"][0]} if found["reason_codes"] else {}
    await village.road.post("workflow", f"/v1/tasks/{task['task_id']}/decisions", who, body | reason)


@pytest.mark.parametrize(("language", "theme"), LOOKS)
async def test_the_page_of_a_warning_held_back_is_accessible(
    village: Village, held: dict[str, Any], language: str, theme: Theme
) -> None:
    for who in (COUNTY_OFFICER, CADRE):
        async with village.officer(who, language=language, theme=theme) as visitor:
            await visitor.open(f"/warnings/{held['warning_id']}")
            await visitor.is_accessible()
            await visitor.shoot(f"warning-held-back.{who}.{language}.{theme}", whole=True)
            await visitor.open("/warnings?state=suppressed")
            await visitor.is_accessible()
            await visitor.shoot(f"warnings-held-back.{who}.{language}.{theme}")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_it_fits_narrow_screens_and_targets_are_large(
    village: Village, held: dict[str, Any], language: str
) -> None:
    async with village.officer(TOWNSHIP_OFFICER, size=NARROW, language=language) as township:
        await township.open(f"/warnings/{held['warning_id']}")
    async with village.officer(WORKER, size=PHONE, has_touch=True, is_mobile=True, language=language) as worker:
        await worker.open(f"/warnings/{held['warning_id']}")
        await worker.shoot(f"warning-held-back.phone.{language}", whole=True)
        assert await worker.page.evaluate(SMALL) == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "zh-CN",
            ("暂不提示：", "起仍存在则再次预警", "某县医保部门职责", "未核实的标准", "若合规自付不足 5,000.00 元"),
        ),
        (
            "en",
            (
                "Held back: ",
                "People have answered the very same",
                "a county's medical insurance duties",
                "5,000.00 yuan",
            ),
        ),
    ],
)
async def test_a_county_reads_why_it_is_held_back_until_when_and_by_which_line(
    village: Village, held: dict[str, Any], language: str, said: tuple[str, ...]
) -> None:
    async with village.officer(COUNTY_OFFICER, language=language) as county:
        await county.open("/warnings?state=suppressed")
        await county.page.locator(f"tr[data-row='/warnings/{held['warning_id']}'] a.open").click()
        await county.page.wait_for_url(f"**/warnings/{held['warning_id']}")
        page = county.page.locator("main")
        for text in said:
            await expect(page).to_contain_text(text)
        assert await county.page.locator(".links a[href^='/tasks/']").count() == 0, "it asks nobody for anything"


async def test_a_village_reads_that_it_is_held_back_and_no_sum(village: Village, held: dict[str, Any]) -> None:
    async with village.officer(CADRE) as cadre:
        await cadre.open(f"/warnings/{held['warning_id']}")
        text = await cadre.page.locator("main").inner_text()
        assert "暂不提示：" in text and "20,410" not in text and "医保" not in text
        assert "医疗负担较重" in text and "请上门" not in text, "nothing is asked of anybody"
