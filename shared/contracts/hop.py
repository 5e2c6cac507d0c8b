"""hop.<name>: a case is on its way to a hop; only that hop's own consumer group opens its task.

Produced and consumed by workflow alone. A stale (case, hop, round, branch) is acknowledged and counted.
"""

from typing import ClassVar, Literal

from shared.contracts.envelope import Event
from shared.contracts.types import UUID, AwareDatetime, Count, Frozen, Hop, Level, Word


class Entered(Frozen):
    case_id: UUID
    household_id: UUID
    hop: Hop
    step: Word | None = None
    from_hop: Hop | None = None
    round: Count
    branch: Word = "main"
    level: Level
    due_at: AwareDatetime
    clock_started_at: AwareDatetime
    policy: Word


class HopEntered(Event):
    family: ClassVar[str] = "hop.entered"
    type: Literal["shouwang.hop.entered.v1"]
    data: Entered
