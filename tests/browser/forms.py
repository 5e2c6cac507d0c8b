"""The two forms of the road, filled in as people fill them in: by label and by click."""

from collections.abc import Mapping
from typing import Any

from playwright.async_api import Page

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


async def answer(page: Page, task: Mapping[str, Any], action: str | None = None, **more: Any) -> None:
    """Any hop's form, filled in with the example that the task itself gives, as hands would, and sent."""
    chosen = next(one for one in task["actions"] if action in (None, one["action"]))
    await page.goto(f"/tasks/{task['task_id']}?action={chosen['action']}")
    for name, value in ({**chosen["form_schema"]["examples"][0], **more}).items():
        await _give(page, f"form.{name}", value)
    if chosen["reason_codes"]:
        await page.locator("label.option:has(input[name='reason_code'])").first.click()
    await page.locator(".bar .main-act").click()


async def _give(page: Page, name: str, value: Any) -> None:
    if isinstance(value, list):
        ticks = await page.locator(f"input[type=checkbox][name='{name}']").count()
        for at, one in enumerate(value):
            await (_choose(page, name, one) if ticks else page.locator(f"[name='{name}.{at}']").fill(str(one)))
    elif await page.locator(f"input[type=radio][name='{name}']").count():
        await _choose(page, name, str(value).lower() if isinstance(value, bool) else value)
    elif await page.locator(f"select[name='{name}']").count():
        await page.locator(f"select[name='{name}']").select_option(str(value))
    else:
        await page.locator(f"[name='{name}']").fill(str(value))


async def _choose(page: Page, name: str, value: Any) -> None:
    await page.locator(f"label.option:has(input[name='{name}'][value='{value}'])").click()
