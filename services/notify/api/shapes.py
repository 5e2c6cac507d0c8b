"""What notify's calls take and answer, for its OpenAPI document."""

from typing import Literal

from services.notify.api.preferences import Wish
from shared.contracts.types import UUID, AwareDatetime, Hop, Level
from shared.web.document import EmittedFact, InBoth, Reply, Shape, Shapes


class WayOut(Reply):
    """What became of a notice by a carrier that leaves the house; no address is in it."""

    carrier: str
    state: str
    tries: int
    cause: str | None
    due_at: AwareDatetime | None
    sent_at: AwareDatetime | None


class NoticeShown(Reply):
    """A notice. Its words (`title`, `text`, `link`) are its receiver's own: an overseer's list leaves them out."""

    notice_id: UUID
    case_id: UUID | None
    household_id: UUID | None
    task_id: UUID | None
    officer_id: str | None
    office: str | None
    step: str
    hop: Hop | None
    round: int | None
    branch: str | None
    hop_step: str | None
    level: Level | None
    due_at: AwareDatetime | None
    carrier: str
    state: Literal["kept", "sent", "read"]
    created_at: AwareDatetime
    delivered_at: AwareDatetime | None
    read_at: AwareDatetime | None
    acted_at: AwareDatetime | None
    escalated_at: AwareDatetime | None
    region: str
    grid: str | None
    dispatches: list[WayOut]
    title: InBoth | None = None
    text: InBoth | None = None
    link: str | None = None


class NoticePage(Reply):
    """Notices, the newest first. `next` is null at the end."""

    items: list[NoticeShown]
    next: str | None


class UnreadCount(Reply):
    unread: int


class NoticeRead(Reply):
    notice_id: UUID
    state: Literal["read"]
    read_at: AwareDatetime
    emitted: list[EmittedFact]


class Preferences(Reply):
    """`carriers_here` are those that this house has."""

    language: Literal["zh-CN", "en"]
    carriers: list[str]
    email: str | None
    carriers_here: list[str]


SHAPES: Shapes = {
    "GET /v1/notices": Shape({200: NoticePage}, refusals=(404,)),
    "GET /v1/notices/unread-count": Shape({200: UnreadCount}),
    "GET /v1/notices/household/{household_id}": Shape({200: NoticePage}),
    "POST /v1/notices/{notice_id}/read": Shape({200: NoticeRead}, refusals=(409,), is_kept=True),
    "GET /v1/preferences": Shape({200: Preferences}, refusals=(404,)),
    "PUT /v1/preferences": Shape({200: Preferences}, Wish, refusals=(404,)),
}
