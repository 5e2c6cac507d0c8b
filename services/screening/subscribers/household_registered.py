"""household.registered: who a household is decides its threshold; what it knew provisionally is judged again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from services.screening.household import Known
from services.screening.judging import judged
from services.screening.subscribers.digests import digest_of, loaded, write_rows
from shared.clock import civil_date
from shared.contracts.household import HouseholdRegistered as Registered
from shared.contracts.household import Member
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit
from shared.policy import Policy


@dataclass(frozen=True, slots=True)
class HouseholdRegistered(Keyed):
    policy: Policy
    topic: str = "household.registered"

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        return loaded(unit, inputs)

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Registered = input.body
        home, digest = digest_of(state, input)
        return judged(msgspec.structs.replace(digest, known=known_of(event)), home, event, self.policy, now)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await write_rows(unit.connection, decided)


def known_of(event: Registered) -> Known:
    household = event.data
    newest = max(household.incomes, key=lambda income: income.year, default=None)
    return Known(
        household.household_no,
        household.poverty_history,
        household.monitoring.status,
        newest.year if newest else None,
        newest.net_yuan if newest else None,
        household.region,
        household.grid,
        _earners(household.members),
        _young(household.members, civil_date(event.time).year),
        is_removed=household.status == "removed",
    )


EARNS = ("技能劳动力", "普通劳动力")
"""The national form's words for who can work in full."""


def _earners(members: Sequence[Member]) -> int | None:
    """How many can work; None where the register says it of nobody."""
    told = [one.labour for one in members if one.labour is not None]
    return sum(labour in EARNS for labour in told) if told else None


YOUNG_YEARS = 25
"""Nobody who is older is of school age by any package; the digest keeps no more of a household than its rules read."""


def _young(members: Sequence[Member], year: int) -> dict[str, int]:
    """Year of birth of whoever may be of school age; 0 for a member of whom it is not told."""
    return {
        str(one.person_id): one.birth_year or 0
        for one in members
        if one.birth_year is None or year - one.birth_year <= YOUNG_YEARS
    }
