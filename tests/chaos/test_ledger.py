"""The ledger itself: a clean road passes, and each planted fault is caught, else no run of it counts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.chaos.journey import LADDER, Road
from tests.chaos.ledger import Evidence, Said, judge

TOPICS = {
    "data.changed": ("intake", ("screening",)),
    "warning.raised": ("screening", ("workflow",)),
    "stage.advanced": ("workflow", ("notify",)),
    "notice.sent": ("notify", ("workflow",)),
}
HOUSEHOLDS = tuple(f"household-{n}" for n in range(8))


def _road() -> Evidence:
    said: list[Said] = []
    offsets: dict[tuple[str, int], int] = {}

    def say(topic: str, key: str, number: int, kind: str, **data: object) -> None:
        part = HOUSEHOLDS.index(key) % 3
        offset = offsets.get((topic, part), 0)
        offsets[topic, part] = offset + 1
        name = f"{topic}|{key}|{number}"
        said.append(Said(topic, part, offset, key, number, f"id:{name}", f"shouwang.x.{kind}.v1", f"sha:{name}", data))

    for n, key in enumerate(HOUSEHOLDS):
        say("data.changed", key, 1, "changed")
        say("data.changed", key, 2, "changed")
        say("warning.raised", key, 1, "raised", state="open", household_no=f"H{n}", level="yellow")
        say("stage.advanced", key, 1, "opened", case_id=f"case-{n}")
        where = {"case_id": f"case-{n}", "hop": "village_group", "round": 1, "branch": "main", "task_id": f"task-{n}"}
        say("stage.advanced", key, 2, "arrived", **where)
        say("notice.sent", key, 1, "sent", **where, step="arrived", officer_id="w-1")
    counts = {(one.topic, one.key): 0 for one in said}
    for one in said:
        counts[one.topic, one.key] = max(counts[one.topic, one.key], one.sequence)
    return Evidence(
        said=said,
        applied={(reader, t, k): n for (t, k), n in counts.items() for reader in TOPICS[t][1]},
        emitted={(TOPICS[t][0], t, k): n for (t, k), n in counts.items()},
        waiting=[],
        outbox={"intake": 0, "screening": 0},
        consumers={topic: readers for topic, (_, readers) in TOPICS.items()},
        producers={topic: producer for topic, (producer, _) in TOPICS.items()},
        answers=[
            {"kind": "household", "household_no": f"H{n}", "expected": "warned", "level": "yellow", "why": {"en": "x"}}
            for n in range(len(HOUSEHOLDS))
        ],
        accounts_are_equal=True,
    )


def _without(evidence: Evidence, at: int) -> Evidence:
    return replace(evidence, said=[one for n, one in enumerate(evidence.said) if n != at])


def _again(evidence: Evidence, at: int, **other: object) -> Evidence:
    one = evidence.said[at]
    last = max(o.offset for o in evidence.said if (o.topic, o.partition) == (one.topic, one.partition))
    return replace(evidence, said=[*evidence.said, replace(one, offset=last + 1, **other)])  # type: ignore[arg-type]


def _swapped(evidence: Evidence) -> Evidence:
    first, second = (one for one in evidence.said if (one.topic, one.key) == ("data.changed", HOUSEHOLDS[0]))
    others = [one for one in evidence.said if one not in (first, second)]
    return replace(evidence, said=[*others, replace(first, offset=second.offset), replace(second, offset=first.offset)])


def _index(evidence: Evidence, topic: str, number: int = 1) -> int:
    return next(n for n, one in enumerate(evidence.said) if (one.topic, one.sequence) == (topic, number))


FAULTS: dict[str, tuple[Callable[[Evidence], Evidence], str]] = {
    "a record dropped from a log": (lambda e: _without(e, _index(e, "data.changed")), "lost"),
    "the last record of a line dropped": (lambda e: _without(e, _index(e, "data.changed", 2)), "lost"),
    "a reader that passed one by": (
        lambda e: replace(e, applied={**e.applied, ("screening", "data.changed", HOUSEHOLDS[3]): 1}),
        "lost",
    ),
    "an effect doubled under a new number": (
        lambda e: _again(e, _index(e, "notice.sent"), sequence=2, event_id="another"),
        "doubled",
    ),
    "an event under two numbers": (lambda e: _again(e, _index(e, "warning.raised"), sequence=2), "doubled"),
    "two swapped": (_swapped, "reordered"),
    "a copy with a byte altered": (lambda e: _again(e, _index(e, "data.changed"), sha256="other"), "altered"),
    "a fact that nobody numbered": (
        lambda e: replace(e, emitted={k: n for k, n in e.emitted.items() if k[1] != "notice.sent"}),
        "ghosts",
    ),
    "an outbox that does not empty": (lambda e: replace(e, outbox={"intake": 1}), "stuck"),
    "a record that waits for ever": (
        lambda e: replace(e, waiting=[("screening", "data.changed", HOUSEHOLDS[1], 2)]),
        "stuck",
    ),
    "a warning at another level": (
        lambda e: replace(e, answers=[{**one, "level": "orange"} for one in e.answers]),
        "wrong",
    ),
    "a household never warned": (
        lambda e: replace(e, answers=[*e.answers, {**e.answers[0], "household_no": "H99"}]),
        "lost",
    ),
    "an account that does not add up": (lambda e: replace(e, accounts_are_equal=False), "lost"),
    "a task that nobody heard of": (lambda e: _without(e, _index(e, "notice.sent")), "lost"),
}


def test_a_clean_road_is_clean_also_with_redelivered_copies() -> None:
    road = _road()
    assert judge(road).is_clean(), judge(road)
    assert judge(_again(road, 3)).is_clean()


@pytest.mark.parametrize("fault", FAULTS)
def test_each_planted_fault_is_caught(fault: str) -> None:
    plant, kind = FAULTS[fault]
    verdict = judge(plant(_road()))
    assert getattr(verdict, kind), verdict


# ── the journey ─────────────────────────────────────────────────────────────────────────────────────────────────────

HOUSE, CASE = "household-0", "case-0"
SENT_AT = datetime(2026, 11, 1, tzinfo=UTC)
DUE_AT = SENT_AT + timedelta(days=7)
ENDED_AT = DUE_AT + timedelta(days=2)


def _journey() -> Evidence:
    """One declared case: the first look decided two days late, the visit still open, and everything told of it."""
    said: list[Said] = []

    def say(topic: str, kind: str, **data: Any) -> None:
        number = sum(one.topic == topic for one in said) + 1
        name = f"{topic}|{number}"
        said.append(Said(topic, 0, number, HOUSE, number, f"id:{name}", f"shouwang.x.{kind}.v1", f"sha:{name}", data))

    look: dict[str, Any] = {
        "case_id": CASE, "hop": "village_group", "step": "first_look", "round": 1, "branch": "main",
    }  # fmt: skip
    visit = look | {"hop": "village_committee", "step": "visit"}
    say("household.registered", "registered", household_no="H0")
    say("clue.reported", "reported", cause="declaration", is_matched=True, clue_id="clue-0")
    say("warning.raised", "raised", state="open", household_no="H0", level="orange")
    say("stage.advanced", "opened", **look, task_id=None)
    say("hop.village_group", "entered", **look)
    say("stage.advanced", "arrived", **look, task_id="look", task_version=1)
    actor = {"officer_id": "w-1", "role": "grid_worker"}
    more = {"task_id": "look", "task_version": 2, "action": "report", "actor": actor}
    say("stage.advanced", "advanced", **visit, **more, from_hop="village_group")
    say("hop.village_committee", "entered", **visit)
    say("stage.advanced", "arrived", **visit, task_id="visit", task_version=1)
    for step in ("near", "passed", "urged"):
        fired = {"fired_at": (DUE_AT + LADDER[step]).isoformat(), "due_at": DUE_AT.isoformat()}
        say("deadline.passed", step, **(look | {"step": step}), deadline_id="limit-look", **fired)
        notice = look | {"step": step, "task_id": "look", "officer_id": "w-1", "household_id": HOUSE}
        say("notice.sent", "sent", **notice)
    for task in ("look", "visit"):
        where = look if task == "look" else visit
        notice = where | {"step": "arrived", "task_id": task, "officer_id": "w-1", "household_id": HOUSE}
        say("notice.sent", "sent", **notice)
    topics = {one.topic for one in said}
    counts = {topic: sum(one.topic == topic for one in said) for topic in topics}
    ended = {"state": "ended", "ended_at": ENDED_AT, "sent_at": SENT_AT, "task_id": "look", "lateness": "overdue"}
    there = {"state": "open", "ended_at": None, "sent_at": ENDED_AT, "task_id": "visit", "lateness": "normal"}
    limit = {"fired": ["near", "passed", "urged"], "state": "ended", "due_at": DUE_AT}
    road = Road(
        now=ENDED_AT + timedelta(hours=1),
        cases=[{"case_id": CASE, "state": "open"}],
        places=[
            look | ended | {"place_id": "place-look", "is_main": True},
            visit | there | {"place_id": "place-visit", "is_main": True},
        ],
        tasks=[
            {"task_id": "look", "place_id": "place-look", "hop": look["hop"], "step": look["step"], "state": "decided"},
            {"task_id": "visit", "place_id": "place-visit", "hop": visit["hop"], "step": "visit", "state": "open"},
        ],
        deadlines=[
            {"deadline_id": "limit-look", "place_id": "place-look", **limit},
            {"deadline_id": "limit-visit", "place_id": "place-visit", "fired": [], "state": "running",
             "due_at": ENDED_AT + timedelta(days=3)},
        ],
        decisions=[{"task_id": "look", "version": 1, "action": "report"}],
        attempts=[("look", 1, "report", 200), ("look", 1, "report", 409)],
        filed=[("declaration", "H0", "orange", None)],
    )  # fmt: skip
    return Evidence(
        said=said,
        applied={},
        emitted={("all", topic, HOUSE): number for topic, number in counts.items()},
        waiting=[],
        outbox={},
        consumers=dict.fromkeys(topics, ()),
        producers=dict.fromkeys(topics, "all"),
        answers=[],
        accounts_are_equal=True,
        road=road,
    )


def _on_road(evidence: Evidence, **changes: Any) -> Evidence:
    assert evidence.road is not None
    return replace(evidence, road=replace(evidence.road, **changes))


def _row(evidence: Evidence, table: str, at: int, **changes: Any) -> Evidence:
    rows = [dict(one) for one in getattr(evidence.road, table)]
    rows[at] |= changes
    return _on_road(evidence, **{table: rows})


def _told_again(evidence: Evidence, topic: str, kind: str, **changes: Any) -> Evidence:
    """The same effect a second time, under its line's next number."""
    one = next(s for s in evidence.said if s.topic == topic and s.type.split(".")[2] == kind)
    number = max(s.sequence for s in evidence.said if s.topic == topic) + 1
    again = replace(one, sequence=number, offset=number, event_id=f"again:{topic}", data={**one.data, **changes})
    emitted = {**evidence.emitted, ("all", topic, HOUSE): number}
    return replace(evidence, said=[*evidence.said, again], emitted=emitted)


