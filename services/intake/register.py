"""The register of households: what is public about one, and how records change it. Method 3.

A household's row is what its newest `household` record says; incomes and monitoring stand beside it, one row a record,
and the newest speaks. Members who are no longer named have left, but keep their last household until another one names
them: a settlement that comes after a death or a wedding still finds its household.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import asyncpg

from services.intake.departments.rural_revitalization import HouseholdForm, IncomeForm, MemberForm, MonitoringForm
from services.intake.vault import Vault
from shared.contracts.household import Household, Income, Member, Monitoring
from shared.domain.identity import mask_name
from shared.postgres import queries

SQL = queries(__file__)
INCOMES_TOLD_MAX = 5


@dataclass(frozen=True, slots=True)
class IncomeLine:
    """What one income record says of a household."""

    record_id: str
    year: int
    net_yuan: Decimal
    occurred_on: date


@dataclass(frozen=True, slots=True)
class MonitoringLine:
    record_id: str
    status: Literal["none", "monitored", "eliminated"]
    category: str | None
    since: date | None
    occurred_on: date


@dataclass(frozen=True, slots=True)
class Home:
    """One household as the register knows it. `record_id` is the record that speaks for it."""

    household_id: UUID
    household_no: str
    status: Literal["active", "merged", "removed"]
    region: str
    group: int
    display_name: str
    poverty_history: Literal["none", "lifted_out"]
    lifted_out_year: int | None
    members: tuple[Member, ...]
    record_id: str
    incomes: tuple[IncomeLine, ...] = ()
    monitorings: tuple[MonitoringLine, ...] = ()

    @property
    def grid(self) -> str:
        return grid_of(self.region, self.group)

    def public(self) -> Household:
        """The whole public state, as every event of `household.registered` carries it."""
        return Household(
            household_id=self.household_id,
            household_no=self.household_no,
            status=self.status,
            region=self.region,
            grid=self.grid,
            group=self.group,
            display_name=self.display_name,
            poverty_history=self.poverty_history,
            lifted_out_year=self.lifted_out_year,
            monitoring=self.monitoring(),
            members=self.members,
            size=len(self.members),
            incomes=self._incomes(),
        )

    def monitoring(self) -> Monitoring:
        """The one that began last speaks."""
        if not self.monitorings:
            return Monitoring(status="none")
        last = max(self.monitorings, key=lambda one: (one.since or one.occurred_on, one.occurred_on, one.record_id))
        return Monitoring(status=last.status, category=last.category, since=last.since)

    def _incomes(self) -> tuple[Income, ...]:
        """One a year, the last told; the newest years first."""
        years: dict[int, IncomeLine] = {}
        for line in sorted(self.incomes, key=lambda one: (one.occurred_on, one.record_id)):
            years[line.year] = line
        newest = sorted(years, reverse=True)[:INCOMES_TOLD_MAX]
        return tuple(Income(year=year, net_yuan=years[year].net_yuan) for year in newest)

    def without(self, person_ids: Iterable[UUID]) -> "Home":
        """Some have moved into another household; the last one's going closes it."""
        gone = frozenset(person_ids)
        left = tuple(one for one in self.members if one.person_id not in gone)
        head = left[0].display_name if left else self.display_name
        return replace(self, members=left, display_name=head, status=self.status if left else "removed")

    def beside(self, record_id: str, told: IncomeForm | MonitoringForm | None, occurred_on: date | None) -> "Home":
        """With what an income or monitoring record says now in place of what it said; None takes it back."""
        incomes = tuple(one for one in self.incomes if one.record_id != record_id)
        monitorings = tuple(one for one in self.monitorings if one.record_id != record_id)
        if isinstance(told, IncomeForm) and occurred_on:
            incomes += (IncomeLine(record_id, told.year, told.net_yuan, occurred_on),)
        if isinstance(told, MonitoringForm) and occurred_on:
            monitorings += (MonitoringLine(record_id, told.status, told.category, told.since, occurred_on),)
        return replace(self, incomes=incomes, monitorings=monitorings)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Which household a person belongs to, or belonged to last."""

    household_id: UUID
    is_left: bool = False


def grid_of(region: str, group: int) -> str:
    """A village's group is one grid; group 0 is none."""
    return f"{region}-{group:02d}"


