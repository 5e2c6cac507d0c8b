"""What a person's decision does to a case: on to the next hop, noted, handed over, returned. Pure.

The decision, the end of its task, the next hop's deadline and its `entered` are one step. Only the next hop's own group
opens its task.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from services.workflow.case import CaseFile, Move, Place
from services.workflow.hops import HOPS
from services.workflow.office import Post
from services.workflow.outcome import HandsOver, Onward, Outcome, Returns, Stays
from services.workflow.route import VISIT, highest, office_at, stop
from services.workflow.stage import Because, joined, left, place_at, sent, told
from services.workflow.task import Task
from shared.contracts.types import Hop
from shared.policy import Policy


@dataclass(frozen=True, slots=True)
class Hand:
    """Who decided, on which task, and who else is responsible at its office."""

    task: Task
    by: str
    posts: Sequence[Post] = ()


def carried_out(outcome: Outcome, file: CaseFile, policy: Policy, hand: Hand, because: Because) -> Move:
    """The case after the decision. `word` says in one word what became of it."""
    place = file.place_of(hand.task)
    match outcome:
        case Onward():
            return _onward(outcome, file, place, policy, hand, because)
        case Stays():
            return _stays(file, place, hand, because)
        case HandsOver():
            return _hands_over(outcome, file, place, hand, because)
        case Returns():
            return _returns(file, place, policy, hand, because)
        case _:
            assert_never(outcome)


def _onward(outcome: Onward, file: CaseFile, place: Place, policy: Policy, hand: Hand, because: Because) -> Move:
    case = file.case
    case = replace(
        case,
        is_confirmed=case.is_confirmed or outcome.difficulty == "confirmed",
        concerns=tuple(dict.fromkeys((*case.concerns, *outcome.concerns))),
    )
    place = replace(place, concerns=tuple(dict.fromkeys((*place.concerns, *outcome.concerns))))
    file = file.put(case, place)
    follows = stop(case.route, place.hop).follows
    ahead = follows[0] if follows and follows[0] in HOPS else None
    if ahead is not None and not place.is_main and _is_unvisited(file.main, ahead):
        return _joins(file, place, hand, because)
    if ahead is not None:
        return _goes(file, place, ahead, place.round, policy, hand, because)
    return _rests(file, place, hand, because) if place.is_main else _is_verified(file, place, hand, because)


def _is_unvisited(place: Place, hop: Hop) -> bool:
    return place.hop == hop == VISIT and place.state in ("on_its_way", "open")


def _goes(
    file: CaseFile,
    place: Place,
    ahead: Hop,
    round_: int,
    policy: Policy,
    hand: Hand,
    because: Because,
    word: str = "advanced",
) -> Move:
    """The place ends, the next one is on its way with its deadline, and its hop is told.

    The fact names the task that was decided; the place ahead has none before its own hop opens it.
    """
    file = left(file, place, because.now, by=hand.by, as_=because.action or word)
    following = place_at(file.case, policy, ahead, round_, because.now, cause_id=place.cause_id, like=place)
    move = told(word, file, following, because, from_hop=place.hop, task=_after(hand.task))
    there = next(one for one in move.file.places if one.place_id == following.place_id)
    return replace(move.then(sent(move.file, there, because)), word=word)


def _joins(file: CaseFile, place: Place, hand: Hand, because: Because) -> Move:
    """What was verified beside it joins the visit that is still ahead: one visit, all concerns."""
    file = left(file, place, because.now, by=hand.by, as_=because.action or "advanced")
    main = file.main
    file = joined(file, main, replace(place, due_at=main.due_at))
    move = told(
        "advanced", file, file.main, replace(because, is_aside=True), from_hop=place.hop, task=_after(hand.task)
    )
    return replace(move, word="joined")


def _rests(file: CaseFile, place: Place, hand: Hand, because: Because) -> Move:
    """No room carries the next hop yet: the case rests here, counted, and dated by its whole journey."""
    file = left(file, place, because.now, by=hand.by, as_=because.action or "resting")
    resting = replace(place, state="resting", due_at=file.case.journey_due_at)
    file = file.put(replace(file.case, state="resting"))
    move = told("advanced", file.put(resting), resting, because, from_hop=place.hop, task=_after(hand.task))
    return replace(move, word="resting")


def _is_verified(file: CaseFile, place: Place, hand: Hand, because: Because) -> Move:
    """A verification beside the main way ends here; the case rests on, at the higher level of the two."""
    file = left(file, place, because.now, by=hand.by, as_=because.action or "verified")
    main = file.main
    done = next(one for one in file.places if one.place_id == place.place_id)
    file = file.put(replace(main, level=highest(main.level, place.level)))
    return replace(told("advanced", file, done, because, from_hop=place.hop, task=_after(hand.task)), word="verified")


def _stays(file: CaseFile, place: Place, hand: Hand, because: Because) -> Move:
    task = replace(hand.task, version=hand.task.version + 1)
    return replace(told("noted", file.put(task), place, because, task=task), word="noted")


def _hands_over(outcome: HandsOver, file: CaseFile, place: Place, hand: Hand, because: Because) -> Move:
    """To the grid's deputy, or to the village, which settles whose it is. The clock does not stop."""
    deputies = [one.officer_id for one in hand.posts if one.post == "deputy" and one.office_id == place.office]
    deputy = next((one for one in deputies if outcome.to_deputy and one != hand.by), None)
    office = place.office if deputy else office_at(VISIT, place.region, place.grid)
    task = replace(
        hand.task, version=hand.task.version + 1, claimed_by=deputy, claimed_at=because.now if deputy else None
    )
    moved = replace(place, office=office)
    return replace(told("reassigned", file.put(task, moved), moved, because, task=task), word="reassigned")


def _returns(file: CaseFile, place: Place, policy: Policy, hand: Hand, because: Because) -> Move:
    back = stop(file.case.route, place.hop).returns_to[0]
    round_ = file.case.rounds + 1
    file = file.put(replace(file.case, rounds=round_, returns=file.case.returns + 1))
    return _goes(file, place, back, round_, policy, hand, because, "returned")


def _after(task: Task) -> Task:
    return replace(task, version=task.version + 1)
