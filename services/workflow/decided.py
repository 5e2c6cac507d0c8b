"""What a person's decision does to a case: on to the next step, noted, handed over, returned, refused, ended. Pure.

The decision, the end of its task, the next step's deadline and its `entered` are one step. Only the next hop's own
group opens its task. Exactly one live place is the main one; what runs in parallel hands that on when it ends first.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import assert_never

import msgspec
from msgspec.structs import replace

from services.workflow import deadline as deadlines
from services.workflow.case import Case, CaseFile, Move, Place
from services.workflow.office import Post
from services.workflow.outcome import (
    Beside,
    Ends,
    HandsOver,
    Onward,
    Outcome,
    Pauses,
    Redirects,
    Refuses,
    Resumes,
    Returns,
    Stays,
)
from services.workflow.route import (
    APPEAL,
    BESIDE,
    DEPARTMENT,
    MAIN,
    RETURNED,
    TELL,
    VERIFICATION,
    VISIT,
    before,
    first_of,
    following,
    highest,
    office_at,
)
from services.workflow.stage import Ahead, Because, begun_again, clocked, joined, left, place_at, sent, told
from services.workflow.task import Task
from shared.contracts.types import Hop
from shared.domain.calendar import day_of, start_of
from shared.policy import Policy, load


class Hand(msgspec.Struct, frozen=True):
    """Who decided, on which task, and who else is responsible at its office."""

    task: Task
    by: str
    posts: Sequence[Post] = ()


class Scene(msgspec.Struct, frozen=True):
    """All that a decision is carried out on."""

    file: CaseFile
    place: Place
    policy: Policy
    hand: Hand
    because: Because

    def on(self, file: CaseFile) -> "Scene":
        return replace(self, file=file, place=file.place(self.place.place_id))


def carried_out(outcome: Outcome, file: CaseFile, policy: Policy, hand: Hand, because: Because) -> Move:
    """The case after the decision. `word` says in one word what became of it."""
    scene = Scene(file, file.place(hand.task.place_id), policy, hand, because)
    match outcome:
        case Onward():
            return _onward(outcome, scene)
        case Stays():
            return _stays(outcome, scene)
        case HandsOver():
            return _hands_over(outcome, scene)
        case Returns():
            return _returns(outcome, scene)
        case Redirects():
            return _redirects(outcome, scene)
        case Refuses():
            return _refuses(scene)
        case Ends():
            return _ends(outcome, scene)
        case Pauses():
            return _pauses(outcome, scene)
        case Resumes():
            return _resumes(scene)
        case _:
            assert_never(outcome)


# ── onward ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _onward(outcome: Onward, scene: Scene) -> Move:
    scene = scene.on(_learned(outcome, scene))
    place, case = scene.place, scene.file.case
    if place.hop == DEPARTMENT:
        return _department_done(scene)
    if not place.is_main and place.step == APPEAL:
        return replace(_told_of_ended(scene, _gone(scene, "overturned"), "noted"), word="done")
    ahead = outcome.to or following(case.route, place.hop, place.step)
    assert ahead is not None, "the package lets this step go on"
    if not place.is_main and place.hop == VISIT:
        return _is_verified(outcome, scene)
    if not place.is_main and _is_unvisited(scene.file.main, ahead):
        return _joins(scene)
    move = (
        _to_departments(scene, case.departments)
        if ahead[0] == DEPARTMENT
        else _goes(scene, _next(outcome, scene, ahead))
    )
    return _with_besides(move, outcome.beside, scene)


def _learned(outcome: Onward, scene: Scene) -> CaseFile:
    """What the case knows after a decision: concerns seen, whether a difficulty was confirmed, whom to ask for help.

    Where an earlier refusal was overturned beside it, no withdrawn cause closes this case.
    """
    case, place = scene.file.case, scene.place
    is_appeal = place.step == APPEAL
    return scene.file.put(
        replace(
            case,
            is_confirmed=case.is_confirmed or outcome.difficulty == "confirmed" or (is_appeal and not place.is_main),
            concerns=_all(case.concerns, outcome.concerns),
            departments=outcome.departments or case.departments,
            # A department that plans has not declined; where others are asked nobody has yet.
            declined=() if outcome.departments else tuple(one for one in case.declined if one != place.branch),
            is_noticed=case.is_noticed or outcome.has_been_noticed,
            result=None if is_appeal and place.is_main else outcome.result or case.result,
        ),
        replace(place, concerns=_all(place.concerns, outcome.concerns)),
    )


def _all(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _next(outcome: Onward, scene: Scene, ahead: tuple[Hop, str]) -> Ahead:
    """Within a hop the next one knows who prepared it; a proposal goes along until it is signed.

    The main way goes on as such, on whatever branch it was taken up.
    """
    branch = MAIN if scene.place.is_main else None
    prepared_by = scene.hand.by if ahead[0] == scene.place.hop else None
    reason = scene.because.reason_code if outcome.proposal else None
    return Ahead(*ahead, scene.place.round, branch, None, prepared_by, outcome.proposal, reason)


def _is_unvisited(place: Place, ahead: tuple[Hop, str]) -> bool:
    return place.hop == ahead[0] == VISIT and place.step == ahead[1] and place.state in ("on_its_way", "open")


def _goes(scene: Scene, ahead: Ahead, word: str = "advanced") -> Move:
    """The place ends, the next one is on its way with its deadline, and its hop is told.

    The fact names the task that was decided; the place ahead has none before its own hop opens it.
    """
    file = _gone(scene, word)
    case = clocked(file.case, scene.policy, ahead.hop, scene.because.now)
    return _sent_on(scene, file.put(case), (ahead,), word)


def _gone(scene: Scene, word: str) -> CaseFile:
    """The file with this place ended."""
    return left(scene.file, scene.place, scene.because.now, by=scene.hand.by, as_=scene.because.action or word)


def _sent_on(scene: Scene, file: CaseFile, aheads: Sequence[Ahead], word: str) -> Move:
    """The places ahead, each told and sent; all follow from this place."""
    move, place, now = Move(file, word=word), scene.place, scene.because.now
    for ahead in aheads:
        there = place_at(move.file.case, scene.policy, ahead, now, cause_id=place.cause_id, like=place)
        step = told(word, move.file, there, scene.because, from_hop=place.hop, task=_after(scene.hand.task))
        there = step.file.place(there.place_id)
        move = move.then(step).then(sent(step.file, there, scene.because))
    return move


def _with_besides(move: Move, besides: Sequence[Beside], scene: Scene) -> Move:
    """Steps that begin beside the main way, in the case's newest round."""
    aheads = [Ahead(one.hop, one.step, scene.place.round, one.branch, is_main=False) for one in besides]
    return move.then(_sent_on(scene, move.file, aheads, "advanced")) if aheads else move


