"""/waiting: what waits is told exactly, by line; a steward tries it again, or skips it with a reason; keys suffice."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from services.screening.subscribers.data_changed import DataChanged
from shared.messaging.room import Decision, Input, State
from tests.browser.house import COUNTY_OFFICER, LOOKS, NAMES, PHONE, SMALL, STEWARD, Theme, Village, Visitor
from tests.journeys.people import id_number
from tests.journeys.road import CADRE
from tests.shared.messaging.ledger import fact
from tests.shared.messaging.reading import publish
from tests.until import until

FAILING, GAP = (1, 2, 3), 4
"""Households on whose data screening fails, and one of whose facts the first has not come."""
CAUSE = "decide: ZeroDivisionError"


@pytest_asyncio.fixture(scope="module")
async def broken(village: Village) -> AsyncIterator[set[str]]:
    """Households on which screening's decision fails, until they are taken out; five lines wait."""
    homes: dict[int, str] = {}
    for number in (*FAILING, GAP):
        homes[number] = (await village.road.get(
            "console", "/v1/households", village.road.county, q=await known(village, number)
        ))["items"][0]["household_id"]  # fmt: skip
    failing = {homes[number] for number in FAILING}
    decide = DataChanged.decide

    def fails(self: DataChanged, state: State, input: Input, now: datetime) -> Decision:
        if input.key in failing:
            raise ZeroDivisionError("a test's own")
        return decide(self, state, input, now)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DataChanged, "decide", fails)
        for number in FAILING:
            await village.settle(number)
        for number in FAILING[:2]:
            await village.cover(number, "uninsured")
        head = {"ce_region": "341221102214"}
        await publish(village.road.kafka, fact(homes[GAP], 7, head=head), fact(homes[GAP], 8, head=head))

        async def all_wait() -> bool:
            told = await village.road.get("screening", "/v1/dead-letters/lines", village.road.county)
            own = await village.road.get("console", "/v1/dead-letters/lines", village.road.county)
            return bool(told["sums"] == {"failed": 3, "ahead": 1, "total": 7} and own["sums"]["total"] == 2)

        await until(all_wait, 30, "five lines")
        yield failing


async def known(village: Village, number: int) -> str:
    household_no = await village.register(number)

    async def found() -> Any:
        path = "/v1/households"
        return (await village.road.get("console", path, village.road.county, q=household_no))["total"]

    await until(found, 20, household_no)
    return household_no


@pytest.mark.parametrize(("language", "theme"), LOOKS)
async def test_the_page_is_accessible_and_its_parts_add_up(
    village: Village, broken: set[str], language: str, theme: Theme
) -> None:
    async with village.officer(COUNTY_OFFICER, language=language, theme=theme) as county:
        await county.open("/waiting")
        await county.is_accessible()
        assert await county.totals() == [3, 2, 4, 9], "failed, gaps, behind = waiting"
        await expect(county.page.locator("table.lines tbody tr")).to_have_count(5)
        assert [int(text) for text in await county.page.locator(".chip .n").all_inner_texts()] == [5, 0, 4, 0, 0, 1]
        content = await county.page.content()
        assert CAUSE in content
        for private in (*NAMES, *(id_number(number) for number in (*FAILING, GAP)), "20410.50", "20,410.50"):
            assert private not in content
        await county.shoot(f"waiting.{language}.{theme}")
        await county.page.locator("details.skipping summary").first.click()
        await county.is_accessible()
        await county.shoot(f"waiting-skip.{language}.{theme}")
        await county.open("/account")
        await county.is_accessible()
        await county.shoot(f"account-waiting.{language}.{theme}")
        await county.page.locator("table.sums a", has_text="7").click()
        await county.page.wait_for_url("**/waiting?service=screening")
        await expect(county.page.locator("table.lines tbody tr")).to_have_count(4)
        assert await county.totals() == [3, 1, 3, 7]


async def test_on_a_phone_and_on_paper_it_reads_as_well(village: Village, broken: set[str]) -> None:
    async with village.officer(COUNTY_OFFICER, size=PHONE, has_touch=True, is_mobile=True) as county:
        await county.open("/waiting")
        await county.shoot("waiting.phone", whole=True)
        assert await county.page.evaluate(SMALL) == []
    async with village.officer(COUNTY_OFFICER, size=(794, 1123)) as county:
        await county.open("/waiting")
        await county.page.emulate_media(media="print")
        for gone in (".top", ".rail", ".filters", "td.c-act"):
            assert not await county.page.locator(gone).first.is_visible(), gone
        await expect(county.page.locator(".lines tbody tr").first).to_be_visible()
        await county.shoot("waiting.print", whole=True)
        assert (await county.page.pdf(prefer_css_page_size=True)).startswith(b"%PDF")
        await county.open("/account")
        await county.shoot("account.print", whole=True)


