"""notice.sent: who was told of a step, and who read it, in the case's history."""

from collections.abc import Sequence
from datetime import datetime

from services.workflow import history
from services.workflow.history import Step
from shared.contracts.notice import NoticeSent as Sent
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit


class NoticeSent(Keyed):
    topic = "notice.sent"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        return {}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Sent = input.body
        notice = event.data
        if notice.case_id is None:
            return Decision(word="of_no_case")
        step = Step(
            event_id=event.id,
            cause_id=event.causationid,
            case_id=notice.case_id,
            household_id=notice.household_id,
            at=event.time,
            type=event.type,
            region=event.region,
            grid=event.grid,
            hop=notice.hop,
            round=notice.round,
            branch=notice.branch,
            office=notice.office,
            task_id=notice.task_id,
            told=notice.step,
            officer_id=notice.officer_id,
        )
        return Decision(rows=(step,), word=event.type.split(".")[2])

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await history.append(unit.connection, [row for one in decided for row in one.decision.rows])
