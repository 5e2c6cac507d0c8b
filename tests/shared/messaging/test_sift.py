"""Sift against an oracle that thinks of one line only: whatever comes, in whatever order, is decided once, in order."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.messaging.room import Input
from shared.messaging.sift import Sifted, is_simple, sift
from shared.messaging.waiting import Waiting
from tests.drawn import HISTORIES

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def new(sequence: int) -> Input:
    return Input("data.changed", "k", sequence, body=sequence)


def waits(sequence: int, state: str) -> Waiting:
    return Waiting("screening", "data.changed", "k", sequence, state, "", None, None, 0, NOW, b"")


@settings(max_examples=HISTORIES, deadline=None)
@given(
    batches=st.lists(st.lists(st.integers(1, 12), max_size=8), max_size=8),
    failing=st.sets(st.integers(1, 12), max_size=3),
)
def test_every_history_of_one_line_is_decided_in_order_and_once(batches: list[list[int]], failing: set[int]) -> None:
    applied, seen = 0, set[int]()
    line: dict[int, Waiting] = {}
    decided: list[int] = []
    for numbers in batches:
        sifted = sift("k", applied, [line[n] for n in sorted(line)], [new(n) for n in numbers])
        accounted = len(sifted.duplicates) + len(sifted.ahead) + sum(isinstance(one, Input) for one in sifted.ready)
        assert accounted == len(numbers)
        seen |= set(numbers)
        blocked = False
        for number in (one.sequence or 0 for one in sifted.ready):
            if blocked or number in failing:
                line[number] = waits(number, "ahead" if blocked else "failed")
                blocked = True
            else:
                applied = number
                decided.append(number)
                line.pop(number, None)
        line |= {number: waits(number, "ahead") for number in (one.sequence or 0 for one in sifted.ahead)}
        expected = 0
        while expected + 1 in seen and expected + 1 not in failing:
            expected += 1
        assert decided == list(range(1, expected + 1))
        assert seen == set(decided) | set(line), "what was seen is decided or waits: nothing is lost"


def test_only_the_replayed_first_record_passes_a_failed_one() -> None:
    line = [waits(3, "failed"), waits(4, "ahead"), waits(5, "failed"), waits(6, "ahead")]
    assert sift("k", 2, line, [new(7)]).ready == ()
    assert [one.sequence for one in sift("k", 2, line, [], replayed=line[0]).ready] == [3, 4]


def test_a_baseline_begins_at_the_first_number_seen() -> None:
    assert sift("k", 0, [], [new(9), new(10)]).ready == ()
    assert [one.sequence for one in sift("k", 0, [], [new(9), new(10)], is_baseline=True).ready] == [9, 10]


@given(st.integers(0, 4), st.lists(st.integers(1, 8), max_size=4), st.booleans())
def test_what_is_called_simple_is_all_ready_as_it_came(applied: int, numbers: list[int], is_odd: bool) -> None:
    key = "partition:3" if is_odd else "k"
    inputs = [new(number) for number in numbers]
    if is_simple(key, applied, inputs):
        assert sift(key, applied, [], inputs) == Sifted(tuple(inputs), (), (), ())
    else:
        assert is_odd or numbers != list(range(applied + 1, applied + 1 + len(numbers)))
