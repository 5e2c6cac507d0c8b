"""A notice: one occasion told to one person, in both languages, and the facts of it, `notice.sent`. Pure.

Minimal content: no name, no ID number, no sum, no illness; the concern in the village's own words, the level, the last
day, and the way to the task behind a sign-in.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.notify import wording
from services.notify.audience import Addressee, Part
from services.notify.occasion import OF_MATCHING, Occasion
from shared.contracts.envelope import event_id
from shared.contracts.notice import Notice as Told
from shared.contracts.types import Hop, Level
from shared.messaging.room import Emit
from shared.policy import Names


@dataclass(frozen=True, slots=True)
class Notice:
    """A row. `event_id` is its fact `sent`, which its facts `delivered` and `read` name as their cause."""

    notice_id: UUID
    occasion_id: UUID
    case_id: UUID | None
    household_id: UUID
    officer_id: str
    office: str
    part: Part
    step: str
    hop: Hop | None
    round: int
    branch: str
    task_id: UUID | None
    level: Level | None
    due_at: datetime | None
    carrier: str
    state: Literal["sent", "read"]
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str
    link: str | None
    created_at: datetime
    read_at: datetime | None
    event_id: UUID
    correlation_id: UUID
    region: str
    grid: str | None
    hop_step: str | None = None
    about: str | None = None
    escalate_at: datetime | None = None
    escalated_at: datetime | None = None
    delivered_at: datetime | None = None
    acted_at: datetime | None = None


MATCHING = "/identity"
"""Where a person says whose a record is."""


def notice_id(occasion: Occasion, officer_id: str) -> UUID:
    """Once per (case, step, person), where a step is of one hop, round and branch."""
    about = filter(None, (occasion.about,))
    return event_id(str(occasion.case_id), "notice", occasion.step, *occasion.place, *about, officer_id)


def link_of(occasion: Occasion, addressee: Addressee) -> str | None:
    """Where it is acted on. Whose a record is, an office above the county has no page to say on: it has it said."""
    if occasion.step in OF_MATCHING:
        return None if addressee.part == "head" else MATCHING
    return f"/tasks/{occasion.task_id}" if occasion.task_id else None


def drafted(
    occasion: Occasion,
    addressee: Addressee,
    place: Names,
    carrier: str,
    now: datetime,
    escalate_at: datetime | None = None,
) -> Notice:
    """The notice as its carrier gets it; `place` is the grid's or office's name."""
    id_ = notice_id(occasion, addressee.officer_id)
    told = wording.told(occasion, addressee.part, place)
    return Notice(
        notice_id=id_,
        occasion_id=occasion.occasion_id,
        case_id=None if occasion.step in OF_MATCHING else occasion.case_id,
        household_id=occasion.household_id,
        officer_id=addressee.officer_id,
        office=occasion.office,
        part=addressee.part,
        step=occasion.step,
        hop=occasion.hop,
        round=occasion.round,
        branch=occasion.branch,
        task_id=occasion.task_id,
        level=occasion.level,
        due_at=occasion.due_at,
        carrier=carrier,
        state="sent",
        title_zh=told.title.zh,
        title_en=told.title.en,
        text_zh=told.text.zh,
        text_en=told.text.en,
        link=link_of(occasion, addressee),
        created_at=now,
        read_at=None,
        event_id=event_id(str(occasion.cause_id), type_of("sent"), id_),
        correlation_id=occasion.correlation_id,
        region=occasion.region,
        grid=occasion.grid,
        hop_step=occasion.hop_step,
        about=occasion.about,
        escalate_at=escalate_at,
    )


def type_of(word: str) -> str:
    return f"shouwang.notice.{word}.v1"


Word = Literal["sent", "delivered", "read", "acted", "failed", "escalated"]
"""What may be told of a notice, each once a carrier.

`sent`: it lies in the receiver's inbox. `delivered`: by the inbox, when its list was first shown to the receiver; by
e-mail, when the server accepted the letter for the recipient (what becomes of it later no server says). `read`: the
receiver said so. `acted`: the receiver decided the task that it was about. `failed`: a carrier gave up. `escalated`: it
was not read in time.
"""


def emitted(
    word: Word,
    notice: Notice,
    id_: UUID,
    cause_id: UUID,
    traceparent: str | None = None,
    carrier: str | None = None,
) -> Emit:
    """A fact about a notice, under its household's key. `carrier` is another one than the notice's own."""
    return Emit(
        topic="notice.sent",
        type=type_of(word),
        key=str(notice.household_id),
        id=id_,
        region=notice.region,
        data=Told(
            notice_id=notice.notice_id,
            case_id=notice.case_id,
            household_id=notice.household_id,
            officer_id=notice.officer_id,
            office=notice.office,
            carrier=carrier or notice.carrier,
            step=notice.step,
            hop=notice.hop,
            round=notice.round,
            branch=notice.branch,
            task_id=notice.task_id,
        ),
        correlation_id=notice.correlation_id,
        causation_id=cause_id,
        grid=notice.grid,
        traceparent=traceparent,
    )
