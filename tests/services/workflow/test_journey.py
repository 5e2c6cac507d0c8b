"""A case's whole way: through seven hops to tracking, to a refusal and its appeal, past departments. Real PostgreSQL.

Each task is answered by `examples[0]` of its first action, as a client would that knows no hop.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from services.workflow import desk as desk_room
from services.workflow.hops import HOPS
from services.workflow.subscribers import subscribers
from services.workflow.supervision import supervisions_of
from shared.access.tokens import Caller
from shared.clock import civil_date
from shared.contracts.clue import Clue
from shared.messaging.faults import Refused
from shared.postgres import session
from shared.web import cursor
from tests.services.workflow.house import CADRE, REGISTER, WORKER, Desk, household, opened_desk
from tests.tokens import VILLAGE

COUNTY, TOWNSHIP = VILLAGE[:6], VILLAGE[:9]
OLDEST = (cursor.LONG_AGO, cursor.NIL)
BY_STEP: dict[str, Caller] = {
    "village_group.first_look": WORKER,
    "township.review": Caller("tw-1", "township", TOWNSHIP, capacity="handler"),
    "township.sign": Caller("tw-2", "township", TOWNSHIP, capacity="approver"),
    "township.relief": Caller("tw-1", "township", TOWNSHIP, capacity="handler"),
    "county.review": Caller("co-1", "county", COUNTY, capacity="handler"),
    "county.sign": Caller("co-2", "county", COUNTY, capacity="approver"),
    "county.entry": Caller("co-1", "county", COUNTY, capacity="handler"),
    "county.announcement": Caller("co-1", "county", COUNTY, capacity="handler"),
    "county.reassign": Caller("co-1", "county", COUNTY, capacity="handler"),
    "county.appeal": Caller("co-3", "county", COUNTY, capacity="approver"),
    "township_return.hand_back": Caller("tw-1", "township", TOWNSHIP, capacity="handler"),
}


def caller_at(task: Any) -> Caller:
    if task["hop"] == "department":
        return Caller(f"dp-{task['branch']}", "department", COUNTY, department=task["branch"])
    return BY_STEP.get(f"{task['hop']}.{task['step']}", CADRE)


@pytest_asyncio.fixture(scope="module")
async def desk(database: str, keys: Path) -> AsyncIterator[Desk]:
    built = await opened_desk(database, keys)
    await built.upload(REGISTER)
    yield built
    await built.close()


async def tasks(desk: Desk, house: UUID) -> list[Any]:
    return list(
        await desk.worker.fetch(
            "SELECT t.*, p.branch, p.round, p.is_main, p.level, p.due_at, p.office, p.proposal "
            "FROM tasks t JOIN places p USING (place_id) WHERE t.household_id = $1 AND t.state = 'open' "
            "ORDER BY t.hop, p.branch",
            house,
        )
    )


async def shown(desk: Desk, task: Any) -> dict[str, Any]:
    caller = caller_at(task)
    async with session(desk.worker) as connection:
        found = await desk_room.whole(
            connection, task["task_id"], caller.officer_id or caller.role, "exact", caller.department
        )
    assert found is not None
    return found


async def act(
    desk: Desk, task: Any, action: str | None = None, caller: Caller | None = None, comment: str = "", **form: Any
) -> Any:
    """The first action, or this one, by its own example."""
    offered = (await shown(desk, task))["actions"]
    found = next(one for one in offered if action in (None, one["action"]))
    answer = found["form_schema"]["examples"][0] | form
    more = {"reason_code": found["reason_codes"][0]} if found["reason_codes"] else {}
    more |= {"comment": comment} if comment else {}
    return await desk.decide(task, found["action"], answer, caller or caller_at(task), **more)


async def only(desk: Desk, house: UUID, step: str) -> Any:
    """The one open task at this step."""
    await desk.deliver()
    hop, _, name = step.partition(".")
    [task] = [one for one in await tasks(desk, house) if (one["hop"], one["step"]) == (hop, name)]
    return task


async def walk(desk: Desk, house: UUID, until: str) -> list[str]:
    """By first actions along the main way until this step is open. The public notice takes its days."""
    seen: list[str] = []
    while True:
        await desk.deliver()
        task = next(one for one in await tasks(desk, house) if one["is_main"])
        where = f"{task['hop']}.{task['step']}"
        if where == until:
            return seen
        seen.append(where)
        assert len(seen) < 40, seen
        if where == "village_committee.notice" and seen.count(where) == 2:
            await desk.advance(timedelta(days=6))
        await act(desk, task)


async def noticed(desk: Desk, house: UUID, until: str = "township.review", level: Any = "orange") -> Any:
    await desk.warn(house, level=level)
    await walk(desk, house, until)
    return await only(desk, house, until)


async def test_first_examples_walk_a_case_through_seven_hops_to_tracking(desk: Desk) -> None:
    house = household(1)
    await desk.warn(house, level="orange", concerns=("medical_burden", "unsafe_house"))
    seen = await walk(desk, house, "department.measure_plan")
    assert seen == [
        "village_group.first_look", "village_committee.visit", "village_committee.review", "village_committee.notice",
        "village_committee.notice", "township.review", "township.sign", "county.review", "county.sign", "county.entry",
    ]  # fmt: skip
    await desk.deliver()
    beside = {f"{one['hop']}.{one['step']}": one for one in await tasks(desk, house) if one["hop"] != "department"}
    assert set(beside) == {"county.announcement", "village_return.tell"}, "the farmer hears at once"
    branches = [one for one in await tasks(desk, house) if one["hop"] == "department"]
    assert [(one["branch"], one["office"]) for one in branches] == [
        ("housing", f"{COUNTY}-housing"), ("medical_insurance", f"{COUNTY}-medical_insurance"),
    ]  # fmt: skip
    assert sum(one["is_main"] for one in branches) == 1
    for task in beside.values():
        assert (await act(desk, task))["outcome"] == "done"

    main = next(one for one in branches if one["is_main"])
    other = next(one for one in branches if not one["is_main"])
    assert (await act(desk, main))["outcome"] == "branch_done"
    [left] = await tasks(desk, house)
    assert left["task_id"] == other["task_id"] and left["is_main"], "what still runs is the main way now"
    assert (await act(desk, left))["next"]["hop"] == "township_return"
    assert await walk(desk, house, "village_return.deliver") == ["township_return.hand_back"]
    answer = await act(desk, await only(desk, house, "village_return.deliver"))
    assert (answer["outcome"], answer["next"]["state"]) == ("helped", "tracking")
    case = await desk.case(house)
    assert (case["state"], case["result"]) == ("tracking", "helped")
    words = await desk.words(house)
    assert words.count("arrived") == 15 and words[-1] == "helped"
    live = await desk.worker.fetch("SELECT * FROM places WHERE household_id = $1 AND state <> 'ended'", house)
    assert [(one["hop"], one["state"], one["is_main"]) for one in live] == [("village_return", "tracking", True)]
    assert await desk.worker.fetchval(
        "SELECT count(*) FROM deadlines WHERE household_id = $1 AND state = 'running'", house
    ) == 0, "nothing rings for a case that is tracked"  # fmt: skip


async def test_the_public_notice_cannot_be_shortened(desk: Desk) -> None:
    house = household(2)
    task = await noticed(desk, house, "village_committee.notice")
    await act(desk, task)
    task = await only(desk, house, "village_committee.notice")
    for day in range(6):
        with pytest.raises(Refused) as refused:
            await act(desk, task)
        assert refused.value.problem.status == 422
        assert refused.value.problem.errors[0]["code"] == "notice_running"
        await desk.advance(timedelta(days=1))
        assert day < 6
    today = civil_date(await desk.worker.fetchval("SELECT civil.now()")).isoformat()
    assert (await act(desk, task, removed_on=today))["next"]["hop"] == "township"


@pytest.mark.parametrize("hop", ["township", "county"])
async def test_a_refusal_is_signed_by_another_person_told_appealed_and_answered_by_a_third(
    desk: Desk, hop: str
) -> None:
    house = household(3 if hop == "township" else 4)
    task = await noticed(desk, house, f"{hop}.review")
    await act(desk, task, "not_eligible")
    sign = await only(desk, house, f"{hop}.sign")
    assert sign["proposal"] == "does_not_qualify"
    handler = BY_STEP[f"{hop}.review"]
    for caller, code in ((handler, "approver_needed"), (replace(handler, capacity="approver"), "same_person")):
        with pytest.raises(Refused) as refused:
            await act(desk, sign, caller=caller)
        assert (refused.value.problem.status, refused.value.problem.code) == (403, code)
    assert (await act(desk, sign))["outcome"] == "rejected"
    case = await desk.case(house)
    assert (case["state"], case["result"]) == ("open", "refused")

    tell = await only(desk, house, "village_return.tell")
    with pytest.raises(Refused) as refused:
        await act(desk, tell, proof="none")
    assert refused.value.problem.errors[0]["code"] == "not_proven"
    assert (await act(desk, tell))["outcome"] == "closed"
    case = await desk.case(house)
    today = (await desk.worker.fetchval("SELECT civil.now()")).astimezone(UTC)
    assert case["state"] == "closed" and 9 <= (case["appeal_until"] - today.date()).days <= 11
    [closed] = [one for one in await desk.emitted(house, "stage.advanced") if one["type"].endswith("closed.v1")]
    assert closed["data"]["appeal_until"] == case["appeal_until"].isoformat()

    await desk.told(appeal(desk, house))
    appealed = await only(desk, house, "county.appeal")
    if hop == "county":
        for who in ("co-1", "co-2"):
            with pytest.raises(Refused) as refused:
                await act(desk, appealed, caller=Caller(who, "county", COUNTY, capacity="approver"))
            assert refused.value.problem.code == "same_person", "nobody who refused it answers the appeal"
    await act(desk, appealed, "overturn")
    again = await only(desk, house, "county.review")
    case = await desk.case(house)
    assert (case["state"], case["result"], case["appeals"]) == ("open", None, 1)
    assert (await act(desk, again))["next"]["step"] == "sign"


def appeal(desk: Desk, house: UUID, case_id: UUID | None = None) -> Any:
    data = Clue(
        clue_id=house, household_id=house, cause="declaration", channel="window", concerns=(), case_id=case_id,
        reported_at=datetime(2026, 11, 25, 2, tzinfo=UTC), reported_by_role="farmer",
    )  # fmt: skip
    return desk.fact("clue.reported", "appealed", house, data)


async def test_an_upheld_refusal_is_told_again_and_appealed_no_more(desk: Desk) -> None:
    house = household(5)
    await act(desk, await noticed(desk, house, "township.review"), "not_eligible")
    await act(desk, await only(desk, house, "township.sign"))
    await act(desk, await only(desk, house, "village_return.tell"))
    await desk.told(appeal(desk, house))
    await act(desk, await only(desk, house, "county.appeal"), "uphold")
    assert (await act(desk, await only(desk, house, "village_return.tell")))["outcome"] == "closed"
    case = await desk.case(house)
    assert (case["state"], case["result"], case["appeal_until"]) == ("closed", "refused", None)


async def is_refused(desk: Desk, house: UUID) -> UUID:
    """A case that is refused, told and closed."""
    await act(desk, await noticed(desk, house, "township.review"), "not_eligible")
    await act(desk, await only(desk, house, "township.sign"))
    await act(desk, await only(desk, house, "village_return.tell"))
    return UUID(str((await desk.case(house))["case_id"]))


async def case_by(desk: Desk, case_id: UUID) -> Any:
    return await desk.worker.fetchrow("SELECT * FROM cases WHERE case_id = $1", case_id)


async def test_an_appeal_reaches_its_case_though_a_later_one_was_closed_by_withdrawal(desk: Desk) -> None:
    house = household(19)
    refused = await is_refused(desk, house)
    await desk.warn(house, "raised", warning=2)
    await desk.warn(house, "withdrawn", warning=2, state="withdrawn")
    later = await desk.case(house)
    assert later["case_id"] != refused and later["closed_because"] == "cause_withdrawn"
    report = await desk.told(appeal(desk, house, refused))
    assert dict(report.words) == {"appealed": 1}
    task = await only(desk, house, "county.appeal")
    assert task["case_id"] == refused and (await case_by(desk, refused))["state"] == "open"
    assert (await act(desk, task, "overturn"))["outcome"] == "advanced"


async def test_an_appeal_that_names_no_case_reaches_the_last_refused_one(desk: Desk) -> None:
    house = household(20)
    refused = await is_refused(desk, house)
    await desk.warn(house, "raised", warning=2)
    await desk.warn(house, "withdrawn", warning=2, state="withdrawn")
    await desk.told(appeal(desk, house))
    assert (await only(desk, house, "county.appeal"))["case_id"] == refused


@pytest.mark.parametrize("answer", ["uphold", "overturn"])
async def test_an_appeal_while_another_case_is_open_is_heard_beside_it_and_answered(desk: Desk, answer: str) -> None:
    """One open case a household: nobody who refused the earlier one answers, and no withdrawal closes it unheard."""
    house = household(21 if answer == "uphold" else 22)
    refused = await is_refused(desk, house)
    await desk.warn(house, "raised", warning=2)
    assert dict((await desk.told(appeal(desk, house, refused))).words) == {"appealed_beside": 1}
    assert dict((await desk.told(appeal(desk, house, refused))).words) == {"appeal_answered": 1}
    task = await only(desk, house, "county.appeal")
    assert not task["is_main"] and task["case_id"] != refused
    await desk.warn(house, "withdrawn", warning=2, state="withdrawn")
    assert (await desk.case(house))["state"] == "open", "an appeal is open beside it"
    with pytest.raises(Refused) as problem:
        await act(desk, task, caller=Caller("tw-2", "county", COUNTY, capacity="approver"))
    assert problem.value.problem.code == "same_person", "who signed the earlier refusal"
    await act(desk, task, answer)
    case = await desk.case(house)
    assert (case["state"], case["result"], case["is_confirmed"]) == ("open", None, answer == "overturn")
    assert (await case_by(desk, refused))["appeals"] == 1
    if answer == "uphold":
        tell = await only(desk, house, "village_return.tell")
        with pytest.raises(Refused) as problem:
            await act(desk, tell, proof="none")
        assert problem.value.problem.errors[0]["code"] == "not_proven", "it is a refusal all the same"
        assert (await act(desk, tell))["outcome"] == "done"
    assert (await only(desk, house, "village_group.first_look"))["is_main"]


async def test_an_appeal_beside_is_not_closed_with_the_case_that_it_is_heard_in(desk: Desk) -> None:
    house = household(23)
    refused = await is_refused(desk, house)
    await desk.warn(house, "raised", level="orange", warning=2)
    await desk.told(appeal(desk, house, refused))
    await walk(desk, house, "township.review")
    await act(desk, await only(desk, house, "township.review"), "not_eligible")
    await act(desk, await only(desk, house, "township.sign"))
    assert (await act(desk, await only(desk, house, "village_return.tell")))["outcome"] == "goes_on"
    heard = await only(desk, house, "county.appeal")
    assert heard["is_main"]
    await act(desk, heard, "overturn")
    again = await only(desk, house, "county.review")
    assert again["branch"] == "main", "the main way goes on as such"


async def test_the_village_proposes_and_the_township_refuses_or_sends_it_back_once(desk: Desk) -> None:
    house = household(6)
    await desk.warn(house)
    await walk(desk, house, "village_committee.visit")
    await act(desk, await only(desk, house, "village_committee.visit"), difficulty_confirmed=False)
    review = await only(desk, house, "township.review")
    assert review["proposal"] == "does_not_qualify"
    assert [one["action"] for one in (await shown(desk, review))["actions"]][:2] == ["not_eligible", "return"]
    await act(desk, review, "return")
    visit = await only(desk, house, "village_committee.visit")
    assert visit["round"] == 2
    await act(desk, visit, difficulty_confirmed=False)
    review = await only(desk, house, "township.review")
    assert "return" not in [one["action"] for one in (await shown(desk, review))["actions"]], "once, with all defects"
    await act(desk, review)
    assert (await act(desk, await only(desk, house, "township.sign")))["outcome"] == "rejected"


async def test_what_is_sent_back_to_the_handler_is_prepared_anew(desk: Desk) -> None:
    house = household(7)
    await act(desk, await noticed(desk, house, "township.review"))
    answer = await act(desk, await only(desk, house, "township.sign"), "send_back")
    assert (answer["outcome"], answer["next"]["hop"], answer["next"]["step"]) == ("returned", "township", "review")
    assert (await only(desk, house, "township.review"))["round"] == 2


async def test_a_declined_branch_goes_to_the_county_and_to_another_department(desk: Desk) -> None:
    house = household(8)
    await noticed(desk, house, "county.review")
    await act(desk, await only(desk, house, "county.review"), departments=["medical_insurance", "housing"])
    await walk(desk, house, "department.measure_plan")
    branches = {one["branch"]: one for one in await tasks(desk, house) if one["hop"] == "department"}
    await act(desk, branches["housing"], "decline")
    await act(desk, branches["medical_insurance"])
    reassign = await only(desk, house, "county.reassign")
    assert reassign["is_main"], "the only branch that still runs"
    answer = await act(desk, reassign, "reassign", department="civil_affairs")
    assert answer["next"]["office"] == f"{COUNTY}-civil_affairs"
    assert (await act(desk, await only(desk, house, "department.measure_plan")))["next"]["hop"] == "township_return"

    other = household(9)
    await noticed(desk, other, "department.measure_plan")
    await act(desk, await only(desk, other, "department.measure_plan"), "decline")
    answer = await act(desk, await only(desk, other, "county.reassign"), "accept_decline")
    assert answer["next"]["hop"] == "township_return"


async def with_measures(desk: Desk, house: UUID) -> Any:
    """Two departments have planned, a third has declined; the township is to hand the measures on."""
    await noticed(desk, house, "county.review")
    asked = ["medical_insurance", "housing", "water"]
    await act(desk, await only(desk, house, "county.review"), departments=asked)
    await walk(desk, house, "department.measure_plan")
    for task in [one for one in await tasks(desk, house) if one["hop"] == "department"]:
        await act(desk, task, "decline" if task["branch"] == "water" else None)
    await act(desk, await only(desk, house, "county.reassign"), "accept_decline")
    return await only(desk, house, "township_return.hand_back")


async def planning(desk: Desk, house: UUID) -> set[str]:
    await desk.deliver()
    return {one["branch"] for one in await tasks(desk, house) if one["hop"] == "department"}


async def test_a_dispute_asks_only_those_whose_measure_is_disputed(desk: Desk) -> None:
    house = household(17)
    task = await with_measures(desk, house)
    [dispute] = [one for one in (await shown(desk, task))["actions"] if one["action"] == "dispute"]
    field = dispute["form_schema"]["properties"]["departments"]
    assert set(field["items"]["enum"]) == {"medical_insurance", "housing", "water"}
    example = dispute["form_schema"]["examples"][0]["departments"]
    assert example == ["medical_insurance", "housing"], "one that declined has no measure to dispute"
    for departments in ([], ["education"], ["housing", "housing"]):
        with pytest.raises(Refused) as refused:
            await act(desk, task, "dispute", departments=departments)
        assert refused.value.problem.status == 422
    answer = await act(desk, task, "dispute", departments=["housing"])
    assert (answer["outcome"], answer["next"]["branch"], answer["next"]["round"]) == ("returned", "housing", 2)
    assert await planning(desk, house) == {"housing"}
    answer = await act(desk, await only(desk, house, "department.measure_plan"))
    assert answer["next"]["hop"] == "township_return", "the others' measures stand"


async def test_one_that_declined_is_asked_again_where_the_dispute_names_it(desk: Desk) -> None:
    house = household(18)
    await act(desk, await with_measures(desk, house), "dispute", departments=["water", "housing"])
    assert await planning(desk, house) == {"water", "housing"}
    assert (await desk.case(house))["declined"] == ["water"]
    for task in [one for one in await tasks(desk, house) if one["hop"] == "department"]:
        await act(desk, task)
    assert (await desk.case(house))["declined"] == [], "it has planned now"


async def test_a_department_sees_and_decides_its_own_branch_alone(desk: Desk) -> None:
    house = household(10)
    task = await noticed(desk, house, "department.measure_plan")
    stranger = Caller("dp-x", "department", COUNTY, department="water")
    async with session(desk.worker) as connection:
        assert await desk_room.whole(connection, task["task_id"], "dp-x", "exact", "water") is None
    with pytest.raises(Refused) as refused:
        await act(desk, task, caller=stranger)
    assert refused.value.problem.status == 404


async def seen_by(desk: Desk, house: UUID, department: str) -> Any:
    """The case as a department sees it, None where it sees none."""
    case_id = (await desk.case(house))["case_id"]
    async with session(desk.worker) as connection:
        return await desk_room.whole_case(connection, case_id, "exact", department)


def made(story: Any) -> list[str]:
    return [one["action"] for one in story["decisions"]]


def said(story: Any) -> list[str]:
    return [one["comment"] for one in story["history"] if one["comment"]]


async def test_a_department_sees_its_own_branch_and_what_asked_it_and_no_other_words(desk: Desk) -> None:
    house, asked = household(71), ["housing", "medical_insurance", "water"]
    await noticed(desk, house, "township.review")
    await act(desk, await only(desk, house, "township.review"), comment="收入以村里核实为准")
    await walk(desk, house, "county.review")
    await act(desk, await only(desk, house, "county.review"), departments=asked, note="名下有一辆车")
    await walk(desk, house, "county.entry")
    assert await seen_by(desk, house, "housing") is None, "not asked yet"
    await act(desk, await only(desk, house, "county.entry"), comment="请在月底前落实")
    await desk.deliver()
    branches = {one["branch"]: one for one in await tasks(desk, house) if one["hop"] == "department"}
    await act(desk, branches["medical_insurance"], "decline", comment="已报销到顶")
    await act(desk, branches["housing"], comment="先修房顶")

    case = await seen_by(desk, house, "housing")
    assert (made(case), said(case)) == (["enter", "plan"], ["请在月底前落实", "先修房顶"])
    for part in ("places", "history"):
        assert {one["branch"] for one in case[part]} == {"main", "housing"}, part
    assert {one["action"] for one in case["history"]} >= {"report", "record_visit", "approve"}, "as bare steps"
    assert case["departments"] == ("housing",)
    assert [one for one in ("已入户", "名下有", "收入以", "报销到顶") if one in str(case)] == []
    declined = await seen_by(desk, house, "medical_insurance")
    assert (made(declined), said(declined)) == (["enter", "decline"], ["请在月底前落实", "已报销到顶"])
    assert await seen_by(desk, house, "civil_affairs") is None

    third = await shown(desk, branches["water"])
    assert (made(third), said(third)) == (["enter"], ["请在月底前落实"]), "one decision asked all three"
    await act(desk, await only(desk, house, "county.reassign"), "reassign", department="civil_affairs", note="改派")
    assert made(await seen_by(desk, house, "civil_affairs")) == ["reassign"]
    assert made(await seen_by(desk, house, "medical_insurance")) == ["enter", "decline"], "what became of it is a step"
    await desk.deliver()
    for task in [one for one in await tasks(desk, house) if one["hop"] == "department"]:
        await act(desk, task, comment=f"{task['branch']}已办")
    last = await seen_by(desk, house, task["branch"])
    assert said(last)[-1] == f"{task['branch']}已办", "the last one's step is the township's"
    await act(desk, await only(desk, house, "township_return.hand_back"), "dispute", departments=["housing"])
    assert made(await seen_by(desk, house, "housing")) == ["enter", "plan", "dispute"]
    assert made(await seen_by(desk, house, "water")) == ["enter", "plan"]


async def test_a_department_sees_and_answers_the_supervisions_of_its_own_branches_alone(desk: Desk) -> None:
    house = household(72)
    await noticed(desk, house, "county.review")
    await act(desk, await only(desk, house, "county.review"), departments=["housing", "water"])
    await walk(desk, house, "department.measure_plan")
    await desk.deliver()
    await desk.advance(timedelta(days=40))
    while (await desk.ring())[0]:
        continue
    housing, water = (Caller(f"dp-{one}", "department", COUNTY, department=one) for one in ("housing", "water"))

    async def asked(caller: Caller) -> dict[str, Any]:
        async with session(desk.worker) as connection:
            found = await supervisions_of(connection, caller, "open", None, OLDEST, 200, caller.department)
        assert {(one["hop"], one["branch"]) for one in found} == {("department", caller.department)}
        return {str(one["household_id"]): one for one in found}

    one = (await asked(housing))[str(house)]
    assert one["asks"] == "answer" and (await asked(water))[str(house)]["office"] == f"{COUNTY}-water"
    with pytest.raises(Refused) as refused:
        await desk.write("answer", one["supervision_id"], "不是我们的", water)
    assert refused.value.problem.status == 404
    assert (await desk.write("answer", one["supervision_id"], "本周落实", housing))["state"] == "answered"
    assert said(await seen_by(desk, house, "housing"))[-1] == "本周落实"
    assert "本周落实" not in str(await seen_by(desk, house, "water"))


async def test_the_green_channel_relieves_beside_the_ordinary_way(desk: Desk) -> None:
    house = household(11)
    await desk.warn(house, level="red", is_green=True)
    relief = await only(desk, house, "township.relief")
    assert not relief["is_main"] and relief["due_at"] - relief["opened_at"] <= timedelta(hours=24)
    assert (await act(desk, relief))["outcome"] == "done"
    assert (await only(desk, house, "village_group.first_look"))["is_main"]


async def test_a_pause_stops_every_clock_and_ends_by_hand(desk: Desk) -> None:
    house = household(12)
    await desk.warn(house)
    await walk(desk, house, "village_committee.visit")
    task = await only(desk, house, "village_committee.visit")
    before = await desk.case(house)
    await act(desk, task, "pause")
    paused = await only(desk, house, "village_committee.visit")
    assert [one["action"] for one in (await shown(desk, paused))["actions"]] == ["resume"]
    await desk.advance(timedelta(days=2))
    await act(desk, paused, "resume")
    task, after = await only(desk, house, "village_committee.visit"), await desk.case(house)
    assert after["journey_due_at"] - before["journey_due_at"] >= timedelta(days=2)
    deadline = await desk.worker.fetchrow("SELECT * FROM deadlines WHERE place_id = $1", task["place_id"])
    assert deadline is not None and (deadline["state"], deadline["due_at"]) == ("running", task["due_at"])
    await act(desk, task, "pause")
    await act(desk, await only(desk, house, "village_committee.visit"), "resume")
    offered = await shown(desk, await only(desk, house, "village_committee.visit"))
    assert "pause" not in [one["action"] for one in offered["actions"]], "twice in a case at most"


async def test_a_pause_ends_by_itself_at_its_last_moment_however_late_the_alarm_is(desk: Desk) -> None:
    house = household(16)
    await desk.warn(house, started_at=await desk.worker.fetchval("SELECT civil.now()"))
    await walk(desk, house, "village_committee.visit")
    task, before = await only(desk, house, "village_committee.visit"), await desk.case(house)
    await act(desk, task, "pause")
    place = await desk.worker.fetchrow("SELECT * FROM places WHERE place_id = $1", task["place_id"])
    assert place is not None
    length = place["paused_until"] - place["paused_at"]
    while (await desk.ring())[0]:
        pass  # other cases of this database
    assert (await desk.words(house))[-1] == "paused", "not before its time"
    await desk.advance(length + timedelta(minutes=1))
    while (await desk.ring())[0]:
        pass
    again, after = await only(desk, house, "village_committee.visit"), await desk.case(house)
    assert (await desk.words(house))[-1] == "resumed"
    assert again["due_at"] == task["due_at"] + length
    assert after["journey_due_at"] == before["journey_due_at"] + length
    offered = [one["action"] for one in (await shown(desk, again))["actions"]]
    assert offered[0] == "record_visit"


async def test_something_new_in_a_tracked_household_is_monitored_again(desk: Desk) -> None:
    house = household(13)
    await act(desk, await noticed(desk, house, "township.review"), "return")
    await walk(desk, house, "department.measure_plan")
    assert (await desk.case(house))["returned_by"] == ["township.review"]
    for step in ("department.measure_plan", "township_return.hand_back", "village_return.deliver"):
        await act(desk, await only(desk, house, step))
    await desk.warn(house, "strengthened", "red", concerns=("medical_burden", "unsafe_house"), new=("unsafe_house",))
    await act(desk, await only(desk, house, "village_group.first_look"))
    answer = await act(desk, await only(desk, house, "village_committee.visit"))
    assert (answer["outcome"], answer["next"]["step"]) == ("remonitored", "review")
    case = await desk.case(house)
    assert (case["state"], case["result"], case["level"], case["is_noticed"]) == ("open", None, "red", False)
    assert case["returned_by"] == [], "new papers: each step may send them back once"
    assert await walk(desk, house, "township.review") == [
        "village_committee.review", "village_committee.notice", "village_committee.notice",
    ]  # fmt: skip
    answer = await act(desk, await only(desk, house, "township.review"), "return")
    assert answer["outcome"] == "returned"


async def test_a_farmers_own_word_joins_the_open_case_with_its_own_clock(desk: Desk) -> None:
    house = household(14)
    now = await desk.worker.fetchval("SELECT civil.now()")
    task = await desk.opened(house, "yellow", started_at=now)
    await desk.warn(house, "strengthened", "yellow", cause="declaration", started_at=now)
    again, case = await desk.task(house), await desk.case(house)
    assert case["cause"] == "declaration" and case["clock_started_at"] == now
    assert again["due_at"] < task["due_at"], "two working days from its receipt, not seven days"


async def test_a_case_of_somebody_nobody_knew_goes_to_the_household_that_a_person_matches(desk: Desk) -> None:
    unknown, known = household(170), household(171)
    await desk.warn(unknown, cause="declaration")
    assert (await desk.places(unknown)) == [("village_group", 1, "main", "on_its_way")]
    await desk.register(171)
    await desk.register(170, "merged", merged_into=known)
    await desk.deliver()
    task = await only(desk, known, "village_group.first_look")
    await desk.warn(known, "raised", warning=2, concerns=("unsafe_house",))
    assert await desk.worker.fetchval("SELECT count(*) FROM cases WHERE household_id = ANY($1)", [unknown, known]) == 1
    again = await only(desk, known, "village_group.first_look")
    assert again["task_id"] == task["task_id"] and again["version"] == 2, "joined, not opened a second time"
    await act(desk, again)
    assert (await only(desk, known, "village_committee.visit"))["is_main"]


async def test_a_case_in_a_village_newer_than_the_table_is_its_township_s_as_any_other(desk: Desk) -> None:
    """Nobody sits in the new village: the township sees the task, puts people there, and gets the case from them."""
    village, house = f"{TOWNSHIP}999", household(160)
    grid = f"{village}-03"
    await desk.warn(house, level="orange", region=village, grid=grid)
    first = await only(desk, house, "village_group.first_look")
    assert (first["region"], first["grid"], first["office"]) == (village, grid, grid)
    assert await desk.sees(BY_STEP["township.review"], first) and await desk.sees(BY_STEP["county.review"], first)
    assert not await desk.sees(CADRE, first), "the village beside it sees nothing"

    named = {"zh": "新村", "en": "new"}
    offices = [{"office_id": village, "kind": "village_committee", "region": village, "name": named}]
    people = [
        {
            "officer_id": id_, "name": "钱新村", "display_name": "钱**", "role": "village", "region": village,
            "office_id": village, "post": "member", "since": "2026-01-01",
        }
        for id_ in ("nv-1", "nv-2")
    ]  # fmt: skip
    await desk.upload({"offices": offices, "officers": people}, BY_STEP["township.review"])
    cadre = Caller("nv-1", "village", village)
    assert (await act(desk, first, caller=cadre))["next"]["hop"] == "village_committee"
    for step in ("visit", "review", "notice", "notice"):
        task = await only(desk, house, f"village_committee.{step}")
        assert task["office"] == village
        if task["version"] > 1:
            await desk.advance(timedelta(days=6))
        await act(desk, task, caller=cadre)
    assert (await only(desk, house, "township.review"))["office"] == TOWNSHIP


async def test_a_package_that_changes_while_a_case_is_open_changes_later_cases_alone(desk: Desk) -> None:
    """The case keeps its package and its route; a new one opens with the new package."""
    old, new = household(24), household(25)
    await desk.warn(old, level="orange")
    before = await desk.case(old)
    shorter = """UPDATE cases SET route = replace(route::text, '"review", "notice"', '"notice"')::jsonb"""
    await desk.worker.execute(shorter + " WHERE household_id = $1", old)
    stream, desk.stream = desk.stream, replace(desk.stream, subscribers=subscribers("transition-2021-2025"))
    try:
        await desk.warn(
            old, "strengthened", "orange", concerns=("medical_burden", "unsafe_house"), new=("unsafe_house",)
        )
        await desk.warn(new, level="orange")
    finally:
        desk.stream = stream
    case = await desk.case(old)
    assert (case["policy"], case["case_id"]) == ("regular-2026", before["case_id"])
    assert (await desk.case(new))["policy"] == "transition-2021-2025"
    seen = await walk(desk, old, "township.review")
    assert "village_committee.review" not in seen and "village_committee.notice" in seen, (
        "its own route, not the package's"
    )


async def test_later_hops_share_what_is_left_of_the_journey(desk: Desk) -> None:
    """Twelve days lost at the group: the rest is re-planned, never below a day, and never the notice."""
    house = household(15)
    await desk.warn(house, level="orange", started_at=await desk.worker.fetchval("SELECT civil.now()"))
    await desk.deliver()
    await desk.advance(timedelta(days=12))
    dues: dict[str, Any] = {}
    while "county.entry" not in dues:
        await desk.deliver()
        task = next(one for one in await tasks(desk, house) if one["is_main"])
        where = f"{task['hop']}.{task['step']}"
        sent = await desk.worker.fetchval("SELECT sent_at FROM places WHERE place_id = $1", task["place_id"])
        dues.setdefault(where, task["due_at"] - sent)
        if where == "village_committee.notice" and task["version"] > 1:
            await desk.advance(timedelta(days=6))
        await act(desk, task)
    assert dues["village_committee.notice"] >= timedelta(days=6), "the notice keeps its days"
    assert all(due >= timedelta(days=1) for due in dues.values()), dues
    assert dues["township.review"] < timedelta(days=2)


@pytest.mark.parametrize("hop", HOPS)
async def test_any_group_stopped_for_eight_days_loses_nothing_and_slows_nobody_else(desk: Desk, hop: str) -> None:
    """Its case is on its way, dated and alarmed; another goes on as far as that hop; then both go on to tracking."""
    at = [str(one) for one in HOPS].index(hop)
    running: list[str] = [one for one in HOPS if one != hop]
    first, second = household(200 + 2 * at), household(201 + 2 * at)
    now = await desk.worker.fetchval("SELECT civil.now()")
    await desk.warn(first, started_at=now)
    await _as_far_as(desk, first, running)
    await desk.advance(timedelta(days=8))
    while (await desk.ring())[0]:
        pass  # other cases of this database
    stuck = await desk.worker.fetchrow(
        "SELECT hop, state, lateness FROM places WHERE household_id = $1 AND is_main AND state <> 'ended'", first
    )
    assert stuck is not None and tuple(stuck)[:2] == (hop, "on_its_way")
    assert stuck["lateness"] in ("overdue", "supervised"), "its alarm fired meanwhile"
    passed = [one["data"]["hop"] for one in await desk.emitted(first, "deadline.passed")]
    assert hop in passed
    await desk.warn(second, started_at=await desk.worker.fetchval("SELECT civil.now()"))
    await _as_far_as(desk, second, running)
    there = await desk.worker.fetchval(
        "SELECT hop FROM places WHERE household_id = $1 AND is_main AND state <> 'ended'", second
    )
    assert there == hop, "everything before it went on as ever"
    for house in (first, second):
        await _as_far_as(desk, house, list(HOPS))
        assert (await desk.case(house))["state"] == "tracking"


async def _as_far_as(desk: Desk, house: UUID, running: Sequence[str]) -> None:
    """By first actions as far as the hops that run lead; the notice takes its days."""
    for _ in range(60):
        await desk.deliver(*running)
        found = [one for one in await tasks(desk, house) if one["hop"] in running]
        if not found:
            return
        for task in found:
            if task["step"] == "notice" and task["version"] > 1:
                await desk.advance(timedelta(days=6))
            await act(desk, task)
    raise AssertionError("it never came to an end")
