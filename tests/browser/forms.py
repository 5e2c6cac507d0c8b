"""The two forms of the road, filled in as people fill them in: by label and by click."""

from shared.clock import machine_now
from shared.domain.calendar import day_of
from tests.browser.house import Visitor

SEEN_ON = day_of(machine_now()).isoformat()


async def report(worker: Visitor, seen_on: str = SEEN_ON) -> None:
    """The group's first look, up to and with the one main act."""
    await fill_report(worker, seen_on)
    await worker.page.locator(".bar .main-act").click()


async def fill_report(worker: Visitor, seen_on: str = SEEN_ON) -> None:
    page = worker.page
    await page.locator("input[name='form.seen_on']").fill(seen_on)
    for name, value in (("how", "visit"), ("present", "head"), ("difficulty", "confirmed")):
        await page.locator(f"label.option:has(input[name='form.{name}'][value='{value}'])").click()


async def record_visit(cadre: Visitor, *visitors: str, visited_on: str = SEEN_ON) -> None:
    """The village committee's visit by two people."""
    page = cadre.page
    await page.locator("input[name='form.visited_on']").fill(visited_on)
    for officer_id in visitors:
        await page.locator(f"label.option:has(input[name='form.visitors'][value='{officer_id}'])").click()
    await page.locator("label.option:has(input[name='form.present'][value='head'])").click()
    await page.locator("textarea[name='form.facts']").fill("户主住院花费大，家中两个孩子上学，收入主要靠打零工。")
    await page.locator("label.option:has(input[name='form.difficulty_confirmed'][value='true'])").click()
    await page.locator(".bar .main-act").click()
