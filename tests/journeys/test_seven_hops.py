"""Three ways in, one way through: a department's record, a farmer's declaration, a cadre's clue, by calls alone.

Each task is answered by `examples[0]` of its first action, as a client would that knows no hop: through seven hops to
tracking, and to a refusal, its appeal and the answer of another person. Demo time moves past the public notice.
"""

from typing import Any

import asyncpg

from tests.journeys.people import couple, id_number
from tests.journeys.road import TOWNSHIP, Road
from tests.until import covers, until

COUNTY = "341221"
NO_GROUP = "no group"
"""Nobody said which group it is: the village stands in."""
HALF = "2001"
"""The last four digits of the declarers' phones."""


def officer(walk: Road, hop: str, step: str, branch: str) -> dict[str, str]:
    """Whoever acts at a step; who signs is another person than who prepared it, and who hears an appeal a third one."""
    capacity, name = ("approver" if step in ("sign", "appeal") else "handler"), f"{step} {branch}"
    name = "".join(one if one.isalnum() else "-" for one in name)[:36]
    match hop:
        case "village_group" if branch != NO_GROUP:
            return walk.worker
        case "village_group" | "village_committee" | "village_return":
            return walk.cadre
        case "department":
            return walk.headers("department", officer_id=f"dp-{name}", department=branch, region=COUNTY)
        case "township" | "township_return":
            return walk.headers(
                "township", officer_id=f"tw-{step}".replace("_", "-"), region=TOWNSHIP, capacity=capacity
            )
        case _:
            return walk.headers("county", officer_id=f"co-{step}", region=COUNTY, capacity=capacity)


async def open_tasks(walk: Road, case_id: str) -> list[dict[str, Any]]:
    case = await walk.get("workflow", f"/v1/cases/{case_id}", walk.county)
    return [one for one in case["places"] if one["state"] == "open"]


async def case_of(walk: Road, household_id: str) -> str:
    task = await walk.task(household_id, "village_group", walk.county)
    return str(task["case_id"])


async def decided(walk: Road, place: dict[str, Any], action: str | None = None) -> dict[str, Any]:
    """The first action offered, or this one, by its own example."""
    hop = "township" if place["office"] == TOWNSHIP else place["hop"]
    headers = officer(walk, hop, place["step"], NO_GROUP if place["office"].endswith("-00") else place["branch"])
    task = await walk.get("workflow", f"/v1/tasks/{place['task_id']}", headers)
    found = next(one for one in task["actions"] if action in (None, one["action"]))
    body: dict[str, Any] = {
        "action": found["action"], "form": found["form_schema"]["examples"][0], "version": task["version"],
    }  # fmt: skip
    if found["reason_codes"]:
        body["reason_code"] = found["reason_codes"][0]
    answer = await walk.clients["workflow"].post(f"/v1/tasks/{place['task_id']}/decisions", json=body, headers=headers)
    told: dict[str, Any] = answer.json()
    return told | {"status": answer.status_code}


async def walked(walk: Road, database: str, case_id: str, until_state: str, refuse_at: str | None = None) -> list[str]:
    """Every open task of the case, main way and beside it, until the case is in this state."""
    seen: list[str] = []
    while True:
        case = await walk.get("workflow", f"/v1/cases/{case_id}", walk.county)
        if case["state"] == until_state:
            return seen
        for place in await until(lambda: open_tasks(walk, case_id), 20, f"an open task of the case, after {seen}"):
            where = f"{place['hop']}.{place['step']}"
            answer = await decided(walk, place, "not_eligible" if where == refuse_at else None)
            if answer["status"] == 422 and answer["errors"][0]["code"] == "notice_running":
                await advance(database, "1 day")
                continue
            assert answer["status"] == 200, (where, answer)
            seen.append(where)
        assert len(seen) < 40, seen


