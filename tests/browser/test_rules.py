"""/rules: what people made of each rule's warnings; a rule with few hits is put in question, in words."""

from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.house import COUNTY_OFFICER, LOOKS, NARROW, PHONE, TOWNSHIP_OFFICER, Theme, Village
from tests.journeys.road import CADRE

JUDGED = 205
AS_THE_FIRST = """
    INSERT INTO warnings (warning_id, household_id, state, level, is_provisional, told, raised_at, changed_at, region)
    SELECT gen_random_uuid(), gen_random_uuid(), 'closed', level, is_provisional, told, raised_at, changed_at, region
    FROM warnings w, generate_series(1, $1)
"""


@pytest_asyncio.fixture(scope="module", autouse=True)
async def judged(village: Village) -> None:
    """Two households warned of, and of each many like it, all of which people found to be without risk."""
    for number in (1, 2):
        await village.register(number)
    await village.settle(1)
    await village.grade(2, "D")
    for number in (1, 2):
        await village.road.warned(f"H-{number:04d}")
    connection = await asyncpg.connect(village.database)
    try:
        await connection.execute("SET search_path TO screening, public")
        await connection.execute(AS_THE_FIRST, JUDGED)
        await connection.execute(
            "INSERT INTO outcomes SELECT gen_random_uuid(), warning_id, 'no_risk', raised_at, region, grid"
            " FROM warnings WHERE state = 'closed'"
        )
    finally:
        await connection.close()


@pytest.mark.parametrize(("language", "theme"), LOOKS)
async def test_the_page_is_accessible_and_stays_within_a_phone(village: Village, language: str, theme: Theme) -> None:
    for size, end in (((1440, 900), "desk"), (NARROW, "narrow"), (PHONE, "phone")):
        async with village.officer(COUNTY_OFFICER, size=size, language=language, theme=theme) as county:
            await county.open("/rules")
            await county.is_accessible()
            await county.shoot(f"rules.{language}.{theme}.{end}", whole=True)


@pytest.mark.parametrize(
    ("language", "flagged", "exempt"),
    [
        ("zh-CN", "近 12 个月核实命中率低于 2%，建议提请规则负责部门调整", "不参与提示"),
        ("en", "fewer than 2% of the verified warnings were hits", "never put in question"),
    ],
)
async def test_its_numbers_are_the_calls_and_the_rule_is_marked_in_words(
    village: Village, language: str, flagged: str, exempt: str
) -> None:
    told: dict[str, Any] = await village.road.get("screening", "/v1/rules", village.road.county)
    async with village.officer(TOWNSHIP_OFFICER, language=language) as township:
        await township.open("/warnings")
        await township.page.locator(".tabs a[href='/rules']").click()
        await township.page.wait_for_url("**/rules")
        *parts, whole = [
            int(one.replace(",", "")) for one in await township.page.locator(".totals b").all_inner_texts()
        ]
        assert sum(parts) == whole == sum(one["closed"] for one in told["items"]) == 2 * JUDGED
        rows = township.page.locator("table").first.locator("tbody tr")
        await expect(rows).to_have_count(len(told["items"]))
        await expect(rows.first).to_contain_text(flagged)
        await expect(rows.last).to_contain_text(exempt)
        assert "housing.house_grade" not in await township.page.locator("main").inner_text()


async def test_below_the_township_it_is_neither_shown_nor_offered(village: Village) -> None:
    async with village.officer(CADRE) as cadre:
        await cadre.open("/warnings")
        assert await cadre.page.locator("a[href='/rules']").count() == 0
        await cadre.open("/rules", 403)
