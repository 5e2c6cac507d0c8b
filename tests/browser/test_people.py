"""People on their page: a worker assigned, leave entered and ended, without scripts; whole, light and accessible."""

from datetime import timedelta

import pytest
from playwright.async_api import expect

from shared.clock import machine_now
from shared.domain.calendar import day_of
from tests.browser.house import DESK, NARROW, TOWNSHIP_OFFICER, TWO_LOOKS, Theme, Village
from tests.journeys.road import DEPUTY, WORKER
from tests.tokens import GRID, VILLAGE

OTHER = f"{VILLAGE}-05"


async def test_a_township_fills_a_grid_and_enters_and_ends_a_leave_without_scripts(village: Village) -> None:
    today = day_of(machine_now())
    async with village.officer(TOWNSHIP_OFFICER, java_script_enabled=False) as visitor:
        page = visitor.page
        await visitor.open("/people")
        await expect(page.locator(".totals")).to_contain_text("齐备 0 · 要补齐 4 = 网格 4")
        await visitor.open(f"/people/grids/{OTHER}")
        await page.locator("#worker").select_option("vc-2")
        await page.get_by_role("button", name="保存").click()
        await expect(page.locator(".banner")).to_contain_text("已保存")
        await expect(page.locator(".story")).to_contain_text("钱** · 网格员")

        await visitor.open(f"/people/officers/{WORKER}")
        await page.locator("#since").fill(today.isoformat())
        await page.locator("#until").fill(today.isoformat())
        await page.get_by_text("年休").click()
        await page.get_by_role("button", name="保存").click()
        await expect(page.locator("#until-wrong")).to_contain_text("返岗日须在请假第一天之后")
        # A browser itself complains of a page that answers 422; that is what was asked for here.
        visitor.errors = [one for one in visitor.errors if "status of 422" not in one]
        await page.locator("#until").fill((today + timedelta(days=4)).isoformat())
        await page.get_by_role("button", name="保存").click()
        await expect(page.locator(".banner")).to_contain_text("会告知代理人")
        await visitor.open("/people")
        await expect(page.locator(f'tr[data-row="/people/grids/{GRID}"]')).to_contain_text("由李**代理")
        await visitor.shoot("people-away.zh-CN.light.1440", whole=True)
        await page.get_by_role("button", name="提前返岗").click()
        await expect(page.locator(".banner")).to_contain_text("请假已结束")


@pytest.mark.parametrize(("language", "theme"), TWO_LOOKS)
async def test_the_pages_are_accessible_and_fit_a_narrow_phone(village: Village, language: str, theme: Theme) -> None:
    for size in (DESK, NARROW):
        async with village.officer(TOWNSHIP_OFFICER, size=size, language=language, theme=theme) as visitor:
            for name, address in (
                ("people", "/people"),
                ("people-flag", "/people?flag=no_worker"),
                ("people-grid", f"/people/grids/{GRID}"),
                ("people-office", f"/people/offices/{VILLAGE}"),
                ("people-officer", f"/people/officers/{DEPUTY}"),
            ):
                await visitor.open(address)
                await visitor.is_accessible()
                await visitor.does_not_scroll_sideways()
                await visitor.shoot(f"{name}.{language}.{theme}.{size[0]}", whole=True)


async def test_a_village_has_no_such_page_and_nonsense_is_not_found(village: Village) -> None:
    async with village.officer("vc-1") as visitor:
        answer = await visitor.context.request.get(f"{village.console}/people")
        assert answer.status == 403
    async with village.officer(TOWNSHIP_OFFICER) as visitor:
        for address in ("/people/grids/341221102299-09", "/people/officers/nobody", "/people/offices/a!b"):
            answer = await visitor.context.request.get(f"{village.console}{address}")
            assert answer.status == 404, address
