"""Workflow from outside: warnings over Kafka, people over HTTP with tokens, each task by its own example."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.workflow.app import build
from services.workflow.hops.village_committee import RecordVisit
from services.workflow.hops.village_group import Report
from shared.service import serving
from shared.web.callers import BODY_MAX, REGISTER_MAX
from tests.services.workflow.house import household, registered
from tests.services.workflow.outside import Outside
from tests.tokens import GRID, VILLAGE, settings_of
from tests.until import until


@pytest_asyncio.fixture(scope="module")
async def outside(database: str, topics: str, keys: Path) -> AsyncIterator[Outside]:
    settings = settings_of("workflow", topics, database, keys)
    async with serving(build, settings) as service, httpx.AsyncClient(base_url=service.url, timeout=20) as client:
        yield Outside(service, client, keys, topics)


async def test_a_case_walks_by_the_example_of_each_task(outside: Outside) -> None:
    house = household(101)
    await outside.publish("household.registered", "registered", house, registered(101))
    await outside.warn(house, "orange")
    first = await outside.task(house, "village_group", outside.worker)
    assert (first["household_no"], first["display_name"], first["size"]) == ("H-0101", "张**", 3)
    assert (first["state"], first["level"], first["lateness"], first["version"]) == ("open", "orange", "normal", 1)
    assert first["clock"]["limit"] == {"amount": 3, "unit": "calendar_days"}
    assert [one["action"] for one in first["actions"]] == ["report", "not_reached", "not_mine"]
    assert first["question"]["zh"] and first["question"]["en"]
    assert "20,410.50" not in str(first), "the group reads a band"
    assert "20,410.50" in str((await outside.get(f"/v1/tasks/{first['task_id']}", outside.county))["why"])

    claimed = await outside.post(f"/v1/tasks/{first['task_id']}/claim", outside.worker, {})
    assert (claimed["claimed_by"], claimed["version"]) == ("gw-1", 1)
    other = await outside.post(
        f"/v1/tasks/{first['task_id']}/claim", outside.headers("grid_worker", "gw-2"), {}, status=409
    )
    assert other["code"] == "already_claimed"

    answer = await outside.decide(first, outside.worker)
    assert answer["outcome"] == "advanced" and answer["next"]["hop"] == "village_committee"
    assert [(one["topic"], one["key"], one["sequence"]) for one in answer["emitted"]] == [
        ("stage.advanced", str(house), 3),
        ("hop.village_committee", str(house), 1),
    ]
    second = await outside.task(house, "village_committee", outside.cadre)
    assert [one["state"] for one in second["path"]][:3] == ["done", "here", "ahead"]
    assert second["path"][0]["officer"] == "gw-1"
    assert second["clock"]["limit"] == {"amount": 2, "unit": "working_days"}
    answer = await outside.decide(second, outside.cadre)
    assert (answer["outcome"], answer["next"]["step"]) == ("advanced", "review")

    case = await outside.get(f"/v1/cases/{first['case_id']}", outside.county)
    assert (case["state"], case["is_confirmed"], case["household_no"]) == ("open", True, "H-0101")
    steps = {one["event_id"]: one for one in case["history"]}
    last = [one for one in case["history"] if one["action"] == "record_visit"][-1]
    chain: list[str] = []
    while last is not None:
        chain.append(last["type"].split(".")[-2])
        last = steps.get(last["cause_id"])
    assert chain == ["advanced", "arrived", "advanced", "arrived", "opened"], "each step's cause is in the history"
    assert [one["action"] for one in case["decisions"]] == ["report", "record_visit"]
    asked = [list(Report.model_fields), list(RecordVisit.model_fields)]
    assert [list(one["form"]) for one in case["decisions"]] == asked, "in the order in which it was asked"


async def test_a_double_click_decides_once_and_an_old_version_is_a_conflict(outside: Outside) -> None:
    house = household(102)
    await outside.warn(house)
    task = await outside.task(house, "village_group", outside.worker)
    clicked = outside.worker | {"Idempotency-Key": "click-102"}
    offered = task["actions"][0]
    body = {"action": "report", "form": offered["form_schema"]["examples"][0], "version": task["version"]}
    path = f"/v1/tasks/{task['task_id']}/decisions"
    answers = await asyncio.gather(*(outside.client.post(path, json=body, headers=clicked) for _ in range(4)))
    decided = [one for one in answers if one.status_code == 200]
    assert decided and all(one.json() == decided[0].json() for one in decided), "the same click, the same answer"
    assert {one.json()["code"] for one in answers if one.status_code != 200} <= {"in_flight"}
    assert (await outside.post(path, clicked, body)) == decided[0].json()
    assert (await outside.post(path, clicked, body | {"version": 9}, 422))["code"] == "idempotency_key_reused"
    assert (await outside.post(path, outside.worker, body, 409))["code"] == "task_closed"
    history = (await outside.get(f"/v1/cases/{task['case_id']}", outside.county))["history"]
    assert sum(step["action"] == "report" for step in history) == 1


async def test_an_attempt_changes_the_version_and_a_decision_on_the_old_one_conflicts(outside: Outside) -> None:
    house = household(103)
    await outside.warn(house)
    task = await outside.task(house, "village_group", outside.worker)
    tried = await outside.decide(task, outside.worker, action="not_reached", reason_code="not_home")
    assert (tried["outcome"], tried["version"], tried["next"]["hop"]) == ("noted", 2, "village_group")
    assert (await outside.decide(task, outside.worker, 409))["code"] == "version_conflict"
    again = await outside.task(house, "village_group", outside.worker)
    assert again["version"] == 2
    await outside.decide(again, outside.worker)


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"action": "refuse"}, "action", "unknown_action"),
        ({"action": "not_reached"}, "reason_code", "missing"),
        ({"reason_code": "no_risk"}, "reason_code", "not_listed"),
        ({"form": {}}, "form.seen_on", "missing"),
        ({"form": {"seen_on": "2199-01-01", "how": "visit", "present": ["head"], "difficulty": "unclear"}},
         "form.seen_on", "in_the_future"),
        ({"form": {"seen_on": "2026-11-01", "how": "drone", "present": ["head"], "difficulty": "unclear"}},
         "form.how", "literal_error"),
        ({"form": {"seen_on": "2026-11-01", "how": "visit", "present": [], "difficulty": "unclear"}},
         "form.present", "too_short"),
        ({"form": {"seen_on": "2026-11-01", "how": "visit", "present": ["head"], "difficulty": "unclear", "vote": 1}},
         "form.vote", "extra_forbidden"),
        ({"form": {"seen_on": "2026-11-01", "how": "visit", "present": ["head"], "difficulty": "unclear",
                   "note": "a\x00b"}}, "form.note", "value_error"),
        ({"version": "1"}, "version", "int_type"),
        ({"version": 2**70}, "version", "less_than_equal"),
        ({"form": []}, "form", "dict_type"),
    ],
)  # fmt: skip
async def test_what_cannot_be_used_names_its_field(
    outside: Outside, change: dict[str, Any], field: str, code: str
) -> None:
    house = household(104)
    if ("warning.raised", str(house)) not in outside.numbers:
        await outside.warn(house)
    task = await outside.task(house, "village_group", outside.worker)
    answer = await outside.decide(task, outside.worker, 422, **change)
    assert (field, code) in [(one["field"], one["code"]) for one in answer["errors"]], answer
    assert (await outside.task(house, "village_group", outside.worker))["version"] == 1


async def test_no_body_ends_in_a_fault_of_ours(outside: Outside) -> None:
    house = household(105)
    await outside.warn(house)
    task = await outside.task(house, "village_group", outside.worker)
    path = f"/v1/tasks/{task['task_id']}/decisions"
    for body in (
        b"",
        b"[]",
        b"{",
        b'"\\ud800"',
        b"[" * 100_000,
        b"x" * 300_000,
        b'{"action": "report", "version": 1e400}',
    ):
        answer = await outside.client.post(path, content=body, headers=outside.worker)
        assert answer.status_code in (413, 422), (body[:20], answer.status_code)
    for name in ("00000000-0000-0000-0000-000000000000", "no-uuid"):
        answer = await outside.client.get(f"/v1/tasks/{name}", headers=outside.worker)
        assert answer.status_code in (404, 422)
    assert (await outside.client.get("/v1/tasks?after=x", headers=outside.worker)).status_code == 422


async def test_a_grid_worker_sees_the_own_grid_only_and_other_places_are_nowhere(outside: Outside) -> None:
    house = household(106)
    await outside.warn(house)
    task = await outside.task(house, "village_group", outside.worker)
    neighbour = outside.headers("grid_worker", "gw-9", grid=f"{VILLAGE}-07")
    far = outside.headers("county", "co-9", region="340822")
    for headers in (neighbour, far):
        assert (await outside.get("/v1/tasks", headers))["items"] == []
        assert (await outside.get("/v1/queues", headers))["total"] == 0
        await outside.get(f"/v1/tasks/{task['task_id']}", headers, 404)
        await outside.get(f"/v1/cases/{task['case_id']}", headers, 404)
    assert (await outside.decide(task, neighbour, 404))["code"] == "not_found"
    await outside.post(f"/v1/tasks/{task['task_id']}/claim", neighbour, {}, 404)
    assert (await outside.decide(task, outside.county, 403))["code"] == "forbidden"
    assert (await outside.client.get("/v1/tasks")).status_code == 401
    leader = outside.headers("group_leader", "gl-1")
    assert (await outside.get(f"/v1/tasks/{task['task_id']}", leader))["task_id"] == task["task_id"]
    assert (await outside.decide(task, outside.cadre))["outcome"] == "advanced", "the village may act for the group"


async def test_a_case_that_asks_nothing_of_a_department_is_nowhere_for_it(outside: Outside) -> None:
    house = household(107)
    await outside.warn(house)
    task = await outside.task(house, "village_group", outside.worker)
    housing = outside.headers("department", "dp-1", region="341221", department="housing")
    for path in (f"/v1/tasks/{task['task_id']}", f"/v1/cases/{task['case_id']}"):
        assert (await outside.get(path, housing, 404))["code"] == "not_found"


async def test_the_desk_is_listed_by_urgency_in_pages_and_filtered(outside: Outside) -> None:
    grid = f"{VILLAGE}-05"
    levels = ["yellow", "red", "orange", "yellow", "red"]
    for number, level in enumerate(levels):
        await outside.warn(household(110 + number), level, grid=grid)
    headers = outside.headers("grid_worker", "gw-5", grid=grid)

    async def all_there() -> bool:
        return len((await outside.get("/v1/tasks", headers))["items"]) == len(levels)

    await until(all_there, 20, "five tasks")
    pages, after = [], None
    while True:
        page = await outside.get("/v1/tasks", headers, limit=2, **({"after": after} if after else {}))
        pages += page["items"]
        if (after := page["next"]) is None:
            break
    assert [one["level"] for one in pages] == ["red", "red", "orange", "yellow", "yellow"]
    assert [one["due_at"] for one in pages] == sorted(one["due_at"] for one in pages)
    assert len((await outside.get("/v1/tasks", headers, level="red"))["items"]) == 2
    assert (await outside.get("/v1/tasks", headers, lateness="overdue"))["items"] == []
    await outside.post(f"/v1/tasks/{pages[0]['task_id']}/claim", headers, {})
    assert [one["task_id"] for one in (await outside.get("/v1/tasks", headers, mine=1))["items"]] == [
        pages[0]["task_id"]
    ]
    queues = await outside.get("/v1/queues", headers)
    assert queues["total"] == queues["cases"] == queues["open"] == 5
    assert {one["office"] for one in queues["hops"]} == {grid}


async def test_officers_are_uploaded_listed_and_told_once(outside: Outside) -> None:
    register: dict[str, Any] = {
        "offices": [
            {"office_id": GRID, "kind": "village_group", "region": VILLAGE, "name": {"zh": "第 3 组", "en": "g3"}}
        ],
        "grids": [{"grid": GRID, "region": VILLAGE, "office_id": GRID}],
        "officers": [
            {"officer_id": "gw-1", "name": "王守望", "display_name": "王**", "role": "grid_worker", "region": VILLAGE,
             "grid": GRID, "office_id": GRID, "capacity": None, "post": "worker", "since": "2026-01-01"}
        ],
    }  # fmt: skip
    steward = outside.headers("steward", "st-1", region="341221")
    assert (await outside.post("/v1/officers", steward, register))["changed"] == 1
    long = register | {"officers": [{**register["officers"][0], "name": "王" * 64, "display_name": "王" * 64}] * 4500}
    assert BODY_MAX < len(json.dumps(long, ensure_ascii=False).encode()) < REGISTER_MAX
    refused = await outside.post("/v1/officers", steward, long, 422)
    assert {one["code"] for one in refused["errors"]} == {"twice"}, "it is read"
    assert (await outside.post("/v1/officers", steward, register))["changed"] == 0
    [officer] = (await outside.get("/v1/officers", outside.county, office=GRID))["items"]
    assert (officer["display_name"], officer["office_name"]["zh"]) == ("王**", "第 3 组")
    assert "王守望" not in str(officer)
    [grid] = (await outside.get("/v1/grids", outside.worker))["items"]
    assert (grid["grid"], grid["worker"], grid["deputy"]) == (GRID, "gw-1", None)
    assert (await outside.post("/v1/officers", outside.worker, register, 403))["code"] == "forbidden"
    far = outside.headers("steward", "st-2", region="340822")
    refused = await outside.post("/v1/officers", far, register, 422)
    assert {one["code"] for one in refused["errors"]} >= {"outside_your_area"}


async def test_the_service_is_ready_and_serves_its_contract(outside: Outside) -> None:
    assert (await outside.client.get("/readyz")).json()["status"] == "ready"
    paths = (await outside.client.get("/openapi.json")).json()["paths"]
    assert {"/v1/tasks", "/v1/tasks/{task_id}/decisions", "/v1/queues", "/v1/cases/{case_id}"} <= paths.keys()
