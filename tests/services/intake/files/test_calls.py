"""Files over HTTP: accounted for row by row, seen while they run, given back with the reason beside each bad row."""

import asyncio
import io
from typing import Any

import asyncpg
import openpyxl
import pytest

from services.intake.api import files
from tests.services.intake.county import COUNTS, County, household_no, key, number
from tests.services.intake.files.making import HEADINGS, archive, settlement_row, text, xlsx
from tests.tokens import VILLAGE
from tests.until import until

MEDICAL, REGISTER = "medical_insurance", "rural_revitalization"
REGISTER_HEADINGS = ("户编号", "村代码", "村民组", "发生日期", "姓名", "身份证号", "与户主关系", "健康状况")


async def send(
    desk: County, code: str, content: bytes, name: str = "表.csv", region: str = "341221", **headers: str
) -> Any:
    given = desk.department(code, region) | {one.replace("_", "-"): value for one, value in headers.items()}
    return await desk.client.post(f"/v1/departments/{code}/files", files={"file": (name, content)}, headers=given)


def accounted(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    account: dict[str, Any] = answer.json()
    assert account["received"] == sum(account[one] for one in COUNTS[1:]), account
    return account


async def test_a_file_is_taken_in_as_its_records_would_be(desk: County) -> None:
    who = number()
    no = await desk.home(who)
    rows = [HEADINGS, settlement_row("F-1", id_no=who), settlement_row("F-1", id_no=who), settlement_row("F-2"), []]
    account = accounted(await send(desk, MEDICAL, xlsx(rows), "结算.xlsx"))
    assert [account[one] for one in COUNTS] == [3, 1, 1, 0, 1]
    assert (account["file"], account["rows"]) == ("结算.xlsx", 3)
    assert await desk.said(no, "F-1") == [("changed", 1)]
    same = {
        "record_id": "F-1", "kind": "settlement", "version": 1, "op": "upsert", "occurred_on": "2026-10-03",
        "subject": {"id_no": who, "name": "张三"},
        "data": {"setting": "inpatient", "settled_on": "2026-10-03", "total_yuan": "8000.00",
                 "reimbursed_yuan": "2000.00", "self_paid_yuan": "6000.00"},
    }  # fmt: skip
    assert (await desk.send(MEDICAL, same))["duplicates"] == 1, "over the other call it is the same record"


async def test_a_refusal_names_its_cell_and_its_remedy(desk: County) -> None:
    rows = [
        ["临泉县"], HEADINGS, settlement_row("G-1", id_no="3.40822E+17"), settlement_row("G-2", total="很多"),
        ["合计", "", "", "", "", 1, 2, 3],
    ]  # fmt: skip
    account = accounted(await send(desk, MEDICAL, xlsx(("结算", rows)), "a.xlsx"))
    assert [account[one] for one in COUNTS] == [3, 0, 0, 3, 0]
    told = [
        (one["sheet"], one["row"], one.get("column"), one.get("heading"), one["code"]) for one in account["rejections"]
    ]
    assert told == [
        ("结算", 3, "B", "身份证号", "id_damaged_by_spreadsheet"),
        ("结算", 4, "F", "医疗费总额", "not_money"),
        ("结算", 5, None, None, "total_row"),
    ]
    assert all(one["message"] for one in account["rejections"])
    assert [one["code"] for one in account["notes"]] == ["lines_above_heading"]


async def test_refused_rows_go_back_to_their_sender_alone_and_no_cell_is_a_formula(desk: County) -> None:
    evil = settlement_row("H-1", name="=cmd|'/c calc'!A0", total="-x", self_paid="@SUM(1)")
    account = accounted(await send(desk, MEDICAL, text([HEADINGS, evil, settlement_row("H-2")]), "b.csv"))
    path = f"/v1/batches/{account['batch_id']}/rejections.xlsx"
    answer = await desk.client.get(path, headers=desk.department(MEDICAL))
    assert answer.status_code == 200, answer.text
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["原行 Row", "列 Column", "拒收原因 Reason", "代码 Code", *HEADINGS]
    assert [sheet.cell(2, place).value for place in (1, 2, 4, 5)] == [2, "F 医疗费总额", "not_money", "H-1"]
    assert sheet.max_row == 2, "what was taken is not told again"
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert sheet["G2"].value == "'=cmd|'/c calc'!A0"
    assert (await desk.client.get(path, headers=desk.department("housing"))).status_code == 404
    assert (await desk.client.get(path, headers=desk.department(MEDICAL, "341222"))).status_code == 404
    for role in ("auditor", "steward"):
        assert (await desk.client.get(path, headers=desk.token(role))).status_code == 404, role
    mended = accounted(await send(desk, MEDICAL, _mended(answer.content), "mended.xlsx"))
    assert [mended[one] for one in COUNTS] == [1, 0, 0, 0, 1]


def _mended(content: bytes) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    sheet["G2"].value, sheet["J2"].value, sheet["L2"].value = "张三", "8000.00", "6000.00"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def test_a_household_is_its_members_rows(desk: County) -> None:
    no, who, other = household_no(), number(), number()
    rows = [
        REGISTER_HEADINGS,
        [no, VILLAGE, 3, "2026-10-01", "张守望", who, "户主", "健康"],
        [household_no(), VILLAGE, "三", "2026-10-01", "王守望", number(), "户主", "健康"],
        [no, VILLAGE, 3, "2026-10-01", "李守望", other, "配偶", "长期慢性病"],
    ]
    account = accounted(await send(desk, REGISTER, text(rows, "gb18030"), "户.csv"))
    assert (account["rows"], account["received"], account["accepted"], account["rejected"]) == (3, 2, 1, 1)
    (event,) = await desk.homes(no)
    assert event[0] == "registered" and len(event[1]["members"]) == 2
    assert account["rejections"][0]["column"] == "C"


async def test_an_answer_may_come_before_the_records_are_taken_in(desk: County) -> None:
    rows = [HEADINGS, *(settlement_row(f"J-{one:05d}") for one in range(2500))]
    told = key()
    answer = await send(desk, MEDICAL, text(rows), "c.csv", prefer="respond-async", idempotency_key=told)
    account = accounted(answer)
    assert (account["state"], account["rows"]) == ("open", 2500)
    place = answer.headers["location"]

    async def closed() -> Any:
        seen = (await desk.client.get(place, headers=desk.department(MEDICAL))).json()
        assert seen["state"] in ("open", "closed") and seen["received"] <= seen["rows"]
        return seen if seen["state"] == "closed" else None

    found = await until(closed, 30, "the file is taken in")
    assert [found[one] for one in COUNTS] == [2500, 0, 0, 0, 2500]
    again = accounted(await send(desk, MEDICAL, text(rows), "c.csv", idempotency_key=told))
    assert [again[one] for one in COUNTS] == [found[one] for one in COUNTS]
    other = await send(desk, MEDICAL, text(rows[:-1]), "c.csv", idempotency_key=told)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_file_that_breaks_off_is_told_as_interrupted_and_goes_on(desk: County) -> None:
    rows = [HEADINGS, *(settlement_row(f"K-{one:05d}") for one in range(2500))]
    told = key()
    slow = asyncio.create_task(send(desk, MEDICAL, text(rows), "d.csv", idempotency_key=told))
    query = "SELECT batch_id FROM batches WHERE closed_at IS NULL AND received > 0"
    batch_id = await until(lambda: desk.service.worker.fetchval(query))
    await desk.service.worker.execute(
        "UPDATE batches SET busy_until = '-infinity', holder = 'x' WHERE batch_id = $1", batch_id
    )
    assert (await slow).status_code == 503
    seen = (await desk.client.get(f"/v1/batches/{batch_id}", headers=desk.department(MEDICAL))).json()
    assert seen["state"] == "interrupted"
    account = accounted(await send(desk, MEDICAL, text(rows), "d.csv", idempotency_key=told))
    assert [account[one] for one in COUNTS] == [2500, 0, 0, 0, 2500]
    await desk.is_conserved()


async def test_whatever_breaks_off_a_file_after_its_answer_is_alarmed(
    desk: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise asyncpg.UniqueViolationError("two of one key")

    def alarms() -> float:
        return float(desk.service.metrics.alarms.labels("intake", "file_interrupted")._value.get())

    before = alarms()
    monkeypatch.setattr(files, "take_all", fail)
    answer = await send(desk, MEDICAL, text([HEADINGS, settlement_row("L-1")]), prefer="respond-async")
    assert accounted(answer)["state"] == "open"
    await until(lambda: alarms() == before + 1)


@pytest.mark.parametrize(
    ("content", "name", "status", "code"),
    [
        (b"", "a.csv", 422, "empty_file"),
        (b"%PDF-1.7 x", "a.csv", 422, "not_a_table"),
        (text([HEADINGS, settlement_row()]), "a.et", 422, "et_file"),
        (b"<html><table>", "a.xls", 422, "html_as_xls"),
    ],
)
async def test_a_file_is_refused_as_a_whole_in_two_languages(
    desk: County, content: bytes, name: str, status: int, code: str
) -> None:
    zh = await send(desk, MEDICAL, content, name)
    en = await send(desk, MEDICAL, content, name, accept_language="en")
    assert (zh.status_code, zh.json()["code"]) == (status, code) == (en.status_code, en.json()["code"])
    assert zh.json()["detail"] != en.json()["detail"] and not zh.json()["detail"].isascii()
    assert en.json()["errors"][0]["field"] == "file"


async def test_what_is_no_form_with_a_file_is_refused(desk: County) -> None:
    path, who = f"/v1/departments/{MEDICAL}/files", desk.department(MEDICAL)
    table = text([HEADINGS, settlement_row()])
    plain = await desk.client.post(path, content=table, headers=who | {"content-type": "text/csv"})
    assert (plain.status_code, plain.json()["code"]) == (415, "content_type")
    other = await desk.client.post(path, files={"files": ("a.csv", table)}, headers=who)
    assert (other.status_code, other.json()["code"]) == (422, "file_missing")
    two = await desk.client.post(path, files=[("file", ("a.csv", table)), ("file", ("b.csv", table))], headers=who)
    assert (two.status_code, two.json()["code"]) == (422, "form_damaged")
    cut = await desk.client.post(path, content=b"--x\r\n", headers=who | {"content-type": "multipart/form-data"})
    assert (cut.status_code, cut.json()["code"]) == (422, "form_damaged")
    theirs = await send(desk, MEDICAL, table)
    assert theirs.status_code == 202
    wrong = await desk.client.post(
        "/v1/departments/nobody/files", files={"file": ("a", table)}, headers=desk.token("county")
    )
    assert (wrong.status_code, wrong.json()["code"]) == (404, "unknown_department")
    stranger = await desk.client.post(path, files={"file": ("a", table)}, headers=desk.department("housing"))
    assert stranger.status_code == 403


async def test_a_name_smuggles_nothing(desk: County) -> None:
    table = text([HEADINGS, settlement_row()])
    name = "../../etc/张三\r\nX: y" + "长" * 300 + ".csv"
    account = accounted(await send(desk, MEDICAL, table, name))
    assert len(account["file"]) <= 120 and not {"/", "\\", "\r", "\n"} & set(account["file"])
    kept = await desk.service.worker.fetchval("SELECT about FROM sent_files LIMIT 1")
    assert "身份证".encode() not in kept, "what a file says lies sealed"


async def test_a_bomb_is_refused_and_the_service_lives_on(desk: County) -> None:
    bomb = archive([("[Content_Types].xml", b"<a/>"), ("xl/workbook.xml", b"0" * 200_000_000)])
    answer = await send(desk, MEDICAL, bomb, "a.xlsx")
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    assert (await desk.client.get("/healthz")).status_code == 200
