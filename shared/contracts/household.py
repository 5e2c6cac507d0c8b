"""household.registered: the register's public word about one household, each time its whole public state.

Produced by intake alone. No name but masked ones, no ID number, no phone: those stay in intake's vault.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts.envelope import Event
from shared.contracts.types import UUID, Count, Frozen, Grid, Region, Word, Year, date
from shared.domain.money import SignedYuan


class Member(Frozen):
    """One person of the household. `health` and `labour` are the national form's own words, coded."""

    person_id: UUID
    display_name: Word
    relation: Word
    sex: Literal["male", "female"] | None = None
    birth_year: Year | None = None
    health: tuple[Word, ...] = ()
    labour: Word | None = None
    schooling: Word | None = None


class Income(Frozen):
    """Net income of the whole household in one calendar year, yuan: wage + operating + property + transfer − cost."""

    year: Year
    net_yuan: SignedYuan


class Monitoring(Frozen):
    status: Literal["none", "monitored", "eliminated"]
    category: Word | None = None
    since: date | None = None


class Household(Frozen):
    household_id: UUID
    household_no: Word
    status: Literal["active", "merged", "removed"] = "active"
    merged_into: UUID | None = None
    region: Region
    grid: Grid
    group: Annotated[int, Field(ge=0, le=99)]
    """0: not told yet (a provisional household)."""
    display_name: Word
    poverty_history: Literal["none", "lifted_out"]
    lifted_out_year: Year | None = None
    monitoring: Monitoring
    members: tuple[Member, ...]
    size: Count
    incomes: tuple[Income, ...] = ()


class HouseholdRegistered(Event):
    family: ClassVar[str] = "household.registered"
    type: Literal[
        "shouwang.household.registered.v1",
        "shouwang.household.changed.v1",
        "shouwang.household.merged.v1",
        "shouwang.household.split.v1",
        "shouwang.household.removed.v1",
    ]
    data: Household