async def advance(database: str, step: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("UPDATE civil.clock SET is_demo = true")
    await connection.execute(f"SELECT civil.advance(interval '{step}')")
    await connection.close()


MAIN = [
    "village_group.first_look", "village_committee.visit", "village_committee.review", "village_committee.notice",
    "village_committee.notice", "township.review", "township.sign", "county.review", "county.sign", "county.entry",
    "department.measure_plan", "township_return.hand_back", "village_return.deliver",
]  # fmt: skip


async def test_a_departments_record_walks_through_seven_hops_to_tracking(walk: Road, database: str) -> None:
    await walk.register("H-0701", couple(71))
    await walk.send("medical_insurance", walk.settlement(id_number(71), "20410.50"))
    warning = await walk.warned("H-0701")
    case_id = await case_of(walk, warning["household_id"])
    seen = await walked(walk, database, case_id, "tracking")
    assert [one for one in seen if one in MAIN] == MAIN
    assert sorted(set(seen) - set(MAIN)) == ["county.announcement", "village_return.tell"], "beside the main way"
    case = await walk.get("workflow", f"/v1/cases/{case_id}", walk.county)
    assert (case["result"], [one["state"] for one in case["path"]]) == ("helped", ["done"] * 6 + ["here"])

    async def is_closed() -> bool:
        return not await walk.warnings("H-0701")

    await until(is_closed, 20, "the warning closed with its case's help")


async def declared(walk: Road, serial: int, **more: Any) -> dict[str, Any]:
    """A farmer files for himself: no token."""
    body = {
        "region": "341221102201", "difficulty": "住院花了很多钱，地里的活没人干。", "channel": "page",
        "phone": f"1395558{HALF}", "name": "守望来者", "risk": "illness",
    }  # fmt: skip
    answer = await walk.clients["intake"].post("/v1/declarations", json=body | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def status(walk: Road, receipt: dict[str, Any]) -> dict[str, Any]:
    asked = {"receipt_no": receipt["receipt_no"], "phone_last4": HALF}
    answer = await walk.clients["intake"].post("/v1/declarations/status", json=asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_farmers_declaration_is_helped_and_he_sees_where_it_is(walk: Road, database: str) -> None:
    await walk.register("H-0702", couple(72))
    receipt = await declared(walk, 72, id_no=id_number(72))
    assert receipt["household"] == "matched"
    [warning] = await until(lambda: walk.warnings("H-0702"), 20, "a warning of the declaration")
    assert warning["cause"] == "declaration"
    case_id = await case_of(walk, warning["household_id"])
    first = await walk.get("workflow", f"/v1/cases/{case_id}", walk.county)
    assert first["cause"] == "declaration"

    async def stage() -> str:
        return str((await status(walk, receipt))["stage"])

    await until(lambda: _is(stage, "first_look"), 20, "the farmer sees the first look")
    await walked(walk, database, case_id, "tracking")
    await until(lambda: _is(stage, "helped"), 20, "the farmer sees that help is there")
    assert (await status(walk, receipt))["result"] == "helped"

    async def told() -> set[str]:
        system = walk.headers("system")
        notices = await walk.get("notify", f"/v1/notices/household/{warning['household_id']}", system)
        return {str(one["step"]) for one in notices["items"]}

    wanted = {"received", "identified", "helped"}
    await until(lambda: covers(told, wanted), 20, "the farmer's plain messages")


async def _is(stage: Any, wanted: str) -> bool:
    return bool(await stage() == wanted)


async def test_somebody_nobody_knows_has_a_case_all_the_same_and_appeals_a_refusal(walk: Road, database: str) -> None:
    receipt = await declared(walk, 73, phone=f"1395559{HALF}")
    assert receipt["household"] == "unmatched"

    async def found() -> list[dict[str, Any]]:
        listed = await walk.get("workflow", "/v1/tasks", walk.county, hop="village_group", state="open", limit="200")
        known = [one for one in listed["items"] if (one["household_no"] or "").startswith("P-")]
        return [one for one in known if one["claimed_by"] is None]

    [task] = await until(found, 20, "the case of somebody nobody knows")
    case_id = str(task["case_id"])
    seen = await walked(walk, database, case_id, "closed", refuse_at="township.review")
    assert seen[-3:] == ["township.review", "township.sign", "village_return.tell"]
    refused = await until(lambda: _refused(walk, receipt), 20, "the farmer reads the refusal and how to appeal")
    assert refused["can_appeal"] and refused["appeal_until"]

    body = {"text": "支出没有算进去。", "phone_last4": HALF}
    answer = await walk.clients["intake"].post(f"/v1/declarations/{receipt['receipt_no']}/appeals", json=body)
    assert answer.status_code == 201, answer.text

    async def appealed() -> list[dict[str, Any]]:
        return [one for one in await open_tasks(walk, case_id) if one["step"] == "appeal"]

    [place] = await until(appealed, 20, "the appeal at the county")
    assert (await decided(walk, place, "overturn"))["status"] == 200
    seen = await walked(walk, database, case_id, "tracking")
    assert seen[:2] == ["county.review", "county.sign"], "the notice was held: it is decided anew"
    case = await walk.get("workflow", f"/v1/cases/{case_id}", walk.county)
    assert case["result"] == "helped"
    who = {(one["action"], one["officer_id"].split("-")[0]) for one in case["decisions"]}
    assert {("sign", "tw"), ("overturn", "co"), ("sign", "co")} <= who


async def _refused(walk: Road, receipt: dict[str, Any]) -> dict[str, Any] | None:
    found = await status(walk, receipt)
    return found if found["result"] == "refused" and found["appeal_until"] else None


async def test_a_cadres_clue_opens_a_case_and_a_second_report_strengthens_it(walk: Road, database: str) -> None:
    await walk.register("H-0704", couple(74))
    home = (await walk.get("intake", "/v1/households", walk.cadre, q="H-0704"))["items"][0]
    clue = {
        "channel": "cadre_visit",
        "household": home["household_id"],
        "concern": ["unsafe_house"],
        "text": "屋顶漏雨。",
    }
    await walk.post("intake", "/v1/clues", walk.cadre, clue, 201)
    [warning] = await until(lambda: walk.warnings("H-0704"), 20, "a warning of the clue")
    assert warning["cause"] == "clue"
    case_id = await case_of(walk, warning["household_id"])
    await walk.post("intake", "/v1/clues", walk.worker, clue | {"channel": "grid_visit", "concern": ["food"]}, 201)

    async def concerns() -> list[str]:
        case = await walk.get("workflow", f"/v1/cases/{case_id}", walk.county)
        return [one for one in case["concerns"] if one == "food"]

    await until(concerns, 20, "the second report in the same case")
    await walked(walk, database, case_id, "tracking")


async def test_a_hotlines_clue_of_a_village_in_no_list_comes_to_the_townships_queue(walk: Road, database: str) -> None:
    place = f"{TOWNSHIP}000"
    clue = {
        "channel": "hotline",
        "region": place,
        "village_name": "新湖村",
        "subject": {"name": "郑来电"},
        "concern": ["unsafe_house"],
        "text": "屋顶漏雨。",
    }
    await walk.post("intake", "/v1/clues", walk.headers("hotline", officer_id="ho-1", region=COUNTY), clue, 201)
    handler = walk.headers("township", officer_id="tw-visit", region=TOWNSHIP, capacity="handler")

    async def arrived() -> list[dict[str, Any]]:
        listed = await walk.get("workflow", "/v1/tasks", handler, office=TOWNSHIP, hop="village_group", state="open")
        return list(listed["items"])

    [task] = await until(arrived, 20, "the first look at the township")
    assert task["region"] == place and "新湖村" not in str(task)
    task = await walk.get("workflow", f"/v1/tasks/{task['task_id']}", handler)
    await walk.decide(task, walk.cadre, 404)
    seen = await walked(walk, database, task["case_id"], "tracking")
    assert [one for one in seen if one in MAIN] == MAIN, "the township does the village's part"


async def test_everything_is_accounted_for_at_every_boundary(walk: Road) -> None:
    async def is_equal() -> bool:
        account = await walk.get("console", "/v1/conservation", walk.county)
        return all(one["is_equal"] for one in account["boundaries"])

    await until(is_equal, 60, "equal accounts")
