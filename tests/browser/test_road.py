"""The journey of a settlement as its people see it: from an open page to the household's timeline."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect

from tests.browser.forms import record_visit, report
from tests.browser.house import TOWNSHIP_OFFICER, Village, Visitor
from tests.journeys.road import CADRE, SECOND_CADRE, WORKER
from tests.until import until

EXACT = "20,410.50"


@pytest.mark.parametrize(("number", "language"), [(1, "zh-CN"), (2, "en")])
async def test_a_settlement_comes_to_an_open_page_and_is_carried_to_its_timeline(
    village: Village, number: int, language: str
) -> None:
    says = {"zh-CN": ("1 条新任务", "显示"), "en": ("1 new task", "Show")}[language]
    household_no = await village.register(number)
    async with village.officer(WORKER, language=language) as worker:
        page = worker.page
        before = await worker.counts()
        await page.evaluate("window.isTheSamePage = true")
        record = await village.settle(number)

        # ── told without a refresh, and no row jumps ──
        await expect(page.locator(".arrivals .news")).to_contain_text(says[0])
        await until(_is(worker, before["open"] + 1), 10, "the totals")
        counts = await worker.counts()
        assert counts["total"] == before["total"] + 1
        assert sum(number for name, number in counts.items() if name != "total") == counts["total"], "parts = whole"
        assert await page.locator("tr[data-row]").count() == before["open"], "no row comes by itself"
        await page.locator(".arrivals .news").click()
        await expect(page.locator("tr[data-row]")).to_have_count(before["open"] + 1)
        assert await page.locator(".arrivals .news").count() == 0
        assert await page.evaluate("window.isTheSamePage"), "the page was never loaded again"

        # ── the task: question, form, why in a band, the person in full ──
        task = await village.task(household_no)
        await page.locator(f"#t-{task['task_id']} a.open").click()
        await page.wait_for_url(f"**/tasks/{task['task_id']}")
        await expect(page.locator(".question")).not_to_be_empty()
        reason = await page.locator(".reason").inner_text()
        assert reason and not any(sign.isdigit() for sign in reason), f"a band has no sum: {reason}"
        assert EXACT not in await page.content()
        await expect(page.locator(".phone")).to_be_visible()
        await page.locator("[data-claim]").click()
        await expect(page.locator(".hand .holder")).to_be_visible()
        await report(worker)
        await expect(page.locator(".banner.good")).to_be_visible()

    async with village.officer(CADRE, language=language) as cadre:
        page = cadre.page
        second = await village.task(household_no, "village_committee")
        row = page.locator(f"#t-{second['task_id']}")
        await expect(row).to_be_visible()
        await row.locator("a.open").click()
        await record_visit(cadre, CADRE, SECOND_CADRE)
        await expect(page.locator(".banner.good")).to_be_visible()
        await page.goto(f"/households/{task['household_id']}")
        content = await page.content()
        assert EXACT not in content and record["record_id"] not in content, "the village reads bands"

    async with village.officer(TOWNSHIP_OFFICER, language=language) as township:
        page = township.page
        await page.goto(f"/households/{task['household_id']}")
        for family in ("household", "data", "warning", "stage", "notice"):
            assert await page.locator(f".timeline li.{family}").count() >= 1, family
        await expect(page.locator(".timeline li.stage.advanced")).to_have_count(2)
        assert EXACT in await page.locator(".timeline li.warning").first.inner_text(), "the township reads sums"
        step = page.locator(".timeline li.data").first
        await step.locator(".links a[hx-get]").click()
        await expect(step.locator(".record")).to_contain_text(record["record_id"])
        await expect(step.locator(".record")).to_contain_text(EXACT)
        assert page.url.endswith(task["household_id"]), "the record opens in place"
        cause = page.locator(".timeline li.warning .links a[href^='#e-']").first
        await cause.click()
        assert "#e-" in page.url


def _is(visitor: Visitor, number: int) -> Callable[[], Awaitable[bool]]:
    async def is_so() -> bool:
        return (await visitor.counts())["open"] == number

    return is_so
