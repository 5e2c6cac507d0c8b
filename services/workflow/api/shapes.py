"""What workflow's calls take and answer, for its OpenAPI document."""

from typing import Any, Literal

from services.workflow.deciding import Answer as DecisionGiven
from services.workflow.grid import Holders
from services.workflow.leave import LeaveGiven
from services.workflow.office import Posts, Register
from services.workflow.supervision import Writing
from shared.access.roles import Role
from shared.contracts.officer import OfficeKind
from shared.contracts.types import UUID, AwareDatetime, Hop, Level, date
from shared.web.document import EmittedFact, InBoth, Reply, Shape, Shapes

Lateness = Literal["normal", "due", "overdue", "supervised"]


class LimitShown(Reply):
    amount: int
    unit: Literal["hours", "working_days", "calendar_days"]


class TaskShown(Reply):
    """A task as a list shows it. `version` goes with a decision: another one is refused (409)."""

    task_id: UUID
    case_id: UUID
    household_id: UUID
    household_no: str | None
    display_name: str | None
    size: int | None
    hop: Hop
    step: str
    round: int
    branch: str
    office: str
    state: Literal["open", "decided", "cancelled"]
    level: Level
    lateness: Lateness
    opened_at: AwareDatetime
    due_at: AwareDatetime
    journey_due_at: AwareDatetime
    version: int
    region: str
    grid: str | None
    concerns: list[str]
    claimed_by: str | None
    warning_id: UUID | None
    is_green: bool
    proposal: str | None
    paused_until: AwareDatetime | None
    limit: LimitShown


class TaskPage(Reply):
    """Tasks, the most urgent first. `next` is the cursor of what follows, null at the end."""

    items: list[TaskShown]
    next: str | None


class Why(InBoth):
    """The newest warning's explanation: exact for township and above, a band below."""

    grade: Literal["exact", "band"]


class ClockShown(Reply):
    opened_at: AwareDatetime
    due_at: AwareDatetime
    journey_due_at: AwareDatetime
    limit: LimitShown
    provisional: bool


class CodeNamed(Reply):
    code: str
    title: InBoth


class EvidenceAsked(CodeNamed):
    required: bool


class ActionOffered(Reply):
    """What may be done; `form_schema` is the JSON Schema of the decision's `form`."""

    action: str
    title: InBoth
    form_schema: dict[str, Any]
    needs_reason: bool
    reason_codes: list[str]
    reasons: list[CodeNamed]
    evidence: list[EvidenceAsked]


class Station(Reply):
    """A hop of the case's route: behind, here or ahead."""

    hop: Hop
    state: Literal["done", "here", "ahead"]
    step: str | None
    at: AwareDatetime | None
    officer: str | None
    due_at: AwareDatetime | None
    round: int | None
    returned: bool


class StepShown(Reply):
    """One step of a case, with the words of its decision."""

    event_id: UUID
    cause_id: UUID | None
    at: AwareDatetime
    type: str
    word: str
    hop: Hop | None
    step: str | None
    from_hop: Hop | None
    round: int | None
    branch: str | None
    office: str | None
    level: Level | None
    due_at: AwareDatetime | None
    task_id: UUID | None
    action: str | None
    reason_code: str | None
    officer_id: str | None
    role: str | None
    comment: str | None


class NoticeOfCase(Reply):
    event_id: UUID
    cause_id: UUID | None
    at: AwareDatetime
    word: str
    hop: Hop | None
    round: int | None
    branch: str | None
    task_id: UUID | None
    told: str | None
    officer_id: str | None


class DecisionShown(Reply):
    event_id: UUID
    task_id: UUID
    at: AwareDatetime
    version: int
    action: str
    form: dict[str, Any]
    reason_code: str | None
    comment: str | None
    officer_id: str | None
    role: str | None


class Story(Reply):
    """A case's way, steps, notices and decisions, oldest first."""

    path: list[Station]
    history: list[StepShown]
    notices: list[NoticeOfCase]
    decisions: list[DecisionShown]


class TaskWhole(TaskShown, Story):
    """One task with its question, clock, actions, way and history. `stood_back`: the caller has, as a relative, and is
    offered no action."""

    question: InBoth
    why: Why
    clock: ClockShown
    actions: list[ActionOffered]
    stood_back: bool


