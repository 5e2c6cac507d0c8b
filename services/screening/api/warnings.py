"""Warnings and why: for township and above with values, records and thresholds, below it in a band (A5)."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query

from services.screening import warning
from services.screening.explain import why_not
from services.screening.household import unpack
from services.screening.judge import looked_at
from services.screening.lines import lines_on
from shared.access.roles import grade
from shared.access.tokens import Caller
from shared.clock import civil_date
from shared.policy import Policy
from shared.service import Service
from shared.web.callers import allowed, scoped
from shared.web.cursor import Cursor
from shared.web.problems import refuse

PAGE_MAX = 200
Reader = Annotated[Caller, Depends(allowed("warning.read"))]


def router(service: Service, policy: Policy) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/warnings")
    async def warnings(
        caller: Reader,
        region: Annotated[str | None, Query(pattern=r"^\d{2,12}$")] = None,
        household: UUID | None = None,
        household_no: Annotated[str | None, Query(max_length=64)] = None,
        state: Annotated[str | None, Query(pattern="^(open|suppressed|withdrawn|closed)$")] = None,
        level: Annotated[str | None, Query(pattern="^(red|orange|yellow)$")] = None,
        after: str | None = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
    ) -> dict[str, Any]:
        at, last_id = Cursor.read(after)
        async with scoped(service.api, caller) as connection:
            rows = await connection.fetch(
                warning.SQL.page, state, household, household_no, region, at, last_id, limit + 1, level
            )
        items = [_shown(row["told"], caller) for row in rows[:limit]]
        last = rows[limit - 1] if len(rows) > limit else None
        return {"items": items, "next": Cursor.write(last["raised_at"], last["warning_id"]) if last else None}

    @routes.get("/v1/warnings/tally")
    async def tally(
        caller: Reader, region: Annotated[str | None, Query(pattern=r"^\d{2,12}$")] = None
    ) -> dict[str, Any]:
        """How many there are by state and level: what a list of them adds up to."""
        async with scoped(service.api, caller) as connection:
            rows = await connection.fetch(warning.SQL.tally, region)
            as_of = await connection.fetchval(warning.SQL.now)
        return {"items": [dict(row) for row in rows], "as_of": as_of}

    @routes.get("/v1/warnings/{warning_id}")
    async def one(warning_id: UUID, caller: Reader) -> dict[str, Any]:
        async with scoped(service.api, caller) as connection:
            row = await connection.fetchrow(warning.SQL.one, warning_id)
        if row is None:
            raise refuse(404, "not_found", "There is no such warning in your area.")
        return _shown(row["told"], caller) | {"changed_at": row["changed_at"]}

    @routes.get("/v1/households/{household_id}/why")
    async def why(household_id: UUID, caller: Reader) -> dict[str, Any]:
        """Why a household is warned, or why it is not and how far it is from it."""
        async with scoped(service.api, caller) as connection:
            rows = await connection.fetch(
                warning.SQL.page, "open", household_id, None, None, *Cursor.read(None), 1, None
            )
            seen = await connection.fetchval(warning.SQL.is_seen, household_id)
            now: datetime = await connection.fetchval(warning.SQL.now)
        if rows:
            return {"household_id": household_id, "is_warned": True, "warning": _shown(rows[0]["told"], caller)}
        if not seen:
            raise refuse(404, "not_found", "No record of a department is known of such a household in your area.")
        packed = await service.worker.fetchval(warning.SQL.digest, str(household_id))
        return {
            "household_id": household_id,
            "is_warned": False,
            "explanation": _not_warned(packed, caller, policy, now),
        }

    return routes


def _not_warned(packed: bytes | None, caller: Caller, policy: Policy, now: datetime) -> dict[str, str]:
    if grade(caller) == "band":
        return {"zh": "目前没有需要上门核实的部门情况。", "en": "Nothing that departments reported needs a visit now."}
    digest, today = unpack(packed), civil_date(now)
    return why_not(looked_at(digest.facts, digest.known, policy, lines_on(policy.name, today), today)).model_dump()


def _shown(told: str, caller: Caller) -> dict[str, Any]:
    """A warning as this caller may see it."""
    state = orjson.loads(told)
    is_exact = grade(caller) == "exact"
    shown = {name: state[name] for name in _WHOLE}
    shown["explanation"] = state["explanation"]["exact" if is_exact else "band"]
    shown["findings"] = [_finding(one, is_exact) for one in state["findings"]]
    return shown


_WHOLE = (
    "warning_id", "household_id", "household_no", "state", "level", "cause", "provisional", "raised_at", "concerns",
    "clock_started_at", "policy",
)  # fmt: skip
_EXACT = ("rule", "department", "level", "value", "threshold", "unit", "threshold_verified", "occurred_on", "concern")


def _finding(finding: dict[str, Any], is_exact: bool) -> dict[str, Any]:
    if not is_exact:
        return {"concern": finding["concern"], "level": finding["level"], "explanation": finding["explanation"]["band"]}
    shown = {name: finding[name] for name in _EXACT}
    return shown | {
        "record_id": finding["record_ids"][-1],
        "record_ids": finding["record_ids"],
        "explanation": finding["explanation"]["exact"],
    }
