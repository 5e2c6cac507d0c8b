"""The ledger itself: a clean road passes, and each planted fault is caught, else no run of it counts."""

from collections.abc import Callable
from dataclasses import replace

import pytest

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
