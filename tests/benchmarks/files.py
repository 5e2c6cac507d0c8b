"""Files: a workbook of settlements until every row of it is accounted for, and a register as CSV, in persons a minute.

Both are sent as one call, read in the process apart, and taken in by one intake.
"""

import asyncio
import csv
import io
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import openpyxl

from deploy.demo.township import COUNTY, generate
from shared.access.tokens import Issuer
from tests.benchmarks.clockwork import Said, cpu
from tests.benchmarks.intake import DEPARTMENT, Record, registered
from tests.benchmarks.screening import prepared, servers
from tests.house import House

REGISTER = "rural_revitalization"
HEADINGS = (
    "setl_id", "certno", "psn_name", "med_type", "setl_time", "medfee_sumamt", "fund_pay_sumamt", "psn_part_amt",
    "符合政策范围金额", "备注",
)  # fmt: skip
PEOPLE = (
    "户编号", "村代码", "村民组", "发生日期", "脱贫情况", "姓名", "身份证号", "与户主关系", "健康状况", "劳动力",
)  # fmt: skip


async def workbook(place: Path, count: int) -> Said:
    """Every row is of a registered person; ten columns."""
    house = House(place)
    try:
        numbers = await registered(house)
        content = await asyncio.to_thread(_workbook, numbers, count)
        account, seconds, spent = await _sent(house, DEPARTMENT, "结算.xlsx", content)
        assert account["accepted"] == count, account
        figures = {"s": seconds, "/s": count / seconds, "CPU s": spent}
        return Said(f"a workbook of {count:,} rows, accounted for", figures)
    finally:
        house.stop()


async def register(place: Path, households: int) -> Said:
    """The demo's people, a row each member."""
    house = House(place)
    try:
        await prepared(house)
        house.start("intake")
        await asyncio.to_thread(house.await_ready, "intake")
        content, persons = await asyncio.to_thread(_register, households)
        account, seconds, spent = await _sent(house, REGISTER, "户.csv", content)
        assert account["accepted"] == account["received"] and account["rows"] == persons, account
        figures = {"s": seconds, "persons/min": persons / seconds * 60, "CPU s": spent}
        return Said(f"a register of {persons:,} persons as CSV", figures)
    finally:
        house.stop()


async def _sent(house: House, department: str, name: str, content: bytes) -> tuple[dict[str, Any], float, float]:
    fields = {"role": "department", "department": department, "region": COUNTY}
    token = Issuer((house.keys / "token.key").read_bytes()).issue(fields, timedelta(hours=1))
    pids = [house.running["intake"].pid]
    before, began = cpu(pids, *servers(house)), time.monotonic()
    async with httpx.AsyncClient(timeout=900, trust_env=False) as client:
        answer = await client.post(
            f"http://127.0.0.1:{house.ports['intake']}/v1/departments/{department}/files",
            files={"file": (name, content)}, headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip
    seconds = time.monotonic() - began
    assert answer.status_code == 202, answer.text
    return answer.json(), seconds, (cpu(pids, *servers(house)) - before).total


def _workbook(numbers: Sequence[str], count: int) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("结算")
    sheet.append(HEADINGS)
    today = date.today()
    for n in range(count):
        number = numbers[n % len(numbers)]
        sheet.append([f"B-{n:07d}", number, "张三", "普通门诊", today, 210.5, 100, 110.5, 190.5, "无"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _register(households: int) -> tuple[bytes, int]:
    out, persons = io.StringIO(), 0
    table = csv.writer(out)
    table.writerow(PEOPLE)
    for record in generate(11, date.today(), households, 1000).register:
        for row in _rows(record) if record["kind"] == "household" else ():
            table.writerow(row)
            persons += 1
    return out.getvalue().encode("gb18030"), persons


def _rows(record: Record) -> list[list[Any]]:
    data: Any = record["data"]
    subject: Any = record["subject"]
    history = data.get("poverty_history")
    told = history.get("status") if isinstance(history, dict) else history
    return [
        [
            data["household_no"], subject["region"], data["group"], record["occurred_on"], told or "none",
            one["name"], one["id_no"], one["relation"], one.get("health"), one.get("labour"),
        ]
        for one in data["members"]
    ]  # fmt: skip
