"""Where a household's case stands, as its declarer may hear it: read from stage.advanced alone. Pure but its rows."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date, datetime
from uuid import UUID

import asyncpg

from shared.contracts.stage import StageAdvanced
from shared.postgres import queries

SQL = queries(__file__)

MAIN = "main"


@dataclass(frozen=True, slots=True)
class Progress:
    """`refusals` counts the refusals of this case; `hop` and `step` are where it is, or is going to."""

    household_id: UUID
    case_id: UUID
    changed_at: datetime
    region: str
    grid: str | None
    state: str = "open"
    hop: str | None = None
    step: str | None = None
    result: str | None = None
    reason_code: str | None = None
    refusals: int = 0
    is_appealed: bool = False
    is_paused: bool = False
    due_at: datetime | None = None
    journey_due_at: datetime | None = None
    planned_on: date | None = None
    notice_until: date | None = None
    appeal_until: date | None = None


def after_stage(before: Progress | None, event: StageAdvanced) -> Progress:
    """After one step of the case. A step beside the main way changes no place, but may tell a day or a result."""
    stage, word = event.data, event.type.split(".")[2]
    if before is None or before.case_id != stage.case_id:
        before = Progress(stage.household_id, stage.case_id, event.time, event.region, event.grid)
    now = replace(
        before,
        changed_at=event.time,
        region=event.region,
        grid=event.grid,
        result=stage.result or before.result,
        journey_due_at=stage.journey_due_at or before.journey_due_at,
        planned_on=stage.planned_on or before.planned_on,
        notice_until=stage.notice_until or before.notice_until,
        appeal_until=stage.appeal_until or before.appeal_until,
    )
    if stage.branch == MAIN and word in ("opened", "arrived", "advanced", "returned", "reassigned", "remonitored"):
        now = replace(now, hop=stage.hop or now.hop, step=stage.step or now.step, due_at=stage.due_at, state="open")
    return _told(now, word, stage.reason_code)


def _told(now: Progress, word: str, reason_code: str | None) -> Progress:
    match word:
        case "rejected":
            return replace(
                now, result="refused", reason_code=reason_code, refusals=now.refusals + 1, is_appealed=False,
                due_at=None,
            )  # fmt: skip
        case "appealed":
            return replace(now, is_appealed=True, state="open")
        case "paused" | "resumed":
            return replace(now, is_paused=word == "paused")
        case "helped":
            return replace(now, result="helped", state="tracking", due_at=None)
        case "closed" | "eliminated":
            return replace(now, state="closed", due_at=None)
    if now.result != "refused" and now.is_appealed:
        return replace(now, is_appealed=False)
    return now


async def load_progress(connection: asyncpg.Connection, households: Sequence[UUID]) -> dict[UUID, Progress]:
    rows = await connection.fetch(SQL.read, list(households)) if households else ()
    return {row["household_id"]: Progress(**row) for row in rows}


async def save_progress(connection: asyncpg.Connection, changed: Sequence[Progress]) -> None:
    if changed:
        await connection.execute(SQL.put, *(list(column) for column in zip(*map(astuple, changed), strict=True)))
