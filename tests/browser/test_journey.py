"""The farmer's two pages, and each person's part of one case as a story: from a request to help that is in place."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.forms import answer
from tests.browser.house import (
    COUNTY_HANDLER,
    COUNTY_OFFICER,
    DEPARTMENT_OFFICER,
    DESK,
    NAMES,
    PHONE,
    TOWNSHIP_APPROVER,
    TOWNSHIP_OFFICER,
    Theme,
    Village,
)
from tests.journeys.people import id_number
from tests.journeys.road import CADRE, TOWNSHIP, WORKER
from tests.tokens import VILLAGE
from tests.until import until

SMALL = (320, 640)
PHONE_NO = "13955580077"
"""Of somebody whom no register knows."""


async def fill_in(page: Page, phone: str = PHONE_NO, name: str = "张守信", id_no: str = "") -> None:
    """From the village to the last screen."""
    await page.goto(f"/apply?village={VILLAGE}")
    await page.locator("#difficulty").fill("家里人住院，花了很多钱。")
    await page.locator("label.option:has(input[value='illness'])").click()
    await page.locator("button.main-act").click()
    await page.locator("#phone").fill(phone)
    await page.locator("#name").fill(name)
    await page.locator("#group").fill("3")
    await page.locator("#id_no").fill(id_no)
    await page.locator("button.main-act").click()


async def sent(page: Page) -> str:
    """Send it; the receipt that is shown."""
    await page.locator("button.main-act").click()
    await expect(page.locator(".receipt").first).to_be_visible()
    return re.sub(r"[^0-9A-Z]", "", await page.locator(".receipt").first.inner_text())


async def look_up(page: Page, receipt: str, last4: str = PHONE_NO[-4:], code: str = "") -> None:
    await page.goto("/track")
    await page.locator("#receipt_no").fill(receipt)
    await page.locator("#phone_last4").fill(last4)
    await page.locator("#code").fill(code)
    await page.locator("button.main-act").click()


@pytest.mark.parametrize(
    ("language", "theme", "size"),
    [("zh-CN", "light", DESK), ("zh-CN", "dark", PHONE), ("en", "light", PHONE), ("en", "dark", SMALL)],
)
async def test_a_farmer_asks_and_follows_without_scripts(
    village: Village, language: str, theme: Theme, size: tuple[int, int]
) -> None:
    async with village.visitor(size=size, theme=theme, language=language, java_script_enabled=False) as farmer:
        page, name = farmer.page, f"{language}.{theme}"
        await page.goto("/apply")
        await farmer.shoot(f"apply-1.{name}", whole=True)
        await page.goto(f"/apply?village={VILLAGE}")
        await page.locator("button.main-act").click()
        await expect(page.locator("#difficulty-wrong")).to_be_visible()
        await farmer.shoot(f"apply-2.{name}", whole=True)
        await fill_in(page)
        await farmer.shoot(f"apply-4.{name}", whole=True)
        await page.locator("button[value='to-3']").click()
        await expect(page.locator("#phone")).to_have_value(PHONE_NO)
        await farmer.shoot(f"apply-3.{name}", whole=True)
        await page.locator("#phone").fill("12")
        await page.locator("button.main-act").click()
        await page.locator("button.main-act").click()
        await expect(page.locator("#phone-wrong")).to_be_visible()
        await expect(page.locator("#name")).to_have_value("张守信")
        await page.locator("#phone").fill(PHONE_NO)
        await page.locator("button.main-act").click()
        receipt = await sent(page)
        assert len(receipt) == 12
        await farmer.shoot(f"applied.{name}", whole=True)
        await look_up(page, receipt, "0000")
        await expect(page.locator(".banner")).to_be_visible()
        await expect(page.locator("#receipt_no")).to_have_value(receipt)
        await look_up(page, receipt)
        await expect(page.locator("h1")).not_to_be_empty()
        await farmer.shoot(f"tracked.{name}", whole=True)
        farmer.errors = [one for one in farmer.errors if "422" not in one and "404" not in one]


async def task_at(village: Village, household_no: str, step: str) -> dict[str, Any]:
    """The household's open task at a step, whole."""
    road = village.road

    async def found() -> list[dict[str, Any]]:
        listed = await road.get("workflow", "/v1/tasks", road.county, state="open", household=household_no)
        return [one for one in listed["items"] if f"{one['hop']}.{one['step']}" == step]

    [task] = await until(found, 20, f"a task at {step}")
    return dict(await road.get("workflow", f"/v1/tasks/{task['task_id']}", road.county))


