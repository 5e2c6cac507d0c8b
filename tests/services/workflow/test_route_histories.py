"""Histories of a case, compared step by step with a plain oracle; and faults planted in the route, each of them found.

10,000 of them:  python -m tests.services.workflow.histories --histories 10000 --seed 1
"""

from collections.abc import Callable
from dataclasses import replace as replace_heard
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from services.workflow import cause, deadline, decided, deciding, route, stage
from services.workflow.case import CaseFile, Move
from tests.services.workflow.histories import Difference, World, searched, seen
from tests.services.workflow.oracle import Heard

HISTORIES, STEPS = 300, 25


def test_histories_and_the_oracle_do_not_differ() -> None:
    before = seen["histories"]
    searched(HISTORIES, STEPS, seed=7)
    assert seen["histories"] - before >= HISTORIES
    for met in ("crash", "redelivered", "double click", "alarm: resumed", "appeal: appealed", "remonitored"):
        assert seen[met], f"no history met {met}"


@pytest.mark.parametrize("is_heard_again", [False, True])
def test_what_a_hop_reads_of_a_round_that_has_ended_is_stale(is_heard_again: bool) -> None:
    """Chance meets it once in hundreds of histories: every cause is withdrawn before the hop has read of it."""
    world, before = World(datetime(2026, 1, 5, 9, 30, tzinfo=UTC)), seen["stale"]
    heard = Heard(0, "yellow", ("housing",), (), "finding", world.now, False)
    world.warn("raised", heard, False)
    world.warn("withdrawn", heard, False)
    assert world.file is None, "closed"
    if is_heard_again:
        world.warn("raised", replace_heard(heard, id=1), False)
    world.deliver("hop.village_group")
    assert seen["stale"] == before + 1
    assert (world.file is not None) == is_heard_again


Plant = Callable[[pytest.MonkeyPatch], None]


def a_department_is_dropped(patch: pytest.MonkeyPatch) -> None:
    whole = decided._to_departments
    patch.setattr(decided, "_to_departments", lambda scene, codes, *more: whole(scene, codes[:1], *more))


def the_main_way_is_lost(patch: pytest.MonkeyPatch) -> None:
    whole = decided._department_done

    def lost(scene: Any) -> Move:
        move = whole(scene)
        if move.word != "branch_done":
            return move
        places = tuple(replace(one, is_main=False) for one in move.file.places)
        return replace(move, file=replace(move.file, places=places))

    patch.setattr(decided, "_department_done", lost)


def a_step_returns_twice(patch: pytest.MonkeyPatch) -> None:
    whole = deciding.actions_at
    patch.setattr(
        deciding, "actions_at", lambda policy, case, *more: whole(policy, replace(case, returned_by=()), *more)
    )


def the_notice_is_shortened(patch: pytest.MonkeyPatch) -> None:
    whole = route.due_at

    def shorter(policy: Any, route: Any, hop: Any, step: str, *more: Any, **how: Any) -> Any:
        due = whole(policy, route, hop, step, *more, **how)
        return due - timedelta(days=2) if step == "notice" else due

    patch.setattr(stage, "due_at", shorter)


def a_pause_is_not_added_to_the_journey(patch: pytest.MonkeyPatch) -> None:
    whole = decided.resumed

    def forgotten(file: CaseFile, *more: Any) -> CaseFile:
        after = whole(file, *more)
        return after.put(replace(after.case, journey_due_at=file.case.journey_due_at, ends=file.case.ends))

    patch.setattr(decided, "resumed", forgotten)


def what_is_new_is_swallowed(patch: pytest.MonkeyPatch) -> None:
    whole = cause._verified

    def swallowed(event: Any, file: CaseFile, policy: Any, because: Any, new: Any) -> Move:
        is_late = file.main.hop not in ("village_group", "village_committee")
        return cause._repeated(file, because) if is_late else whole(event, file, policy, because, new)

    patch.setattr(cause, "_verified", swallowed)


def the_same_person_signs(patch: pytest.MonkeyPatch) -> None:
    whole = deciding._not_yours

    def signs(*given: Any) -> Any:
        problem = whole(*given)
        return None if problem is deciding.THE_SAME_PERSON else problem

    patch.setattr(deciding, "_not_yours", signs)


def a_refusal_leaves_no_trace(patch: pytest.MonkeyPatch) -> None:
    whole = decided._refuses

    def traceless(scene: Any) -> Move:
        return replace(whole(scene), emits=())

    patch.setattr(decided, "_refuses", traceless)


def a_place_has_no_deadline(patch: pytest.MonkeyPatch) -> None:
    whole = stage.sent

    def bare(file: CaseFile, place: Any, because: Any) -> Move:
        move = whole(file, place, because)
        return replace(move, file=file) if place.hop == "township_return" else move

    patch.setattr(decided, "sent", bare)


def a_pause_has_no_ceiling(patch: pytest.MonkeyPatch) -> None:
    whole = decided.resumed

    def endless(file: CaseFile, place: Any, because: Any) -> CaseFile:
        return whole(file, replace(place, paused_until=max(because.now, place.paused_until)), because)

    patch.setattr(decided, "resumed", endless)


def a_joined_pause_wakes_early(patch: pytest.MonkeyPatch) -> None:
    def early(one: deadline.Deadline, due_at: Any, ladder: Any) -> deadline.Deadline:
        due = min(one.due_at, due_at)
        return replace(one, due_at=due, wake_at=deadline.wake_at(one.fired, one.sent_at, due, ladder))

    patch.setattr(deadline, "brought_forward", early)


@pytest.mark.parametrize(
    "plant",
    [
        a_department_is_dropped,
        the_main_way_is_lost,
        a_step_returns_twice,
        the_notice_is_shortened,
        a_pause_is_not_added_to_the_journey,
        what_is_new_is_swallowed,
        the_same_person_signs,
        a_refusal_leaves_no_trace,
        a_place_has_no_deadline,
        a_pause_has_no_ceiling,
        a_joined_pause_wakes_early,
    ],
    ids=lambda plant: plant.__name__,
)
def test_a_planted_fault_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(Difference):
        searched(3000, STEPS, seed=11, shrinks=False)
