"""History: every step of a case as a row of its own, and the fact of it that goes out as `stage.advanced`.

Appended, never changed. Free words stay in `decisions`; neither a step nor a fact carries them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from services.workflow.rows import Statements, written
from shared.postgres import queries

SQL = queries(__file__)


class Step(msgspec.Struct, frozen=True, gc=False):
    """One row. `type` is the fact's own, or `task.claimed` for what no fact tells; `told` what a notice was about."""

    event_id: UUID
    cause_id: UUID | None
    case_id: UUID
    household_id: UUID
    at: datetime
    type: str
    region: str
    grid: str | None
    hop: str | None = None
    step: str | None = None
    from_hop: str | None = None
    round: int | None = None
    branch: str | None = None
    office: str | None = None
    level: str | None = None
    due_at: datetime | None = None
    task_id: UUID | None = None
    action: str | None = None
    reason_code: str | None = None
    told: str | None = None
    officer_id: str | None = None
    role: str | None = None


class Told(msgspec.Struct, frozen=True):
    """What a person decided, in the form's own answers and in free words."""

    event_id: UUID
    task_id: UUID
    case_id: UUID
    household_id: UUID
    at: datetime
    version: int
    action: str
    form: dict[str, Any]
    reason_code: str | None
    comment: str | None
    officer_id: str | None
    role: str
    region: str
    grid: str | None


STATEMENTS: Statements = {"append_steps": SQL.append_steps, "append_decisions": SQL.append_decisions}


async def append(connection: asyncpg.Connection, steps: Sequence[Step]) -> None:
    """Steps of which no case's file tells."""
    await written(connection, STATEMENTS, {"append_steps": steps})