@pytest.mark.parametrize(
    ("number", "language", "says"),
    [
        (
            31,
            "zh-CN",
            {
                "signed": "签批",
                "tracked": "跟踪帮扶",
                "helped": "帮扶已经落实",
                "heard": "给您的话",
                "masked": "部门不看全名",
            },
        ),
        (
            33,
            "en",
            {
                "signed": "signed",
                "tracked": "Tracking",
                "helped": "Help is in place",
                "heard": "Messages for you",
                "masked": "Departments see no full names",
            },
        ),
    ],
)
async def test_each_persons_part_of_one_case(
    village: Village, number: int, language: str, says: dict[str, str]
) -> None:
    """A farmer asks; grid worker, village, township, county, department, township and village do their part."""
    household_no, phone = await village.register(number), f"1390558{number:04d}"
    async with village.visitor(size=PHONE, language=language, java_script_enabled=False) as farmer:
        await fill_in(farmer.page, phone, NAMES[number % len(NAMES)], id_number(number))
        receipt = await sent(farmer.page)
        await farmer.page.emulate_media(media="print")
        await farmer.shoot(f"applied.print.{language}", whole=True)

    async def part(who: str, step: str, action: str | None = None, shot: str = "", **more: Any) -> None:
        task = await task_at(village, household_no, step)
        async with village.officer(who, language=language) as officer:
            await officer.page.goto(f"/tasks/{task['task_id']}")
            if shot:
                if step.startswith("department."):
                    await expect(officer.page.locator(".why")).to_contain_text(says["masked"])
                await officer.is_accessible()
                await officer.shoot(f"{shot}.{language}", whole=True)
            await answer(officer.page, task, action, **more)
            await expect(officer.page.locator(".banner.good"), step).to_be_visible()

    await part(WORKER, "village_group.first_look")
    await part(CADRE, "village_committee.visit", "plan_visit", shot="hop-visit")
    await part(CADRE, "village_committee.visit")
    await part(CADRE, "village_committee.review", shot="hop-review")
    await part(CADRE, "village_committee.notice", "post_notice", shot="hop-notice")
    early = await task_at(village, household_no, "village_committee.notice")
    async with village.officer(CADRE, language=language) as cadre:
        await answer(cadre.page, early, "close_notice")
        await expect(cadre.page.locator("#form-removed-on-wrong")).to_be_visible()
        cadre.errors = [one for one in cadre.errors if "422" not in one]
    await village.advance(timedelta(days=6))
    await part(CADRE, "village_committee.notice", "close_notice")
    await part(TOWNSHIP_OFFICER, "township.review", shot="hop-township")
    sign = await task_at(village, household_no, "township.sign")
    async with village.officer(TOWNSHIP_OFFICER, language=language) as handler:
        await answer(handler.page, sign)
        await expect(handler.page.locator(".banner[role=alert]")).to_contain_text(says["signed"])
        handler.errors = [one for one in handler.errors if "403" not in one]
    await part(TOWNSHIP_APPROVER, "township.sign", shot="hop-sign")
    await part(COUNTY_HANDLER, "county.review", shot="hop-county")
    await part(COUNTY_OFFICER, "county.sign")
    await part(COUNTY_HANDLER, "county.entry")
    await part(COUNTY_HANDLER, "county.announcement")
    await part(CADRE, "village_return.tell")
    await part(DEPARTMENT_OFFICER, "department.measure_plan", shot="hop-department")
    await part(TOWNSHIP_OFFICER, "township_return.hand_back", shot="hop-handback")
    last = await task_at(village, household_no, "village_return.deliver")
    await part(CADRE, "village_return.deliver")
    async with village.officer(COUNTY_OFFICER, language=language) as county:
        await county.open(f"/tasks/{last['task_id']}")
        await expect(county.page.locator(".path li")).to_have_count(8)
        await expect(county.page.locator(".path li.here")).to_contain_text(says["tracked"])
        await county.is_accessible()
        await county.shoot(f"path-tracking.{language}", whole=True)
        await county.open("/queues")
        await county.is_accessible()
        await county.shoot(f"queue-tracking.{language}")

    async with village.visitor(size=PHONE, language=language, java_script_enabled=False) as farmer:

        async def is_helped() -> bool:
            await look_up(farmer.page, receipt, phone[-4:])
            text = await farmer.page.locator("main").inner_text()
            return says["helped"] in text and says["heard"] in text

        await until(is_helped, 20, "the farmer hears of the help")
        await farmer.shoot(f"tracked-helped.{language}", whole=True)
        await farmer.page.emulate_media(media="print")
        await farmer.shoot(f"tracked.print.{language}", whole=True)


