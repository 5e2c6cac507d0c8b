"""The facts of a case's way, `stage.advanced` and `hop.<name>`, each with its step of the history. Pure.

Every fact names what led to it. `hop.entered` is heard by workflow alone, so that `arrived` names as its cause the step
that sent the case: whoever reads the timeline from outside finds every cause in it.
"""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

from services.workflow import deadline as deadlines
from services.workflow import task as tasks
from services.workflow.case import Case, CaseFile, Move, Place, place_id
from services.workflow.deadline import Deadline
from services.workflow.history import Step
from services.workflow.outcome import Proposal, Result
from services.workflow.route import JOURNEY, MAIN, due_at, ends_after, highest, journey_due_at, office_at
from services.workflow.task import Task
from shared.contracts.envelope import event_id
from shared.contracts.hop import Entered
from shared.contracts.stage import Actor, Stage
from shared.contracts.types import Hop
from shared.messaging.room import Emit
from shared.policy import Ladder, Policy, load

ENTERED = "shouwang.hop.entered.v1"
MACHINE = Actor()


class Because(msgspec.Struct, frozen=True):
    """Why a step is taken: its cause, when, by whom. `about` tells apart the steps that one cause leads to."""

    cause_id: UUID
    now: datetime
    actor: Actor = MACHINE
    action: str | None = None
    reason_code: str | None = None
    traceparent: str | None = None
    about: tuple[object, ...] = ()
    causation_id: UUID | None = None
    """What the fact names as its cause, where that is not `cause_id` itself."""
    is_aside: bool = False
    """The step is none on the place's own way (a warning beside it): its next step follows from its last one."""


def told(
    word: str, file: CaseFile, place: Place, because: Because, *, from_hop: Hop | None = None, task: Task | None = None
) -> Move:
    """One fact about a place, and the place with that fact as its last. `word` is its type's: opened, arrived, …"""
    case = file.case
    type_ = f"shouwang.stage.{word}.v1"
    where = (place.hop, place.step, place.round, place.branch)
    id_ = event_id(str(because.cause_id), type_, case.case_id, *where, *because.about)
    caused_by = because.causation_id or because.cause_id
    stage = Stage(
        case_id=case.case_id,
        household_id=case.household_id,
        warning_id=place.warning_id or case.warning_ids[-1],
        cause=case.cause,
        policy=case.policy,
        level=place.level,
        concerns=place.concerns,
        hop=place.hop,
        step=place.step,
        from_hop=from_hop,
        round=place.round,
        branch=place.branch,
        office=place.office,
        task_id=task.task_id if task else place.task_id,
        task_version=task.version if task else None,
        due_at=place.due_at,
        journey_due_at=case.journey_due_at,
        clock_started_at=case.clock_started_at,
        action=because.action,
        reason_code=because.reason_code,
        is_green=case.is_green,
        result=case.result,
        planned_on=place.planned_on,
        notice_until=place.notice_until,
        appeal_until=case.appeal_until,
        actor=because.actor,
    )
    emit = Emit(
        topic="stage.advanced",
        type=type_,
        key=str(case.household_id),
        id=id_,
        region=case.region,
        data=stage,
        correlation_id=case.correlation_id,
        causation_id=caused_by,
        grid=case.grid,
        traceparent=because.traceparent,
    )
    after = place if because.is_aside else replace(place, cause_id=id_)
    return Move(file.put(after), (emit,), (_step(type_, stage, id_, caused_by, case, because),))


def _step(type_: str, stage: Stage, id_: UUID, caused_by: UUID, case: Case, because: Because) -> Step:
    return Step(
        event_id=id_,
        cause_id=caused_by,
        case_id=case.case_id,
        household_id=case.household_id,
        at=because.now,
        type=type_,
        region=case.region,
        grid=case.grid,
        hop=stage.hop,
        step=stage.step,
        from_hop=stage.from_hop,
        round=stage.round,
        branch=stage.branch,
        office=stage.office,
        level=stage.level,
        due_at=stage.due_at,
        task_id=stage.task_id,
        action=stage.action,
        reason_code=stage.reason_code,
        officer_id=stage.actor.officer_id,
        role=stage.actor.role,
    )


class Ahead(msgspec.Struct, frozen=True):
    """Where a case goes next, and what goes with it. `branch` None: the one that it comes on."""

    hop: Hop
    step: str
    round: int
    branch: str | None = None
    is_main: bool | None = None
    prepared_by: str | None = None
    proposal: Proposal | None = None
    proposal_reason: str | None = None


