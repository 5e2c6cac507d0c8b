"""Telling on a real PostgreSQL: by grid, kept without an audience, once per (case, step, person), read by one's own."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from services.notify import retry, telling
from services.notify.audience import Addressee
from services.notify.notice import link_of
from services.notify.occasion import Occasion
from services.notify.reading import NOT_FOUND
from services.notify.telling import CaseFile
from shared.access.tokens import Caller
from shared.contracts.stage import Actor
from shared.messaging.faults import Refused
from shared.messaging.room import Decision, Input
from tests.services.notify.house import NOW, Post, clue, household, task_of
from tests.services.notify.test_audience import arrived
from tests.tokens import GRID, VILLAGE

WORKER, DEPUTY = ("gw-1", "worker"), ("gw-2", "deputy")
LEADER, CADRE = ("vc-1", "leader", VILLAGE), ("vc-2", "member", VILLAGE)
HOUSE = household(1)


async def test_a_task_that_arrives_is_told_to_the_grid_s_worker_alone(office: Post) -> None:
    await office.appoint(WORKER, DEPUTY, LEADER, CADRE)
    report = await office.told(office.step("arrived", HOUSE))
    assert dict(report.words) == {"told": 1}
    [notice] = await office.notices(HOUSE)
    assert (notice["officer_id"], notice["carrier"], notice["state"]) == ("gw-1", "inbox", "sent")
    assert (notice["region"], notice["grid"], notice["link"]) == (VILLAGE, GRID, f"/tasks/{task_of(HOUSE)}")
    assert await office.emitted(HOUSE) == [("sent", 1)]


async def test_who_is_there_is_read_before_what_is_told_in_one_batch(office: Post) -> None:
    await office.told(office.step("arrived", HOUSE), office.appointed(*WORKER))
    assert await office.heard(HOUSE) == [("gw-1", "worker")]


async def test_a_grid_without_a_worker_falls_to_the_village_and_its_new_worker_hears_later(office: Post) -> None:
    await office.appoint(LEADER, CADRE)
    report = await office.told(office.step("arrived", HOUSE))
    assert dict(report.words) == {"stand_in": 1}
    assert await office.heard(HOUSE) == [("vc-1", "stand_in"), ("vc-2", "stand_in")]
    assert (await office.occasion(HOUSE))["cause"] == "no_worker"

    assert await office.try_again() is None, "nothing has changed and its time has not come"
    await office.appoint(("vc-3", "member", VILLAGE))
    await office.try_again()
    assert len(await office.heard(HOUSE)) == 2, "the village has been told; only the grid is still waited for"
    await office.appoint(WORKER)
    await office.try_again()
    assert await office.heard(HOUSE) == [("vc-1", "stand_in"), ("vc-2", "stand_in"), ("gw-1", "worker")]
    assert (await office.occasion(HOUSE))["state"] == "told"
    assert await office.try_again() is None


async def test_without_anybody_it_is_kept_with_its_cause_and_sent_when_an_officer_is_assigned(office: Post) -> None:
    report = await office.told(office.step("arrived", HOUSE))
    assert dict(report.words) == {"kept": 1}
    kept = await office.occasion(HOUSE)
    assert (kept["state"], kept["cause"], kept["tries"]) == ("kept", "no_audience", 1)
    assert kept["retry_at"] > kept["tried_at"] and await office.notices(HOUSE) == []

    await office.appoint(("w-7", "worker", f"{VILLAGE}-07"))
    assert await office.try_again() is None, "another grid's worker is not for it"
    await office.appoint(WORKER)
    again = await office.try_again()
    assert again is not None and dict(again.words) == {"told": 1}
    assert await office.heard(HOUSE) == [("gw-1", "worker")]
    assert await office.emitted(HOUSE) == [("sent", 1)]


async def test_a_kept_one_is_tried_again_at_its_time_and_later_each_time(office: Post) -> None:
    await office.told(office.step("arrived", HOUSE))
    waits = []
    for _ in range(5):
        row = await office.occasion(HOUSE)
        waits.append(round((row["retry_at"] - row["tried_at"]).total_seconds() / 60))
        await office.worker.execute("UPDATE occasions SET retry_at = civil.now()")
        report = await office.try_again()
        assert report is not None and dict(report.words) == {"kept": 1}
    assert waits == [1, 5, 30, 60, 60]


async def test_two_loops_at_once_tell_it_once(office: Post) -> None:
    await office.told(office.step("arrived", HOUSE))
    await office.appoint(WORKER)
    rounds = [retry.once(office.retry), retry.once(replace(office.retry))]
    reports = [report for report in await asyncio.gather(*rounds) if report is not None]
    words = [word for report in reports for word in report.words]
    assert words.count("told") == 1 and set(words) <= {"told", "told_already"}
    assert await office.emitted(HOUSE) == [("sent", 1)]


async def test_one_on_which_we_fail_is_put_off_and_its_neighbour_is_told(
    office: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.told(office.step("arrived", HOUSE), office.step("arrived", household(2)))
    await office.appoint(WORKER)
    tell = telling.tell

    def broken(file: CaseFile, occasion: Occasion, *rest: Any) -> Decision:
        if occasion.household_id == HOUSE:
            raise RuntimeError("planted")
        return tell(file, occasion, *rest)

    monkeypatch.setattr(telling, "tell", broken)
    report = await office.try_again()
    assert report is not None and dict(report.words) == {"told": 1, "put_off": 1} and len(report.failed) == 1
    assert await office.heard(household(2)) == [("gw-1", "worker")]
    put_off = await office.occasion(HOUSE)
    assert put_off["state"] == "kept" and await office.try_again() is None

    monkeypatch.undo()
    await office.worker.execute("UPDATE occasions SET retry_at = civil.now() WHERE retry_at IS NOT NULL")
    await office.try_again()
    assert await office.heard(HOUSE) == [("gw-1", "worker")]


async def test_what_was_kept_is_not_told_when_its_place_has_been_left(office: Post) -> None:
    await office.told(office.step("arrived", HOUSE))
    gone = office.step("advanced", HOUSE, "village_committee", from_hop="village_group", task_id=task_of(HOUSE))
    await office.told(gone)
    await office.appoint(WORKER)
    assert await office.try_again() is None
    assert await office.notices(HOUSE) == []


async def test_once_per_case_step_and_person_under_redelivery_and_two_steps(office: Post) -> None:
    await office.appoint(WORKER, LEADER, CADRE)
    batch = [office.step("arrived", HOUSE), office.late(HOUSE), office.step("arrived", household(2))]
    await office.told(*batch)
    again = await office.told(*batch)
    assert dict(again.outcomes) == {"duplicate": 3}
    # The same facts under new numbers, as after a restored database of workflow: still nobody hears it twice.
    await office.told(office.step("arrived", HOUSE), office.late(HOUSE))
    assert await office.heard(HOUSE, "arrived") == [("gw-1", "worker")]
    assert await office.heard(HOUSE, "passed") == [("gw-1", "worker"), ("vc-1", "leader")]
    assert await office.emitted(HOUSE) == [("sent", 1), ("sent", 2), ("sent", 3)]


async def test_the_database_itself_refuses_a_second_notice_of_the_same_step(office: Post) -> None:
    await office.appoint(WORKER)
    await office.told(office.step("arrived", HOUSE))
    with pytest.raises(asyncpg.UniqueViolationError):
        await office.worker.execute(
            "INSERT INTO notices SELECT (json_populate_record(n, json_build_object('notice_id', gen_random_uuid()))).* "
            "FROM notices n"
        )


async def test_the_next_hop_and_the_next_round_are_steps_of_their_own(office: Post) -> None:
    await office.appoint(WORKER, LEADER)
    committee = office.step("arrived", HOUSE, "village_committee")
    await office.told(office.step("arrived", HOUSE), committee, office.step("arrived", HOUSE, round=2))
    assert sorted(await office.heard(HOUSE)) == [("gw-1", "worker"), ("gw-1", "worker"), ("vc-1", "office")]


async def test_a_task_handed_over_is_told_to_the_deputy_and_not_to_whoever_gave_it_away(office: Post) -> None:
    await office.appoint(WORKER, DEPUTY, LEADER)
    await office.told(office.step("arrived", HOUSE))
    given = Actor(officer_id="gw-1", role="grid_worker")
    await office.told(office.step("reassigned", HOUSE, actor=given))
    assert await office.heard(HOUSE, "reassigned") == [("gw-2", "deputy")]
    await office.told(office.late(HOUSE))
    assert await office.heard(HOUSE, "passed") == [("gw-2", "deputy"), ("vc-1", "leader")]


async def test_a_task_handed_to_the_village_is_told_there_and_no_longer_waits_for_a_worker(office: Post) -> None:
    await office.appoint(LEADER)
    await office.told(office.step("arrived", HOUSE))
    await office.told(office.step("reassigned", HOUSE, office=VILLAGE))
    assert (await office.occasion(HOUSE, "arrived"))["state"] == "moved"
    assert await office.heard(HOUSE, "reassigned") == [("vc-1", "stand_in")]
    await office.appoint(WORKER)
    assert await office.try_again() is None


async def test_a_task_that_goes_along_with_its_household_is_told_to_each_office_each_time(office: Post) -> None:
    other = f"{VILLAGE}-07"
    await office.appoint(WORKER, ("gw-7", "worker", other), LEADER)
    await office.told(office.step("arrived", HOUSE))
    for grid in (other, GRID, other):
        moved = office.step("reassigned", HOUSE, office=grid, grid=grid, actor=Actor())
        await office.told(moved)
        await office.told(moved)
    assert await office.heard(HOUSE, "reassigned") == [("gw-7", "worker"), ("gw-1", "worker"), ("gw-7", "worker")]
    await office.told(office.late(HOUSE, office=other))
    assert await office.heard(HOUSE, "passed") == [("gw-7", "worker"), ("vc-1", "leader")]


async def test_whoever_gave_a_task_away_last_is_the_one_who_is_not_reminded_of_it(office: Post) -> None:
    await office.appoint(WORKER, DEPUTY, LEADER)
    first = office.step("reassigned", HOUSE, actor=Actor(officer_id="gw-1"))
    again = office.step("reassigned", HOUSE, actor=Actor(officer_id="gw-2"))
    await office.told(office.step("arrived", HOUSE), first, again)
    assert sorted(await office.heard(HOUSE, "reassigned")) == [("gw-1", "worker"), ("gw-2", "deputy")]
    await office.told(office.late(HOUSE))
    assert await office.heard(HOUSE, "passed") == [("gw-1", "worker"), ("vc-1", "leader")]


async def test_a_limit_that_passed_in_a_round_that_has_ended_is_dropped(office: Post) -> None:
    await office.appoint(WORKER, LEADER)
    await office.told(office.step("arrived", HOUSE))
    gone = office.step("advanced", HOUSE, "village_committee", from_hop="village_group", task_id=task_of(HOUSE))
    await office.told(gone)
    report = await office.told(office.late(HOUSE))
    assert dict(report.words) == {"place_left": 1}
    closed = household(2)
    await office.told(office.step("closed", closed))
    report = await office.told(office.late(closed, task_id=None))
    assert dict(report.words) == {"place_left": 1}, "a case that was closed on its way to the hop"


async def test_a_limit_that_passes_before_the_task_is_open_is_told_without_a_link(office: Post) -> None:
    await office.appoint(WORKER, LEADER)
    await office.told(office.late(HOUSE, task_id=None))
    assert await office.heard(HOUSE, "passed") == [("gw-1", "worker"), ("vc-1", "leader")]
    assert {row["link"] for row in await office.notices(HOUSE)} == {None}


@pytest.mark.parametrize("word", ["opened", "noted", "paused", "resumed"])
async def test_other_steps_are_told_to_nobody(office: Post, word: str) -> None:
    await office.appoint(WORKER, LEADER)
    report = await office.told(office.step(word, HOUSE))
    assert dict(report.words) == {"nothing_to_tell": 1}
    assert await office.notices(HOUSE) == []


async def test_a_day_before_the_limit_the_handler_alone_is_reminded(office: Post) -> None:
    await office.appoint(WORKER, DEPUTY, LEADER)
    await office.told(office.step("arrived", HOUSE), office.late(HOUSE, step="near"))
    assert await office.heard(HOUSE, "near") == [("gw-1", "worker")]
    near = next(row for row in await office.notices(HOUSE) if row["step"] == "near")
    assert "医疗负担较重" in near["text_zh"], "the deadline's fact has no concerns: those of the arrival stand in it"


async def test_a_relieved_worker_is_told_no_more(office: Post) -> None:
    await office.appoint(WORKER, DEPUTY)
    await office.told(office.appointed(*WORKER, word="relieved", until=date(2026, 6, 1)))
    await office.told(office.step("arrived", HOUSE))
    assert await office.heard(HOUSE) == [("gw-2", "deputy")]


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────


def worker(officer_id: str = "gw-1", grid: str = GRID) -> Caller:
    return Caller(officer_id, "grid_worker", VILLAGE, grid)


async def test_its_receiver_reads_it_once_and_the_fact_names_its_cause(office: Post) -> None:
    await office.appoint(WORKER)
    await office.told(office.step("arrived", HOUSE))
    [notice] = await office.notices(HOUSE)
    first = await office.read(notice["notice_id"], worker())
    second = await office.read(notice["notice_id"], worker())
    assert (dict(first.words), dict(second.words)) == ({"read": 1}, {"read_already": 1})
    assert first.decided[0].decision.answer == second.decided[0].decision.answer
    assert await office.emitted(HOUSE) == [("sent", 1), ("read", 2)]
    [emit] = [row.emit for row in first.emits]
    assert emit.causation_id == notice["event_id"] and emit.correlation_id == notice["correlation_id"]


@pytest.mark.parametrize(
    "caller",
    [
        worker("gw-2"),
        worker("gw-1", f"{VILLAGE}-07"),
        Caller("vc-1", "village", VILLAGE),
        Caller("gw-1", "village", "341221102202"),
    ],
    ids=["another officer", "the same one under another grid", "the village", "another village"],
)
async def test_nobody_else_can_read_it(office: Post, caller: Caller) -> None:
    await office.appoint(WORKER)
    await office.told(office.step("arrived", HOUSE))
    [notice] = await office.notices(HOUSE)
    with pytest.raises(Refused) as refused:
        await office.read(notice["notice_id"], caller)
    assert refused.value.problem == NOT_FOUND
    assert await office.emitted(HOUSE) == [("sent", 1)]


# ── delivered, and acted on ─────────────────────────────────────────────────────────────────────────────────────


async def test_it_is_delivered_once_when_it_is_first_shown_whoever_looks_at_once(office: Post) -> None:
    await office.appoint(WORKER)
    await office.told(office.step("arrived", HOUSE))
    await asyncio.gather(office.show(HOUSE), office.show(HOUSE))
    await office.show(HOUSE)
    [notice] = await office.notices(HOUSE)
    assert notice["delivered_at"] is not None and notice["state"] == "sent", "shown is not read"
    assert await office.emitted(HOUSE) == [("sent", 1), ("delivered", 2)]
    await office.read(notice["notice_id"], worker())
    assert await office.emitted(HOUSE) == [("sent", 1), ("delivered", 2), ("read", 3)]


async def test_a_list_is_shown_though_its_receipts_cannot_be_written(office: Post) -> None:
    await office.appoint(WORKER)
    await office.told(office.step("arrived", HOUSE))
    holder = await asyncpg.connect(office.dsn)
    async with holder.transaction():
        await holder.execute("SELECT 1 FROM notify.keys WHERE key = $1 FOR UPDATE", str(HOUSE))
        await office.show(HOUSE)
    await holder.close()
    assert await office.emitted(HOUSE) == [("sent", 1)]
    await office.show(HOUSE)
    assert await office.emitted(HOUSE) == [("sent", 1), ("delivered", 2)]


async def test_who_decides_the_task_has_acted_on_its_notices_once(office: Post) -> None:
    await office.appoint(WORKER, DEPUTY, LEADER)
    await office.told(office.step("arrived", HOUSE), office.late(HOUSE))
    assert {who for who, _ in await office.heard(HOUSE, "passed")} == {"gw-1", "vc-1"}
    decision: dict[str, Any] = {"task_id": task_of(HOUSE), "actor": Actor(officer_id="gw-1", role="grid_worker")}
    await office.told(office.step("noted", HOUSE, **decision))
    assert "acted" not in {word for word, _ in await office.emitted(HOUSE)}, "the task is still open"
    there: dict[str, Any] = {"from_hop": "village_group", "action": "need_visit", **decision}
    await office.told(
        office.step("advanced", HOUSE, "village_committee", **there),
        office.step("advanced", HOUSE, "county", step="announcement", **there),
    )
    words = [word for word, _ in await office.emitted(HOUSE)]
    assert words.count("acted") == 2, "of his two notices; the leader has not acted"
    acted = {(row["officer_id"], row["step"]) for row in await office.notices(HOUSE) if row["acted_at"] is not None}
    assert acted == {("gw-1", "arrived"), ("gw-1", "passed")}


@pytest.mark.parametrize("word", ["noted", "reassigned"])
async def test_a_branch_that_ends_is_acted_on_too(office: Post, word: str) -> None:
    await office.appoint(CADRE)
    await office.told(office.step("arrived", HOUSE, "village_committee"))
    task_id = task_of(HOUSE, "village_committee")
    actor = Actor(officer_id="vc-2", role="village")
    await office.told(
        office.step(word, HOUSE, "village_committee", task_id=task_id, actor=actor, from_hop="village_committee")
    )
    assert await office.emitted(HOUSE) == [("sent", 1), ("acted", 2)]


async def test_what_a_machine_ends_nobody_has_acted_on(office: Post) -> None:
    await office.appoint(WORKER)
    await office.told(office.step("arrived", HOUSE))
    await office.told(office.step("closed", HOUSE, task_id=task_of(HOUSE)))
    assert await office.emitted(HOUSE) == [("sent", 1)]


async def test_a_call_sees_no_posts_and_changes_no_words(office: Post) -> None:
    await office.appoint(WORKER)
    await office.told(office.step("arrived", HOUSE))
    for statement in (
        "SELECT * FROM posts", "SELECT * FROM occasions", "UPDATE notices SET officer_id = 'x'", "DELETE FROM notices",
    ):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await office.api.execute(statement)
    assert await office.api.fetch("SELECT * FROM notices") == [], "no scope, no rows"


# ── whose it is ─────────────────────────────────────────────────────────────────────────────────────────────────

HANDLER = ("co-1", "member", VILLAGE[:6])
HEAD = ("co-9", "leader", VILLAGE[:6])


def unmatched(office: Post, **more: Any) -> Input:
    return office.fact("clue.reported", "unmatched", f"office:{VILLAGE[:6]}", clue(HOUSE, is_matched=False, **more))


async def test_a_declaration_of_somebody_unknown_is_told_to_the_county_and_its_village_at_once(office: Post) -> None:
    await office.appoint(HANDLER, CADRE)
    report = await office.told(unmatched(office))
    assert dict(report.words) == {"told": 1}
    assert await office.heard(HOUSE, "unmatched") == [("co-1", "office"), ("vc-2", "stand_in")]
    notices = await office.notices(HOUSE)
    assert {row["case_id"] for row in notices} == {None}, "there may be no case yet"
    assert {row["due_at"] - NOW for row in notices} == {timedelta(hours=4)}, "the package's hours"
    assert {row["link"] for row in notices} == {"/identity"}, "where it is said"
    assert not any("医疗" in row["text_zh"] for row in notices)


async def test_when_its_hours_are_over_the_county_s_leader_hears_too_once(office: Post) -> None:
    await office.appoint(HANDLER, HEAD, CADRE)
    late = unmatched(office, reason_code="match_overdue")
    await office.told(unmatched(office), late, unmatched(office, reason_code="match_overdue"))
    heard = [("co-1", "office"), ("co-9", "leader"), ("vc-2", "stand_in")]
    assert await office.heard(HOUSE, "match_overdue") == heard


async def test_an_unhurried_clue_of_somebody_unknown_rings_for_nobody(office: Post) -> None:
    await office.appoint(HANDLER, CADRE)
    report = await office.told(unmatched(office, cause="clue", reported_by_role="village"))
    assert dict(report.words) == {"nothing_to_tell": 1}
    await office.told(unmatched(office, cause="clue", reported_by_role="village", level="red"))
    assert len(await office.heard(HOUSE, "unmatched")) == 2


def test_an_office_above_the_county_is_led_to_no_page_that_it_may_not_open() -> None:
    found = replace(arrived(), step="unmatched", task_id=None)
    assert link_of(found, Addressee("co-1", "office")) == link_of(found, Addressee("vc-2", "stand_in")) == "/identity"
    assert link_of(found, Addressee("ci-1", "head")) is None


async def test_where_nobody_is_to_match_it_is_kept_until_somebody_is(office: Post) -> None:
    assert dict((await office.told(unmatched(office))).words) == {"kept": 1}
    await office.appoint(HANDLER)
    await office.try_again()
    assert await office.heard(HOUSE, "unmatched") == [("co-1", "office")]