def settled_in(
    household_id: UUID, form: HouseholdForm, ids: Sequence[UUID], before: Home | None, record_id: str
) -> Home:
    """The household as a form tells it; what stands beside it stays."""
    members = tuple(member_of(id_, one) for id_, one in zip(ids, form.members, strict=True))
    return Home(
        household_id=household_id,
        household_no=form.household_no,
        status="active",
        region=form.region,
        group=form.group,
        display_name=members[0].display_name,
        poverty_history=form.poverty_history,
        lifted_out_year=form.lifted_out_year,
        members=members,
        record_id=record_id,
        incomes=before.incomes if before else (),
        monitorings=before.monitorings if before else (),
    )


def member_of(person_id: UUID, form: MemberForm) -> Member:
    return Member(
        person_id=person_id,
        display_name=mask_name(form.name),
        relation=form.relation,
        sex=form.sex,
        birth_year=form.birth_year,
        health=form.health,
        labour=form.labour,
        schooling=form.schooling,
    )


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, repr=False)
class PersonsRow:
    """The members of a household as a record told them, with their names and numbers."""

    household_id: UUID
    ids: tuple[UUID, ...]
    form: HouseholdForm


@dataclass(frozen=True, slots=True)
class LeftRow:
    """Nobody names them any more."""

    person_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class HomeRow:
    """A household that changed: its last state in the batch is written once."""

    household_id: UUID
    has_moved: bool


@dataclass(frozen=True, slots=True)
class BesideRow:
    """An income or monitoring record says something else now."""

    record_id: str


async def load_homes(connection: asyncpg.Connection, ids: Sequence[UUID]) -> dict[UUID, Home]:
    """Whole households with their members, incomes and monitoring: four queries, whatever their number."""
    if not ids:
        return {}
    members: dict[UUID, list[Member]] = {}
    for row in await connection.fetch(SQL.members, ids):
        members.setdefault(row["household_id"], []).append(_member(row))
    incomes: dict[UUID, list[IncomeLine]] = {}
    for row in await connection.fetch(SQL.incomes, ids):
        line = IncomeLine(row["record_id"], row["year"], row["net_yuan"], row["occurred_on"])
        incomes.setdefault(row["household_id"], []).append(line)
    monitorings: dict[UUID, list[MonitoringLine]] = {}
    for row in await connection.fetch(SQL.monitorings, ids):
        monitorings.setdefault(row["household_id"], []).append(
            MonitoringLine(row["record_id"], row["status"], row["category"], row["since"], row["occurred_on"])
        )
    return {
        row["household_id"]: Home(
            household_id=row["household_id"],
            household_no=row["household_no"],
            status=row["status"],
            region=row["region"],
            group=row["village_group"],
            display_name=row["display_name"],
            poverty_history=row["poverty_history"],
            lifted_out_year=row["lifted_out_year"],
            members=tuple(members.get(row["household_id"], ())),
            record_id=row["record_id"],
            incomes=tuple(incomes.get(row["household_id"], ())),
            monitorings=tuple(monitorings.get(row["household_id"], ())),
        )
        for row in await connection.fetch(SQL.homes, ids)
    }


def _member(row: asyncpg.Record) -> Member:
    return Member(
        person_id=row["person_id"],
        display_name=row["display_name"],
        relation=row["relation"],
        sex=row["sex"],
        birth_year=row["birth_year"],
        health=tuple(row["health"].split("、")) if row["health"] else (),
        labour=row["labour"],
        schooling=row["schooling"],
    )


async def load_whereabouts(connection: asyncpg.Connection, ids: Sequence[UUID]) -> dict[UUID, Whereabouts]:
    rows = await connection.fetch(SQL.whereabouts, ids) if ids else ()
    return {row["person_id"]: Whereabouts(row["household_id"], row["is_left"]) for row in rows}


