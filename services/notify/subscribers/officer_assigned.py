"""officer.assigned: who is responsible at an office, for a grid, in a post, and who acts for somebody on leave.

`retry.py` then tells them what waits.
"""

from collections.abc import Sequence
from datetime import datetime

from services.notify import post
from shared.contracts.officer import OfficerAssigned as Assigned
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit


class OfficerAssigned(Keyed):
    topic = "officer.assigned"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        return {}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Assigned = input.body
        return Decision(word=event.type.split(".")[2], rows=(post.of(event.data, now),))

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await post.put(unit.connection, [row for one in decided for row in one.decision.rows])
