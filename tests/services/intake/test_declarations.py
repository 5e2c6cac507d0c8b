"""A farmer's declaration: filed, matched or not, told once, repeated, asked about, appealed against and taken back."""

import json
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from services.intake import receipt
from tests.services.intake.county import County, number
from tests.tokens import GRID, VILLAGE

NAME, PHONE, WORDS, ADDRESS = "欧阳拾穗", "13955550017", "房子漏雨屋顶快塌了", "东坡组老槐树旁"
DECLARATIONS = "/v1/declarations"
STATUS = "/v1/declarations/status"


def form(**more: Any) -> dict[str, Any]:
    return {"region": VILLAGE, "difficulty": WORDS, "channel": "page", "phone": PHONE} | more


async def post(desk: County, path: str, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await desk.client.post(path, content=content, headers={"content-type": "application/json"} | headers)


async def file(desk: County, headers: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    answer = await post(desk, DECLARATIONS, form(**more), **(headers or {}))
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def row(desk: County, receipt_no: str) -> asyncpg.Record:
    found = await desk.service.worker.fetchrow(
        "SELECT * FROM clues WHERE receipt = $1", receipt.index_of(desk.vault, receipt_no)
    )
    assert found is not None
    return found


async def told(desk: County, household_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    return [(one["type"].split(".")[2], one["data"]) for one in await desk.events("clue.reported", household_id)]


async def test_a_declaration_without_a_token_gets_a_receipt_and_a_case_s_fact(desk: County) -> None:
    answer = await file(desk)
    assert receipt.is_receipt(answer["receipt_no"]) and len(answer["receipt_no"]) == 12
    assert (answer["household"], answer["is_repeat"], answer["times"]) == ("unmatched", False, 1)
    kept = await row(desk, answer["receipt_no"])
    [(word, fact)] = await told(desk, kept["household_id"])
    assert word == "reported"
    assert fact["cause"] == "declaration" and fact["is_matched"] is False and fact["concerns"] == ["other"]
    assert fact["reported_at"] == fact["reported_at"] and fact["level"] is None


async def test_one_who_is_in_no_register_is_told_to_the_county_and_gets_a_household(desk: County) -> None:
    answer = await file(desk, name=NAME, id_no=number(), group=7)
    kept = await row(desk, answer["receipt_no"])
    offices = await desk.events("clue.reported", "office:341221")
    assert [one for one in offices if one["data"]["clue_id"] == str(kept["clue_id"])]
    [house] = await desk.events("household.registered", kept["household_id"])
    assert house["type"] == "shouwang.household.registered.v1" and house["grid"] == f"{VILLAGE}-07"
    assert house["data"]["display_name"] == "欧阳**" or "*" in house["data"]["display_name"]


async def test_an_id_number_finds_the_household_and_its_register_s_place(desk: County) -> None:
    id_no = number()
    no = await desk.home(id_no)
    answer = await file(desk, id_no=id_no.lower(), risk="illness", concerns=["living"])
    assert answer["household"] == "matched"
    [(word, fact)] = await told(desk, desk.vault.household_id(no))
    assert (word, fact["is_matched"], fact["concerns"]) == ("reported", True, ["medical_burden", "living"])
    [event] = await desk.events("clue.reported", desk.vault.household_id(no))
    assert (event["region"], event["grid"]) == (VILLAGE, GRID)