def place_at(
    case: Case, policy: Policy, ahead: Ahead, now: datetime, *, cause_id: UUID, like: Place | None = None
) -> Place:
    """A new place on its way, due from now. `like` is the one that it goes on from: its branch, level, concerns."""
    is_first_way = like is None or (like.is_main and ahead.round == 1)
    level = like.level if like else case.level
    declared_at = case.declared_at if is_first_way else None
    branch = ahead.branch or (like.branch if like else MAIN)
    is_main = ahead.is_main if ahead.is_main is not None else (like.is_main if like else True)
    return Place(
        place_id=place_id(case.case_id, ahead.hop, ahead.step, ahead.round, branch),
        case_id=case.case_id,
        household_id=case.household_id,
        hop=ahead.hop,
        step=ahead.step,
        round=ahead.round,
        branch=branch,
        is_main=is_main,
        state="on_its_way",
        office=office_at(ahead.hop, case.region, case.grid, branch),
        from_hop=like.hop if like else None,
        level=level,
        lateness="normal",
        concerns=like.concerns if like else case.concerns,
        warning_id=like.warning_id if like else case.warning_ids[-1],
        task_id=None,
        prepared_by=ahead.prepared_by,
        proposal=ahead.proposal,
        proposal_reason=ahead.proposal_reason,
        planned_on=None,
        notice_until=None,
        paused_at=None,
        paused_until=None,
        sent_at=now,
        due_at=due_at(policy, case.route, ahead.hop, ahead.step, level, now, case.ends, declared_at=declared_at),
        ended_at=None,
        ended_by=None,
        ended_as=None,
        cause_id=cause_id,
        region=case.region,
        grid=case.grid,
    )


def clocked(case: Case, policy: Policy, hop: Hop, now: datetime) -> Case:
    """The case with the clocks of all totals that cover this hop running; a declaration's, where the visit is one of
    their hops, from its receipt."""
    return replace(case, ends=ends_after(policy, case.ends, hop, case.level, now, case.declared_at))


def begun_again(case: Case, policy: Policy, now: datetime, result: Result | None = None) -> Case:
    """The case goes its way again from now on, and so do its clocks."""
    journey = journey_due_at(policy, case.level, now)
    return replace(
        case,
        state="open",
        result=result,
        clock_started_at=now,
        journey_due_at=journey,
        ends={JOURNEY: journey},
    )


def sent(file: CaseFile, place: Place, because: Because) -> Move:
    """`hop.<name>/entered`, with the deadline on the case from this moment on."""
    case, cause_id = file.case, place.cause_id
    emit = Emit(
        topic=f"hop.{place.hop}",
        type=ENTERED,
        key=str(case.household_id),
        id=event_id(str(cause_id), ENTERED, case.case_id, place.hop, place.step, place.round, place.branch),
        region=case.region,
        data=Entered(
            case_id=case.case_id,
            household_id=case.household_id,
            hop=place.hop,
            step=place.step,
            from_hop=place.from_hop,
            round=place.round,
            branch=place.branch,
            level=place.level,
            due_at=place.due_at,
            clock_started_at=case.clock_started_at,
            policy=case.policy,
        ),
        correlation_id=case.correlation_id,
        causation_id=cause_id,
        grid=case.grid,
        traceparent=because.traceparent,
    )
    return Move(file.put(place, _running(place, load(case.policy).ladder)), (emit,))


def _running(place: Place, ladder: Ladder) -> Deadline:
    return Deadline(
        deadline_id=deadlines.deadline_id(place.place_id),
        place_id=place.place_id,
        case_id=place.case_id,
        household_id=place.household_id,
        hop=place.hop,
        step=place.step,
        round=place.round,
        branch=place.branch,
        state="running",
        sent_at=place.sent_at,
        due_at=place.due_at,
        fired=(),
        wake_at=deadlines.wake_at((), place.sent_at, place.due_at, ladder),
        region=place.region,
        grid=place.grid,
    )


def arrived(file: CaseFile, place: Place, because: Because) -> Move:
    """The hop's own group opens the task: on its way becomes open."""
    task = Task(
        task_id=tasks.task_id(place.place_id),
        place_id=place.place_id,
        case_id=place.case_id,
        household_id=place.household_id,
        hop=place.hop,
        step=place.step,
        state="open",
        version=1,
        claimed_by=None,
        claimed_at=None,
        opened_at=because.now,
        region=place.region,
        grid=place.grid,
    )
    opened = replace(place, state="open", task_id=task.task_id)
    return told("arrived", file.put(task), opened, because, from_hop=place.from_hop, task=task)


def left(file: CaseFile, place: Place, now: datetime, *, by: str | None, as_: str) -> CaseFile:
    """A place that has ended: its task is decided or cancelled with it, its deadline rings no more."""
    task, deadline = file.task_of(place), file.deadline_of(place)
    if task is not None:
        task = replace(task, state="cancelled" if by is None else "decided", version=task.version + 1)
    return file.put(
        replace(place, state="ended", ended_at=now, ended_by=by, ended_as=as_),
        task,
        deadlines.ended(deadline) if deadline else None,
    )


def joined(file: CaseFile, place: Place, like: Place) -> CaseFile:
    """What is verified beside it joins an unvisited place: the higher level, all concerns, the earlier due instant.

    A task of it changes its version: whoever was about to decide sees first what is new.
    """
    task, deadline = file.task_of(place), file.deadline_of(place)
    due, ladder = min(place.due_at, like.due_at), load(file.case.policy).ladder
    return file.put(
        replace(
            place,
            level=highest(place.level, like.level),
            concerns=tuple(dict.fromkeys((*place.concerns, *like.concerns))),
            due_at=due,
        ),
        replace(task, version=task.version + 1) if task else None,
        deadlines.brought_forward(deadline, due, ladder) if deadline else None,
    )
