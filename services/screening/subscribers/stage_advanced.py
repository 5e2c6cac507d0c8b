"""stage.advanced: what people made of a warning, kept for each rule's hits. A case that helped or closed closes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from services.screening import warning
from services.screening.hits import CONFIRMED
from services.screening.household import Digest, pack
from services.screening.judging import judged
from services.screening.subscribers.digests import digest_of, loaded, write_rows
from shared.contracts.stage import StageAdvanced as Advanced
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit
from shared.policy import Policy

ENDS = ("helped", "closed", "eliminated")
"""A refusal that was signed (`rejected`) ends nothing yet: it is told first, and then closed with its reason."""
CAUSE_WITHDRAWN = "cause_withdrawn"
"""A case that ended because its warning was withdrawn here: no word of people's on the rule."""


@dataclass(frozen=True, slots=True)
class Made:
    """What people made of a warning, coded; whether its case ended with that."""

    event: Advanced
    warning_id: UUID
    outcome: str
    is_end: bool = True


@dataclass(frozen=True, slots=True)
class StageAdvanced(Keyed):
    policy: Policy
    topic: str = "stage.advanced"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        return loaded(unit, inputs)

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Advanced = input.body
        kind, warning_id = event.type.split(".")[2], event.data.warning_id
        if kind not in ENDS and event.data.reason_code == CONFIRMED and warning_id is not None:
            return Decision(word="confirmed", rows=(Made(event, warning_id, CONFIRMED, is_end=False),))
        if kind not in ENDS or warning_id is None or event.data.reason_code == CAUSE_WITHDRAWN:
            return Decision(word="heard")
        home, digest = digest_of(state, input)
        ended = Made(event, warning_id, event.data.reason_code or kind)
        spoken = digest.spoken
        is_raised = digest.raised == digest.closed + 1
        if spoken is not None and spoken.warning_id == str(warning_id) and (spoken.hold is None or is_raised):
            after = warning.closed(digest, spoken, event.time)
            decision = judged(after, home, event, self.policy, now, words=spoken.told)
            return msgspec.structs.replace(decision, word="closed", rows=(ended, *decision.rows))
        number = warning.number_of(digest, UUID(home), warning_id)
        if number is not None and number <= digest.closed:
            return Decision(word="another_warning", rows=(ended,))
        if number is not None and is_raised:
            return _after(msgspec.structs.replace(digest, closed=number), "closed_after_withdrawal", home, ended)
        return _after(warning.remembered(digest, warning_id, event.time), "not_raised_yet", home, ended)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        """First closed, then what is said in its place: a household has one warning at a time."""
        made = [row for one in decided for row in one.decision.rows if isinstance(row, Made)]
        if made:
            await _write_made(unit, made)
        await write_rows(unit.connection, decided)


def _after(digest: Digest, word: str, home: str, ended: Made) -> Decision:
    return Decision(word=word, puts={("digest", home): digest}, digests={home: pack(digest)}, rows=(ended,))


async def _write_made(unit: Unit, made: Sequence[Made]) -> None:
    ended = [one for one in made if one.is_end]
    if ended:
        ids, times = [one.warning_id for one in ended], [one.event.time for one in ended]
        await unit.connection.execute(warning.SQL.close, ids, times)
    await unit.connection.execute(
        warning.SQL.outcomes,
        [one.event.id for one in made],
        [one.warning_id for one in made],
        [one.outcome for one in made],
        [one.event.time for one in made],
        [one.event.region for one in made],
        [one.event.grid for one in made],
    )