def _to_departments(
    scene: Scene, departments: Sequence[str], word: str = "advanced", round_: int | None = None
) -> Move:
    """Parallel branches, one a department; the first is the main one until it ends."""
    file = _gone(scene, word)
    case = clocked(file.case, scene.policy, DEPARTMENT, scene.because.now)
    step = first_of(case.route, DEPARTMENT)[1]
    aheads = [
        Ahead(DEPARTMENT, step, round_ or scene.place.round, code, is_main=at == 0)
        for at, code in enumerate(departments)
    ]
    return _sent_on(scene, file.put(case), aheads, word)


def _department_done(scene: Scene) -> Move:
    """The last branch carries the case on; one that ends before it hands the main way to another."""
    place = scene.place
    others = _in_departments(scene.file, place)
    if not others:
        ahead = following(scene.file.case.route, DEPARTMENT, first_of(scene.file.case.route, DEPARTMENT)[1])
        assert ahead is not None, "the package lets the departments go on"
        return _goes(scene, Ahead(*ahead, place.round, MAIN, is_main=True))
    file = _gone(scene, "advanced")
    if place.is_main:
        file = file.put(replace(file.place(others[0].place_id), is_main=True))
    return replace(_told_of_ended(scene, file, "noted"), word="branch_done")


def _in_departments(file: CaseFile, but: Place) -> tuple[Place, ...]:
    """The other branches of departments that are not done: at the department, or declined and with the county."""
    codes = set(file.case.departments)
    return tuple(
        one
        for one in file.live
        if one.place_id != but.place_id and (one.hop == DEPARTMENT or (one.hop == "county" and one.branch in codes))
    )


def _redirects(outcome: Redirects, scene: Scene) -> Move:
    """A department declined: its branch is with the county, which may ask another one."""
    case = scene.file.case
    asked = _all(case.departments, (outcome.branch,))
    declined = _all(case.declined, (outcome.branch,)) if scene.place.hop == DEPARTMENT else case.declined
    scene = scene.on(scene.file.put(replace(case, departments=asked, declined=declined)))
    return _goes(scene, Ahead(*outcome.to, scene.place.round, outcome.branch), "reassigned")


def _told_of_ended(scene: Scene, file: CaseFile, word: str) -> Move:
    done = file.place(scene.place.place_id)
    return told(word, file, done, scene.because, from_hop=done.hop, task=_after(scene.hand.task))


