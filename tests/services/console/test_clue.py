"""/clue without a browser: a household whose village is in no list, as a township's office reports it."""

import json
import re
from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from shared.domain.division import parts_of
from tests.services.console.scene import Scene, says, signed_in
from tests.tokens import VILLAGE

TOWNSHIP_PLACE = "341221102000"
CITY = "341200000000"
TYPED = {"text": "屋顶塌了一角", "name": "宋家旺", "group": "3", "address": "河东岸"}
NO_VILLAGE = f'<option value="{TOWNSHIP_PLACE}">找不到的村（鲖城）</option>'


@pytest_asyncio.fixture
async def township(village: Scene) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=village.console.url) as client:
        await signed_in(client, "TOWNSHIP-341221102-1")
        yield client
    village.neighbours.answers.pop(("intake", "/v1/clues"), None)


async def sent(client: httpx.AsyncClient, page_at: str = "/clue", **typed: str) -> httpx.Response:
    page = (await client.get(page_at)).text
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


async def test_a_city_s_hotline_chooses_a_county_first(village: Scene) -> None:
    await appoint_in_city(village)
    async with httpx.AsyncClient(base_url=village.console.url) as client:
        await signed_in(client, "HOT-3412-1")
        seen = []

        def take(request: httpx.Request) -> httpx.Response:
            seen.append(json.loads(request.content))
            return httpx.Response(201, json={})

        village.neighbours.answers["intake", "/v1/clues"] = take
        city = (await client.get("/clue")).text
        assert 'href="/clue?place=341221"' in city and 'name="region"' not in city, "no village yet"
        for elsewhere in ("340121", "341221102", "34", "不是代码", ""):
            assert (await client.get("/clue", params={"place": elsewhere})).text.count("/clue?place=") == len(
                parts_of("3412")
            ), elsewhere
        county = (await client.get("/clue", params={"place": "341221"})).text
        assert NO_VILLAGE in county and 'name="place" value="341221"' in county and f'value="{VILLAGE}"' in county
        wrong = await sent(client, "/clue?place=341221", **TYPED, place="341221")
        assert wrong.status_code == 422 and 'id="region-wrong"' in wrong.text and NO_VILLAGE in wrong.text
        assert all(text in wrong.text for text in TYPED.values()), "nothing typed is lost, nor where it was"
        done = await sent(client, "/clue?place=341221", **TYPED, place="341221", region=VILLAGE)
        assert (done.status_code, [one["region"] for one in seen]) == (303, [VILLAGE])
        assert "place" not in seen[0]
    village.neighbours.answers.pop(("intake", "/v1/clues"), None)


async def test_a_hotline_has_no_desk_and_begins_at_its_reports(village: Scene) -> None:
    await appoint_in_city(village)
    async with httpx.AsyncClient(base_url=village.console.url) as client:
        await signed_in(client, "HOT-3412-1")
        desk = await client.get("/queues")
        assert (desk.status_code, desk.headers["location"]) == (303, "/clue")
        page = (await client.get("/clue?done=1")).text
        rail = page[page.index('<nav class="rail"') :].partition("</nav>")[0]
        assert re.findall(r'<a href="([^"]+)"', rail) == ["/clue", "/apply"] and 'aria-current="page"' in rail
        assert 'class="banner good"' in page and 'class="main-act" href="/queues"' not in page


async def appoint_in_city(village: Scene) -> None:
    told = {
        "offices": [
            {"office_id": "3412", "kind": "city", "region": CITY, "name": {"zh": "阜阳市热线", "en": "Fuyang hotline"}}
        ],
        "officers": [
            {
                "officer_id": "HOT-3412-1", "name": "梅**", "display_name": "梅**", "role": "hotline", "region": CITY,
                "grid": None, "office_id": "3412", "capacity": None, "post": "member", "since": "2026-01-01",
            }
        ],
    }  # fmt: skip
    async with httpx.AsyncClient(base_url=village.workflow.url) as client:
        headers = village.bearer("steward", officer_id="st-2", region="3412")
        answer = await client.post("/v1/officers", json=told, headers=headers)
    assert answer.status_code == 200, answer.text
