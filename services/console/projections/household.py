"""Table `households`: what the register says in public, for search; and household.registered's step of the timeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.console.projections import timeline
from shared.contracts.household import Household
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit
from shared.postgres import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class HouseholdRegistered(Keyed):
    topic: str = "household.registered"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        return {}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        data: Household = input.body.data
        step = timeline.placed(timeline.step_of(self.topic, input.body), {data.household_id: (data.region, data.grid)})
        return Decision(rows=(step,))

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        newest: dict[object, tuple[Household, int]] = {}
        for one in decided:
            data = one.input.body.data
            newest[data.household_id] = (data, int(one.input.body.sequence))
        homes = [data for data, _ in newest.values()]
        await unit.connection.execute(
            SQL.overwrite,
            [data.household_id for data in homes],
            [data.household_no for data in homes],
            [data.display_name for data in homes],
            [data.size for data in homes],
            [data.group for data in homes],
            [data.status for data in homes],
            [data.merged_into for data in homes],
            [data.poverty_history for data in homes],
            [data.monitoring.status for data in homes],
            [sequence for _, sequence in newest.values()],
            [data.region for data in homes],
            [data.grid for data in homes],
        )
        places = [[getattr(data, name) for data in homes] for name in ("household_id", "region", "grid")]
        await unit.connection.execute(timeline.SQL.move, *places)
        await timeline.insert(unit.connection, [row for one in decided for row in one.decision.rows])