def _joins(scene: Scene) -> Move:
    """What was verified beside it joins the visit that is still ahead: one visit, all concerns."""
    file, place = _gone(scene, "advanced"), scene.place
    main = file.main
    file = joined(file, main, replace(place, due_at=main.due_at))
    because = replace(scene.because, is_aside=True)
    move = told("advanced", file, file.main, because, from_hop=place.hop, task=_after(scene.hand.task))
    return replace(move, word="joined")


def _is_verified(outcome: Onward, scene: Scene) -> Move:
    """What is new was visited: a tracked household in difficulty is monitored again, another case knows more.

    A refusal that is being told is no answer to a difficulty that was seen after it: that household too goes its way.
    """
    main, place = scene.file.main, scene.place
    if outcome.difficulty == "confirmed" and (main.state == "tracking" or main.step == TELL):
        return _remonitored(scene, main)
    file = _gone(scene, "verified")
    file = joined(file, main, replace(place, due_at=main.due_at)) if main.state != "tracking" else file
    return replace(_told_of_ended(scene, file, "advanced"), word="verified")


def _anew(case: Case, policy: Policy, now: datetime) -> Case:
    """The case goes its whole way again, with new papers: no notice has been held, and each step may return it once."""
    return replace(begun_again(case, policy, now), is_noticed=False, returned_by=())


def _remonitored(scene: Scene, main: Place) -> Move:
    """The case goes its way again from the review on; this branch is the main way now."""
    now, case = scene.because.now, scene.file.case
    case = replace(case, level=highest(case.level, scene.place.level))
    case = _anew(case, scene.policy, now)
    file = left(scene.file, main, now, by=None, as_="remonitored")
    scene = scene.on(file.put(case))
    ahead = following(case.route, scene.place.hop, scene.place.step)
    assert ahead is not None, "a visit is followed by a review"
    return _goes(scene, Ahead(*ahead, scene.place.round, MAIN, is_main=True), "remonitored")


# ── here ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _stays(outcome: Stays, scene: Scene) -> Move:
    task = replace(scene.hand.task, version=scene.hand.task.version + 1)
    place = replace(
        scene.place,
        planned_on=outcome.planned_on or scene.place.planned_on,
        notice_until=outcome.notice_until or scene.place.notice_until,
    )
    return replace(told("noted", scene.file.put(task, place), place, scene.because, task=task), word="noted")


def _hands_over(outcome: HandsOver, scene: Scene) -> Move:
    """To the grid's deputy, or to the village, which settles whose it is. The clock does not stop."""
    place, hand, case = scene.place, scene.hand, scene.file.case
    if outcome.stands_back:
        case = replace(case, stood_back=_all(case.stood_back, (hand.by,)))
    # By the grid: a merged one's deputy sits in the village's office, beside those of others.
    deputies = [
        one.officer_id for one in hand.posts if one.post == "deputy" and place.office == (one.grid or one.office_id)
    ]
    deputy = next((one for one in deputies if outcome.to_deputy and one not in (hand.by, *case.stood_back)), None)
    office = place.office if deputy else office_at(VISIT, place.region, place.grid)
    now = scene.because.now
    task = replace(hand.task, version=hand.task.version + 1, claimed_by=deputy, claimed_at=now if deputy else None)
    moved = replace(place, office=office)
    move = told("reassigned", scene.file.put(case, task, moved), moved, scene.because, task=task)
    return replace(move, word="reassigned")


def _pauses(outcome: Pauses, scene: Scene) -> Move:
    """The place's clock stands; the case's own stand with it when it runs again."""
    until = start_of(outcome.until + timedelta(days=1))
    deadline = scene.file.deadline_of(scene.place)
    task = replace(scene.hand.task, version=scene.hand.task.version + 1)
    place = replace(scene.place, paused_at=scene.because.now, paused_until=until)
    case = replace(scene.file.case, pauses=scene.file.case.pauses + 1)
    file = scene.file.put(case, place, task, deadlines.paused(deadline, until) if deadline else None)
    return replace(told("paused", file, place, scene.because, task=task), word="paused")


def _resumes(scene: Scene) -> Move:
    task = replace(scene.hand.task, version=scene.hand.task.version + 1)
    file = resumed(scene.file.put(task), scene.place, scene.because)
    place = file.place(scene.place.place_id)
    return replace(told("resumed", file, place, scene.because, task=task), word="resumed")


def resumed(file: CaseFile, place: Place, because: Because) -> CaseFile:
    """The clocks of a paused place and of its case run again, later by what was paused: never by more than its ceiling,
    whoever lets them run again and whenever."""
    assert place.paused_at is not None and place.paused_until is not None, "the place is paused"
    now = min(because.now, place.paused_until)
    pause, deadline = now - place.paused_at, file.deadline_of(place)
    case = file.case
    return file.put(
        replace(
            case,
            journey_due_at=case.journey_due_at + pause,
            ends={code: end + pause for code, end in case.ends.items()},
        ),
        replace(place, paused_at=None, paused_until=None, due_at=place.due_at + pause),
        deadlines.run_again(deadline, place.paused_at, now, load(case.policy).ladder) if deadline else None,
    )


