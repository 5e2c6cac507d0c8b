"""/households without a browser: what is searched for stands in no address but for what is used of it."""

import re
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.api.households import STARS, used
from shared.domain.identity import check_digit
from tests.services.console.scene import COUNTY, Scene, says, signed_in
from tests.until import until

PERSON = "34082219900101123"
ID_NO = PERSON + check_digit(PERSON)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("王守信", "王"), ("王**", "王"), (" 王 守信 ", "王"), ("欧阳·娜娜", "欧"), ("𠮷野家", "𠮷"),
        ("王\x00守信", "王"),
        ("（王守信）", "王"), ("Zhang San", "Z"), ("zhangshouxin", "z"), ("王守信 H-0001", "王"),
        ("H-0001 王守信", "H-0001"), ("3组王守信", "3"),
        ("H-0001", "H-0001"), ("H-00", "H-00"), ("鲖城镇-0001", "鲖城镇-0001"),
        ("340822104200-0012", "340822104200-0012"),
        ("2019-12号", "2019-12号"), ("", ""), (" ", ""), ("%", "%"), ("_", "_"), ("\\", "\\"),
        ("34082219900101123X", STARS), ("34082219900101123Ｘ", STARS), ("34082219900101123X王守信", STARS),
        ("13800000000", STARS), ("+86138-0000-0000", STARS), ("１３８００００００００", STARS),
    ],
)  # fmt: skip
def test_of_what_is_typed_a_number_or_a_names_first_sign_is_used(typed: str, kept: str) -> None:
    assert used(typed) == kept


@given(st.text(st.sampled_from("王守信·张3 -0138Hx*%（") | st.characters(), max_size=64))
def test_what_is_used_is_used_whole_and_is_no_name(typed: str) -> None:
    kept = used(typed)
    assert used(kept) == kept, "an address leads to itself, not round and round"
    assert re.search("[0-9]", kept) or not re.search("[\u3400-\u9fff]{2}", kept)


async def test_a_name_that_is_searched_for_stands_in_no_address(village: Scene) -> None:
    await village.register(2)

    async def has_come() -> int:
        found = await village.get("/v1/households", village.bearer("county", officer_id="co-1"), q="李")
        return int(found["total"])

    await until(has_come, 20, "the household")
    async with httpx.AsyncClient(base_url=village.console.url) as client:
        await signed_in(client, f"COUNTY-{COUNTY}-1")
        page = (await client.get("/households")).text
        form = re.findall(r'<form class="search"[^>]*>', page)
        assert len(form) == 1 and 'method="post"' in form[0]
        csrf = re.findall(r'name="csrf" value="([^"]+)"', page)[0]
        found = await client.post("/households", data={"csrf": csrf, "q": "李秀英"})
        assert (found.status_code, found.headers["location"]) == (303, f"/households?q={quote('李')}")
        shown = await client.get(found.headers["location"])
        assert shown.status_code == 200 and "H-0002" in shown.text and "秀英" not in shown.text
        assert (await client.post("/households", data={"csrf": "x", "q": "李秀英"})).status_code == 403
        assert (await client.post("/households", data={"csrf": csrf, "q": " "})).headers["location"] == "/households"


@pytest.mark.parametrize("q", ["李秀英", "李&q=李秀英", "李秀英&q=李", ID_NO, "13800000000"])
async def test_an_address_with_a_name_leads_to_the_short_one(village: Scene, q: str) -> None:
    async with httpx.AsyncClient(base_url=village.console.url) as client:
        await signed_in(client, f"COUNTY-{COUNTY}-1")
        moved = await client.get(f"/households?region={COUNTY}&q={q}")
        kept = "李" if "李" in q else STARS
        assert moved.status_code == 303
        assert moved.headers["location"] == f"/households?q={quote(kept, safe='')}&region={COUNTY}"
        assert "秀英" not in moved.text and q not in moved.text
        shown = await client.get(moved.headers["location"])
        assert shown.status_code == 200 and "秀英" not in shown.text


@pytest.mark.parametrize("typed", ["李秀英", ID_NO, "13800000000", "H-0002"])
async def test_what_is_no_number_is_asked_of_no_other_service(village: Scene, typed: str) -> None:
    village.neighbours.answers["intake", "/v1/households"] = says({"items": [], "next": None})
    village.neighbours.answers["intake", "/v1/identity"] = says({"code": "not_found"}, 404)
    village.neighbours.asked.clear()
    try:
        async with httpx.AsyncClient(base_url=village.console.url) as client:
            await signed_in(client, f"COUNTY-{COUNTY}-1")
            csrf = re.findall(r'name="csrf" value="([^"]+)"', (await client.get("/households")).text)[0]
            written = {"csrf": csrf, "reason": "核对过户口簿", "household_no": typed}
            await client.post("/identity/one/match", data=written)
    finally:
        village.neighbours.answers.pop(("intake", "/v1/households"))
        village.neighbours.answers.pop(("intake", "/v1/identity"))
    assert (("intake", "GET", "/v1/households") in village.neighbours.asked) == (typed == "H-0002")
