"""The ladder's audiences, who hears where nobody is, leave, and a red notice that stays unread."""

from datetime import date
from typing import Any

import pytest

from services.notify.audience import one_up
from shared.contracts.stage import Actor
from tests.services.notify.house import Post, household, task_of
from tests.tokens import GRID, VILLAGE

HOUSE = household(1)
TOWNSHIP, COUNTY, CITY, PROVINCE = VILLAGE[:9], VILLAGE[:6], VILLAGE[:4], VILLAGE[:2]
BUREAU = f"{COUNTY}-medical_insurance"
WORKER, DEPUTY = ("gw-1", "worker"), ("gw-2", "deputy")
KINDS = {2: "province", 4: "city", 6: "county", 9: "township"}


async def seat(office: Post, officer: str, place: str, post: str = "member", **more: Any) -> None:
    """A person at an office above the village."""
    kind = "department" if "-" in place else KINDS[len(place)]
    role = kind if kind in ("township", "county", "city", "province", "department") else "county"
    given: dict[str, Any] = {
        "office_kind": kind, "office_zh": f"{place} 办公室", "office_en": f"Office {place}", "role": role, "grid": None,
        "capacity": "handler",
    }  # fmt: skip
    await office.told(office.appointed(officer, post, place, **given | more))


async def everybody(office: Post) -> None:
    await office.appoint(WORKER, DEPUTY, ("vc-1", "leader", VILLAGE), ("vc-2", "member", VILLAGE))
    for place, name in ((TOWNSHIP, "tw"), (COUNTY, "co"), (BUREAU, "mi"), (CITY, "ci"), (PROVINCE, "pr")):
        await seat(office, f"{name}-1", place)
        await seat(office, f"{name}-2", place, capacity="approver")
        await seat(office, f"{name}-3", place, "leader", capacity="reviewer")


STEPS = ("near", "passed", "urged", "supervised", "reported")
REPORTED = [("ci-3", "superior"), ("pr-3", "superior")]


@pytest.mark.parametrize(
    ("hop", "place", "expected"),
    [
        ("village_group", GRID, {
            "near": [("gw-1", "worker")],
            "passed": [("gw-1", "worker"), ("vc-1", "leader")],
            "urged": [("vc-1", "leader")],
            "supervised": [("tw-3", "supervisor"), ("vc-1", "leader")],
            "reported": REPORTED,
        }),
        ("village_committee", VILLAGE, {
            "near": [("vc-1", "office"), ("vc-2", "office")],
            "passed": [("vc-1", "office"), ("vc-2", "office")],
            "urged": [("vc-1", "leader")],
            "supervised": [("tw-3", "supervisor"), ("vc-1", "leader")],
            "reported": REPORTED,
        }),
        ("township", TOWNSHIP, {
            "near": [("tw-1", "office")],
            "passed": [("tw-1", "office"), ("tw-3", "leader")],
            "urged": [("tw-3", "leader")],
            "supervised": [("co-3", "supervisor"), ("tw-3", "leader")],
            "reported": REPORTED,
        }),
        ("county", COUNTY, {
            "near": [("co-1", "office")],
            "passed": [("co-1", "office"), ("co-3", "leader")],
            "urged": [("co-3", "leader")],
            "supervised": [("ci-3", "supervisor"), ("co-3", "leader")],
            "reported": REPORTED,
        }),
        ("department", BUREAU, {
            "near": [("mi-1", "office")],
            "passed": [("mi-1", "office"), ("mi-3", "leader")],
            "urged": [("mi-3", "leader")],
            "supervised": [("ci-3", "supervisor"), ("mi-3", "leader")],
            "reported": REPORTED,
        }),
    ],
    ids=["group", "committee", "township", "county", "department"],
)  # fmt: skip
async def test_each_step_of_the_ladder_reaches_its_own(
    office: Post, hop: str, place: str, expected: dict[str, Any]
) -> None:
    await everybody(office)
    await office.told(office.step("arrived", HOUSE, hop, office=place))
    for step in STEPS:
        await office.told(office.late(HOUSE, hop, office=place, step=step))
        assert sorted(await office.heard(HOUSE, step)) == sorted(expected[step]), step


