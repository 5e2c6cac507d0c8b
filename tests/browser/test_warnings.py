"""/warnings: the gravest first, in sums that add up, each with every finding, its line and its record; keys suffice."""

from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.house import COUNTY_OFFICER, LOOKS, NARROW, PHONE, SMALL, TOWNSHIP_OFFICER, Theme, Village
from tests.journeys.road import CADRE, WORKER
from tests.until import until


@pytest_asyncio.fixture(scope="module", autouse=True)
async def warned(village: Village) -> dict[int, dict[str, Any]]:
    """Six households warned of for different reasons, two of them for two; one corrected, so withdrawn."""
    for number in range(1, 8):
        await village.register(number, 1 + number % 5, 3, "lifted_out" if number % 3 else "none")
    for number in (1, 2, 3):
        await village.settle(number, f"{20_410 + 1_700 * number}.50")
    await village.cover(2, "uninsured")
    await village.cover(4, "paused")
    await village.grade(3, "D")
    await village.grade(5, "C")
    gone = await village.settle(6, "12000.00")
    await village.road.warned("H-0006")
    gone = gone | {"version": 2, "data": gone["data"] | {"in_scope_self_paid_yuan": "900.00"}}
    assert (await village.road.send("medical_insurance", gone))["accepted"] == 1
    await village.settle(7, "4900.00")

    async def told() -> Any:
        items = (await village.road.get("screening", "/v1/warnings", village.road.county))["items"]
        whole = {"open": 5, "withdrawn": 1}
        found = {state: sum(one["state"] == state for one in items) for state in whole}
        two = sum(len(one["findings"]) == 2 for one in items)
        return items if found == whole and two == 2 else None

    items = await until(told, 60, "five warned of, one withdrawn")
    return {int(one["household_no"].rpartition("-")[2]): one for one in items}


def pages(warned: dict[int, dict[str, Any]]) -> list[tuple[str, str]]:
    return [
        ("warnings", "/warnings"),
        ("warnings-withdrawn", "/warnings?state=withdrawn"),
        ("warnings-none", "/warnings?state=suppressed&level=red"),
        ("warning-two", f"/warnings/{warned[2]['warning_id']}"),
        ("warning-withdrawn", f"/warnings/{warned[6]['warning_id']}"),
        ("household-why", f"/households/{warned[1]['household_id']}"),
    ]


@pytest.mark.parametrize(("language", "theme"), LOOKS)
async def test_every_page_is_accessible(
    village: Village, warned: dict[int, dict[str, Any]], language: str, theme: Theme
) -> None:
    for who in (COUNTY_OFFICER, CADRE):
        async with village.officer(who, language=language, theme=theme) as visitor:
            for name, address in pages(warned):
                await visitor.open(address)
                await visitor.is_accessible()
                await visitor.shoot(f"{name}.{who}.{language}.{theme}", whole=name == "warning-two")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_no_page_scrolls_sideways_and_targets_are_large(
    village: Village, warned: dict[int, dict[str, Any]], language: str
) -> None:
    async with village.officer(TOWNSHIP_OFFICER, size=NARROW, language=language) as township:
        for _, address in pages(warned):
            await township.open(address)
    async with village.officer(WORKER, size=PHONE, has_touch=True, is_mobile=True, language=language) as worker:
        for name, address in pages(warned):
            await worker.open(address)
            await worker.shoot(f"{name}.phone.{language}")
            small = await worker.page.evaluate(SMALL)
            assert small == [], f"{name}: {small}"


async def test_the_list_is_the_calls_and_its_parts_add_up(village: Village, warned: dict[int, dict[str, Any]]) -> None:
    async with village.officer(COUNTY_OFFICER) as county:
        await county.open("/warnings")
        *levels, total = await county.totals()
        assert sum(levels) == total == 5
        shown = await county.page.locator("tr[data-row] .level").all_inner_texts()
        assert shown == sorted(shown, key=["红", "橙", "黄"].index), "the gravest first"
        for chip in await county.page.locator(".chip").all():
            address, number = await chip.get_attribute("href"), await chip.locator(".n").inner_text()
            async with county.context.expect_page() as opened:
                await county.page.evaluate("address => window.open(address)", address)
            other = await opened.value
            await other.wait_for_load_state()
            rows = await other.locator("tr[data-row]").count()
            await other.close()
            assert int(number) == rows, f"{address} leads to what it counts"