# ── back, and out ───────────────────────────────────────────────────────────────────────────────────────────────


def _returns(outcome: Returns, scene: Scene) -> Move:
    case, place = scene.file.case, scene.place
    round_ = case.rounds + 1
    case = replace(case, rounds=round_, returned_by=_all(case.returned_by, (f"{place.hop}.{place.step}",)))
    hop, step = before(case.route, place.hop, place.step)
    scene = scene.on(scene.file.put(case))
    if hop == DEPARTMENT:
        return _to_departments(scene, outcome.departments, "returned", round_)
    return _goes(scene, Ahead(hop, step, round_, MAIN if place.is_main else None), "returned")


def _refuses(scene: Scene) -> Move:
    """Signed: the village tells it at once, with basis and remedy. Nobody who refused it answers an appeal.

    An earlier case's refusal that is upheld is told beside this one's way, and says nothing of its result.
    """
    case, place = scene.file.case, scene.place
    by = tuple(one for one in (place.prepared_by, scene.hand.by) if one)
    case = replace(case, result="refused" if place.is_main else case.result, refused_by=_all(case.refused_by, by))
    scene = scene.on(scene.file.put(case))
    branch, reason = MAIN if place.is_main else BESIDE, scene.because.reason_code
    ahead = Ahead(RETURNED, TELL, place.round, branch, place.is_main, scene.hand.by, "does_not_qualify", reason)
    if place.is_main:
        return _goes(scene, ahead, "rejected")
    return _sent_on(scene, _gone(scene, "upheld"), (ahead,), "advanced")


def _ends(outcome: Ends, scene: Scene) -> Move:
    place, case = scene.place, scene.file.case
    if place.hop == "county" and place.branch in case.departments:
        return _department_done(scene)
    if not place.is_main:
        return replace(_told_of_ended(scene, _gone(scene, "done"), "noted"), word="done")
    return _is_closed(outcome, scene) if case.result == "refused" else _is_tracked(scene)


def _is_tracked(scene: Scene) -> Move:
    """Help is there: the case is tracked, counted, at the village."""
    file = _gone(scene, "helped")
    case = replace(file.case, state="tracking", result="helped")
    tracking = replace(scene.place, state="tracking", due_at=case.journey_due_at, task_id=None)
    move = told("helped", file.put(case, tracking), tracking, scene.because, task=_after(scene.hand.task))
    return replace(move, word="helped")


def _is_closed(outcome: Ends, scene: Scene) -> Move:
    """A refusal was proven delivered: the case closes, and from that day it may be appealed against.

    What was new meanwhile and nobody has visited yet is not closed with it: the case goes on with that. Nor is an
    earlier refusal's appeal that nobody has answered: it is this one's too.
    """
    now, case = scene.because.now, scene.file.case
    unseen = [one for one in scene.file.live if one.branch == VERIFICATION and not one.is_main]
    if unseen:
        file = _gone(scene, "told")
        case = _anew(case, scene.policy, now)
        there = file.place(unseen[0].place_id)
        return replace(_told_of_ended(scene, file.put(case, replace(there, is_main=True)), "noted"), word="goes_on")
    heard = next((one for one in scene.file.live if one.step == APPEAL), None)
    if heard is not None:
        file = _gone(scene, "told")
        case = begun_again(case, scene.policy, now, "refused")
        file = file.put(case, replace(heard, is_main=True))
        return replace(_told_of_ended(scene, file, "noted"), word="goes_on")
    limit = scene.policy.single_limit("appeal", case.level, on=day_of(now))
    until = None
    most = scene.policy.value("appeal.most", on=day_of(now)).value
    if case.appeals < most and outcome.delivered_on:
        until = day_of(limit.due(start_of(outcome.delivered_on))) - timedelta(days=1)
    file = scene.file
    for place in file.live:
        by = scene.hand.by if place.place_id == scene.place.place_id else None
        file = left(file, place, now, by=by, as_="closed")
    case = replace(file.case, state="closed", closed_at=now, closed_because="refused", appeal_until=until)
    because = replace(scene.because, reason_code=scene.place.proposal_reason)
    return replace(_told_of_ended(replace(scene, because=because), file.put(case), "closed"), word="closed")


def _after(task: Task) -> Task:
    return replace(task, version=task.version + 1)
