"""`./shouwang import` against a running intake: the register's table, then a department's, as a person types it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.services.intake.county import County, county, household_no, number
from tests.services.intake.files.making import HEADINGS, Rows, settlement_row, text
from tests.tokens import VILLAGE

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = ("户编号", "村代码", "村民组", "发生日期", "姓名", "身份证号", "与户主关系")


@pytest_asyncio.fixture(scope="module")
async def desk(database: str, topics: str, keys: Path) -> AsyncIterator[County]:
    async with county(topics, database, keys) as built:
        yield built
        await built.is_conserved()


async def imported(desk: County, place: Path, rows: Rows, *words: str) -> tuple[int, str]:
    """The exit code, and what was said beside the progress."""
    file = place / "表.csv"
    file.write_bytes(text(rows))
    told = {"PYTHONPATH": str(ROOT), "SHOUWANG_KEYS": str(desk.keys), "SHOUWANG_INTAKE_URL": desk.service.url}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "deploy.cli", "import", *words, str(file), "--data", str(place / "数据"),
        env={**os.environ, **told}, cwd="/", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    lines = [one for one in said.decode().splitlines() if "rows taken in" not in one]
    return process.returncode or 0, "\n".join(lines)


async def test_the_register_then_a_departments_table_and_the_same_again(desk: County, tmp_path: Path) -> None:
    no, who = household_no(), number()
    register = [PEOPLE, [no, VILLAGE, 3, "2026-01-05", "张守望", who, "户主"]]
    assert await imported(desk, tmp_path, register, "register") == (
        0,
        "1 rows; 1 received, 1 accepted, 0 duplicates, 0 rejected, 0 parked.",
    )
    sent = [HEADINGS, settlement_row("C-1", id_no=who), settlement_row("C-2", id_no=number())]
    words = ("records", "--department", "medical_insurance")
    first, again = [await imported(desk, tmp_path, sent, *words) for _ in range(2)]
    assert first == again == (0, "2 rows; 2 received, 1 accepted, 0 duplicates, 0 rejected, 1 parked.")
    assert await desk.said(no, "C-1") == [("changed", 1)] and await desk.parked("C-2")


async def test_a_refused_row_is_named_with_its_cell_and_ends_in_1(desk: County, tmp_path: Path) -> None:
    bad = [HEADINGS, settlement_row("C-3", id_no=number(), total="很多")]
    code, said = await imported(desk, tmp_path, bad, "records", "--department", "medical_insurance")
    assert code == 1 and "2 F 医疗费总额  not_money" in said and "rejections.xlsx" in said
