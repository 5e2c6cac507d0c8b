"""What the console's pages and calls share: sessions, frame, neighbours, live events, and its own read tables."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from fastapi import Request

from services.console.frame import Frame
from services.console.live import Live
from services.console.neighbours import Neighbours
from services.console.projections import household, officer, timeline
from services.console.session import Sessions, SignInNeeded, Viewer
from shared.access.roles import Action
from shared.access.tokens import Caller
from shared.domain.division import Division, find
from shared.postgres import session
from shared.web.callers import scoped
from shared.web.problems import refuse

WAITS_SECONDS, WAIT_STEP_SECONDS = 1.0, 0.025
"""A page waits so long for what its own POST emitted to be in the projection; then it is shown all the same."""
EVERYBODY = Caller(None, "system", "")
"""The scope in which masked names of officers are read: a county's reviewer stands on a village's timeline."""


@dataclass(frozen=True, slots=True)
class Console:
    api: asyncpg.Pool
    sessions: Sessions
    frame: Frame
    neighbours: Neighbours
    live: Live
    is_demo: bool
    account: Callable[[str], Awaitable[Mapping[str, Any]]]
    """Every service's sums, asked for with a token: the page and the call show the same."""

    async def viewer(self, request: Request, action: Action | None = None) -> Viewer:
        """Whoever is signed in. Raises SignInNeeded, and Refused (403) where the role may not do this at all."""
        viewer = await self.sessions.find(request)
        if viewer is None:
            raise SignInNeeded
        if action is not None and not viewer.may(action):
            raise refuse(403, "forbidden", f"The role {viewer.officer.role} may not see this page.")
        return viewer

    def token(self, viewer: Viewer) -> str:
        return self.sessions.token(viewer)

    async def now(self) -> datetime:
        """Civil now, for a page of somebody who is not signed in."""
        async with session(self.api) as connection:
            found: datetime = await connection.fetchval("SELECT civil.now()")
        return found

    async def officers(self, ids: Collection[str | None]) -> dict[str, Mapping[str, Any]]:
        """Masked names and offices by officer id."""
        wanted = sorted({one for one in ids if one})
        if not wanted:
            return {}
        async with scoped(self.api, EVERYBODY) as connection:
            rows = await connection.fetch(officer.SQL.named, wanted)
        return {row["officer_id"]: dict(row) for row in rows}

    async def in_post(self) -> list[asyncpg.Record]:
        """Everybody in post: a demo's sign-in list."""
        async with scoped(self.api, EVERYBODY) as connection:
            return list(await connection.fetch(officer.SQL.in_post))

    async def new_villages(self, place: str) -> list[Division]:
        """Villages of a place, a prefix, that are newer than the table of divisions and have an office here."""
        async with scoped(self.api, EVERYBODY) as connection:
            rows = await connection.fetch(officer.SQL.villages, place)
        return [
            Division(row["region"], "village", row["office_zh"], row["region"][:9])
            for row in rows
            if find(row["region"]) is None
        ]

    async def household(self, caller: Caller, household_id: UUID) -> asyncpg.Record | None:
        """A household's public state, if it lies in the caller's rows."""
        async with scoped(self.api, caller) as connection:
            return await connection.fetchrow(household.SQL.one, household_id)

    async def homes(self, caller: Caller, ids: Collection[UUID]) -> dict[UUID, Mapping[str, Any]]:
        """The public state of a list's households, as far as they lie in the caller's rows."""
        if not ids:
            return {}
        async with scoped(self.api, caller) as connection:
            rows = await connection.fetch(household.SQL.some, sorted(set(ids)))
        return {row["household_id"]: dict(row) for row in rows}

    async def await_emitted(self, caller: Caller, emitted: Sequence[Mapping[str, Any]]) -> bool:
        """Wait up to a second until (topic, key, sequence) of a POST's facts are on the timeline."""
        facts = [one for one in emitted if _is_on_timeline(one)]
        wanted = [(UUID(str(one["key"])), one["topic"], int(one["sequence"])) for one in facts]
        end = asyncio.get_running_loop().time() + WAITS_SECONDS
        while wanted and asyncio.get_running_loop().time() < end:
            async with scoped(self.api, caller) as connection:
                wanted = [one for one in wanted if not await connection.fetchval(timeline.SQL.has_come, *one)]
            if wanted:
                await asyncio.sleep(WAIT_STEP_SECONDS)
        return not wanted


def _is_on_timeline(one: Mapping[str, Any]) -> bool:
    try:
        UUID(str(one.get("key")))
    except ValueError:
        return False
    return one.get("topic") in ("stage.advanced", "notice.sent", "deadline.passed", "warning.raised")
