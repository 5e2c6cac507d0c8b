"""/files: a table is sent, each of its rows is accounted for, what is refused says where and how to mend it."""

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import pytest_asyncio
from playwright.async_api import expect

from shared.domain.identity import check_digit
from tests.browser.house import COUNTY_OFFICER, DEPARTMENT_OFFICER, NARROW, TWO_LOOKS, Theme, Village, Visitor
from tests.journeys.people import id_number
from tests.services.intake.files.making import HEADINGS, settlement_row, text, xlsx


@pytest_asyncio.fixture(scope="module", autouse=True)
async def known(village: Village) -> None:
    """One registered household: a table's other people are in no register."""
    await village.register(1)


def rows(prefix: str) -> list[list[Any]]:
    """One taken, one twice, one of a stranger, one whose number a spreadsheet spoiled, one without money."""
    head = id_number(1)
    return [
        list(HEADINGS), settlement_row(f"{prefix}-1", id_no=head), settlement_row(f"{prefix}-1", id_no=head),
        settlement_row(f"{prefix}-2", id_no=id_number(901)), settlement_row(f"{prefix}-3", id_no="3.40822E+17"),
        settlement_row(f"{prefix}-4", id_no=head, total="很多"),
    ]  # fmt: skip


def stranger(number: int) -> str:
    """The ID number of one of ten thousand people who are in no register."""
    stem = f"34122119{70 + number // 1000}0305{number % 1000:03d}"
    return stem + check_digit(stem)


async def sent(one: Visitor, name: str, content: bytes, department: str = "") -> None:
    await one.open("/files")
    if department:
        await one.page.select_option("#department", department)
    await one.page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": content})
    await one.page.locator("main button.main-act").click()


async def accounted(one: Visitor) -> dict[str, int]:
    """The account, once the page itself says that all is done."""
    await one.page.wait_for_url("**/files/*")
    await expect(one.page.locator(".crumb")).to_be_visible()
    await expect(one.page.locator("#now progress")).to_have_count(0)
    return await one.counts()


WHOLE = {"accepted": 1, "duplicates": 1, "rejected": 2, "parked": 1, "received": 5}


async def test_a_department_sends_a_csv_and_each_row_is_accounted_for(village: Village) -> None:
    async with village.officer(DEPARTMENT_OFFICER) as department:
        await department.open("/feeds")
        await department.page.locator(".tabs a[href='/files']").click()
        await expect(department.page.locator("#department")).to_have_count(0)
        await sent(department, "结算.csv", text(rows("C"), "gb18030"))
        assert await accounted(department) == WHOLE
        table = department.page.locator("tbody tr")
        await expect(table).to_have_count(2)
        await expect(table.first).to_contain_text("第 5 行")
        await expect(table.first).to_contain_text("B 列 身份证号")
        await expect(table.last).to_contain_text("F 列 医疗费总额")
        async with department.page.expect_download() as waiting:
            await department.page.locator("a[download]").click()
        path = await (await waiting.value).path()
        sheet = openpyxl.load_workbook(io.BytesIO(Path(path).read_bytes())).worksheets[0]
        assert [sheet.cell(at, 5).value for at in (2, 3)] == ["C-3", "C-4"], "the rows as sent, the reason beside"


async def test_a_county_sends_a_workbook_for_a_department(village: Village) -> None:
    async with village.officer(COUNTY_OFFICER) as county:
        await sent(county, "结算.xlsx", xlsx(("十一月", rows("X"))), "medical_insurance")
        assert await accounted(county) == WHOLE
        await expect(county.page.locator("tbody tr").first).to_contain_text("十一月")
        await county.page.locator("a[href='/identity']").first.click()
        await expect(county.page.locator("h1")).to_contain_text("认人")


async def test_a_file_that_cannot_be_read_is_refused_with_the_remedy(village: Village) -> None:
    async with village.officer(COUNTY_OFFICER) as county:
        await sent(county, "结算.xls", b"<html><table></table></html>", "medical_insurance")
        await expect(county.page.locator("[role=alert]")).to_contain_text("另存为 .xlsx")
        await expect(county.page.locator("#department")).to_have_value("medical_insurance")
        await county.is_accessible()
        await county.shoot("files-refused")
        county.errors = [one for one in county.errors if "status of 422" not in one]


async def test_without_scripts_a_file_is_sent_and_its_page_refreshes_itself(village: Village) -> None:
    many = [list(HEADINGS), *(settlement_row(f"N-{at}", id_no=stranger(at)) for at in range(3000))]
    async with village.officer(COUNTY_OFFICER, java_script_enabled=False) as county:
        await sent(county, "多.csv", text(many), "medical_insurance")
        await county.page.wait_for_url("**/files/*")
        await expect(county.page.locator("[data-count=parked]")).to_have_text("3,000", timeout=30_000)
        await expect(county.page.locator("progress")).to_have_count(0, timeout=10_000)
        assert await county.page.locator("meta[http-equiv]").count() == 0, "what is done refreshes no more"


@pytest.mark.parametrize(("language", "theme"), TWO_LOOKS)
async def test_the_pages_are_accessible_and_stay_within_a_phone(village: Village, language: str, theme: Theme) -> None:
    for size, end in (((1440, 900), "desk"), (NARROW, "phone")):
        async with village.officer(COUNTY_OFFICER, size=size, language=language, theme=theme) as county:
            await county.open("/files")
            await county.is_accessible()
            await county.shoot(f"files.{language}.{theme}.{end}", whole=True)
            await sent(county, f"{language}{end}.xlsx", xlsx(rows(f"L{language}{end}")), "medical_insurance")
            await accounted(county)
            await county.does_not_scroll_sideways()
            await county.is_accessible()
            await county.shoot(f"file.{language}.{theme}.{end}", whole=True)


async def test_a_batch_that_is_not_there_is_said_and_a_village_has_no_files(village: Village) -> None:
    async with village.officer(COUNTY_OFFICER) as county:
        await county.open("/files/00000000-0000-4000-8000-000000000000", 404)
        await expect(county.page.locator("main")).to_contain_text("没有这一批")
    async with village.officer("to-1") as township:
        await township.open("/files", 403)
