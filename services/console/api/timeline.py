"""GET /v1/households/{id}/timeline: every step of every service about a household, with its cause and its record.

Below township, sums, departments and record ids give way to bands, in the page and here alike; and so do other
departments' for a department.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import orjson
from fastapi import APIRouter, Depends, Query

from services.console import told
from services.console.console import Console
from services.console.projections import household
from services.console.projections.timeline import SQL
from services.console.session import LANGUAGES
from services.console.told import Telling
from shared.access.roles import grade
from shared.access.tokens import Caller
from shared.service import Service
from shared.web import cursor
from shared.web.callers import allowed, scoped
from shared.web.problems import refuse

STEPS_MAX = 500
Place = tuple[datetime, str, int]
"""Of a step on the line: when, and by which fact."""
BEGINNING: Place = (cursor.LONG_AGO, "", 0)


def routes(console: Console, service: Service) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/households/{household_id}/timeline")
    async def timeline(
        household_id: UUID,
        caller: Annotated[Caller, Depends(allowed("timeline.read"))],
        after: str | None = None,
        limit: Annotated[int, Query(ge=1, le=STEPS_MAX)] = STEPS_MAX,
    ) -> dict[str, Any]:
        """Oldest first. `next` is the cursor of the steps that follow."""
        found = await steps(console, caller, household_id, cursor.read(after, BEGINNING), limit)
        if found is None:
            raise refuse(404, "not_found", "There is no such household in your area.")
        home, rows = found
        last = rows[-1] if len(rows) == limit else None
        now = await console.now()
        named = await console.officers([row["officer_id"] for row in rows])
        tellings = {
            "zh" if language.startswith("zh") else language: Telling(
                console.frame.words(language), grade(caller), now, named, caller.department
            )
            for language in LANGUAGES
        }
        return {
            "household_id": str(household_id),
            "household_no": home["household_no"] if home else None,
            "items": [item(row, tellings) for row in rows],
            "next": cursor.packed(last["at"], last["topic"], last["sequence"]) if last else None,
        }

    return routes


Found = tuple[asyncpg.Record | None, list[dict[str, Any]]]
"""A household's row and steps of it, oldest first."""


async def steps(
    console: Console, caller: Caller, household_id: UUID, after: Place | None, limit: int = STEPS_MAX
) -> Found | None:
    """The steps after a given one; without one the newest. None when the caller may see neither row nor step."""
    async with scoped(console.api, caller) as connection:
        home = await connection.fetchrow(household.SQL.one, household_id)
        if after is None:
            told = await connection.fetch(SQL.newest_of_household, household_id, limit)
        else:
            told = await connection.fetch(SQL.of_household, household_id, *after, limit)
    return (home, [_row(one) for one in told]) if home is not None or told else None


def item(row: dict[str, Any], tellings: dict[str, Telling]) -> dict[str, Any]:
    """One step for programs: coded facts, and the same in words."""
    telling = tellings["zh"]
    return {
        "event_id": str(row["event_id"]),
        "cause_id": str(row["cause_id"]) if row["cause_id"] else None,
        "correlation_id": str(row["correlation_id"]),
        "time": row["at"].isoformat(),
        "service": row["service"],
        "topic": row["topic"],
        "sequence": row["sequence"],
        "type": row["type"],
        "who": told.who(row, telling),
        "what": {
            **told.what(row, telling),
            "text": {short: told.sentence(row, each) for short, each in tellings.items()},
        },
        "source": told.source(row, telling),
    }


def _row(row: asyncpg.Record) -> dict[str, Any]:
    return {**dict(row), "what": orjson.loads(row["what"]), "exact": orjson.loads(row["exact"])}
