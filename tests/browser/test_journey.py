"""The farmer's two pages, and each person's part of one case as a story: from a request to help that is in place."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.house import DESK, PHONE, Theme, Village
from tests.tokens import VILLAGE

SMALL = (320, 640)
PHONE_NO = "13905580031"


async def fill_in(page: Page, *, difficulty: str = "家里人住院，花了很多钱。") -> None:
    """From the village to the last screen."""
    await page.goto(f"/apply?village={VILLAGE}")
    await page.locator("#difficulty").fill(difficulty)
    await page.locator("label.option:has(input[value='illness'])").click()
    await page.locator("button.main-act").click()
    await page.locator("#phone").fill(PHONE_NO)
    await page.locator("#name").fill("张守信")
    await page.locator("#group").fill("3")
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
