"""A household's one case: opened, strengthened, withdrawn; on its way, arrived, decided. On real PostgreSQL."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import pytest

from services.workflow import desk as desk_room
from services.workflow.deciding import Deciding
from services.workflow.route import frozen
from shared.access.tokens import Caller
from shared.contracts.hop import Entered
from shared.messaging.faults import Refused
from shared.messaging.unit_of_work import SET_SCOPE
from shared.policy import load
from shared.postgres import session
from tests.services.workflow.house import (
    CADRE,
    RAISED_AT,
    REGISTER,
    Desk,
    as_input,
    emit_of,
    household,
    read,
    registered,
    report,
    visit,
    warning_state,
)
from tests.tokens import GRID, VILLAGE


async def test_a_warning_opens_a_case_that_walks_to_the_village_committee_and_on(desk: Desk) -> None:
    house = household(1)
    await desk.warn(house, level="orange")
    assert await desk.places(house) == [("village_group", 1, "main", "on_its_way")]
    assert await desk.words(house) == ["opened"]
    await desk.deliver()
    task = await desk.task(house)
    answer = await desk.decide(task, "report", report())
    assert (answer["outcome"], answer["next"]["hop"]) == ("advanced", "village_committee")
    assert answer["emitted"] == ["stage.advanced", "hop.village_committee"]
    await desk.deliver()
    second = await desk.task(house)
    answer = await desk.decide(second, "record_visit", visit(), CADRE)
    assert (answer["outcome"], answer["next"]["state"]) == ("advanced", "on_its_way")
    assert await desk.places(house) == [
        ("village_group", 1, "main", "ended"),
        ("village_committee", 1, "main", "ended"),
        ("village_committee", 1, "main", "on_its_way"),
    ]
    assert await desk.words(house) == ["opened", "arrived", "advanced", "arrived", "advanced"]


async def test_a_case_goes_on_whose_route_was_written_with_the_steps_beside_it(desk: Desk) -> None:
    house = household(52)
    task = await desk.opened(house)
    stops = [asdict(one) | {"asides": ["relief"]} for one in frozen(load("regular-2026"))]
    written = orjson.dumps(stops).decode()
    await desk.worker.execute("UPDATE cases SET route = $2::jsonb WHERE household_id = $1", house, written)
    answer = await desk.decide(task, "report", report())
    assert (answer["outcome"], answer["next"]["hop"]) == ("advanced", "village_committee")


# ── strengthened ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_repeat_with_nothing_new_is_noted_and_changes_no_task(desk: Desk) -> None:
    house = household(2)
    task = await desk.opened(house)
    await desk.warn(house, "strengthened")
    assert (await desk.words(house))[-1] == "noted"
    assert (await desk.task(house))["version"] == task["version"]
    assert len(await desk.places(house)) == 1


@pytest.mark.parametrize("is_open", [True, False], ids=["open", "on its way"])
async def test_more_merges_into_an_unvisited_first_look_with_the_earlier_limit(desk: Desk, is_open: bool) -> None:
    house = household(3 if is_open else 4)
    await desk.warn(house, level="yellow")
    if is_open:
        await desk.deliver()
    before = await desk.worker.fetchrow("SELECT * FROM places WHERE household_id = $1", house)
    await desk.warn(house, "strengthened", "red", concerns=("medical_burden", "unsafe_house"))
    await desk.deliver()
    [place] = await desk.worker.fetch("SELECT * FROM places WHERE household_id = $1", house)
    assert before is not None
    assert (place["level"], place["concerns"]) == ("red", ["medical_burden", "unsafe_house"])
    assert place["due_at"] < before["due_at"], "red is due in 24 hours"
    deadline = await desk.worker.fetchrow("SELECT * FROM deadlines WHERE household_id = $1", house)
    assert deadline is not None and deadline["due_at"] == place["due_at"] and deadline["wake_at"] < place["due_at"]
    assert (await desk.task(house))["version"] == (2 if is_open else 1), "who was about to decide reads it again"
    case = await desk.case(house)
    assert (case["level"], case["concerns"]) == ("red", ["medical_burden", "unsafe_house"])


async def test_a_merged_warning_never_prolongs_a_limit(desk: Desk) -> None:
    house = household(5)
    task = await desk.opened(house, "red")
    await desk.warn(house, "strengthened", "orange", concerns=("medical_burden", "insurance_gap"))
    again = await desk.task(house)
    assert (again["due_at"], again["level"]) == (task["due_at"], "red")


@pytest.mark.parametrize("stage", ["ahead", "visited"])
async def test_a_new_concern_later_opens_a_verification_with_its_own_clock_on_the_same_case(
    desk: Desk, stage: str
) -> None:
    house = household(6 if stage == "ahead" else 7)
    await desk.decide(await desk.opened(house), "report", report())
    if stage == "visited":
        await desk.deliver()
        await desk.decide(await desk.task(house), "record_visit", visit(), CADRE)
    await desk.warn(house, "strengthened", "red", concerns=("medical_burden", "unsafe_house"), new=("unsafe_house",))
    await desk.deliver("village_group")
    task = await desk.task(house, "verification")
    assert (task["round"], task["level"], task["version"]) == (2, "red", 1)
    place = await desk.worker.fetchrow("SELECT * FROM places WHERE place_id = $1", task["place_id"])
    assert place is not None and not place["is_main"] and place["concerns"] == ["unsafe_house"]
    mains = await desk.worker.fetchval(
        "SELECT count(*) FROM places WHERE household_id = $1 AND is_main AND state <> 'ended'", house
    )
    assert mains == 1

    answer = await desk.decide(task, "report", report(concerns=["unsafe_house"]))
    if stage == "ahead":
        assert answer["outcome"] == "joined", "one visit for all concerns"
        main = await desk.worker.fetchrow(
            "SELECT * FROM places WHERE household_id = $1 AND is_main AND state <> 'ended'", house
        )
        assert main is not None and (main["level"], main["hop"]) == ("red", "village_committee")
        assert set(main["concerns"]) == {"medical_burden", "unsafe_house"}
    else:
        assert answer["outcome"] == "advanced"
        await desk.deliver()
        second = await desk.task(house, "verification")
        answer = await desk.decide(second, "record_visit", visit(), CADRE)
        assert (answer["outcome"], answer["next"]["step"]) == ("verified", "review")
        main = await desk.task(house)
        assert (main["step"], main["level"], main["version"]) == ("review", "red", 2), "read again"
    assert (await desk.case(house))["state"] == "open"


async def test_another_warning_joins_the_open_case(desk: Desk) -> None:
    house = household(8)
    await desk.opened(house)
    await desk.warn(house, "raised", warning=2, concerns=("unsafe_house",))
    assert await desk.worker.fetchval("SELECT count(*) FROM cases WHERE household_id = $1", house) == 1
    assert len((await desk.case(house))["warning_ids"]) == 2


# ── withdrawn ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("stage", ["on its way", "open", "reported without difficulty"])
async def test_a_withdrawn_cause_closes_a_case_that_nobody_confirmed(desk: Desk, stage: str) -> None:
    house = household({"on its way": 20, "open": 21}.get(stage, 22))
    await desk.warn(house)
    if stage != "on its way":
        await desk.deliver()
    if stage.startswith("reported"):
        await desk.decide(await desk.task(house), "report", report(difficulty="not_seen"))
    await desk.warn(house, "withdrawn", state="withdrawn")
    case = await desk.case(house)
    assert (case["state"], case["closed_because"]) == ("closed", "cause_withdrawn")
    assert await desk.worker.fetchval("SELECT count(*) FROM tasks WHERE household_id=$1 AND state='open'", house) == 0
    assert (
        await desk.worker.fetchval("SELECT count(*) FROM deadlines WHERE household_id=$1 AND state='running'", house)
        == 0
    )
    assert {state for *_, state in await desk.places(house)} == {"ended"}
    closed = (await desk.emitted(house, "stage.advanced"))[-1]
    assert closed["type"] == "shouwang.stage.closed.v1" and closed["data"]["reason_code"] == "cause_withdrawn"
    for late in await desk.deliver():  # what was sent before comes to a round that has ended
        assert dict(late.words) == {"stale": 1}
    await desk.warn(house, "raised", warning=2)
    assert (await desk.case(house))["state"] == "open", "a new warning opens a case anew"


async def test_a_case_with_a_confirmed_difficulty_is_never_closed_by_a_withdrawal(desk: Desk) -> None:
    house = household(23)
    await desk.decide(await desk.opened(house), "report", report(difficulty="confirmed"))
    await desk.warn(house, "withdrawn", state="withdrawn")
    assert (await desk.case(house))["state"] == "open"
    noted = (await desk.emitted(house, "stage.advanced"))[-1]
    assert (noted["type"], noted["data"]["action"]) == ("shouwang.stage.noted.v1", "cause_withdrawn")


async def test_a_case_with_another_cause_stays_open(desk: Desk) -> None:
    house = household(24)
    await desk.opened(house)
    await desk.warn(house, "raised", warning=2, concerns=("unsafe_house",))
    await desk.warn(house, "withdrawn", warning=1, state="withdrawn")
    assert (await desk.case(house))["state"] == "open"
    await desk.warn(house, "withdrawn", warning=2, state="withdrawn")
    assert (await desk.case(house))["state"] == "closed"


async def test_what_says_nothing_of_an_open_case_leaves_no_trace(desk: Desk) -> None:
    house = household(25)
    assert dict((await desk.warn(house, "suppressed", state="suppressed")).words) == {"suppressed": 1}
    assert dict((await desk.warn(house, "withdrawn", state="withdrawn")).words) == {"no_case": 1}
    await desk.opened(house)
    report_ = await desk.warn(house, "withdrawn", warning=9, state="withdrawn")
    assert dict(report_.words) == {"unknown_warning": 1}
    assert (await desk.case(house))["state"] == "open"


async def test_a_whole_life_in_one_batch(desk: Desk) -> None:
    house = household(26)
    words: list[tuple[str, Any]] = [("raised", 1), ("strengthened", 1), ("withdrawn", 1), ("raised", 2)]
    inputs = [desk.fact("warning.raised", word, house, warning_state(house, warning=id_)) for word, id_ in words]
    result = await desk.told(*inputs)
    assert dict(result.words) == {"opened": 2, "repeated": 1, "closed": 1}
    states = await desk.worker.fetch("SELECT state FROM cases WHERE household_id = $1 ORDER BY opened_at, state", house)
    assert sorted(row["state"] for row in states) == ["closed", "open"]
    reports = await desk.deliver()
    assert [dict(one.words) for one in reports] == [{"stale": 1, "arrived": 1}]


async def test_a_case_closes_and_another_one_opens_in_one_batch(desk: Desk) -> None:
    house = household(27)
    await desk.opened(house)
    words = [("withdrawn", warning_state(house, state="withdrawn")), ("raised", warning_state(house, warning=2))]
    await desk.told(*(desk.fact("warning.raised", word, house, state) for word, state in words))
    states = await desk.worker.fetch("SELECT state FROM cases WHERE household_id = $1 ORDER BY opened_at", house)
    assert [row["state"] for row in states] == ["closed", "open"]


# ── hops ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_second_delivery_of_entered_is_a_duplicate_and_a_stale_round_is_counted(desk: Desk) -> None:
    house = household(30)
    await desk.warn(house)
    [row] = await desk.worker.fetch("SELECT * FROM outbox WHERE key = $1 AND topic = 'hop.village_group'", str(house))
    await desk.deliver()
    again = read(
        row["topic"], row["key"], 1, str(row["event_id"]), row["type"], row["region"], row["value"], desk.offsets + 1
    )
    assert dict((await desk.hops["village_group"].process([again])).outcomes) == {"duplicate": 1}
    stale = Entered(
        case_id=(await desk.case(house))["case_id"], household_id=house, hop="village_group", round=7, level="red",
        due_at=RAISED_AT, clock_started_at=RAISED_AT, policy="regular-2026",
    )  # fmt: skip
    fact = as_input(emit_of("hop.village_group", "entered", str(house), stale, "stale"), 2, desk.offsets + 2)
    assert dict((await desk.hops["village_group"].process([fact])).words) == {"stale": 1}
    assert len(await desk.places(house)) == 1


async def test_not_mine_goes_to_the_deputy_then_to_the_village_and_the_clock_does_not_stop(desk: Desk) -> None:
    await desk.upload(REGISTER)
    house = household(31)
    task = await desk.opened(house)
    answer = await desk.decide(task, "not_mine", {}, reason_code="relative")
    assert answer["outcome"] == "reassigned" and answer["next"]["office"] == GRID
    again = await desk.task(house)
    assert (again["claimed_by"], again["due_at"], again["version"]) == ("gw-2", task["due_at"], 2)
    deputy = Caller("gw-2", "grid_worker", VILLAGE, GRID)
    answer = await desk.decide(again, "not_mine", {}, deputy, reason_code="away")
    assert answer["next"]["office"] == VILLAGE
    again = await desk.task(house)
    assert (again["office"], again["claimed_by"], again["due_at"]) == (VILLAGE, None, task["due_at"])
    assert (await desk.words(house))[-2:] == ["reassigned", "reassigned"]
    assert (await desk.decide(again, "report", report(), CADRE))["outcome"] == "advanced"


async def test_whoever_stood_back_as_a_relative_acts_on_the_case_no_more(desk: Desk) -> None:
    await desk.upload(REGISTER)
    house = household(38)
    task = await desk.opened(house)
    deputy = Caller("gw-2", "grid_worker", VILLAGE, GRID)
    answer = await desk.decide(task, "not_mine", {}, deputy, reason_code="relative")
    assert answer["next"]["office"] == VILLAGE, "the deputy's own relative is the village's to settle"
    again = await desk.task(house)
    for call in (desk.claim(again, deputy), desk.decide(again, "report", report(), deputy)):
        with pytest.raises(Refused) as refused:
            await call
        assert (refused.value.problem.status, refused.value.problem.code) == (403, "stood_back")
    for officer, offered in (("gw-2", []), ("gw-1", ["report", "not_reached", "not_mine"])):
        async with session(desk.worker) as connection:
            shown = await desk_room.whole(connection, task["task_id"], officer, "band")
        assert shown is not None and shown["stood_back"] == (not offered)
        assert [one["action"] for one in shown["actions"]] == offered
    answer = await desk.decide(again, "not_mine", {}, reason_code="away")
    assert answer["next"]["office"] == VILLAGE, "nor is it handed to a deputy who stood back"
    assert (await desk.decide(await desk.task(house), "report", report()))["outcome"] == "advanced"


async def test_not_mine_goes_to_a_merged_grids_deputy_who_sits_in_the_villages_office(desk: Desk) -> None:
    await desk.upload(REGISTER)
    await desk.worker.execute("UPDATE assignments SET office_id = $1 WHERE grid = $2", VILLAGE, GRID)
    house = household(39)
    answer = await desk.decide(await desk.opened(house), "not_mine", {}, reason_code="away")
    assert answer["next"]["office"] == GRID
    task = await desk.task(house)
    assert task["claimed_by"] == "gw-2"
    for by in (Caller("gw-2", "grid_worker", VILLAGE, GRID), CADRE):
        assert (await desk.decide(task, "not_mine", {}, by, reason_code="away"))["next"]["office"] == VILLAGE
        task = await desk.task(house)
        assert task["claimed_by"] is None, "what is the village's stays there"
    await desk.worker.execute("UPDATE assignments SET office_id = grid WHERE grid = $1", GRID)


async def test_the_group_is_asked_again_once_with_all_defects(desk: Desk) -> None:
    house = household(32)
    await desk.decide(await desk.opened(house), "report", report())
    await desk.deliver()
    form = {"defects": ["未写明与谁见面", "未说明住房情况"]}
    answer = await desk.decide(await desk.task(house), "return", form, CADRE, reason_code="incomplete")
    assert (answer["outcome"], answer["next"]["hop"], answer["next"]["round"]) == ("returned", "village_group", 2)
    await desk.deliver()
    await desk.decide(await desk.task(house), "report", report())
    await desk.deliver()
    task = await desk.task(house)
    assert (task["hop"], task["round"]) == ("village_committee", 2)
    with pytest.raises(Refused) as refused:
        await desk.decide(task, "return", form, CADRE, reason_code="incomplete")
    assert refused.value.problem.errors[0]["code"] == "unknown_action"
    assert await desk.words(house) == [
        "opened", "arrived", "advanced", "arrived", "returned", "arrived", "advanced", "arrived",
    ]  # fmt: skip


async def test_free_words_stay_in_the_decisions_table(desk: Desk) -> None:
    house = household(33)
    await desk.decide(await desk.opened(house), "report", report(note="门口有新砌的墙"), comment="请村里尽快去")
    assert "门口" not in str(await desk.emitted(house)) and "尽快" not in str(await desk.emitted(house))
    row = await desk.worker.fetchrow("SELECT * FROM decisions WHERE household_id = $1", house)
    assert row is not None and row["comment"] == "请村里尽快去" and "新砌" in row["form"]


async def test_a_declarations_first_look_runs_inside_the_visits_two_working_days_from_its_receipt(desk: Desk) -> None:
    house = household(34)
    received = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    task = await desk.opened(house, "yellow", cause="declaration", started_at=received)
    due = load("regular-2026").limit("village_committee", "yellow").due(received)
    assert task["due_at"] == due
    await desk.decide(task, "report", report())
    await desk.deliver()
    assert (await desk.task(house))["due_at"] == due


# ── the register ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_register_is_copied_and_a_merged_households_warnings_go_to_the_other(desk: Desk) -> None:
    await desk.register(40)
    await desk.register(41)
    target = registered(40).model_copy(update={"status": "merged", "merged_into": household(41)})
    await desk.told(desk.fact("household.registered", "merged", household(40), target))
    await desk.warn(household(40))
    case = await desk.case(household(41))
    assert case["state"] == "open"
    await desk.warn(household(41), "strengthened", "red", concerns=("unsafe_house",))
    assert await desk.worker.fetchval(
        "SELECT count(*) FROM cases WHERE household_id = ANY($1::uuid[])", [household(40), household(41)]
    ) == 1  # fmt: skip
    status = await desk.worker.fetchval("SELECT status FROM households WHERE household_id = $1", household(40))
    assert status == "merged"


async def test_a_household_that_is_another_one_under_its_lock_is_locked_and_read_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Merged between the look-up without a lock and the lock."""
    house, before = household(45), household(46)
    task = await desk.opened(house)
    whole, asked = Deciding.keys, []

    async def outdated(self: Deciding, connection: asyncpg.Connection, inputs: Any) -> Any:
        asked.append(inputs)
        return [[str(before)]] if len(asked) == 1 else await whole(self, connection, inputs)

    monkeypatch.setattr(Deciding, "keys", outdated)
    answer = await desk.decide(task, "report", report())
    assert (answer["outcome"], len(asked)) == ("advanced", 2)
    assert (await desk.words(house))[-1] == "advanced"