async def test_a_signature_is_for_those_who_approve_and_is_reminded_there(office: Post) -> None:
    await everybody(office)
    signing = task_of(HOUSE, "township sign")
    review = office.step("arrived", HOUSE, "township", office=TOWNSHIP, step="review")
    left = office.step("advanced", HOUSE, "township", office=TOWNSHIP, step="sign", from_hop="township")
    sign = office.step("arrived", HOUSE, "township", office=TOWNSHIP, step="sign", task_id=signing)
    await office.told(review, left, sign)
    assert await office.heard(HOUSE) == [("tw-1", "office"), ("tw-2", "office")]
    texts = [row["title_zh"] for row in await office.notices(HOUSE)]
    assert texts == ["橙色预警：请办理乡镇审核", "橙色预警：请办理乡镇签批"]
    # The same hop, round and branch: a limit of the step that was left says nothing, the other one's does.
    gone = await office.told(office.late(HOUSE, "township", office=TOWNSHIP, step="near"))
    assert dict(gone.words) == {"place_left": 1}
    await office.told(office.late(HOUSE, "township", office=TOWNSHIP, step="near", task_id=signing))
    assert await office.heard(HOUSE, "near") == [("tw-2", "office")]


async def test_where_city_and_province_have_no_seat_the_county_hears_the_report(office: Post) -> None:
    await office.appoint(WORKER, ("vc-1", "leader", VILLAGE))
    await seat(office, "co-3", COUNTY, "leader")
    await office.told(office.late(HOUSE, step="reported"))
    assert await office.heard(HOUSE, "reported") == [("co-3", "superior")]


@pytest.mark.parametrize(
    ("place", "above"),
    [
        (GRID, TOWNSHIP), (VILLAGE, TOWNSHIP), (TOWNSHIP, COUNTY), (COUNTY, CITY), (BUREAU, CITY), (CITY, PROVINCE),
        (PROVINCE, None), ("elsewhere", None),
    ],
)  # fmt: skip
def test_one_level_up(place: str, above: str | None) -> None:
    assert one_up(place) == above


async def test_what_nobody_hears_goes_to_the_head_of_the_next_office_up_and_still_waits_for_its_own(
    office: Post,
) -> None:
    await seat(office, "co-3", COUNTY, "leader")
    await seat(office, "co-1", COUNTY)
    report = await office.told(office.step("arrived", HOUSE, "township", office=TOWNSHIP))
    assert dict(report.words) == {"kept": 1} and await office.notices(HOUSE) == []
    await office.worker.execute("UPDATE occasions SET retry_at = civil.now()")
    again = await office.try_again()
    assert again is not None and dict(again.words) == {"stand_in": 1}
    assert await office.heard(HOUSE) == [("co-3", "head")]
    await seat(office, "tw-1", TOWNSHIP)
    await office.try_again()
    assert await office.heard(HOUSE) == [("co-3", "head"), ("tw-1", "office")]
    assert (await office.occasion(HOUSE))["state"] == "told"
    assert await office.try_again() is None


async def test_a_grid_that_nobody_has_reaches_its_village_when_somebody_sits_there(office: Post) -> None:
    await seat(office, "tw-3", TOWNSHIP, "leader")
    await office.told(office.step("arrived", HOUSE))
    await office.worker.execute("UPDATE occasions SET retry_at = civil.now()")
    await office.try_again()
    assert await office.heard(HOUSE) == [("tw-3", "head")]
    await office.appoint(("vc-1", "leader", VILLAGE))
    await office.try_again()
    assert await office.heard(HOUSE) == [("tw-3", "head"), ("vc-1", "stand_in")]
    await office.appoint(WORKER)
    await office.try_again()
    assert (await office.heard(HOUSE))[-1] == ("gw-1", "worker")


@pytest.mark.parametrize(
    ("village", "head"), [(f"{TOWNSHIP}999", "tw-3"), (f"{COUNTY}990001", "co-3"), (f"{CITY}99001001", "ci-3")]
)
async def test_a_village_newer_than_the_table_of_divisions_is_heard_of_by_the_next_office_up_that_there_is(
    office: Post, village: str, head: str
) -> None:
    for place, officer in ((TOWNSHIP, "tw-3"), (COUNTY, "co-3"), (CITY, "ci-3")):
        await seat(office, officer, place, "leader")
    grid = f"{village}-03"
    await office.told(office.step("arrived", HOUSE, office=grid, grid=grid, region=village))
    await office.worker.execute("UPDATE occasions SET retry_at = civil.now()")
    await office.try_again()
    assert await office.heard(HOUSE) == [(head, "head")]


