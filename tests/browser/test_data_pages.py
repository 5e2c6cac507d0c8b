"""/feeds and /identity: the calls' numbers, adding up; both sides masked; a match, or a person's not ours."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.house import COUNTY_OFFICER, DEPARTMENT_OFFICER, NARROW, TWO_LOOKS, Theme, Village
from tests.journeys.people import id_number


@pytest_asyncio.fixture(scope="module", autouse=True)
async def sent(village: Village) -> AsyncIterator[dict[str, Any]]:
    """A registered household, a settlement of a stranger with the head's name, and a dangerous house of nobody."""
    await village.register(1)
    await village.settle(1)
    road = village.road
    stranger = road.settlement(id_number(900), "8000.00")
    stranger["subject"] |= {"name": "李长河", "region": "341221102214"}
    assert (await road.send("medical_insurance", stranger))["parked"] == 1
    house = road.record("house_grade", {"household_no": "H-0999"}, {"grade": "D", "inspected_on": "2026-11-03"})
    assert (await road.send("housing", house))["parked"] == 1
    yield {"stranger": stranger, "house": house}


@pytest.mark.parametrize(("language", "theme"), TWO_LOOKS)
async def test_the_pages_are_accessible_and_stay_within_a_phone(village: Village, language: str, theme: Theme) -> None:
    for size, end in (((1440, 900), "desk"), (NARROW, "phone")):
        async with village.officer(COUNTY_OFFICER, size=size, language=language, theme=theme) as county:
            for name, address in (("feeds", "/feeds"), ("feeds-today", "/feeds?days=1"), ("identity", "/identity")):
                await county.open(address)
                await county.is_accessible()
                await county.shoot(f"{name}.{language}.{theme}.{end}", whole=True)
            await county.open(await county.page.locator("tr[data-row]").last.get_attribute("data-row") or "")
            await county.is_accessible()
            await county.shoot(f"identity-one.{language}.{theme}.{end}", whole=True)


async def test_the_feeds_are_the_calls_and_add_up(village: Village) -> None:
    told = (await village.road.get("intake", "/v1/feeds", village.road.county))["items"]
    async with village.officer(COUNTY_OFFICER) as county:
        await county.open("/feeds")
        *parts, whole = [int(one.replace(",", "")) for one in await county.page.locator(".totals b").all_inner_texts()]
        assert sum(parts) == whole == sum(one["total"]["received"] for one in told)
        assert await county.page.locator("tbody tr").count() == len(told)
    async with village.officer(DEPARTMENT_OFFICER) as department:
        await department.open("/feeds")
        assert await department.page.locator("tbody tr").count() == 1, "its own alone"


async def test_a_person_matches_one_and_calls_the_other_not_ours(village: Village, sent: dict[str, Any]) -> None:
    async with village.officer(COUNTY_OFFICER) as county:
        await county.open("/identity")
        rows = county.page.locator("tr[data-row]")
        await expect(rows).to_have_count(2)
        await expect(rows.first).to_contain_text(sent["house"]["record_id"])
        await rows.last.locator("a.open").click()
        await expect(county.page.locator("main")).to_contain_text("姓名相同")
        assert "李长河" not in await county.page.locator("main").inner_text()
        await county.page.locator("label.option input").first.check()
        await county.page.fill("#reason", "电话核实是同一人")
        await county.page.locator("button.main-act").click()
        await county.page.wait_for_url("**/identity?said=match")
        await rows.first.locator("a.open").click()
        await county.page.fill("#reason", "外县住户")
        await county.page.locator("button[formaction]").click()
        await county.page.wait_for_url("**/identity?said=not-ours")
        await expect(rows).to_have_count(0)
        await county.open("/identity?state=not_ours")
        await expect(rows).to_have_count(1)


async def test_an_urgent_one_past_its_hours_bears_the_mark_of_what_is_late(village: Village) -> None:
    road = village.road
    house = road.record("house_grade", {"household_no": "H-0998"}, {"grade": "D", "inspected_on": "2026-11-03"})
    assert (await road.send("housing", house))["parked"] == 1
    await village.advance(timedelta(hours=7))
    async with village.officer(COUNTY_OFFICER) as county:
        await county.open("/identity")
        mark = county.page.locator("tr[data-row] .left.overdue")
        await expect(mark).to_contain_text("3 小时")
        await expect(county.page.locator(".totals [data-count=late]")).to_have_text("1")
        await county.is_accessible()
        await county.shoot("identity-late")
        await county.open(await county.page.locator("tr[data-row]").first.get_attribute("data-row") or "")
        await expect(county.page.locator(".meta .left.overdue")).to_be_visible()