async def test_a_township_reads_the_value_its_line_and_the_record_and_a_village_the_concern(
    village: Village, warned: dict[int, dict[str, Any]]
) -> None:
    one = warned[2]
    async with village.officer(TOWNSHIP_OFFICER) as township:
        await township.open("/warnings")
        row = township.page.locator(f"tr[data-row='/warnings/{one['warning_id']}']")
        await expect(row).to_contain_text("23,810.50 元")
        await row.locator("a.open").focus()
        await township.page.keyboard.press("Enter")
        await township.page.wait_for_url(f"**/warnings/{one['warning_id']}")
        findings = township.page.locator(".finding")
        await expect(findings).to_have_count(2)
        medical = findings.filter(has_text="23,810.50 元").first
        for text in ("5,000.00 元", "未核实的标准", "11 月 3 日", "医保局"):
            await expect(medical).to_contain_text(text)
        await medical.locator("a[hx-get]").click()
        await expect(medical.locator(".source .record")).to_contain_text("23,810.50 元")
        await township.page.locator(".ask .links a[href^='/tasks/']").click()
        await expect(township.page.locator("h1")).to_contain_text("王**")
    async with village.officer(CADRE) as cadre:
        await cadre.open(f"/warnings/{one['warning_id']}")
        text = await cadre.page.locator("main").inner_text()
        assert "23,810" not in text and "5,000" not in text and "医保局" not in text
        assert "医疗负担较重" in text
        await cadre.open("/warnings")
        assert "23,810" not in await cadre.page.locator("main").inner_text()


async def test_why_a_household_is_warned_of_and_why_not_stands_on_its_page(
    village: Village, warned: dict[int, dict[str, Any]]
) -> None:
    async with village.officer(COUNTY_OFFICER) as county:
        await county.open(f"/households/{warned[1]['household_id']}")
        await county.page.locator(".reason a").click()
        await county.page.wait_for_url(f"**/warnings/{warned[1]['warning_id']}")
        await county.open("/households?q=H-0007")
        await county.page.locator("a.open").first.click()
        await expect(county.page.locator(".reason")).to_contain_text("100.00 元")
        assert await county.page.locator(".reason a").count() == 0


async def test_a_new_warning_moves_the_open_pages_numbers_and_is_announced(village: Village) -> None:
    async with village.officer(COUNTY_OFFICER) as county:
        await county.open("/warnings")
        before = (await county.totals())[-1]
        await village.register(8)
        await village.settle(8, "30000.00")
        await expect(county.page.locator(".totals b").last).to_have_text(str(before + 1))
        await expect(county.page.locator("#n-state-open")).to_have_text(str(before + 1))
        news = county.page.locator(".arrivals .news")
        await expect(news).to_contain_text("1 条新预警")
        await county.shoot("warnings-new")
        await news.click()
        await expect(county.page.locator("tr[data-row]")).to_have_count(before + 1)


async def test_without_scripts_a_place_is_chosen_and_it_prints(
    village: Village, warned: dict[int, dict[str, Any]]
) -> None:
    async with village.officer(COUNTY_OFFICER, java_script_enabled=False) as county:
        await county.open("/warnings")
        await county.page.select_option("#region", label="鲖城镇")
        await county.page.locator("form.chips button").click()
        await county.page.wait_for_url("**region=341221102*")
        assert await county.page.locator("tr[data-row]").count() >= 5
        await county.page.select_option("#region", label="大涂庄村委会")
        await county.page.locator("form.chips button").click()
        await county.page.wait_for_url("**region=341221102*")
        await county.page.select_option("#region", label="鲖城镇")
        await county.page.locator("form.chips button").click()
        await county.page.wait_for_url("**region=341221102")
        await county.page.select_option("#region", value="")
        await county.page.locator("form.chips button").click()
        await county.page.wait_for_url("**region=")
        await county.open("/warnings?region=340822")
        assert await county.page.locator("tr[data-row]").count() >= 5, "another county's is not asked for"
    async with village.officer(COUNTY_OFFICER, size=(794, 1123)) as county:
        await county.open("/warnings")
        await county.page.emulate_media(media="print")
        for gone in (".top", ".rail", ".tabs", ".filters"):
            assert not await county.page.locator(gone).first.is_visible(), gone
        await county.shoot("warnings.print", whole=True)


async def test_a_warning_that_is_not_there_is_said(village: Village) -> None:
    async with village.officer(COUNTY_OFFICER) as county:
        await county.open("/warnings/00000000-0000-4000-8000-000000000000", 404)
        await expect(county.page.locator("main")).to_contain_text("没有这条预警")
