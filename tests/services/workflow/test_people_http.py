"""People from outside: grids with their flags, a worker changed, leave entered and ended, each in its own place."""

import contextlib
import copy
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.workflow.app import build
from shared.clock import machine_now
from shared.domain.calendar import day_of
from shared.postgres import session
from shared.service import Service, serving
from tests.services.workflow.house import REGISTER, registered
from tests.tokens import GRID, VILLAGE, bearer, settings_of


@pytest_asyncio.fixture(scope="module")
async def client(topics: str, database: str, keys: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with contextlib.AsyncExitStack() as stack:
        service = await stack.enter_async_context(serving(build, settings_of("workflow", topics, database, keys)))
        built = await stack.enter_async_context(httpx.AsyncClient(base_url=service.url, timeout=20))
        register = copy.deepcopy(REGISTER)
        register["offices"].append(
            {
                "office_id": "341221",
                "kind": "county",
                "region": "341221000000",
                "name": {"zh": "县", "en": "county"},
            }
        )
        for number in range(4, 6):
            register["grids"].append({"grid": f"{VILLAGE}-0{number}", "region": VILLAGE, "office_id": VILLAGE})
        headers = bearer(keys, "steward", officer_id="st-1", region="341221")
        assert (await built.post("/v1/officers", json=register, headers=headers)).status_code == 200
        await fill(service, {f"{VILLAGE}-03": 60, f"{VILLAGE}-04": 101, f"{VILLAGE}-05": 19})
        yield built


async def fill(service: Service, sizes: dict[str, int]) -> None:
    number = 0
    async with session(service.worker) as connection:
        for grid, size in sizes.items():
            for _ in range(size):
                number += 1
                home = registered(number)
                await connection.execute(
                    "INSERT INTO households VALUES ($1, $2, '张**', 3, 'active', $3, $4)",
                    home.household_id, home.household_no, VILLAGE, grid,
                )  # fmt: skip


@pytest.fixture
def township(keys: Path) -> dict[str, str]:
    return bearer(keys, "township", officer_id="tw-1")


async def get(client: httpx.AsyncClient, path: str, headers: dict[str, str], status: int = 200, **query: Any) -> Any:
    answer = await client.get(path, params=query, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_grids_are_counted_and_flagged_never_refused(client: httpx.AsyncClient, township: dict[str, str]) -> None:
    found = await get(client, "/v1/grids", township)
    flags = {one["grid"][-2:]: (one["households"], one["flags"]) for one in found["items"]}
    assert flags == {
        "03": (60, []),
        "04": (101, ["no_worker", "no_deputy", "too_large"]),
        "05": (19, ["no_worker", "no_deputy", "too_small"]),
    }
    assert found["sums"] == {
        "grids": 3, "flagged": 2, "no_worker": 2, "no_deputy": 2, "too_large": 1, "too_small": 1,
    }  # fmt: skip
    assert found["sizes"] == {"least": 20, "target": 60, "most": 100}
    only = await get(client, "/v1/grids", township, flag="too_large")
    assert [one["grid"] for one in only["items"]] == [f"{VILLAGE}-04"]


async def test_a_township_changes_a_grids_worker_and_the_village_may_not(
    client: httpx.AsyncClient, keys: Path, township: dict[str, str]
) -> None:
    body = {"worker": "vc-2"}
    answer = await client.put(f"/v1/grids/{VILLAGE}-05", json=body, headers=township)
    assert answer.status_code == 200 and answer.json()["worker"] == "vc-2", answer.text
    [grid] = (await get(client, "/v1/grids", township, grid=f"{VILLAGE}-05"))["items"]
    assert (grid["worker"], grid["flags"]) == ("vc-2", ["no_deputy", "too_small"])
    village = bearer(keys, "village", officer_id="vc-1")
    assert (await client.put(f"/v1/grids/{GRID}", json=body, headers=village)).status_code == 403
    assert (await client.put(f"/v1/grids/{GRID}", json={"boss": "x"}, headers=township)).status_code == 422
    other = bearer(keys, "township", officer_id="tw-2", region="341221103")
    assert (await client.put(f"/v1/grids/{GRID}", json=body, headers=other)).status_code == 404


async def test_a_leave_is_entered_shown_and_ended(
    client: httpx.AsyncClient, keys: Path, township: dict[str, str]
) -> None:
    now = day_of(machine_now())
    body = {
        "officer_id": "gw-1",
        "since": now.isoformat(),
        "until": (now + timedelta(days=3)).isoformat(),
        "reason_code": "annual",
    }
    first = await client.post("/v1/leaves", json=body, headers=township)
    assert first.status_code == 200, first.text
    leave = first.json()
    assert leave["stand_ins"] == [{"office_id": GRID, "officer_id": "gw-2"}] and len(leave["emitted"]) == 1
    again = await client.post("/v1/leaves", json=body, headers=township)
    assert again.json()["leave_id"] == leave["leave_id"] and again.json()["emitted"] == []
    [shown] = (await get(client, "/v1/leaves", township))["items"]
    assert (shown["officer_id"], shown["is_away"], shown["reason_code"]) == ("gw-1", True, "annual")
    village = bearer(keys, "village", officer_id="vc-1")
    assert "reason_code" not in (await get(client, "/v1/leaves", village))["items"][0]
    assert (await client.post("/v1/leaves", json=body, headers=village)).status_code == 403
    [worker] = (await get(client, "/v1/officers", township, officer="gw-1"))["items"]
    assert worker["away_until"] == body["until"]
    [grid] = (await get(client, "/v1/grids", township, grid=GRID))["items"]
    assert (grid["worker"], grid["worker_away_until"]) == ("gw-1", body["until"])
    ended = await client.post(f"/v1/leaves/{leave['leave_id']}/ends", headers=township)
    assert ended.status_code == 200 and ended.json()["ended_on"] == now.isoformat(), ended.text
    assert (await get(client, "/v1/leaves", township))["items"] == []
    assert len((await get(client, "/v1/leaves", township, ever=True))["items"]) == 1
    nobody = "/v1/leaves/00000000-0000-0000-0000-000000000000/ends"
    assert (await client.post(nobody, headers=township)).status_code == 404


async def test_offices_count_their_people_and_pages_follow_each_other(client: httpx.AsyncClient, keys: Path) -> None:
    county = bearer(keys, "county", officer_id="co-1")
    found = await get(client, "/v1/offices", county, kind=["county", "village_committee"])
    assert [(one["office_id"], one["kind"], one["officers"]) for one in found["items"]] == [
        ("341221", "county", 0), (VILLAGE, "village_committee", 2),
    ]  # fmt: skip
    seen, after = [], ""
    for _ in range(9):
        page = await get(client, "/v1/officers", county, ever=True, limit=2, after=after)
        seen += [(one["officer_id"], one["office_id"], one["since"]) for one in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == sorted(seen) and len(set(seen)) == len(seen) == 5
    offices, after = [], ""
    for _ in range(9):
        page = await get(client, "/v1/offices", county, limit=1, after=after)
        offices += [one["office_id"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert offices == ["341221", VILLAGE, GRID]
    assert (await get(client, "/v1/officers", county, 422, after="x"))["code"] == "cursor"