def _last_dropped(evidence: Evidence, topic: str) -> Evidence:
    """The last of a line never was: neither numbered nor sent."""
    number = max(s.sequence for s in evidence.said if s.topic == topic)
    left = [s for s in evidence.said if (s.topic, s.sequence) != (topic, number)]
    return replace(evidence, said=left, emitted={**evidence.emitted, ("all", topic, HOUSE): number - 1})


ROAD_FAULTS: dict[str, tuple[Callable[[Evidence], Evidence], str]] = {
    "a decision acknowledged twice": (
        lambda e: _on_road(e, attempts=[*e.road.attempts, ("look", 1, "report", 200)]), "doubled",  # type: ignore[union-attr]
    ),
    "an acknowledged decision lost": (lambda e: _on_road(e, decisions=[]), "lost"),
    "a decision that nobody made": (lambda e: _on_road(e, attempts=[]), "ghosts"),
    "a decision told twice": (lambda e: _told_again(e, "stage.advanced", "advanced"), "doubled"),
    "a step entered twice": (lambda e: _told_again(e, "hop.village_committee", "entered"), "doubled"),
    "a step that is entered by nobody's sending": (
        lambda e: _told_again(e, "hop.village_committee", "entered", hop="county", step="review"), "ghosts",
    ),
    "a step never entered": (lambda e: _last_dropped(e, "hop.village_committee"), "lost"),
    "a task that never arrived": (lambda e: _last_dropped(e, "stage.advanced"), "lost"),
    "a way that there is not": (
        lambda e: _told_again(e, "stage.advanced", "advanced", hop="county", step="sign"), "wrong",
    ),
    "a case still on its way": (lambda e: _row(e, "places", 1, state="on_its_way"), "stuck"),
    "an open place whose task is closed": (lambda e: _row(e, "tasks", 1, state="decided"), "wrong"),
    "a case with two main ways": (lambda e: _row(e, "places", 0, state="open"), "wrong"),
    "a place without a limit": (lambda e: _on_road(e, deadlines=e.road.deadlines[:1]), "lost"),  # type: ignore[union-attr]
    "a rung told twice": (lambda e: _told_again(e, "deadline.passed", "urged"), "doubled"),
    "a rung left out": (
        lambda e: replace(_last_dropped(e, "deadline.passed"), said=[
            replace(s, data={**s.data, "step": "urged"}) if s.data.get("step") == "passed" else s
            for s in _last_dropped(e, "deadline.passed").said
        ]), "reordered",
    ),
    "a rung of a round that had ended": (lambda e: _row(e, "places", 0, ended_at=DUE_AT), "wrong"),
    "a rung as of another instant": (
        lambda e: replace(e, said=[
            replace(s, data={**s.data, "fired_at": ENDED_AT.isoformat()}) if s.topic == "deadline.passed" else s
            for s in e.said
        ]), "wrong",
    ),
    "a limit that passed in silence": (lambda e: _on_road(e, now=ENDED_AT + timedelta(days=4)), "lost"),
    "a lateness that nobody told": (lambda e: _row(e, "places", 1, lateness="overdue"), "wrong"),
    "a supervision of nothing": (lambda e: _on_road(e, supervised=["place-visit"]), "wrong"),
    "a notice told twice": (lambda e: _told_again(e, "notice.sent", "sent"), "doubled"),
    "a report that was never told": (
        lambda e: _on_road(e, filed=[*e.road.filed, ("clue", "H0", "yellow", "clue-9")]), "lost",  # type: ignore[union-attr]
    ),
    "a report that nobody filed": (lambda e: _on_road(e, filed=[]), "ghosts"),
    "a reported household without a warning": (lambda e: _last_dropped(e, "warning.raised"), "lost"),
    "an answer that should not have been": (lambda e: _on_road(e, complaints=["422"]), "wrong"),
}  # fmt: skip


