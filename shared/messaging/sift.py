"""Sift: which records of one line may be decided now. Pure.

A line is (topic, key). `≤ applied`, or already waiting, is a duplicate; `applied + 1` is decided, and with it what
follows without a gap; anything else waits. Nothing passes the first record of a line that failed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.messaging.room import Input
from shared.messaging.waiting import FOLLOWERS_MAX, Waiting


@dataclass(frozen=True, slots=True)
class Sifted:
    """`ready` in sequence: new inputs and waiting rows whose turn has come. `ahead` and `unplaced` are to wait.

    `is_more`: further rows' turn may have come, which were not taken or not even read.
    """

    ready: tuple[Input | Waiting, ...]
    ahead: tuple[Input, ...]
    unplaced: tuple[Input, ...]
    duplicates: tuple[Input, ...]
    is_more: bool = False


def is_unplaced(key: str) -> bool:
    """A record whose headers were broken stands under its partition, by its place there."""
    return key.startswith("partition:")


def is_simple(key: str, applied: int, inputs: Sequence[Input]) -> bool:
    """Whether new records, where nothing waits, are the line's next ones, one after another: as nearly always."""
    turn = applied
    for input in inputs:
        turn += 1
        if input.sequence != turn:
            return False
    return not is_unplaced(key)


def sift(
    key: str,
    applied: int,
    waits: Sequence[Waiting],
    inputs: Sequence[Input],
    *,
    replayed: Waiting | None = None,
    is_baseline: bool = False,
    followers: int = FOLLOWERS_MAX,
) -> Sifted:
    """`waits` are the line's waiting rows, at most the first thousand; `inputs` its new records, in any order.

    `is_baseline`: the log's start lies beyond our position (counted, alarmed), so the first number seen counts.
    `followers`: at most so many waiting rows are taken.
    """
    read_to = waits[-1].sequence if len(waits) >= FOLLOWERS_MAX else None
    there = {row.sequence: row for row in waits}
    new: dict[int, Input] = {}
    duplicates = []
    for input in inputs:
        assert input.sequence is not None
        if input.sequence <= applied or input.sequence in there or input.sequence in new:
            duplicates.append(input)
        else:
            new[input.sequence] = input
    if is_unplaced(key):
        ready = (replayed,) if replayed is not None and waits and replayed.sequence == waits[0].sequence else ()
        return Sifted(ready, (), tuple(new.values()), tuple(duplicates))
    turn = applied + 1
    if is_baseline and (new or there):
        turn = max(turn, min([*new, *there]))
    if replayed is not None and replayed.state == "failed":
        turn = replayed.sequence  # its turn had come when it failed, at a baseline too
    in_turn: list[Input | Waiting] = []
    taken, is_more = 0, False
    while True:
        row = there.get(turn)
        if row is not None:
            if row.state == "failed" and (replayed is None or replayed.sequence != turn):
                break
            if taken >= followers:
                is_more = True
                break
            taken += 1
            in_turn.append(row)
        elif read_to is not None and turn > read_to:
            is_more = True  # what has come again may wait already, in a row that was not read
            break
        elif turn in new:
            in_turn.append(new.pop(turn))
        else:
            break
        turn += 1
    return Sifted(tuple(in_turn), tuple(new[number] for number in sorted(new)), (), tuple(duplicates), is_more)