async def save_homes(
    connection: asyncpg.Connection,
    homes: Sequence[Home],
    addresses: Mapping[UUID, str | None],
    vault: Vault,
    now: datetime,
) -> None:
    """Rows of households that changed. One whose address is not in `addresses` keeps what it has."""
    await connection.execute(
        SQL.save_homes,
        [one.household_id for one in homes],
        [one.household_no for one in homes],
        [one.status for one in homes],
        [one.region for one in homes],
        [one.grid for one in homes],
        [one.group for one in homes],
        [one.display_name for one in homes],
        [one.poverty_history for one in homes],
        [one.lifted_out_year for one in homes],
        [len(one.members) for one in homes],
        [_sealed(vault, "households", "address", one.household_id, addresses.get(one.household_id)) for one in homes],
        [one.record_id for one in homes],
        now,
    )


def _sealed(vault: Vault, table: str, column: str, row: object, text: str | None) -> bytes | None:
    return vault.seal(table, column, row, text) if text else None


async def save_persons(
    connection: asyncpg.Connection, told: Sequence[PersonsRow], homes: Mapping[UUID, Home], vault: Vault
) -> None:
    """Members as their records told them, the last word on each person in the batch."""
    last: dict[UUID, tuple[UUID, int, MemberForm]] = {}
    for row in told:
        for place, (id_, form) in enumerate(zip(row.ids, row.form.members, strict=True)):
            last[id_] = (row.household_id, place, form)
    ids = list(last)
    forms = [last[id_][2] for id_ in ids]
    seats = [homes[last[id_][0]] for id_ in ids]
    await connection.execute(
        SQL.save_persons,
        ids,
        [last[id_][0] for id_ in ids],
        [last[id_][1] for id_ in ids],
        [vault.seal("persons", "name", id_, form.name) for id_, form in zip(ids, forms, strict=True)],
        [_sealed(vault, "persons", "id_no", id_, form.number) for id_, form in zip(ids, forms, strict=True)],
        [_sealed(vault, "persons", "phone", id_, form.phone) for id_, form in zip(ids, forms, strict=True)],
        [mask_name(form.name) for form in forms],
        [form.relation for form in forms],
        [form.sex for form in forms],
        [form.birth_year for form in forms],
        ["、".join(form.health) for form in forms],
        [form.labour for form in forms],
        [form.schooling for form in forms],
        [seat.region for seat in seats],
        [seat.grid for seat in seats],
    )


async def save_beside(connection: asyncpg.Connection, homes: Sequence[Home], records: Sequence[str]) -> None:
    """What these income and monitoring records say now: their rows are taken out and put in as the homes hold them."""
    await connection.execute(SQL.remove_incomes, records)
    await connection.execute(SQL.remove_monitorings, records)
    named = frozenset(records)
    incomes = [(home, line) for home in homes for line in home.incomes if line.record_id in named]
    monitorings = [(home, line) for home in homes for line in home.monitorings if line.record_id in named]
    if incomes:
        await connection.execute(SQL.save_incomes, *_columns(incomes, ("record_id", "year", "net_yuan", "occurred_on")))
    if monitorings:
        names = ("record_id", "status", "category", "since", "occurred_on")
        await connection.execute(SQL.save_monitorings, *_columns(monitorings, names))


def _columns(lines: Sequence[tuple[Home, Any]], names: Sequence[str]) -> list[list[Any]]:
    return [
        [home.household_id for home, _ in lines],
        [home.region for home, _ in lines],
        [home.grid for home, _ in lines],
        *([getattr(line, name) for _, line in lines] for name in names),
    ]


async def move_beside(connection: asyncpg.Connection, homes: Sequence[Home]) -> None:
    """What belongs to these households, their source records too, stands where they stand (row scope)."""
    columns = ([one.household_id for one in homes], [one.region for one in homes], [one.grid for one in homes])
    await connection.execute(SQL.move_persons, *columns)
    await connection.execute(SQL.move_incomes, *columns)
    await connection.execute(SQL.move_monitorings, *columns)
    await connection.execute(SQL.move_records, *columns)


async def mark_left(connection: asyncpg.Connection, ids: Sequence[UUID]) -> None:
    await connection.execute(SQL.mark_left, ids)
