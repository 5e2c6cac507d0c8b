"""What hands do: keys, a double click, two people at one task, a form filled in wrongly, a draft, a name unmasked."""

import asyncio
from typing import Any

import pytest_asyncio
from playwright.async_api import Route, expect

from tests.browser.forms import fill_report
from tests.browser.house import NAMES, PHONE, TOWNSHIP_OFFICER, Village
from tests.journeys.road import CADRE, DEPUTY, WORKER
from tests.until import until

HOUSES = 7


@pytest_asyncio.fixture(scope="module", autouse=True)
async def tasks(village: Village) -> list[dict[str, Any]]:
    """Seven open first looks, oldest first."""
    found = []
    for number in range(1, HOUSES + 1):
        household_no = await village.register(number)
        await village.settle(number, f"{10_000 + number}.00")
        found.append(await village.task(household_no))
    return found


async def test_keys_move_open_claim_and_show_themselves(village: Village, tasks: list[dict[str, Any]]) -> None:
    async with village.officer(WORKER) as worker:
        page = worker.page
        rows = await page.eval_on_selector_all("tr[data-row]", "all => all.map(one => one.dataset.row)")
        at = page.locator("tr.at")
        for key, row in (("j", 0), ("j", 1), ("j", 2), ("k", 1), ("k", 0), ("k", 0)):
            await page.keyboard.press(key)
            await expect(at).to_have_attribute("data-row", rows[row])
        assert await page.evaluate("document.activeElement.closest('tr').dataset.row") == rows[0]

        await page.keyboard.press("?")
        await expect(page.locator("#keys")).to_be_visible()
        await worker.is_accessible()
        await page.keyboard.press("Escape")
        await expect(page.locator("#keys")).to_be_hidden()

        await page.keyboard.press("j")
        await page.keyboard.press("o")
        await page.wait_for_url(f"**{rows[1]}")
        await page.keyboard.press("c")
        await expect(page.locator(".hand .holder")).to_be_visible()
        await page.goto("/queues?mine=1")
        await expect(page.locator("tr[data-row]")).to_have_count(1)

        await page.goto("/households")
        await page.locator("#q").press("j")
        await expect(page.locator("#q")).to_have_value("j")


async def test_a_double_click_decides_once(village: Village, tasks: list[dict[str, Any]]) -> None:
    task = tasks[2]
    async with village.officer(WORKER) as worker:
        page, posts = worker.page, []
        page.on("request", lambda asked: posts.append(asked.url) if asked.method == "POST" else None)
        await page.goto(f"/tasks/{task['task_id']}")
        await fill_report(worker)
        await page.locator(".bar .main-act").dblclick()
        await expect(page.locator(".banner.good")).to_be_visible()
        assert len([one for one in posts if one.endswith("/decisions")]) == 1, "the page sends a form once"
    assert await _decisions(village, task) == 1


async def test_a_double_click_without_scripts_decides_once(village: Village, tasks: list[dict[str, Any]]) -> None:
    """Two windows send the same form at the same time: its key makes them one decision, and both are told so."""
    task = tasks[3]
    async with village.officer(WORKER, java_script_enabled=False) as worker:
        page = worker.page
        await page.goto(f"/tasks/{task['task_id']}")
        await fill_report(worker)
        form: dict[str, str | float | bool] = {
            name: await page.locator(f"#decide input[name='{name}']").input_value()
            for name in ("csrf", "key", "version", "action")
        }
        form |= {"form.seen_on": await page.locator("input[name='form.seen_on']").input_value()}
        form |= {"form.how": "visit", "form.present": "head", "form.difficulty": "confirmed"}
        address = f"{village.console}/tasks/{task['task_id']}/decisions"
        answers = await asyncio.gather(*(worker.context.request.post(address, form=form) for _ in range(4)))
        assert [one.url.endswith("?done=1") for one in answers] == [True] * 4, [one.status for one in answers]
    assert await _decisions(village, task) == 1


async def test_who_comes_second_is_told_and_loses_nothing(village: Village, tasks: list[dict[str, Any]]) -> None:
    task = tasks[4]
    async with village.officer(WORKER) as first, village.officer(DEPUTY) as second:
        for one in (first, second):
            await one.page.goto(f"/tasks/{task['task_id']}")
            await fill_report(one)
        await first.page.locator(".bar .main-act").click()
        await expect(first.page.locator(".banner.good")).to_be_visible()
        await second.page.locator(".bar .main-act").click()
        await expect(second.page.locator(".banner[role=alert]")).to_be_visible()
        await second.is_accessible()
        second.errors = [one for one in second.errors if "409" not in one]
    assert await _decisions(village, task) == 1