async def test_what_is_late_is_asked_for_answered_and_closed(village: Village) -> None:
    household_no = await village.register(32)
    await village.settle(32)
    await village.task(household_no)
    await village.advance(timedelta(days=14))

    async def is_supervised() -> bool:
        found = await village.road.get("workflow", "/v1/supervisions", village.road.county, state="open")
        return any(one["household_no"] == household_no for one in found["items"])

    await until(is_supervised, 30, "a supervision")
    async with village.officer(WORKER, size=PHONE) as worker:
        page = worker.page
        await worker.open("/late")
        card = page.locator("article.record").first
        await card.locator("button").click()
        await expect(page.locator(".error")).to_be_visible()
        await worker.is_accessible()
        await worker.shoot("late.phone", whole=True)
        await page.locator("article.record textarea").first.fill("村里修路进不去，已约定后天上门。")
        await page.locator("article.record button").first.click()
        await expect(page.locator(".banner.good")).to_be_visible()
        worker.errors = [one for one in worker.errors if "422" not in one]
    for language, theme in (("zh-CN", "dark"), ("en", "light")):
        async with village.officer(TOWNSHIP_OFFICER, language=language, theme=theme) as township:
            await township.open("/late")
            await township.is_accessible()
            await township.shoot(f"late.{language}.{theme}", whole=True)
            if language == "en":
                await township.page.locator("article.record textarea").first.fill("同意，后天由镇里复查。")
                await township.page.locator("article.record button").first.click()
                await expect(township.page.locator(".banner.good")).to_be_visible()
                await township.open("/late?state=closed")
                await expect(township.page.locator("article.record")).to_contain_text("修路")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_a_cadre_reports_a_clue(village: Village, language: str) -> None:
    async with village.officer(CADRE, language=language) as cadre:
        page = cadre.page
        await cadre.open("/clue")
        await page.locator("button.main-act").click()
        await expect(page.locator("#text-wrong")).to_be_visible()
        await cadre.is_accessible()
        await cadre.shoot(f"clue.{language}", whole=True)
        await page.locator("#text").fill("户主摔伤，暂时不能干活。")
        await page.locator("#name").fill("刘有田")
        await page.locator("button.main-act").click()
        await expect(page.locator(".banner.good")).to_be_visible()
        await cadre.does_not_scroll_sideways()
        cadre.errors = [one for one in cadre.errors if "422" not in one]


@pytest.mark.parametrize(("language", "theme"), [("zh-CN", "light"), ("en", "dark")])
async def test_the_farmers_pages_are_accessible_and_fit_a_small_phone(
    village: Village, language: str, theme: Theme
) -> None:
    async with village.visitor(size=SMALL, theme=theme, language=language) as farmer:
        page = farmer.page

        async def is_sound() -> None:
            await farmer.does_not_scroll_sideways()
            await farmer.is_accessible()

        for address in ("/apply", "/track"):
            await farmer.open(address)
            await is_sound()
        await page.goto(f"/apply?village={VILLAGE}")
        await is_sound()
        await fill_in(page, "13955580078", "孙有福")
        await is_sound()
        receipt = await sent(page)
        await is_sound()
        await look_up(page, receipt, "0078")
        await expect(page.locator(".receipt")).to_be_visible()
        await is_sound()


