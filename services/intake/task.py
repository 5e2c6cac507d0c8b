"""Open tasks as intake knows them, from stage.advanced alone: enough to say who may see a name without a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from shared.access.roles import may_act_at
from shared.access.tokens import Caller
from shared.postgres import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class OpenTask:
    task_id: UUID
    case_id: UUID
    household_id: UUID
    hop: str
    round: int
    branch: str
    office: str
    region: str
    grid: str | None


def is_for(task: OpenTask, caller: Caller) -> bool:
    """Whether the caller acts for the task's office: its hop is the role's, its office in the caller's place."""
    is_own_grid = caller.grid == "*" or task.office == caller.grid
    return may_act_at(caller, task.hop, task.region) and is_own_grid and task.office.startswith(caller.region)


async def load_tasks(connection: asyncpg.Connection, cases: Sequence[UUID]) -> list[OpenTask]:
    return [OpenTask(**row) for row in await connection.fetch(SQL.of_cases, cases)] if cases else []


async def tasks_of(connection: asyncpg.Connection, household_id: UUID) -> list[OpenTask]:
    """The household's open tasks that row scope lets the caller see."""
    return [OpenTask(**row) for row in await connection.fetch(SQL.of_household, household_id)]


async def save_tasks(connection: asyncpg.Connection, cases: Sequence[UUID], tasks: Sequence[OpenTask]) -> None:
    """The whole of these cases' open tasks."""
    await connection.execute(SQL.clear, cases)
    if tasks:
        names = OpenTask.__slots__
        await connection.execute(SQL.put, *([getattr(one, name) for one in tasks] for name in names))