# ── leave ───────────────────────────────────────────────────────────────────────────────────────────────────────


def standing_in(office: Post, since: date, until: date, word: str = "deputised") -> Any:
    more = {"since": since, "until": until, "stands_in_for": "gw-1", "capacity": None}
    return office.appointed("gw-2", "worker", GRID, word, **more)


@pytest.mark.parametrize(
    ("since", "until", "heard"),
    [
        (date(2020, 1, 1), date(2099, 1, 1), [("gw-2", "deputy")]),
        (date(2020, 1, 1), date(2020, 2, 1), [("gw-1", "worker")]),
        (date(2098, 1, 1), date(2099, 1, 1), [("gw-1", "worker")]),
    ],
    ids=["on leave", "back", "leave to come"],
)
async def test_during_a_leave_the_deputy_hears_in_the_worker_s_place(
    office: Post, since: date, until: date, heard: list[Any]
) -> None:
    await office.appoint(WORKER, DEPUTY)
    await office.told(standing_in(office, since, until))
    await office.told(office.step("arrived", HOUSE))
    assert await office.heard(HOUSE) == heard


async def test_a_leave_that_ended_early_gives_the_grid_back_to_its_worker(office: Post) -> None:
    await office.appoint(WORKER, DEPUTY)
    first = date(2020, 1, 1)
    await office.told(standing_in(office, first, date(2099, 1, 1)))
    await office.told(standing_in(office, first, date(2020, 1, 5), "relieved"))
    await office.told(office.step("arrived", HOUSE))
    assert await office.heard(HOUSE) == [("gw-1", "worker")], "and the deputy's own post stands as it was"
    await office.told(office.step("reassigned", HOUSE, actor=Actor(officer_id="gw-1")))
    assert await office.heard(HOUSE, "reassigned") == [("gw-2", "deputy")]


async def test_a_leader_on_leave_is_urged_through_whoever_stands_in(office: Post) -> None:
    await office.appoint(WORKER, ("vc-1", "leader", VILLAGE), ("vc-2", "member", VILLAGE))
    more = {"since": date(2020, 1, 1), "until": date(2099, 1, 1), "stands_in_for": "vc-1"}
    await office.told(office.appointed("vc-2", "leader", VILLAGE, "deputised", **more))
    await office.told(office.late(HOUSE, step="urged"))
    assert await office.heard(HOUSE, "urged") == [("vc-2", "leader")]


# ── unread ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def red(office: Post, **more: Any) -> None:
    await office.told(office.step("arrived", HOUSE, level="red", **more))


async def two_hours_later(office: Post) -> dict[str, int] | None:
    admin = office.admin
    await admin("UPDATE notify.notices SET escalate_at = civil.now() WHERE escalate_at IS NOT NULL")
    report = await office.escalate()
    return dict(report.words) if report is not None else None


async def test_a_red_one_unread_for_two_hours_goes_to_the_deputy_and_says_so(office: Post) -> None:
    await office.appoint(WORKER, DEPUTY, ("vc-1", "leader", VILLAGE))
    await red(office, concerns=("accident",))
    [notice] = await office.notices(HOUSE)
    assert round((notice["escalate_at"] - notice["created_at"]).total_seconds()) == 7200
    assert await office.escalate() is None, "its two hours are not over"
    assert await two_hours_later(office) == {"escalated": 1}
    assert await office.heard(HOUSE, "unread") == [("gw-2", "deputy")]
    assert await office.emitted(HOUSE) == [("sent", 1), ("escalated", 2), ("sent", 3)]
    assert await two_hours_later(office) is None, "once"


async def test_without_a_deputy_it_goes_to_the_leader(office: Post) -> None:
    await office.appoint(WORKER, ("vc-1", "leader", VILLAGE))
    await red(office)
    await two_hours_later(office)
    assert await office.heard(HOUSE, "unread") == [("vc-1", "leader")]


