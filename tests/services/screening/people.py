"""Facts and households for screening's tests, as its events hold them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import Any
from uuid import UUID, uuid5

import msgspec
from pydantic import TypeAdapter

from shared.contracts.clue import Clue, ClueReported
from shared.contracts.data import (
    Allowance,
    Cover,
    DataChanged,
    Employment,
    Enrolment,
    Fact,
    HouseGrade,
    ProjectFailure,
    SchoolCost,
    Settlement,
    Values,
    WageArrears,
    WaterSupply,
)
from shared.contracts.envelope import event_id, schema_address
from shared.contracts.household import Household, HouseholdRegistered, Income, Member, Monitoring
from shared.contracts.stage import Stage, StageAdvanced
from shared.messaging.room import Input

SPACE = UUID("0d2f3f6e-3b1c-4a57-8f57-3a1c3a5f0002")
VILLAGE, GRID = "341221102201", "341221102201-03"
NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 25)


def person(number: int = 1) -> UUID:
    return uuid5(SPACE, f"person {number}")


def household_id(number: int) -> UUID:
    return uuid5(SPACE, f"household {number}")


def paid(yuan: float, **more: Any) -> dict[str, Any]:
    """A settlement of an autumn day, as `changed` takes it."""
    return {"settlement": yuan, "day": "2026-10-01"} | more


VALUES: TypeAdapter[Values] = TypeAdapter(Values)


KINDS = {
    "settlement": ("medical_insurance", "settlement"),
    "cover": ("medical_insurance", "cover"),
    "house": ("housing", "house_grade"),
    "enrolment": ("education", "enrolment"),
    "cost": ("education", "cost"),
    "water": ("water", "supply"),
    "allowance": ("civil_affairs", "allowance"),
    "work": ("human_resources", "employment"),
    "owed": ("human_resources", "wage_arrears"),
    "failed": ("rural_revitalization", "project_failure"),
}
"""What a record is in short, by the word that it begins with: its department and kind."""


def values(said: dict[str, Any]) -> Values:
    """A record's values: in the contract's own words under its `kind`, or in short by one of `KINDS`."""
    on = date.fromisoformat(str(said["day"]))
    if "kind" in said:
        return VALUES.validate_python({"kind": said["kind"], **said.get("values", {})})
    if "cover" in said:
        return Cover(status=said["cover"], year=on.year)
    if "house" in said:
        return HouseGrade(grade=said["house"], inspected_on=on)
    since = said.get("since", on)
    if "enrolment" in said:
        return Enrolment(status=said["enrolment"], stage=said.get("stage"))
    if "cost" in said:
        subsidy = Decimal(str(said["subsidy"])) if "subsidy" in said else None
        return SchoolCost(school_year=said["year"], cost_yuan=Decimal(str(said["cost"])), subsidy_yuan=subsidy)
    if "water" in said:
        return WaterSupply(status=said["water"], since=since, quality=said.get("quality"))
    if "allowance" in said:
        return Allowance(type=said["allowance"], change=said["change"])
    if "work" in said:
        return Employment(status=said["work"], since=since)
    if "failed" in said:
        return ProjectFailure(loss_yuan=Decimal(str(said["failed"])))
    if "owed" in said:
        return WageArrears(yuan=Decimal(str(said["owed"])))
    counted = said["settlement"]
    own = Decimal(str(said.get("self_paid", counted)))
    return Settlement(
        setting="inpatient", settled_on=on, total_yuan=own, reimbursed_yuan=Decimal(0), self_paid_yuan=own,
        in_scope_self_paid_yuan=None if counted is None else Decimal(str(counted)), reverses=said.get("reverses"),
    )  # fmt: skip


def _kind_of(said: dict[str, Any]) -> tuple[str, str]:
    return (said["department"], said["kind"]) if "kind" in said else next(KINDS[word] for word in KINDS if word in said)


def fact(household: UUID, number: int, said: dict[str, Any], version: int = 1) -> Fact:
    found = None if said.get("withdrawn") else values(said)
    department, kind = _kind_of(said)
    return Fact(
        department=department, kind=kind,
        record_id=said.get("id", f"R-{number}"), version=version, household_id=household,
        person_id=person(said.get("person", 1)), occurred_on=date.fromisoformat(str(said["day"])), known_at=NOW,
        values=found,
    )  # fmt: skip


def changed(household: UUID, sequence: int, said: dict[str, Any], version: int = 1) -> Input:
    data = fact(household, sequence, said, version)
    told = "withdrawn" if data.values is None else "corrected" if version > 1 else "changed"
    type_ = f"shouwang.data.{told}.v1"
    event = DataChanged(
        id=event_id(data.record_id, type_, version, household, sequence), source="/intake", type=type_,
        dataschema=schema_address("data.changed"), subject=str(household), partitionkey=str(household), time=NOW,
        sequence=f"{sequence:012d}", correlationid=event_id(data.record_id, "journey"), region=VILLAGE, grid=GRID,
        data=data,
    )  # fmt: skip
    return Input("data.changed", str(household), sequence, event, VILLAGE, type_)


def registered(household: UUID, sequence: int, told: dict[str, Any]) -> Input:
    """Of each member, in order: `labour`, the national form's word or null; `born`, the year of birth or null."""
    income = told.get("income")
    each = zip_longest(told.get("labour", (None,)), told.get("born", (None,)))
    members = tuple(
        Member(person_id=person(number), display_name="张**", relation="户主", labour=labour, birth_year=born)
        for number, (labour, born) in enumerate(each, 1)
    )
    data = Household(
        household_id=household, household_no=told.get("number", "H-1"), region=VILLAGE, grid=GRID, group=3,
        display_name="张**", poverty_history=told.get("poverty_history", "none"),
        monitoring=Monitoring(status=told.get("monitoring", "none")), size=len(members), members=members,
        incomes=() if income is None else (Income(year=2025, net_yuan=Decimal(str(income))),),
    )  # fmt: skip
    type_ = "shouwang.household.registered.v1"
    event = HouseholdRegistered(
        id=event_id(str(household), type_, sequence), source="/intake", type=type_,
        dataschema=schema_address("household.registered"), subject=str(household), partitionkey=str(household),
        time=NOW,
        sequence=f"{sequence:012d}", correlationid=event_id(str(household), "registered"), region=VILLAGE, grid=GRID,
        data=data,
    )  # fmt: skip
    return Input("household.registered", str(household), sequence, event, VILLAGE, type_)