async def test_a_record_that_cannot_be_read_waits_alone(desk: Desk) -> None:
    house, other = household(42), household(43)
    broken = desk.fact("warning.raised", "raised", house, warning_state(house))
    broken = read("warning.raised", str(house), 1, "x", "shouwang.warning.raised.v1", VILLAGE, b"{}", desk.offsets + 1)
    odd = read("warning.raised", "office:odd", 1, "x", "shouwang.warning.raised.v1", VILLAGE, b"{}", desk.offsets + 2)
    desk.offsets += 2
    fine = desk.fact("warning.raised", "raised", other, warning_state(other))
    result = await desk.told(broken, odd, fine)
    assert dict(result.outcomes) == {"waiting": 2, "accepted": 1}
    assert (await desk.case(other))["state"] == "open"


# ── row scope ───────────────────────────────────────────────────────────────────────────────────────────────────

TABLES = (
    "cases", "places", "tasks", "deadlines", "history", "decisions", "households", "grids", "officers", "assignments",
)  # fmt: skip


async def test_row_scope_alone_shows_the_own_grid_only_and_nothing_when_unset(desk: Desk) -> None:
    await desk.decide(await desk.opened(household(50)), "report", report())
    await desk.register(50)
    await desk.upload(REGISTER)
    async with desk.api.acquire() as connection:
        role = await connection.fetchrow("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert role is not None and not role["rolsuper"] and not role["rolbypassrls"]
        for region, grid, is_seen in (
            ("341221102201", GRID, True),
            ("341221102201", "*", True),
            ("341221102201", f"{VILLAGE}-07", False),
            ("341221102202", "*", False),
            (None, None, False),
        ):
            async with connection.transaction():
                if region is not None:
                    await connection.execute(SET_SCOPE, region.ljust(12, "0"), region.ljust(12, "9"), grid)
                for table in TABLES:
                    seen = await connection.fetchval(f"SELECT count(*) FROM {table}")
                    assert bool(seen) == is_seen, (table, region, grid, seen)
    admin = await asyncpg.connect(desk.dsn)
    bare = await admin.fetch("SELECT name FROM workflow.unprotected WHERE name NOT IN ('waiting', 'outbox', 'audit')")
    await admin.close()
    assert bare == []


async def test_a_persons_call_can_move_neither_lateness_nor_what_has_fired_nor_the_history(desk: Desk) -> None:
    await desk.opened(household(51))
    for statement in (
        "UPDATE places SET lateness = 'normal'",
        "UPDATE deadlines SET fired = '{}'",
        "UPDATE history SET action = 'x'",
        "DELETE FROM history",
        "DELETE FROM cases",
        "UPDATE decisions SET comment = 'x'",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await desk.api.execute(statement)