async def test_what_is_wrong_is_said_where_it_is_and_the_draft_is_kept(
    village: Village, tasks: list[dict[str, Any]]
) -> None:
    task = tasks[5]
    async with village.officer(WORKER, size=PHONE) as worker:
        page = worker.page
        await page.goto(f"/tasks/{task['task_id']}")
        await page.locator("a.jump").click()
        note = page.locator("textarea[name='form.note']")
        await note.fill("已打过电话，约好明天上门。")
        await page.reload()
        await expect(note).to_have_value("已打过电话，约好明天上门。")
        await page.locator(".bar .main-act").click()
        await expect(page.locator(".banner[role=alert]")).to_contain_text("4")
        await expect(page.locator("fieldset:has(input[name='form.present']) .error")).to_be_visible()
        await expect(note).to_have_value("已打过电话，约好明天上门。")
        await worker.does_not_scroll_sideways()
        await worker.is_accessible()
        await worker.shoot("task-wrong.phone", whole=True)
        worker.errors = [one for one in worker.errors if "422" not in one]
    assert await _decisions(village, task) == 0


async def test_a_relative_stands_back_and_reads_why_nothing_is_asked_any_more(
    village: Village, tasks: list[dict[str, Any]]
) -> None:
    address = f"/tasks/{tasks[6]['task_id']}"
    async with village.officer(WORKER) as worker:
        page = worker.page
        await page.goto(f"{address}?action=not_mine")
        await page.locator("label.option:has(input[name='reason_code'][value='relative'])").click()
        await page.locator(".bar .main-act").click()
        await expect(page.locator(".banner.good")).to_be_visible()
        await page.goto(address)
        await expect(page.locator(".hand .word")).to_contain_text("亲属")
        await expect(page.locator("#decide")).to_have_count(0)
        await expect(page.locator("a.phone")).to_have_count(0)
        await worker.is_accessible()
        await worker.shoot("stood-back")
    async with village.officer(DEPUTY) as deputy:
        await deputy.page.goto(address)
        await expect(deputy.page.locator("#decide")).to_be_visible()


async def test_a_full_name_takes_a_reason(village: Village, tasks: list[dict[str, Any]]) -> None:
    async with village.officer(TOWNSHIP_OFFICER) as township:
        page = township.page
        await page.goto(f"/households/{tasks[0]['household_id']}")
        assert NAMES[1] not in await page.content()
        await page.locator("details.unmask summary").click()
        await page.locator("#reason").fill("核对救助材料")
        await page.locator("details.unmask button").click()
        await expect(page.locator("h1")).to_contain_text(NAMES[1])
        await township.is_accessible()


async def test_a_stranger_signs_in_first_and_comes_back_to_the_page(
    village: Village, tasks: list[dict[str, Any]]
) -> None:
    async with village.visitor() as stranger:
        await stranger.page.goto(f"/tasks/{tasks[0]['task_id']}")
        assert "/sign-in?to=" in stranger.page.url
        await stranger.page.locator(f"button[value='{CADRE}']").click()
        await stranger.page.wait_for_url(f"**/tasks/{tasks[0]['task_id']}")


async def test_a_page_whose_line_was_down_catches_up(village: Village) -> None:
    async with village.officer(CADRE) as cadre:
        page, tried = cadre.page, []

        async def cut(route: Route) -> None:
            tried.append(route.request.url)
            await route.abort()

        await page.route("**/events?*", cut)
        await page.goto("/queues")
        before = await cadre.counts()
        await page.evaluate("window.isTheSamePage = true")
        await village.register(HOUSES + 1)
        await village.settle(HOUSES + 1)
        await village.task(f"H-{HOUSES + 1:04d}")
        await until(lambda: len(tried) >= 2, 20, "the page trying again")
        assert await cadre.counts() == before
        await page.unroute("**/events?*")

        async def is_told() -> bool:
            return (await cadre.counts())["total"] == before["total"] + 1

        await until(is_told, 40, "what was missed")
        await expect(page.locator(".arrivals .news")).to_be_visible()
        assert await page.evaluate("window.isTheSamePage")
        cadre.errors = [one for one in cadre.errors if "ERR_FAILED" not in one and "[object Event]" not in one]


async def _decisions(village: Village, task: dict[str, Any]) -> int:
    case = await village.road.get("workflow", f"/v1/cases/{task['case_id']}", village.road.county)
    return sum(step.get("action") == task["actions"][0]["action"] for step in case["history"])
