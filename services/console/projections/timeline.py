"""Table `timeline`: every step of every service about a household, each with the event that caused it.

`step_of` is pure: an event in, a row of coded facts out, without a name. What village and group may not see (sums,
departments, records) lies apart in `exact`, `department` and `record_id`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

import asyncpg
import msgspec
import orjson

from shared.contracts.clue import Clue
from shared.contracts.data import Fact
from shared.contracts.deadline import Passed
from shared.contracts.envelope import Event
from shared.contracts.household import Household
from shared.contracts.notice import Notice
from shared.contracts.stage import Stage
from shared.contracts.warning import WarningState
from shared.domain.concerns import concerns_of
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit
from shared.postgres import queries

SQL = queries(__file__)

Payload = Household | Fact | Clue | WarningState | Stage | Passed | Notice

NEVER_SHOWN = frozenset({"shouwang.clue.objected.v1"})
"""An objection is a complaint: its handler alone knows of it, no timeline and no count of one."""


class Step(msgspec.Struct, frozen=True):
    """One row of the timeline."""

    event_id: UUID
    cause_id: UUID | None
    correlation_id: UUID
    household_id: UUID
    at: datetime
    topic: str
    sequence: int
    service: str
    type: str
    what: dict[str, Any]
    region: str
    grid: str | None
    exact: dict[str, Any] = {}
    officer_id: str | None = None
    role: str | None = None
    department: str | None = None
    record_id: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Timeline(Keyed):
    """A topic about households whose every event is one step."""

    topic: str

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        return {"places": await places(unit.connection, inputs)}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        if input.body.type in NEVER_SHOWN:
            return Decision()
        return Decision(rows=(placed(step_of(self.topic, input.body), state["places"]),))

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await insert(unit.connection, [row for one in decided for row in one.decision.rows])


# ── pure: from an event to its step ─────────────────────────────────────────────────────────────────────────────


def step_of(topic: str, event: Event) -> Step:
    """The step that an event is. Its household is the one that its payload names."""
    data: Payload = event.data
    told: dict[str, Any]
    match data:
        case Household():
            told = _household(data)
        case Fact():
            told = _fact(data)
        case Clue():
            told = _clue(data)
        case WarningState():
            told = _warning(data)
        case Stage():
            told = _stage(data)
        case Passed():
            told = _passed(data)
        case Notice():
            told = _notice(data)
        case _:
            assert_never(data)
    return Step(
        event_id=event.id, cause_id=event.causationid, correlation_id=event.correlationid,
        household_id=data.household_id, at=event.time, topic=topic, sequence=int(event.sequence),
        service=event.source.strip("/"), type=event.type, region=event.region, grid=event.grid, **told,
    )  # fmt: skip


def placed(step: Step, homes: dict[UUID, tuple[str, str]]) -> Step:
    """The step in its household's place of now: whoever answers for the household sees its whole past."""
    home = homes.get(step.household_id)
    return step if home is None else msgspec.structs.replace(step, region=home[0], grid=home[1])


def _household(data: Household) -> dict[str, Any]:
    what = {
        "size": data.size, "group": data.group, "poverty_history": data.poverty_history,
        "monitoring": data.monitoring.status, "status": data.status,
    }  # fmt: skip
    return {"what": what, "exact": {"incomes": [one.model_dump(mode="json") for one in data.incomes]}}


def _fact(data: Fact) -> dict[str, Any]:
    concerns = [one.code for one in concerns_of(data.department, data.kind)]
    exact: dict[str, Any] = {"kind": data.kind, "values": data.values.model_dump(mode="json") if data.values else None}
    return {
        "what": {"concerns": concerns, "occurred_on": data.occurred_on.isoformat()}, "exact": exact,
        "department": data.department, "record_id": data.record_id, "version": data.version,
    }  # fmt: skip


def _clue(data: Clue) -> dict[str, Any]:
    """By which way it came and from which role is nothing for the village."""
    what = data.model_dump(mode="json", include={"cause", "concerns", "level", "is_green", "times", "reason_code"})
    return {"what": what, "exact": {"channel": data.channel, "reported_by_role": data.reported_by_role}}


def _warning(data: WarningState) -> dict[str, Any]:
    what = {
        "warning_id": str(data.warning_id), "state": data.state, "level": data.level, "cause": data.cause,
        "provisional": data.provisional, "concerns": list(data.concerns), "new_concerns": list(data.new_concerns),
        "explanation": data.explanation.band.model_dump(),
    }  # fmt: skip
    findings = [one.model_dump(mode="json", exclude={"explanation", "finding_id"}) for one in data.findings]
    first = data.findings[0] if data.findings else None
    return {
        "what": what,
        "exact": {"explanation": data.explanation.exact.model_dump(), "findings": findings},
        "department": first.department if first else None,
        "record_id": first.record_ids[-1] if first and first.record_ids else None,
    }


def _stage(data: Stage) -> dict[str, Any]:
    what = data.model_dump(
        mode="json",
        include={
            "case_id", "warning_id", "cause", "level", "concerns", "hop", "step", "from_hop", "round", "branch",
            "office", "task_id", "due_at", "journey_due_at", "action", "reason_code", "result", "planned_on",
            "notice_until", "appeal_until",
        },
    )  # fmt: skip
    return {"what": what, "officer_id": data.actor.officer_id, "role": data.actor.role}


def _passed(data: Passed) -> dict[str, Any]:
    what = data.model_dump(
        mode="json", include={"case_id", "hop", "round", "office", "task_id", "level", "step", "due_at"}
    )
    return {"what": what}


def _notice(data: Notice) -> dict[str, Any]:
    what = data.model_dump(
        mode="json", include={"notice_id", "case_id", "office", "carrier", "step", "hop", "round", "task_id"}
    )
    return {"what": what, "officer_id": data.officer_id}


# ── the table ───────────────────────────────────────────────────────────────────────────────────────────────────


async def places(connection: asyncpg.Connection, inputs: Sequence[Input]) -> dict[UUID, tuple[str, str]]:
    """Where the inputs' households are now; a household that is not registered yet is left out."""
    ids = [input.body.data.household_id for input in inputs]
    return {row["household_id"]: (row["region"], row["grid"]) for row in await connection.fetch(SQL.places, ids)}


async def insert(connection: asyncpg.Connection, steps: Sequence[Step]) -> None:
    """A step that is there already stays as it is."""
    if not steps:
        return
    columns = [[getattr(step, name) for step in steps] for name in Step.__struct_fields__]
    for name in ("what", "exact"):
        at = Step.__struct_fields__.index(name)
        columns[at] = [orjson.dumps(value).decode() for value in columns[at]]
    await connection.execute(SQL.insert, *columns)