async def test_a_village_is_not_shown_it_and_nobody_without_the_forms_own_token(
    village: Village, broken: set[str]
) -> None:
    async with village.officer(CADRE) as cadre:
        await cadre.open("/waiting", 403)
    async with village.officer(STEWARD) as steward:
        await steward.open("/waiting")
        action = await steward.page.locator("td.c-act form").first.get_attribute("action")
        answer = await steward.context.request.post(f"{village.console}{action}", form={"csrf": "no"})
        assert answer.status == 403
        await expect(steward.page.locator("table.lines tbody tr")).to_have_count(5)


async def test_by_keys_alone_a_record_is_tried_again_skipped_and_let_be(village: Village, broken: set[str]) -> None:
    async with village.officer(STEWARD) as steward:
        page = steward.page
        await steward.open("/waiting?service=screening")
        await press_on(steward, first_row(steward).locator("form button").first, "Enter")
        await expect(page.locator(".banner[role=alert]")).to_contain_text("又没有办成")
        assert await steward.totals() == [3, 1, 3, 7], "what fails again waits on"
        await steward.is_accessible()
        await steward.shoot("waiting-failed-again")

        await press_on(steward, first_row(steward).locator("summary"), "Enter")
        reason = first_row(steward).locator("input[name=reason]")
        await expect(reason).to_be_visible()
        await page.keyboard.press("Tab")
        await expect(reason).to_be_focused()
        await page.keyboard.type("医保局来函：这条作废")
        await page.keyboard.press("Enter")
        await expect(page.locator(".banner.good")).to_contain_text("已跳过")
        assert (await steward.totals())[3] == 6, "what stood behind it came to its turn, and failed too"

        broken.clear()
        for left in (2, 1, 0):
            behind = int(await first_row(steward).locator("td.c-behind").inner_text())
            before = await steward.totals()
            await press_on(steward, first_row(steward).locator("form button").first, "Enter")
            await expect(page.locator(".banner.good")).to_contain_text("已重新办理")
            await expect(page.locator("td.c-act button")).to_have_count(2 * left)
            assert await steward.totals() == [left, 1, before[2] - behind, before[3] - 1 - behind], (
                "and what was behind"
            )
        assert await steward.totals() == [0, 1, 1, 2]
        await expect(page.locator("td.c-act")).to_contain_text("自己接上")


async def test_a_reason_that_is_none_is_said_beside_it(village: Village, broken: set[str]) -> None:
    """A browser that does not check: what was typed is kept and the row stays open."""
    broken.add((await village.road.warned("H-0003"))["household_id"])
    await village.settle(3, "30000.00")

    async def waits() -> bool:
        told = await village.road.get("screening", "/v1/dead-letters/lines", village.road.county)
        return int(told["sums"]["failed"]) == 1

    await until(waits, 20, "a failed line")
    async with village.officer(STEWARD, java_script_enabled=False) as steward:
        page = steward.page
        await page.goto("/waiting?service=screening")
        await page.locator("summary").click()
        form = page.locator("details.skipping form")
        given: dict[str, str | float | bool] = {
            "csrf": await form.locator("input[name=csrf]").input_value(), "reason": "嗯",
        }  # fmt: skip
        address = f"{village.console}{await form.get_attribute('action')}"
        answer = await steward.context.request.post(address, form=given)
        text = await answer.text()
        assert answer.status == 422 and 'value="嗯"' in text and 'aria-invalid="true"' in text
        given["reason"] = "三个字以上"
        nowhere = address.replace("/screening/", "/nowhere/")
        assert (await steward.context.request.post(nowhere, form=given)).status == 404
        for said in ("skipped", "gone"):
            assert f"said={said}" in (await steward.context.request.post(address, form=given)).url


def first_row(one: Visitor) -> Locator:
    return one.page.locator("table.lines tbody tr").first


async def press_on(one: Visitor, wanted: Locator, key: str) -> None:
    """Tab until it is reached, as a keyboard does it, then the key."""
    for _ in range(80):
        await one.page.keyboard.press("Tab")
        if await wanted.evaluate("one => one === document.activeElement"):
            await one.page.keyboard.press(key)
            return
    raise AssertionError("the keyboard does not reach it")
