"""A medical settlement walks from a department to the village committee, seen from outside by calls alone."""

import pytest

from tests.journeys.people import couple, id_number
from tests.journeys.road import Road
from tests.until import covers, until


@pytest.mark.parametrize("channel", ["http", "kafka"])
async def test_a_settlement_walks_to_the_village_committee(walk: Road, channel: str) -> None:
    serial, household_no = {"http": (1, "H-0001"), "kafka": (2, "H-0002")}[channel]
    await walk.register(household_no, couple(serial))
    record = walk.settlement(id_number(serial), "20410.50")
    if channel == "http":
        assert (await walk.send("medical_insurance", record))["accepted"] == 1
    else:
        await walk.stream("medical_insurance", record)

    warning = await walk.warned(household_no)
    assert (warning["level"], warning["findings"][0]["record_id"]) == ("yellow", record["record_id"])
    assert "20,410.50" in warning["explanation"]["zh"]

    first = await walk.task(warning["household_id"], "village_group", walk.worker)
    assert first["why"] and "20,410.50" not in str(first), "the group sees a band, never a sum"

    async def told() -> list[dict[str, object]]:
        notices = (await walk.get("notify", "/v1/notices", walk.worker))["items"]
        return [one for one in notices if one["case_id"] == first["case_id"]]

    [notice] = await until(told, 20, "a notice to the grid worker")
    assert notice["carrier"] == "inbox"

    claimed = await walk.post("workflow", f"/v1/tasks/{first['task_id']}/claim", walk.worker, {})
    assert claimed.get("version", first["version"]) == first["version"], "a claim does not change the version"
    answer = await walk.decide(first, walk.worker)
    assert {one["topic"] for one in answer["emitted"]} >= {"stage.advanced", "hop.village_committee"}

    second = await walk.task(warning["household_id"], "village_committee", walk.cadre)
    assert (second["case_id"], second["round"]) == (first["case_id"], 1)
    await walk.decide(second, walk.cadre)

    async def types() -> set[str]:
        return {step["type"] for step in await walk.timeline(warning["household_id"])}

    wanted = {
        "shouwang.household.registered.v1", "shouwang.data.changed.v1", "shouwang.warning.raised.v1",
        "shouwang.stage.opened.v1", "shouwang.stage.arrived.v1", "shouwang.notice.sent.v1",
        "shouwang.stage.advanced.v1",
    }  # fmt: skip
    await until(lambda: covers(types, wanted), 20, "the whole timeline")
    steps = {step["event_id"]: step for step in await walk.timeline(warning["household_id"])}
    last = next(step for step in reversed(steps.values()) if step["type"] == "shouwang.stage.arrived.v1")
    chain = []
    while last is not None:
        chain.append(last["type"].split(".")[1])
        last = steps.get(last["cause_id"])  # type: ignore[assignment]
    assert chain[-2:] == ["warning", "data"], f"every step's cause leads back to the source record: {chain}"


async def test_a_double_click_decides_once_and_an_old_version_is_told_so(walk: Road) -> None:
    await walk.register("H-0003", couple(3))
    await walk.send("medical_insurance", walk.settlement(id_number(3), "6000.00"))
    warning = await walk.warned("H-0003")
    task = await walk.task(warning["household_id"], "village_group", walk.worker)
    clicked = walk.worker | {"Idempotency-Key": "click-1"}
    first = await walk.decide(task, clicked)
    assert await walk.decide(task, clicked) == first, "the same click gets the same answer"
    late = await walk.decide(task, walk.worker, status=409)
    assert late["code"]
    history = (await walk.get("workflow", f"/v1/cases/{task['case_id']}", walk.county))["history"]
    assert sum(step.get("action") == task["actions"][0]["action"] for step in history) == 1


async def test_a_withdrawn_record_withdraws_the_warning_and_closes_an_unvisited_case(walk: Road) -> None:
    await walk.register("H-0004", couple(5))
    record = walk.settlement(id_number(5), "7000.00")
    await walk.send("medical_insurance", record)
    warning = await walk.warned("H-0004")
    task = await walk.task(warning["household_id"], "village_group", walk.worker)
    await walk.send("medical_insurance", record | {"version": 2, "op": "withdraw"})
    await until(lambda: walk.warnings("H-0004", "withdrawn"), 20, "the warning withdrawn")

    async def is_closed() -> bool:
        return bool((await walk.get("workflow", f"/v1/cases/{task['case_id']}", walk.county))["state"] == "closed")

    await until(is_closed, 20, "the case closed")


async def test_everything_that_was_sent_is_accounted_for_at_every_boundary(walk: Road) -> None:
    steward = walk.headers("steward", region="341221")

    async def is_equal() -> bool:
        told = [await walk.get(name, "/v1/conservation", steward) for name in walk.services if name != "console"]
        emitted = {topic: number for one in told for topic, number in one["emitted"].items()}
        return all(
            one["applied"][topic] == emitted[topic] for one in told for topic in one["applied"] if topic in emitted
        ) and all(account["is_equal"] for one in told for account in one["read"])

    await until(is_equal, 20, "emitted = applied at every boundary")


async def test_another_worker_and_another_county_see_none_of_it(walk: Road) -> None:
    other = walk.headers("grid_worker", officer_id="gw-9", grid="341221102201-07")
    assert (await walk.get("workflow", "/v1/tasks", other))["items"] == []
    far = walk.headers("county", region="340822")
    assert (await walk.get("workflow", "/v1/queues", far))["total"] == 0
    assert (await walk.get("screening", "/v1/warnings", far))["items"] == []
