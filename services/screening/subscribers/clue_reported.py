"""clue.reported: a farmer or a cadre reported a difficulty: the household's one warning is raised or strengthened.

Never judged, never suppressed. A withdrawal takes its own part out; appeals and objections are workflow's to read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from services.screening.clue import added, fact_of, without
from services.screening.household import Digest
from services.screening.judging import day_of, judged
from services.screening.lines import lines_on
from services.screening.precheck import says_nothing_new
from services.screening.subscribers.digests import digest_of, loaded, write_rows
from shared.contracts.clue import ClueReported as Reported
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit
from shared.policy import Policy


@dataclass(frozen=True, slots=True)
class ClueReported(Keyed):
    policy: Policy
    topic: str = "clue.reported"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        return loaded(unit, inputs)

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Reported = input.body
        match event.type.split(".")[2]:
            case "reported" | "repeated":
                return self._reported(*digest_of(state, input), event, now)
            case "withdrawn":
                return self._withdrawn(*digest_of(state, input), event, now)
            case other:
                return Decision(word=other)

    def _reported(self, home: str, digest: Digest, event: Reported, now: datetime) -> Decision:
        new = fact_of(event.data, lines_on(self.policy.name, day_of(now)))
        is_repeated = says_nothing_new(digest.spoken, digest.clues, new)
        digest = msgspec.structs.replace(digest, clues=added(digest.clues, new))
        decision = judged(digest, home, event, self.policy, now, "reported")
        return msgspec.structs.replace(decision, word="repeated") if is_repeated else decision

    def _withdrawn(self, home: str, digest: Digest, event: Reported, now: datetime) -> Decision:
        clues = without(digest.clues, str(event.data.clue_id))
        if len(clues) == len(digest.clues):
            return Decision(word="stands_no_more")
        return judged(msgspec.structs.replace(digest, clues=clues), home, event, self.policy, now, "withdrawn")

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await write_rows(unit.connection, decided)
