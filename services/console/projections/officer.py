"""Table `officers`: who is responsible for an office or a grid, by masked name; the sign-in list of a demo."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.officer import Assignment
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit
from shared.postgres import queries

SQL = queries(__file__)

FIELDS = (
    "officer_id", "office_id", "office_kind", "office_zh", "office_en", "display_name", "role", "capacity", "post",
    "since", "until",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OfficerAssigned(Keyed):
    topic: str = "officer.assigned"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        return {}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        return Decision()

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        newest: dict[tuple[str, str], tuple[Assignment, int]] = {}
        for one in decided:
            data = one.input.body.data
            if data.stands_in_for:
                continue  # A stand-in's own post is told by itself; this one ends with somebody's leave.
            newest[data.officer_id, data.office_id] = (data, int(one.input.body.sequence))
        if not newest:
            return
        columns = [[getattr(data, name) for data, _ in newest.values()] for name in FIELDS]
        await unit.connection.execute(
            SQL.overwrite,
            *columns,
            [sequence for _, sequence in newest.values()],
            [data.region for data, _ in newest.values()],
            [data.grid for data, _ in newest.values()],
        )