async def test_whose_village_is_in_no_list_is_visited_by_the_township(village: Village) -> None:
    async with village.visitor(size=PHONE, java_script_enabled=False) as farmer:
        page = farmer.page
        await page.goto("/apply")
        await page.locator(f"button[value='{TOWNSHIP}']").click()
        await farmer.shoot("apply-no-village", whole=True)
        await page.locator(f"button[value='{TOWNSHIP}000']").click()
        await expect(page.locator("#village_name-wrong")).to_be_visible()
        farmer.errors = [one for one in farmer.errors if "422" not in one]
        await page.locator("#village_name").fill("新湖村")
        await page.locator("#village_name").press("Enter")
        await page.locator("#difficulty").fill("房子漏雨，没有地方住。")
        await page.locator("button.main-act").click()
        await page.locator("#phone").fill("13955580099")
        await page.locator("#name").fill("宋家旺")
        await page.locator("button.main-act").click()
        await expect(page.locator("main")).to_contain_text("鲖城 › 新湖村")
        await sent(page)
        await farmer.shoot("applied-no-village", whole=True)

    async def arrived() -> list[dict[str, Any]]:
        road = village.road
        listed = await road.get("workflow", "/v1/tasks", road.county, state="open", office=TOWNSHIP)
        return [one for one in listed["items"] if one["hop"] == "village_group"]

    [task] = await until(arrived, 20, "the first look at the township")
    async with village.officer(TOWNSHIP_OFFICER) as officer:
        await officer.open("/queues")
        await officer.page.locator(f"tr:has(a[href='/tasks/{task['task_id']}']) a.open").click()
        await expect(officer.page.locator("main")).to_contain_text("新湖村")
        await expect(officer.page.locator("dl.facts")).to_contain_text("所在地")
        await expect(officer.page.locator("h1")).not_to_contain_text("0 人")
        await officer.is_accessible()
        await officer.shoot("task-no-village", whole=True)
        whole = await village.road.get("workflow", f"/v1/tasks/{task['task_id']}", village.road.county)
        await answer(officer.page, whole)
        await expect(officer.page.locator(".banner.good")).to_be_visible()
        await officer.open("/identity")
        await expect(officer.page.locator("main")).to_contain_text("宋**")
        await officer.shoot("identity-no-village", whole=True)
        await until(lambda: told_township(officer), 20, "the township's notice")


async def told_township(officer: Any) -> bool:
    await officer.page.goto("/notices")
    return "核对是哪一户" in await officer.page.locator("main").inner_text()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_a_window_reports_of_a_village_in_no_list_without_scripts(village: Village, language: str) -> None:
    name = {"zh-CN": "郑无村", "en": "邹新村"}[language]
    async with village.officer(TOWNSHIP_OFFICER, size=PHONE, language=language, java_script_enabled=False) as officer:
        page = officer.page
        await officer.open("/clue")
        await page.locator("#region").select_option(f"{TOWNSHIP}000")
        await page.locator("#name").fill(name)
        await page.locator("#text").fill("新村的房子漏雨，没有地方住。")
        await page.locator("button.main-act").click()
        await expect(page.locator("#village_name-wrong")).to_be_visible()
        await expect(page.locator("#region")).to_have_value(f"{TOWNSHIP}000")
        await officer.does_not_scroll_sideways()
        await officer.shoot(f"clue-no-village.{language}", whole=True)
        officer.errors = [one for one in officer.errors if "422" not in one]
        await page.locator("#village_name").fill("新湖村")
        await page.locator("button.main-act").click()
        await expect(page.locator(".banner.good")).to_be_visible()

    async def arrived() -> bool:
        listed = await village.road.get("workflow", "/v1/tasks", village.road.county, state="open", office=TOWNSHIP)
        return any(one["display_name"] == f"{name[0]}**" for one in listed["items"])

    await until(arrived, 20, "the first look at the township")
