"""officer.assigned: who is responsible for an office or a grid, and since when. Key `office:<office id>`.

Produced by workflow alone. How to reach the person is a reference (`officer_id`), resolved when something is sent.
`assigned` and `relieved` are about the person's own post; with `stands_in_for` (`deputised`, and `relieved` of that)
the person acts from `since` until before `until` in the post of somebody on leave, beside whatever post is their own.
"""

from typing import ClassVar, Literal

from shared.contracts.envelope import Event
from shared.contracts.types import Frozen, Grid, Region, Word, date

OfficeKind = Literal["village_group", "village_committee", "township", "county", "department", "city", "province"]


class Assignment(Frozen):
    office_id: Word
    office_kind: OfficeKind
    office_zh: Word
    office_en: Word
    officer_id: Word
    display_name: Word
    role: Word
    capacity: Literal["handler", "reviewer", "approver"] | None = None
    post: Literal["worker", "deputy", "leader", "member"]
    region: Region
    grid: Grid | None = None
    since: date
    until: date | None = None
    stands_in_for: Word | None = None


class OfficerAssigned(Event):
    family: ClassVar[str] = "officer.assigned"
    type: Literal[
        "shouwang.officer.assigned.v1",
        "shouwang.officer.deputised.v1",
        "shouwang.officer.relieved.v1",
    ]
    data: Assignment
