"""Where a case stands, as its declarer may hear it: read from stage.advanced alone. Pure but its rows.

One row a case. A household has one open case at a time, so that its cases follow one another, and a report belongs to
the one that was open when it was made, or else to the next.
"""

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
    """`refusals` counts the refusals of this case; `hop` and `step` are where it is, or is going to. `closed_at` is its
    first closing: an appeal may take it up again."""

    household_id: UUID
    case_id: UUID
    changed_at: datetime
    opened_at: datetime
    region: str
    grid: str | None
    closed_at: datetime | None = None
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
    if before is None:
        before = Progress(stage.household_id, stage.case_id, event.time, event.time, event.region, event.grid)
    now = replace(
        before,
        household_id=stage.household_id,
        changed_at=event.time,
        region=event.region,
        grid=event.grid,
        result=stage.result or before.result,
        journey_due_at=stage.journey_due_at or before.journey_due_at,
        planned_on=stage.planned_on or before.planned_on,
        notice_until=stage.notice_until or before.notice_until,
        # A new refusal's days to appeal begin when it is told; those of an earlier one are over.
        appeal_until=stage.appeal_until or (None if word == "rejected" else before.appeal_until),
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
            return replace(now, state="closed", due_at=None, closed_at=now.closed_at or now.changed_at)
    if now.result != "refused" and now.is_appealed:
        return replace(now, is_appealed=False)
    return now


def of_report(cases: Sequence[Progress], reported_at: datetime) -> Progress | None:
    """Which of a household's cases, the earliest first, a report belongs to: none that was closed before it."""
    return next((one for one in cases if one.closed_at is None or one.closed_at >= reported_at), None)


async def load_cases(connection: asyncpg.Connection, case_ids: Sequence[UUID]) -> dict[UUID, Progress]:
    rows = await connection.fetch(SQL.of_cases, list(case_ids)) if case_ids else ()
    return {row["case_id"]: Progress(**row) for row in rows}


async def load_progress(connection: asyncpg.Connection, households: Sequence[UUID]) -> dict[UUID, tuple[Progress, ...]]:
    """Household → its cases, the earliest first."""
    rows = await connection.fetch(SQL.of_households, list(households)) if households else ()
    found: dict[UUID, tuple[Progress, ...]] = {}
    for one in (Progress(**row) for row in rows):
        found[one.household_id] = (*found.get(one.household_id, ()), one)
    return found


async def save_progress(connection: asyncpg.Connection, changed: Sequence[Progress]) -> None:
    if changed:
        await connection.execute(SQL.put, *(list(column) for column in zip(*map(astuple, changed), strict=True)))
