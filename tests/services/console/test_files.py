"""The page of sent files without a browser: what is refused, too large or unanswered is said, and sent on but once."""

import re
from typing import Any

import httpx
import pytest_asyncio

from services.console.pages.files import REJECTIONS_SHOWN, not_taken, told
from services.console.wording import Words
from shared.policy import load
from shared.web.callers import STREAM_MAX
from tests.services.console.scene import COUNTY, Scene, says, signed_in

ZH = Words("zh-CN", load("regular-2026"))
FILES = ("intake", "/v1/departments/medical_insurance/files")
BATCH_ID = "7d0f6c7e-5f5e-4a4e-9f77-2f2a6f0c0002"


@pytest_asyncio.fixture
async def county(village: Scene) -> Any:
    records = village.neighbours.answers.pop(("intake", "/v1/departments/"))
    async with httpx.AsyncClient(base_url=village.console.url, timeout=60) as client:
        await signed_in(client, f"COUNTY-{COUNTY}-1")
        yield client
    village.neighbours.answers.pop(FILES, None)
    village.neighbours.answers["intake", "/v1/departments/"] = records
    village.neighbours.away.discard("intake")


async def sent(county: httpx.AsyncClient, content: bytes = b"a,b", **more: str) -> httpx.Response:
    page = (await county.get("/files")).text
    found = {name: re.search(f'name="{name}" value="([^"]+)"', page) for name in ("csrf", "key")}
    entries = {name: one[1] for name, one in found.items() if one} | {"department": "medical_insurance"} | more
    return await county.post("/files", data=entries, files={"file": ("表.csv", content)})


async def test_a_file_goes_to_intake_once_with_its_name_and_the_page_leads_to_its_batch(
    village: Scene, county: httpx.AsyncClient
) -> None:
    asked: list[httpx.Request] = []

    def answered(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(202, json={"batch_id": BATCH_ID})

    village.neighbours.answers[FILES] = answered
    answer = await sent(county, "户编号,金额".encode())
    assert (answer.status_code, answer.headers["location"]) == (303, f"/files/{BATCH_ID}")
    [one] = asked
    body = await one.aread()
    assert "户编号,金额".encode() in body and "表.csv".encode() in body
    assert one.headers["prefer"] == "respond-async" and one.headers["idempotency-key"]


async def test_what_is_refused_is_said_beside_the_entry(village: Scene, county: httpx.AsyncClient) -> None:
    detail = "文件设了打开密码：请去掉密码后另存，再传。"
    problem = {"code": "password_protected", "errors": [{"field": "file", "code": "x", "message": detail}]}
    village.neighbours.answers[FILES] = says(problem, 422)
    refused = await sent(county)
    assert refused.status_code == 422 and detail in refused.text and 'aria-invalid="true"' in refused.text
    village.neighbours.answers[FILES] = says({"code": "in_flight"}, 409)
    assert ZH("files.wrong.in_flight") in (await sent(county)).text
    for department in ("", "nobody"):
        answer = await sent(county, department=department)
        assert answer.status_code == 422 and ZH("files.wrong.department_missing") in answer.text
    assert (await sent(county, csrf="another")).status_code == 403


async def test_a_file_is_not_lost_silently_where_intake_is_away(village: Scene, county: httpx.AsyncClient) -> None:
    village.neighbours.away.add("intake")
    try:
        answer = await sent(county)
        batch = await county.get(f"/files/{BATCH_ID}")
    finally:
        village.neighbours.away.discard("intake")
    assert answer.status_code == 503 and ZH("files.wrong.away") in answer.text
    assert batch.status_code == 503


async def test_a_file_over_the_limit_is_refused_and_nothing_of_it_is_sent_on(
    village: Scene, county: httpx.AsyncClient
) -> None:
    village.neighbours.answers[FILES] = says({"batch_id": BATCH_ID}, 202)
    answer = await sent(county, b"x" * (STREAM_MAX + 1))
    assert answer.status_code == 413 and ZH("files.wrong.file_too_large") in answer.text
    assert (await county.post("/files", content=b"x", headers={"content-type": "text/csv"})).status_code == 415
    broken = await county.post("/files", content=b"x", headers={"content-type": "multipart/form-data; boundary=a"})
    assert broken.status_code == 422


def test_a_page_shows_as_much_of_the_refused_as_it_may_weigh() -> None:
    batch = {"batch_id": BATCH_ID, "state": "closed", "received": 500, "accepted": 0, "duplicates": 0,
             "rejected": 500, "parked": 0, "rejections": [{"line": at} for at in range(500)]}  # fmt: skip
    page = told(batch)
    assert len(page["refused"]) == REJECTIONS_SHOWN and page["sums"]["rejected"] == 500
    assert (page["name"], page["rows"], page["notes"]) == ("", 0, []), "a batch that was no file"


def test_a_refusal_of_no_file_is_said_too() -> None:
    assert not_taken({"code": "forbidden"}, ZH) == ZH("files.wrong.refused")
    assert not_taken({"code": "file_too_large"}, ZH) == ZH("files.wrong.file_too_large")


async def test_a_refused_row_without_a_column_names_the_field_that_is_missing(
    village: Scene, county: httpx.AsyncClient
) -> None:
    refused = {"line": 5, "code": "missing", "field": "occurred_on", "sheet": "Sheet", "row": 5, "message": "请补充。"}
    batch = {"batch_id": BATCH_ID, "file": "a.xlsx", "state": "closed", "rows": 1, "received": 1, "accepted": 0,
             "duplicates": 0, "rejected": 1, "parked": 0, "rejections": [refused]}  # fmt: skip
    village.neighbours.answers["intake", f"/v1/batches/{BATCH_ID}"] = says(batch)
    page = await county.get(f"/files/{BATCH_ID}")
    village.neighbours.answers.pop(("intake", f"/v1/batches/{BATCH_ID}"))
    assert page.status_code == 200 and "第 5 行" in page.text and '<span class="sub">发生</span>' in page.text
