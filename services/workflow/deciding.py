"""People's calls about tasks: a claim and a decision, each one call of the unit of work under the person's own scope.

What row-level security hides does not exist (404); a role that does not act at the hop is refused (403); an old version
or a decided task is a conflict (409); a form that cannot be used names its fields (422).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field

from services.workflow import pause
from services.workflow.case import Case, CaseFile, Move, Place, file_of, write_files
from services.workflow.decided import Hand, carried_out
from services.workflow.form import Asked, Form, Wrong, read
from services.workflow.history import Step, Told
from services.workflow.hops import HOPS
from services.workflow.office import Post, posts_of, stands_in_for
from services.workflow.outcome import HandsOver, Standing
from services.workflow.route import APPEAL, VISIT, office_at
from services.workflow.stage import Because
from services.workflow.task import Task
from shared.access.roles import may_act_at
from shared.access.tokens import Caller
from shared.contracts.envelope import event_id
from shared.contracts.stage import Actor
from shared.contracts.types import Text, Word
from shared.domain.calendar import day_of
from shared.domain.concerns import CONCERNS
from shared.messaging.faults import BeginAgain
from shared.messaging.room import Decided, Decision, Input, Problem, State, Unit
from shared.policy import HopAction, Policy, load
from shared.postgres import queries

SQL = queries(__file__)

CLAIM, DECIDE = "POST /v1/tasks/claim", "POST /v1/tasks/decisions"
_CONCERNS = frozenset(one.code for one in CONCERNS)
HANDING_OVER = frozenset(code for room in HOPS.values() for code, form in room.FORMS.items() if form.hands_over)

NOT_FOUND = Problem(404, "not_found", "There is no such task in your area.")
CLOSED = Problem(409, "task_closed", "This task has been decided or withdrawn: read it again.")
CONFLICT = Problem(409, "version_conflict", "This task has changed since you read it: read it again, then decide.")
NOT_AN_APPROVER = Problem(
    403, "approver_needed", "This step is signed: it needs an officer with the capacity approver."
)
THE_SAME_PERSON = Problem(403, "same_person", "Whoever prepared or refused it does not sign it: another officer must.")
STOOD_BACK = Problem(403, "stood_back", "You stood back from this case as a relative: another person acts on it.")
CLAIMED = Problem(409, "already_claimed", "Somebody else has this task in hand.")


class Answer(BaseModel):
    """The body of a decision."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    action: Word
    form: dict[str, Any] = Field(default_factory=dict)
    reason_code: Word | None = None
    comment: Text | None = None
    version: Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]


class Ask(msgspec.Struct, frozen=True):
    """A person's call about one task. `answer` is None for a claim."""

    task_id: UUID
    caller: Caller
    name: str
    answer: Answer | None = None


def actions_at(policy: Policy, case: Case, place: Place, now: datetime) -> tuple[HopAction, ...]:
    """What may be done at a place: the step's actions as things stand, in the package's order, then its clock.

    What has been sent back from here once, with all defects, is not sent back a second time.
    """
    of_clock = pause.clock_actions(policy, case, place, now)
    if place.paused_at is not None:
        return of_clock
    room, standing = HOPS[place.hop], standing_at(policy, case, place, now)
    offered = [
        one
        for one in policy.step(place.hop, place.step).actions
        if one.code in room.FORMS and room.offers(one.code, standing)
    ]
    has_returned = f"{place.hop}.{place.step}" in case.returned_by
    return (*(one for one in offered if one.effect != "returns" or not has_returned), *of_clock)


def form_of(place: Place, action: str) -> type[Form]:
    """The form of an action at a place."""
    return pause.FORMS.get(action) or HOPS[place.hop].FORMS[action]


def standing_at(policy: Policy, case: Case, place: Place, now: datetime) -> Standing:
    """What the hop's room needs to know of the place."""
    today = day_of(now)
    return Standing(
        step=place.step,
        today=today,
        branch=place.branch,
        is_main=place.is_main,
        proposal=place.proposal,
        proposal_reason=place.proposal_reason,
        is_noticed=case.is_noticed,
        notice_until=place.notice_until,
        notice_days=policy.limit(place.hop, place.level, place.step, on=today).days,
        majority=float(policy.value("review.majority", on=today).value),
    )


def asked_at(policy: Policy, case: Case, place: Place, posts: Sequence[Post], now: datetime) -> Asked:
    """What the hop's forms need to know."""
    office, today = office_at(VISIT, case.region, case.grid), day_of(now)
    fitting = tuple(one.code for one in policy.departments if one.concerns & set(case.concerns))
    return Asked(
        today=today,
        concerns=tuple(one for one in place.concerns if one in _CONCERNS),
        officers=tuple(one.officer_id for one in posts if one.office_id == office),
        visitors_least=int(policy.value("visit.visitors_least", on=today).value),
        quorum=float(policy.value("review.quorum", on=today).value),
        planned_within=timedelta(days=int(policy.value("planned.within", on=today).value)),
        evidence=tuple((one.code, one.names) for one in policy.hop(place.hop).evidence),
        sent_on=day_of(place.sent_at),
        notice_until=place.notice_until,
        departments=tuple((one.code, one.names) for one in policy.departments),
        fitting=fitting or tuple(one.code for one in policy.departments[:1]),
        asked_already=case.departments,
        declined=case.declined,
        is_refused=place.proposal == "does_not_qualify",
        pause_last=pause.last_day(policy, today),
    )


