"""notice.sent: what became of a notice to one person, once per (case, step, person)."""

from typing import ClassVar, Literal

from shared.contracts.envelope import Event
from shared.contracts.types import UUID, Count, Frozen, Hop, Word


class Notice(Frozen):
    """`step` is what it told: `arrived`, `passed`, … of hop, round and branch.

    A declaration is answered before there is a case.
    """

    notice_id: UUID
    case_id: UUID | None = None
    household_id: UUID
    officer_id: Word
    office: Word
    carrier: Word
    step: Word
    hop: Hop | None = None
    round: Count = 1
    branch: Word = "main"
    task_id: UUID | None = None


class NoticeSent(Event):
    family: ClassVar[str] = "notice.sent"
    type: Literal[
        "shouwang.notice.sent.v1",
        "shouwang.notice.delivered.v1",
        "shouwang.notice.read.v1",
        "shouwang.notice.acted.v1",
        "shouwang.notice.failed.v1",
        "shouwang.notice.escalated.v1",
    ]
    data: Notice
