"""What intake's calls take and answer, for its OpenAPI document."""

from typing import Any, Literal

from services.intake.api.declarations import AppealForm, AskForm, WithdrawalForm
from services.intake.channels.clue import ClueForm
from services.intake.channels.declaration import DeclarationForm
from services.intake.channels.objection import ObjectionForm
from services.intake.contract import ANY, ref, schemas
from shared.contracts.household import Household
from shared.contracts.types import UUID, AwareDatetime, date
from shared.web.document import JSON, Reply, Shape, Shapes

NDJSON = "application/x-ndjson"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SPOKEN = (404, 409, 429)


class Rejection(Reply):
    """A record that was not taken. `line` counts from 1; `record_id` is null where none could be read. Of a file the
    last four say where it stands: of a text `sheet` is null and `row` the line."""

    line: int
    record_id: str | None
    code: str
    field: str | None
    message: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    heading: str | None = None


class BatchAccount(Reply):
    """Every record is accounted for: received = accepted + duplicates + rejected + parked."""

    batch_id: UUID
    received: int
    accepted: int
    duplicates: int
    rejected: int
    parked: int
    rejections: list[Rejection]


class NoteShown(Reply):
    """What the sender of a file should know of it: columns kept without a field, hidden rows that were read."""

    code: str
    sheet: str | None
    names: list[str]
    message: str


class FileAccount(BatchAccount):
    """A file's account. `rows` counts its rows below the headings, of which a household takes several; a rejection has
    also its `sheet`, `row`, `column` and `heading`. `state` where it was answered before the records were taken in."""

    file: str
    rows: int
    notes: list[NoteShown]
    state: Literal["open"] | None = None


class BatchShown(BatchAccount):
    """`interrupted`: nobody reads it; the same call goes on. The last three fields are a file's."""

    state: Literal["open", "closed", "interrupted"]
    file: str | None = None
    rows: int | None = None
    notes: list[NoteShown] | None = None


class VersionShown(Reply):
    """One version of a record. `data` holds the kind's own fields, or below the township a band."""

    version: int
    op: Literal["upsert", "withdraw"]
    received_at: AwareDatetime
    occurred_on: date | None
    channel: str
    outcome: str
    is_history: bool
    household_id: UUID | None
    data: dict[str, Any]


class RecordShown(Reply):
    """One source record with its versions, the oldest first."""

    department: str
    record_id: str
    kind: str | None
    versions: list[VersionShown]


class HouseholdListed(Reply):
    household_id: UUID
    household_no: str
    display_name: str
    region: str
    grid: str
    group: int
    size: int
    poverty_history: str
    status: str


class HouseholdPage(Reply):
    """Households by number, masked. `next` is null at the end."""

    items: list[HouseholdListed]
    next: str | None


class MemberUnmasked(Reply):
    person_id: UUID
    name: str
    relation: str | None
    id_no_masked: str


class HouseholdUnmasked(Reply):
    """Names, address and phone; ID numbers stay masked. The sight is audited."""

    household_id: UUID
    household_no: str
    head_name: str | None
    address: str | None
    phone: str | None
    group: int
    region: str
    members: list[MemberUnmasked]
    contact_person: str | None = None


class Matched(Reply):
    """What a person's match came to; a record is named by department and id, a reporter by `id` and household."""

    state: Literal["matched", "matched_already", "told_already", "parked"]
    id: str | None = None
    household_id: UUID | None = None
    department: str | None = None
    record_id: str | None = None


class NotOurs(Reply):
    """A person's word that nobody of this area is meant."""

    at: AwareDatetime
    by: str
    role: str
    reason: str


class ToIdentify(Reply):
    """A parked record, or somebody who reported and is in no register (`kind`: declaration or clue). `due_at` where
    something red or a declaration stands behind it."""

    id: str
    what: Literal["record", "clue"]
    department: str | None
    record_id: str | None
    kind: str
    reason: str | None
    channel: str
    concerns: list[str]
    region: str
    since: AwareDatetime
    is_urgent: bool
    due_at: AwareDatetime | None
    household_id: UUID | None
    not_ours: NotOurs | None


class ListedToIdentify(ToIdentify):
    display_name: str | None


class IdentityPage(Reply):
    items: list[ListedToIdentify]
    as_of: AwareDatetime
    next: str | None


class IdentityCount(Reply):
    what: Literal["record", "clue"]
    department: str | None
    is_urgent: bool
    is_answered: bool
    is_late: bool
    count: int


class IdentityTally(Reply):
    items: list[IdentityCount]
    as_of: AwareDatetime


class LikelyMember(Reply):
    display_name: str
    relation: str
    birth_year: int | None
    id_no: str | None
    is_left: bool


class LikelyHousehold(Reply):
    """A household that may be meant, and what speaks for it; names and numbers masked."""

    household_id: UUID
    household_no: str
    display_name: str
    region: str
    group: int
    size: int
    because: list[Literal["id_no", "household_no", "name", "village"]]
    members: list[LikelyMember]


class BothSides(ToIdentify):
    sent: dict[str, Any]
    is_matchable: bool
    candidates: list[LikelyHousehold]


class SaidNotOurs(Reply):
    id: str
    state: Literal["not_ours"]


class SeenName(Reply):
    id: str
    name: str | None
    phone: str | None
    address: str | None
    contact_person: str | None


class FeedCounts(Reply):
    """`late` (more than one period after its event) and `unknown` (nobody of the register) are among the others."""

    received: int
    accepted: int
    duplicates: int
    rejected: int
    parked: int
    waiting: int
    late: int
    unknown: int


class FeedOverHttp(FeedCounts):
    batches: int


class FeedOverKafka(FeedCounts):
    """`lost` is what the topic's own log no longer had."""

    lost: int