class _OfTask:
    """The household of a task is looked up first without a lock; what is loaded under its lock says whether it was
    that one."""

    looks_up_keys = False

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        found = [await connection.fetchval(SQL.household_of, input.body.task_id) for input in inputs]
        return [[str(household) for household in found if household is not None]]

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        found = [
            (input.body.task_id, await unit.connection.fetchrow(SQL.file_of, input.body.task_id)) for input in inputs
        ]
        rows = {task_id: row for task_id, row in found if row is not None}
        if others := {str(row["of_household"]) for row in rows.values()} - unit.digests.keys():
            raise BeginAgain(others)
        files = {task_id: file_of(row) if row["case_id"] else None for task_id, row in rows.items()}
        open_files = tuple({one.case.case_id: one for one in files.values() if one is not None}.values())
        offices = {office for file in open_files for place in file.live for office in _offices(place)}
        is_asked = offices and any(self._asks_for_posts(input) for input in inputs)
        posts = await posts_of(unit.connection, sorted(offices)) if is_asked else []
        state: State = {("before",): open_files, ("posts",): posts}
        state.update((("file", task_id), file) for task_id, file in files.items())
        return state

    def _asks_for_posts(self, input: Input) -> bool:
        return True

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await write_files(unit.connection, state[("before",)], decided)


def _offices(place: Place) -> tuple[str, str]:
    return place.office, office_at(VISIT, place.region, place.grid)


def _open_task(state: State, ask: Ask) -> tuple[CaseFile, Task] | Problem:
    if ("file", ask.task_id) not in state:
        return NOT_FOUND
    file: CaseFile | None = state[("file", ask.task_id)]
    task = next((one for one in file.tasks if one.task_id == ask.task_id), None) if file else None
    return (file, task) if file is not None and task is not None else CLOSED


class Claiming(_OfTask):
    """Says in whose hands a task is. Claiming one's own again changes nothing; the version stays."""

    topic = CLAIM

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        ask: Ask = input.body
        found = _open_task(state, ask)
        if isinstance(found, Problem):
            return Decision(problem=found)
        file, task = found
        if (problem := _not_yours(ask, file, task)) is not None:
            return Decision(problem=problem)
        away = stands_in_for(state[("posts",)], ask.name, day_of(now))
        if task.claimed_by not in (None, ask.name) and task.claimed_by not in away:
            return Decision(problem=CLAIMED)
        answer = {"task_id": str(task.task_id), "claimed_by": ask.name, "version": task.version}
        if task.claimed_by == ask.name:
            return Decision(answer=answer, word="claimed_before")
        claimed = replace(task, claimed_by=ask.name, claimed_at=now)
        return Decision(answer=answer, rows=(file.put(claimed), _claim_step(file, claimed, ask, now)), word="claimed")


def _not_yours(ask: Ask, file: CaseFile, task: Task) -> Problem | None:
    """Who may not act here: another role or department, a relative who stood back, and, where it is signed, no approver
    or the same person."""
    caller, place = ask.caller, file.place(task.place_id)
    if not may_act_at(caller, task.hop, task.region):
        return Problem(403, "forbidden", f"The role {caller.role} does not act at {task.hop}.")
    if caller.role == "department" and caller.department != place.branch:
        return NOT_FOUND
    if ask.name in file.case.stood_back:
        return STOOD_BACK
    if not load(file.case.policy).step(place.hop, place.step).signs:
        return None
    if caller.capacity != "approver":
        return NOT_AN_APPROVER
    is_the_same = ask.name == place.prepared_by or (place.step == APPEAL and ask.name in file.case.refused_by)
    return THE_SAME_PERSON if is_the_same else None


def _claim_step(file: CaseFile, task: Task, ask: Ask, now: datetime) -> Step:
    place = file.place(task.place_id)
    return Step(
        event_id=event_id(str(task.task_id), "claimed", ask.name, now.isoformat()),
        cause_id=place.cause_id,
        case_id=task.case_id,
        household_id=task.household_id,
        at=now,
        type="task.claimed",
        region=task.region,
        grid=task.grid,
        hop=place.hop,
        step=place.step,
        round=place.round,
        branch=place.branch,
        office=place.office,
        level=place.level,
        task_id=task.task_id,
        officer_id=ask.name,
        role=ask.caller.role,
    )


