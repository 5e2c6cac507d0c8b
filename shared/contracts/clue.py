"""clue.reported: somebody reported a difficulty; the village checks first, whatever the way in (methods 1, 2 and 5).

Produced by intake alone. What was told in words, who told it and how to reach them stay in intake; the fact carries
concerns and a reference. A household that nobody could match yet has an id of its own (`is_matched` false): its case
opens all the same, and a person's match merges the two.
"""

from typing import ClassVar, Literal

from shared.contracts.envelope import Event
from shared.contracts.types import UUID, AwareDatetime, Count, Frozen, Level, Word


class Clue(Frozen):
    """`reported_at` is the receipt; a declaration's clock runs from it. `times`: reports of this household within
    the days of the package's `declaration.attached`. `case_id`: the refused case that an appeal is against.

    `is_green`: told as sudden (a disaster, an accident, a sudden major illness): help first, the procedure afterwards.
    """

    clue_id: UUID
    household_id: UUID
    is_matched: bool = True
    cause: Literal["declaration", "clue"]
    channel: Word
    concerns: tuple[Word, ...]
    level: Level | None = None
    is_green: bool = False
    reported_at: AwareDatetime
    reported_by_role: Word
    times: Count = 1
    reason_code: Word | None = None
    case_id: UUID | None = None


class ClueReported(Event):
    family: ClassVar[str] = "clue.reported"
    type: Literal[
        "shouwang.clue.reported.v1",
        "shouwang.clue.repeated.v1",
        "shouwang.clue.withdrawn.v1",
        "shouwang.clue.appealed.v1",
        "shouwang.clue.objected.v1",
        "shouwang.clue.unmatched.v1",
    ]
    data: Clue