class PlaceShown(Reply):
    hop: Hop
    step: str
    round: int
    branch: str
    is_main: bool
    state: Literal["on_its_way", "open", "tracking", "ended"]
    office: str
    from_hop: Hop | None
    level: Level
    lateness: Lateness
    concerns: list[str]
    task_id: UUID | None
    proposal: str | None
    planned_on: date | None
    notice_until: date | None
    paused_until: AwareDatetime | None
    sent_at: AwareDatetime
    due_at: AwareDatetime
    ended_at: AwareDatetime | None
    ended_by: str | None
    ended_as: str | None


class CaseWhole(Story):
    """One case with its places, way and history."""

    case_id: UUID
    household_id: UUID
    household_no: str | None = None
    display_name: str | None = None
    size: int | None = None
    state: Literal["open", "tracking", "closed"]
    level: Level
    cause: Literal["declaration", "clue", "finding", "opinion"]
    policy: str
    concerns: list[str]
    warning_ids: list[UUID]
    is_confirmed: bool
    is_green: bool
    result: Literal["identified", "refused", "helped"] | None
    appeal_until: date | None
    departments: list[str]
    rounds: int
    pauses: int
    clock_started_at: AwareDatetime
    journey_due_at: AwareDatetime
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None
    closed_because: str | None
    region: str
    grid: str | None
    route: list[Hop]
    why: Why
    places: list[PlaceShown]


class Claimed(Reply):
    task_id: UUID
    claimed_by: str
    version: int


class PlaceNext(Reply):
    hop: Hop
    step: str
    round: int
    branch: str
    office: str
    state: Literal["on_its_way", "open", "tracking", "ended"]
    due_at: AwareDatetime


class Decided(Reply):
    """What became of the case, and the facts that the decision made true."""

    task_id: UUID
    case_id: UUID
    outcome: str
    next: PlaceNext
    version: int
    emitted: list[EmittedFact]


class Count(Reply):
    hop: Hop
    office: str
    office_name: InBoth | None
    level: Level
    lateness: Lateness
    state: Literal["on_its_way", "open", "tracking"]
    count: int


class Counts(Reply):
    """Exact counts: the five parts add up to `total`, `cases` and `besides` too."""

    as_of: AwareDatetime
    total: int
    cases: int
    besides: int
    on_its_way: int
    open: int
    due_today: int
    overdue: int
    tracking: int
    hops: list[Count]


class LateOnTheWay(Reply):
    """A case that is late between two hops: no task is open before its hop takes it in."""

    case_id: UUID
    household_id: UUID
    household_no: str | None
    display_name: str | None
    size: int | None
    hop: Hop
    step: str
    round: int
    branch: str
    office: str
    level: Level
    lateness: Literal["overdue", "supervised"]
    from_hop: Hop | None
    sent_at: AwareDatetime
    due_at: AwareDatetime
    region: str
    grid: str | None


class LateOnTheWayPage(Reply):
    items: list[LateOnTheWay]
    next: str | None


class OfficerShown(Reply):
    """A person in a post. The full name never leaves the service."""

    officer_id: str
    display_name: str
    role: Role
    capacity: str | None
    region: str
    grid: str | None
    office_id: str
    office_kind: OfficeKind | None
    office_name: InBoth | None
    post: Posts
    since: date
    until: date | None
    away_until: date | None
    deputy_id: str | None


class OfficerPage(Reply):
    items: list[OfficerShown]
    next: str | None


class OfficeShown(Reply):
    office_id: str
    kind: OfficeKind
    name: InBoth | None
    region: str
    place: str
    officers: int
    away: int


class OfficePage(Reply):
    items: list[OfficeShown]
    next: str | None


class GridShown(Reply):
    grid: str
    region: str
    office_id: str
    office_name: InBoth | None
    households: int
    worker: str | None
    worker_away_until: date | None
    deputy: str | None
    deputy_away_until: date | None
    named_deputy: str | None
    flags: list[str]


class GridSizes(Reply):
    least: int
    target: int
    most: int


class GridSums(Reply):
    grids: int
    flagged: int
    no_worker: int
    no_deputy: int
    too_large: int
    too_small: int


class GridPage(Reply):
    """Grids, and exact sums of all of them beside."""

    items: list[GridShown]
    next: str | None
    sizes: GridSizes
    sums: GridSums