class Feed(Reply):
    """A department's feed: what came by each way, what is parked now, and whether it flows."""

    department: str
    http: FeedOverHttp
    kafka: FeedOverKafka
    file: FeedCounts
    total: FeedCounts
    is_equal: bool
    parked_now: int
    unknown_now: int
    oldest_parked_at: AwareDatetime | None
    last_batch_at: AwareDatetime | None
    last_at: AwareDatetime | None
    last_occurred_on: date | None
    period_days: int
    silent_after_days: float
    is_verified: bool
    state: Literal["flowing", "silent", "never"]


class FeedPage(Reply):
    items: list[Feed]
    as_of: AwareDatetime
    next: str | None


class DeclarationKept(Reply):
    """The receipt, and what was understood. `code` is shown once, to whoever filed it for themselves."""

    receipt_no: str
    code: str | None
    household: Literal["matched", "unmatched"]
    is_repeat: bool
    times: int
    is_green: bool
    reported_at: AwareDatetime
    visit_due_on: date | None


class RefusalReason(Reply):
    code: str | None


class DeclarationStatus(Reply):
    """What a declarer hears: codes and days, no name, no sum; a reason only for who may have it."""

    receipt_no: str
    channel: str
    reported_at: AwareDatetime
    concerns: list[str]
    is_green: bool
    stage: str
    next: str | None
    due_on: date | None
    journey_due_on: date | None
    planned_on: date | None
    notice_until: date | None
    is_paused: bool
    result: Literal["identified", "refused", "helped"] | None
    reason: RefusalReason | None
    reason_needs: str | None
    appeal_until: date | None
    can_appeal: bool
    can_withdraw: bool
    withdrawn_at: AwareDatetime | None
    changed_at: AwareDatetime
    household_id: UUID | None = None


class AppealHeard(Reply):
    receipt_no: str
    state: str
    appealed_at: AwareDatetime


class WithdrawalHeard(Reply):
    receipt_no: str
    state: str
    withdrawn_at: AwareDatetime


class ClueKept(Reply):
    clue_id: UUID
    state: Literal["received"]
    received_at: AwareDatetime


class ObjectionKept(Reply):
    state: Literal["received"]
    received_at: AwareDatetime


class ComplaintShown(Reply):
    """What was told; of a confidential one not by whom."""

    complaint_id: UUID
    kind: str
    channel: str
    household_id: UUID | None
    region: str
    village: str | None
    village_name: str | None
    about_offices: list[str]
    about_officers: list[str]
    is_confidential: bool
    reported_by_role: str | None
    received_at: AwareDatetime
    text: str | None
    name: str | None
    reporter: str | None
    phone: str | None


class ComplaintPage(Reply):
    items: list[ComplaintShown]
    next: str | None


class ContactShown(Reply):
    reference: str
    state: Literal["found", "unknown"]
    name: str | None
    phone: str | None
    email: str | None


class ContactsFound(Reply):
    """In the order asked."""

    items: list[ContactShown]


SHAPES: Shapes = {
    "POST /v1/departments/{code}/records": Shape(
        {202: BatchAccount},
        refusals=(400, 404, 409, 415),
        media=(JSON, NDJSON),
        is_kept=True,
        schemas={
            JSON: {"anyOf": [ref(ANY), {"type": "array", "items": ref(ANY)}]},
            NDJSON: ref(ANY) | {"description": "Each line."},
        },
        parts=schemas(),
    ),
    "GET /v1/departments/{code}/records/{record_id}": Shape({200: RecordShown}),
    "GET /v1/batches/{id}": Shape({200: BatchShown}),
    "POST /v1/departments/{code}/files": Shape(
        {202: FileAccount}, refusals=(400, 404, 409, 415, 429), media=("multipart/form-data",), is_kept=True
    ),
    "GET /v1/batches/{id}/rejections.xlsx": Shape({200: XLSX}),
    "GET /v1/households": Shape({200: HouseholdPage}),
    "GET /v1/households/{id}": Shape({200: Household}),
    "POST /v1/households/{id}/unmask": Shape({200: HouseholdUnmasked}),
    "GET /v1/identity": Shape({200: IdentityPage}),
    "POST /v1/identity/{id}/match": Shape({200: Matched}, refusals=(409,), is_kept=True),
    "GET /v1/identity/tally": Shape({200: IdentityTally}),
    "GET /v1/identity/{id}": Shape({200: BothSides}, refusals=(404,)),
    "POST /v1/identity/{id}/not-ours": Shape({200: SaidNotOurs}, refusals=(404, 409), is_kept=True),
    "POST /v1/identity/{id}/unmask": Shape({200: SeenName}, refusals=(404,)),
    "GET /v1/feeds": Shape({200: FeedPage}),
    "POST /v1/declarations": Shape({201: DeclarationKept}, DeclarationForm, refusals=(409, 429), is_kept=True),
    "POST /v1/declarations/status": Shape({200: DeclarationStatus}, AskForm, refusals=(404, 429)),
    "POST /v1/declarations/{receipt_no}/appeals": Shape(
        {200: AppealHeard, 201: AppealHeard}, AppealForm, refusals=SPOKEN, is_kept=True
    ),
    "POST /v1/declarations/{receipt_no}/withdrawals": Shape(
        {200: WithdrawalHeard}, WithdrawalForm, refusals=SPOKEN, is_kept=True
    ),
    "POST /v1/clues": Shape({201: ClueKept}, ClueForm, refusals=(404, 409), is_kept=True),
    "POST /v1/objections": Shape({201: ObjectionKept}, ObjectionForm, refusals=(409, 429), is_kept=True),
    "GET /v1/complaints": Shape({200: ComplaintPage}),
    "POST /v1/contacts/resolve": Shape({200: ContactsFound}),
}