def test_a_clean_journey_is_clean() -> None:
    assert judge(_journey()).is_clean(), judge(_journey())


@pytest.mark.parametrize("fault", ROAD_FAULTS)
def test_each_fault_of_the_journey_is_caught(fault: str) -> None:
    plant, kind = ROAD_FAULTS[fault]
    verdict = judge(plant(_journey()))
    assert getattr(verdict, kind), verdict


@pytest.mark.parametrize(("judged_until", "lost"), [(1, 0), (2, 1), (None, 1)])
def test_a_warning_is_held_against_the_answers_as_it_stood_on_their_day(judged_until: int | None, lost: int) -> None:
    """Withdrawn by time alone after the clock went on is no loss; withdrawn before it is one."""
    road, key = _road(), HOUSEHOLDS[0]
    raised = road.said[_index(road, "warning.raised")]
    withdrawn = replace(
        raised, offset=99, sequence=2, event_id="id:withdrawn", sha256="sha:withdrawn",
        data={**raised.data, "state": "withdrawn"},
    )  # fmt: skip
    later = replace(
        road,
        said=[*road.said, withdrawn],
        applied={**road.applied, ("workflow", "warning.raised", key): 2},
        emitted={**road.emitted, ("screening", "warning.raised", key): 2},
        judged_until=None if judged_until is None else dict.fromkeys(HOUSEHOLDS, 1) | {key: judged_until},
    )
    verdict = judge(later)
    assert len(verdict.lost) == lost
    assert verdict.figures() == {**dict.fromkeys(verdict.figures(), 0), "lost": lost}