class LeaveShown(Reply):
    """A leave. `until` is the first day back; `reason_code` is told to whoever may enter it."""

    leave_id: UUID
    officer_id: str
    display_name: str
    since: date
    until: date
    deputy_id: str | None
    reason_code: str | None = None
    ended_on: date | None
    is_over: bool
    is_away: bool


class LeavePage(Reply):
    items: list[LeaveShown]
    next: str | None


class StandInShown(Reply):
    office_id: str
    officer_id: str


class LeaveKept(Reply):
    """The leave, and who stands in where."""

    leave_id: UUID
    officer_id: str
    since: date
    until: date
    deputy_id: str | None
    ended_on: date | None
    stand_ins: list[StandInShown]
    emitted: list[EmittedFact]


class GridKept(Reply):
    grid: str
    office_id: str
    changed: int
    worker: str | None
    deputy: str | None
    emitted: list[EmittedFact]


class RegisterKept(Reply):
    """How many rows were given, and how many facts changed."""

    offices: int
    grids: int
    officers: int
    changed: int


class StatementShown(Reply):
    kind: Literal["answer", "closure"]
    at: AwareDatetime
    text: str
    officer_id: str
    role: str


class SupervisionShown(Reply):
    """`office` is late, `supervisor` the one above it; `asks` says what it asks of the caller."""

    supervision_id: UUID
    case_id: UUID
    household_id: UUID
    household_no: str | None
    display_name: str | None
    hop: Hop
    step: str
    round: int
    branch: str
    office: str
    supervisor: str
    level: Level
    state: Literal["open", "answered", "closed"]
    due_at: AwareDatetime
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None
    closed_by: str | None
    task_id: UUID | None
    place_state: str
    ended_at: AwareDatetime | None
    region: str
    grid: str | None
    statements: list[StatementShown]
    asks: Literal["answer", "closure"] | None


class SupervisionPage(Reply):
    items: list[SupervisionShown]
    next: str | None


class SupervisionKept(Reply):
    supervision_id: UUID
    case_id: UUID
    state: Literal["open", "answered", "closed"]


class Unfired(Reply):
    """A limit that is due by its own ladder and has not been told."""

    deadline_id: UUID
    case_id: UUID
    household_id: UUID
    hop: Hop
    place_step: str
    round: int
    branch: str
    office: str
    step: str
    told_from: AwareDatetime
    due_at: AwareDatetime
    error: str | None


class UnfiredPage(Reply):
    """The auditor's question: asked of `watched` limits; empty is well."""

    as_of: AwareDatetime
    watched: int
    items: list[Unfired]


SHAPES: Shapes = {
    "GET /v1/tasks": Shape({200: TaskPage}),
    "GET /v1/tasks/{task_id}": Shape({200: TaskWhole}),
    "POST /v1/tasks/{task_id}/claim": Shape({200: Claimed}, refusals=(409,), is_kept=True),
    "POST /v1/tasks/{task_id}/decisions": Shape({200: Decided}, DecisionGiven, refusals=(409,), is_kept=True),
    "GET /v1/cases/{case_id}": Shape({200: CaseWhole}),
    "GET /v1/queues": Shape({200: Counts}),
    "GET /v1/queues/late-on-the-way": Shape({200: LateOnTheWayPage}),
    "GET /v1/officers": Shape({200: OfficerPage}),
    "POST /v1/officers": Shape({200: RegisterKept}, Register, refusals=(409,), is_kept=True),
    "GET /v1/offices": Shape({200: OfficePage}),
    "GET /v1/grids": Shape({200: GridPage}),
    "PUT /v1/grids/{grid}": Shape({200: GridKept}, Holders, refusals=(409,), is_kept=True),
    "GET /v1/leaves": Shape({200: LeavePage}),
    "POST /v1/leaves": Shape({200: LeaveKept}, LeaveGiven, refusals=(404, 409), is_kept=True),
    "POST /v1/leaves/{leave_id}/ends": Shape({200: LeaveKept}, refusals=(409,), is_kept=True),
    "GET /v1/supervisions": Shape({200: SupervisionPage}),
    "POST /v1/supervisions/{supervision_id}/answers": Shape(
        {200: SupervisionKept}, Writing, refusals=(409,), is_kept=True
    ),
    "POST /v1/supervisions/{supervision_id}/closures": Shape(
        {200: SupervisionKept}, Writing, refusals=(409,), is_kept=True
    ),
    "GET /v1/deadlines/unfired": Shape({200: UnfiredPage}),
}
