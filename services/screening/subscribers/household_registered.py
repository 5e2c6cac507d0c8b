"""household.registered: who a household is decides its threshold; what it knew provisionally is judged again.

A household that is merged into another one (a provisional one, once its person is known) goes on there with all that
was reported and found of it; from then on its records are about the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from services.screening import warning
from services.screening.household import Known
from services.screening.judging import judged
from services.screening.merge import merged
from services.screening.subscribers.digests import digest_at, digest_of, loaded, write_rows
from shared.clock import civil_date
from shared.contracts.household import HouseholdRegistered as Registered
from shared.contracts.household import Member
from shared.messaging.room import Decided, Decision, Input, State, Unit
from shared.policy import Policy


@dataclass(frozen=True, slots=True)
class HouseholdRegistered:
    policy: Policy
    topic: str = "household.registered"
    looks_up_keys: bool = False

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        return [(input.key, *_target(input.body)) for input in inputs]

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        state = loaded(unit, inputs)
        targets = {target for input in inputs if input.cause is None for target in _target(input.body)}
        state.update({("home", target): unit.home(target) for target in targets})
        return state

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event: Registered = input.body
        home, digest = digest_of(state, input)
        targets = [state["home", target] for target in _target(event)]
        if home != input.key or home in targets:
            return Decision(word="merged_before")
        if targets:
            digests = {input.key: digest, targets[0]: digest_at(state, targets[0])}
            return merged(digests, input.key, targets[0], event, self.policy, now)
        return judged(msgspec.structs.replace(digest, known=known_of(event)), home, event, self.policy, now)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await write_rows(unit.connection, decided)
        moved = {UUID(key): UUID(home) for one in decided for key, home in one.decision.merged.items()}
        if moved:
            await unit.connection.execute(warning.SQL.move, list(moved), list(moved.values()))


def _target(event: Registered) -> tuple[str, ...]:
    """The key of the household that this one was merged into."""
    return (str(event.data.merged_into),) if event.data.merged_into else ()


def known_of(event: Registered) -> Known:
    """The register's row as the digest keeps it: of the incomes the newest year's."""
    household, year = event.data, civil_date(event.time).year
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
        {str(one.person_id): one.birth_year or 0 for one in household.members if _is_young(one, year)},
        is_removed=household.status == "removed",
        grown=tuple(str(one.person_id) for one in household.members if not _is_young(one, year)),
    )


EARNS = ("技能劳动力", "普通劳动力")
"""The national form's words for who can work in full."""


def _earners(members: Sequence[Member]) -> int | None:
    """How many can work; None where the register says it of nobody."""
    told = [one.labour for one in members if one.labour is not None]
    return sum(labour in EARNS for labour in told) if told else None


YOUNG_YEARS = 25
"""Nobody who is older is of school age by any package: of them the digest keeps no year."""


def _is_young(member: Member, year: int) -> bool:
    """Whether somebody may be of school age, as far as the register tells."""
    return member.birth_year is None or year - member.birth_year <= YOUNG_YEARS