async def test_of_an_office_one_reader_is_enough(office: Post) -> None:
    await office.appoint(("vc-1", "leader", VILLAGE), ("vc-2", "member", VILLAGE))
    await office.told(office.step("arrived", HOUSE, "village_committee", level="red"))
    await office.admin("UPDATE notify.notices SET state = 'read', read_at = civil.now() WHERE officer_id = 'vc-2'")
    assert await two_hours_later(office) == {"not_needed": 1}
    assert await office.heard(HOUSE, "unread") == []


async def test_what_was_read_ended_or_is_no_red_one_is_not_escalated(office: Post) -> None:
    await office.appoint(WORKER, DEPUTY)
    await office.told(office.step("arrived", household(2)))
    assert await two_hours_later(office) is None, "orange"
    await red(office)
    await office.told(office.step("advanced", HOUSE, "village_committee", task_id=task_of(HOUSE)))
    assert await two_hours_later(office) == {"not_needed": 1}
    other = household(3)
    await office.told(office.step("arrived", other, level="red"))
    await office.admin("UPDATE notify.notices SET state = 'read', read_at = civil.now()")
    assert await two_hours_later(office) is None


async def test_a_red_one_that_was_handed_over_unread_is_not_passed_on_to_those_whose_it_was(office: Post) -> None:
    await office.appoint(WORKER, DEPUTY, ("vc-1", "leader", VILLAGE))
    await red(office)
    await office.told(office.step("reassigned", HOUSE, level="red", office=VILLAGE, actor=Actor(officer_id="gw-1")))
    await office.admin("UPDATE notify.notices SET state = 'read', read_at = civil.now() WHERE officer_id = 'vc-1'")
    assert await two_hours_later(office) == {"not_needed": 1}
    assert await office.heard(HOUSE, "unread") == []


async def test_what_the_leader_himself_has_not_read_goes_to_the_next_office_up(office: Post) -> None:
    await office.appoint(("vc-1", "leader", VILLAGE))
    await seat(office, "tw-1", TOWNSHIP, "leader")
    await office.told(office.step("arrived", HOUSE, "village_committee", level="red"))
    await two_hours_later(office)
    assert await office.heard(HOUSE, "unread") == []
    await office.admin("UPDATE notify.occasions SET retry_at = civil.now() WHERE step = 'unread'")
    await office.try_again()
    assert await office.heard(HOUSE, "unread") == [("tw-1", "head")]
    assert (await office.notices(HOUSE))[-1]["title_zh"].startswith("没有人看过的红色预警")


async def test_an_escalation_that_finds_nobody_is_kept_until_somebody_comes(office: Post) -> None:
    await office.appoint(WORKER)
    await red(office)
    assert await two_hours_later(office) == {"escalated": 1}
    assert (await office.occasion(HOUSE, "unread"))["state"] == "kept"
    await office.appoint(DEPUTY)
    await office.try_again()
    assert await office.heard(HOUSE, "unread") == [("gw-2", "deputy")]


async def test_a_branch_beside_the_way_that_is_done_reminds_nobody_any_more(office: Post) -> None:
    await everybody(office)
    at: dict[str, Any] = {"office": COUNTY, "step": "announcement", "branch": "announcement"}
    await office.told(office.step("arrived", HOUSE, "county", **at))
    await office.told(office.step("noted", HOUSE, "county", from_hop="county", **at))
    late = office.late(HOUSE, "county", office=COUNTY, branch="announcement")
    assert dict((await office.told(late)).words) == {"place_left": 1}


async def test_a_closed_case_that_is_appealed_has_limits_again(office: Post) -> None:
    await everybody(office)
    answering = {"office": COUNTY, "step": "appeal", "branch": "appeal", "task_id": task_of(HOUSE, "appeal")}
    await office.told(office.step("closed", HOUSE, "village_return", office=VILLAGE))
    await office.told(office.step("appealed", HOUSE, "village_return", office=VILLAGE))
    await office.told(office.step("arrived", HOUSE, "county", **answering))
    late = {name: value for name, value in answering.items() if name != "step"}
    await office.told(office.late(HOUSE, "county", **late))
    assert await office.heard(HOUSE, "passed") == [("co-1", "office"), ("co-3", "leader")]