class Deciding(_OfTask):
    """A decision by version. `answer` says what became of the case."""

    topic = DECIDE

    def _asks_for_posts(self, input: Input) -> bool:
        """Who else is in post matters only where a task is handed over."""
        return input.body.answer.action in HANDING_OVER

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        ask: Ask = input.body
        found = _open_task(state, ask)
        if isinstance(found, Problem):
            return Decision(problem=found)
        file, task = found
        assert ask.answer is not None
        if (problem := _not_yours(ask, file, task)) is not None:
            return Decision(problem=problem)
        if ask.answer.version != task.version:
            return Decision(problem=CONFLICT)
        posts: list[Post] = state[("posts",)]
        checked = _checked(file, task, ask.answer, posts, now)
        if isinstance(checked, Problem):
            return Decision(problem=checked)
        form, reason = checked
        return _taken(file, task, ask, form, reason, posts, input, now)


def _checked(
    file: CaseFile, task: Task, answer: Answer, posts: Sequence[Post], now: datetime
) -> tuple[Form, str] | Problem:
    place, policy = file.place(task.place_id), load(file.case.policy)
    action = next((one for one in actions_at(policy, file.case, place, now) if one.code == answer.action), None)
    if action is None:
        return _invalid([Wrong("action", "unknown_action", "This action is not offered here.", "此处不能这样办理。")])
    wrong = _reason_wrong(action, answer.reason_code)
    asked = asked_at(policy, file.case, place, posts, now)
    form, wrong_fields = read(form_of(place, action.code), answer.form, asked)
    if wrong or wrong_fields or form is None:
        return _invalid([*wrong, *wrong_fields])
    return form, answer.reason_code or ""


def _reason_wrong(action: HopAction, reason_code: str | None) -> list[Wrong]:
    if reason_code is None:
        missing = Wrong("reason_code", "missing", "A reason is needed: choose one of those listed.", "请选择原因。")
        return [missing] if action.needs_reason else []
    if reason_code in {one.code for one in action.reasons}:
        return []
    return [Wrong("reason_code", "not_listed", "Choose one of the reasons listed.", "请从列出的原因中选择。")]


def _invalid(wrong: Sequence[Wrong]) -> Problem:
    return Problem(422, "invalid", "Some fields cannot be used: see errors.", tuple(one.told() for one in wrong))


def _taken(
    file: CaseFile,
    task: Task,
    ask: Ask,
    form: Form,
    reason: str,
    posts: Sequence[Post],
    input: Input,
    now: datetime,
) -> Decision:
    place, answer = file.place(task.place_id), ask.answer
    assert answer is not None
    policy = load(file.case.policy)
    outcome = (
        pause.decide(form, reason)
        if answer.action in pause.FORMS
        else HOPS[place.hop].decide(form, reason, standing_at(policy, file.case, place, now))
    )
    if isinstance(outcome, HandsOver) and not form.hands_over:
        # Ours, and no rule of the field: without posts it would go past the deputy, so nothing is done (500, an alarm).
        raise AssertionError(f"{answer.action} hands over, and read no posts")
    actor = Actor(officer_id=ask.caller.officer_id, role=ask.caller.role)
    because = Because(
        place.cause_id,
        now,
        actor,
        action=answer.action,
        reason_code=outcome.reason_code or None,
        traceparent=input.traceparent,
        # A decision's cause is the last fact of its place; the version tells the decisions on one task apart.
        about=(answer.action, task.version),
    )
    move = carried_out(outcome, file, policy, Hand(task, ask.name, posts), because)
    return Decision(
        word=move.word,
        emits=move.emits,
        rows=(move.file, *move.steps, _told(move, task, ask, form, outcome.reason_code)),
        answer=_answer(move, task),
    )


def _told(move: Move, task: Task, ask: Ask, form: Form, reason: str) -> Told:
    answer = ask.answer
    assert answer is not None
    return Told(
        event_id=move.steps[0].event_id,
        task_id=task.task_id,
        case_id=task.case_id,
        household_id=task.household_id,
        at=move.steps[0].at,
        version=task.version,
        action=answer.action,
        form=form.model_dump(mode="json"),
        reason_code=reason or None,
        comment=answer.comment,
        officer_id=ask.caller.officer_id,
        role=ask.caller.role,
        region=task.region,
        grid=task.grid,
    )


def _answer(move: Move, task: Task) -> dict[str, Any]:
    after = next(one for one in move.file.tasks if one.task_id == task.task_id)
    # Where the case is now: the place just told of, if it goes on there.
    step = move.steps[0]
    found = move.file.at(step.hop or "", step.step or "", step.round or 0, step.branch or "")
    place = found or next((one for one in move.file.live if one.is_main), move.file.places[0])
    return {
        "task_id": str(task.task_id),
        "case_id": str(task.case_id),
        "outcome": move.word,
        "next": {
            "hop": place.hop,
            "step": place.step,
            "round": place.round,
            "branch": place.branch,
            "office": place.office,
            "state": place.state,
            "due_at": place.due_at.isoformat(),
        },
        "version": after.version,
    }
