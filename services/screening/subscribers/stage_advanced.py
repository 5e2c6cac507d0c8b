"""stage.advanced: what people made of a warning. A case that helped or closed closes its warning; outcomes are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.screening import warning
from services.screening.household import pack
from services.screening.subscribers.digests import digest_of, loaded
from shared.contracts.stage import StageAdvanced as Advanced
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit

ENDS = ("helped", "closed", "eliminated")
"""A refusal that was signed (`rejected`) ends nothing yet: it is told first, and then closed with its reason."""
CAUSE_WITHDRAWN = "cause_withdrawn"


@dataclass(frozen=True, slots=True)
class Ended:
    """A warning whose case ended, with the coded outcome."""

    event: Advanced
    warning_id: UUID
    outcome: str


@dataclass(frozen=True, slots=True)
class StageAdvanced(Keyed):
    topic: str = "stage.advanced"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        return loaded(unit, inputs)

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Advanced = input.body
        kind, warning_id = event.type.split(".")[2], event.data.warning_id
        if kind not in ENDS or warning_id is None or event.data.reason_code == CAUSE_WITHDRAWN:
            return Decision(word="heard")
        home, digest = digest_of(state, input)
        after = warning.closed(digest, warning_id)
        rows = (Ended(event, warning_id, event.data.reason_code or kind),)
        if after is None:
            return Decision(word="another_warning", rows=rows)
        return Decision(word="closed", puts={("digest", home): after}, digests={home: pack(after)}, rows=rows)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        ended: list[Ended] = [row for one in decided for row in one.decision.rows]
        if not ended:
            return
        ids, times = [one.warning_id for one in ended], [one.event.time for one in ended]
        await unit.connection.execute(warning.SQL.close, ids, times)
        await unit.connection.execute(
            warning.SQL.outcomes,
            [one.event.id for one in ended],
            ids,
            [one.outcome for one in ended],
            times,
            [one.event.region for one in ended],
            [one.event.grid for one in ended],
        )