def test_a_warning_that_time_alone_raised_later_is_not_held_against_the_day_of_the_answers() -> None:
    road = _road()
    answers = [{**one, "expected": "not_warned"} if one["household_no"] == "H0" else one for one in road.answers]
    later = replace(road, answers=answers, judged_until=dict.fromkeys(HOUSEHOLDS, 1) | {HOUSEHOLDS[0]: 0})
    assert judge(later).is_clean()
    assert judge(replace(later, judged_until=None)).figures()["wrong"] == 1


def test_a_household_is_known_by_the_register_s_word_that_came_after_its_warning() -> None:
    road, key = _road(), HOUSEHOLDS[0]
    at = _index(road, "warning.raised")
    nameless = replace(road.said[at], data={**road.said[at].data, "household_no": None})
    said = [*road.said[:at], nameless, *road.said[at + 1 :]]
    assert judge(replace(road, said=said)).figures()["lost"] == 1
    registered = replace(
        nameless, topic="household.registered", event_id="id:registered", sha256="sha:registered",
        data={"household_no": "H0"},
    )  # fmt: skip
    named = replace(
        road,
        said=[*said, registered],
        emitted={**road.emitted, ("intake", "household.registered", key): 1},
        consumers={**road.consumers, "household.registered": ()},
        producers={**road.producers, "household.registered": "intake"},
    )
    assert judge(named).is_clean()