def merged(household: UUID, sequence: int, into: UUID) -> Input:
    """The register found whose household this is: from now on it is another one."""
    event = registered(household, sequence, {"number": "P-1"})
    data = event.body.data.model_copy(update={"status": "merged", "merged_into": into})
    type_ = "shouwang.household.merged.v1"
    body = event.body.model_copy(update={"data": data, "type": type_, "id": event_id(str(household), type_, into)})
    return msgspec.structs.replace(event, body=body, type=type_)


def reported(household: UUID, sequence: int, kind: str = "reported", **told: Any) -> Input:
    """A clue; `number` names it, `days` after the first of November its receipt."""
    clue_id = uuid5(SPACE, f"clue {told.get('number', 1)}")
    data = Clue(
        clue_id=clue_id, household_id=household, is_matched=told.get("is_matched", True),
        cause=told.get("cause", "declaration"), channel=told.get("channel", "window"),
        concerns=told.get("concerns", ("medical_burden",)), level=told.get("level"),
        is_green=told.get("is_green", False), times=told.get("times", 1), reported_by_role="clerk",
        reported_at=datetime(2026, 11, 1, 2, 0, tzinfo=UTC) + timedelta(days=told.get("days", 0)),
    )  # fmt: skip
    type_ = f"shouwang.clue.{kind}.v1"
    event = ClueReported(
        id=event_id(str(clue_id), type_, household, sequence), source="/intake", type=type_,
        dataschema=schema_address("clue.reported"), subject=str(household), partitionkey=str(household), time=NOW,
        sequence=f"{sequence:012d}", correlationid=event_id(str(clue_id), "journey"), region=VILLAGE, grid=GRID,
        data=data,
    )  # fmt: skip
    return Input("clue.reported", str(household), sequence, event, VILLAGE, type_)


def closed(household: UUID, sequence: int, warning_id: UUID) -> Input:
    """People closed the case of a warning."""
    data = Stage(
        case_id=uuid5(SPACE, "case"), household_id=household, warning_id=warning_id, policy="regular-2026",
        level="yellow", clock_started_at=NOW, reason_code="no_risk",
    )  # fmt: skip
    type_ = "shouwang.stage.closed.v1"
    event = StageAdvanced(
        id=event_id(str(warning_id), type_, sequence), source="/workflow", type=type_,
        dataschema=schema_address("stage.advanced"), subject=str(household), partitionkey=str(household), time=NOW,
        sequence=f"{sequence:012d}", correlationid=event_id(str(household), "journey"), region=VILLAGE, grid=GRID,
        data=data,
    )  # fmt: skip
    return Input("stage.advanced", str(household), sequence, event, VILLAGE, type_)
