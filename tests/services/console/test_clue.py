"""/clue without a browser: a household whose village is in no list, as a township's office reports it."""

import json
import re
from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from tests.services.console.scene import Scene, says, signed_in
from tests.tokens import VILLAGE

TOWNSHIP_PLACE = "341221102000"
TYPED = {"text": "屋顶塌了一角", "name": "宋家旺", "group": "3", "address": "河东岸"}
NO_VILLAGE = f'<option value="{TOWNSHIP_PLACE}">找不到的村（鲖城）</option>'


@pytest_asyncio.fixture
async def township(village: Scene) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=village.console.url) as client:
        await signed_in(client, "TOWNSHIP-341221102-1")
        yield client
    village.neighbours.answers.pop(("intake", "/v1/clues"), None)


async def sent(client: httpx.AsyncClient, **typed: str) -> httpx.Response:
    page = (await client.get("/clue")).text
    found = {name: re.search(f'name="{name}" value="([^"]+)"', page) for name in ("csrf", "key")}
    proof = {name: one[1] for name, one in found.items() if one}
    return await client.post("/clue", data={**proof, **typed}, follow_redirects=False)


async def test_whose_village_is_in_no_list_is_reported_under_the_township_by_its_name(
    village: Scene, township: httpx.AsyncClient
) -> None:
    seen = []

    def take(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        return httpx.Response(201, json={})

    village.neighbours.answers["intake", "/v1/clues"] = take
    page = (await township.get("/clue")).text
    assert NO_VILLAGE in page and 'name="village_name"' in page
    page = (await sent(township, **TYPED, region=TOWNSHIP_PLACE)).text
    assert 'id="village_name-wrong"' in page and 'id="region-wrong"' not in page and seen == []
    assert NO_VILLAGE.replace('">', '" selected>') in page and all(text in page for text in TYPED.values())
    done = await sent(township, **TYPED, region=TOWNSHIP_PLACE, village_name="新湖村")
    assert (done.status_code, done.headers["location"]) == (303, "/clue?done=1")
    await sent(township, **TYPED, region=VILLAGE, village_name="新湖村")
    told, chosen = seen
    assert (told["region"], told["village_name"], told["subject"]["name"]) == (TOWNSHIP_PLACE, "新湖村", "宋家旺")
    assert "village_name" not in chosen, "a village that is chosen has its own name"


async def test_what_intake_says_of_the_name_stands_beside_it(village: Scene, township: httpx.AsyncClient) -> None:
    problem = {"code": "invalid", "errors": [{"field": "village_name", "code": "string_too_long", "message": "long"}]}
    village.neighbours.answers["intake", "/v1/clues"] = says(problem, 422)
    name = "新湖" * 40
    page = await sent(township, **TYPED, region=TOWNSHIP_PLACE, village_name=name)
    assert page.status_code == 422 and 'id="village_name-wrong"' in page.text and name in page.text


async def test_a_cadre_reports_of_the_own_village_alone(village: Scene) -> None:
    async with httpx.AsyncClient(base_url=village.console.url) as client:
        await signed_in(client, "vc-1")
        page = (await client.get("/clue")).text
    assert f'value="{VILLAGE}" selected' in page and TOWNSHIP_PLACE not in page and "village_name" not in page
