"""Warnings and why: for township and above with values, records and thresholds, below it in a band."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import orjson
from fastapi import APIRouter, Depends, Query

from services.screening import warning
from services.screening.explain import SUPPRESSED, why_not
from services.screening.household import Digest, unpack
from services.screening.judge import looked_at, sights_of
from services.screening.lines import lines_on
from services.screening.rules.finding import Quiet
from shared.access.roles import grade
from shared.access.tokens import Caller
from shared.clock import civil_date
from shared.policy import Policy, PolicyError, load
from shared.service import Service
from shared.web import cursor
from shared.web.callers import allowed, scoped
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
        for_audit: bool | None = None,
        after: str | None = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
    ) -> dict[str, Any]:
        at, last_id = cursor.read(after, cursor.NEWEST)
        async with scoped(service.api, caller) as connection:
            rows = await connection.fetch(
                warning.SQL.page, state, household, household_no, region, at, last_id, limit + 1, level, for_audit
            )
        items = [_shown(row["told"], caller) for row in rows[:limit]]
        last = rows[limit - 1] if len(rows) > limit else None
        return {"items": items, "next": cursor.packed(last["raised_at"], last["warning_id"]) if last else None}

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
        return _shown(row["told"], caller, is_whole=True) | {"changed_at": row["changed_at"]}

    @routes.get("/v1/households/{household_id}/why")
    async def why(household_id: UUID, caller: Reader) -> dict[str, Any]:
        """Why a household is warned, or why it is not and how far it is from it: rule by rule, with what would have to
        be different; and from which day on time alone may change it."""
        async with scoped(service.api, caller) as connection:
            rows = await connection.fetch(warning.SQL.standing, household_id)
            seen = await connection.fetchval(warning.SQL.is_seen, household_id)
            now: datetime = await connection.fetchval(warning.SQL.now)
        digest = unpack(await service.worker.fetchval(warning.SQL.digest, str(household_id)))
        if not rows and not _is_here(digest, caller, seen):
            raise refuse(404, "not_found", "No record of a department is known of such a household in your area.")
        is_warned = bool(rows) and rows[0]["state"] == "open"
        shown: dict[str, Any] = {"household_id": household_id, "is_warned": is_warned}
        if rows:
            shown["warning"] = _shown(rows[0]["told"], caller, is_whole=True)
        return shown | _looked_at(digest, caller, policy, civil_date(now), has_explanation=not is_warned)

    return routes


def _is_here(digest: Digest, caller: Caller, seen: bool) -> bool:
    """Whether a household of which a record is known lives in the caller's area. Facts (`seen`: the caller sees one)
    stay where it lived when they came, and say where it lives only while the register has not."""
    known = digest.known
    if known is None:
        return seen
    is_in = caller.region_from <= known.region <= caller.region_to and caller.grid in ("*", known.grid)
    return is_in and (seen or bool(digest.facts))


def _looked_at(digest: Digest, caller: Caller, policy: Policy, today: date, has_explanation: bool) -> dict[str, Any]:
    """What the rules looked at and found in order; below the township no more than that there is nothing to see to."""
    if grade(caller) == "band":
        return {"explanation": NOTHING_TO_VISIT} if has_explanation else {}
    lines = lines_on(policy.name, today)
    quiet = looked_at(digest.facts, sights_of(digest.known, policy), lines, today)
    shown: dict[str, Any] = {"looked_at": [_quiet(one, policy) for one in quiet], "recheck_on": digest.recheck_on}
    if has_explanation and digest.spoken is not None:
        shown["explanation"] = SUPPRESSED.model_dump()
    elif has_explanation:
        shown["explanation"] = why_not(quiet).model_dump()
    return shown


NOTHING_TO_VISIT = {
    "zh": "目前没有需要上门核实的部门情况。", "en": "Nothing that departments reported needs a visit now."
}  # fmt: skip


def _quiet(one: Quiet, policy: Policy) -> dict[str, Any]:
    return {
        "rule": one.rule, "department": one.department, "value": one.value, "threshold": one.threshold,
        "unit": one.unit, "threshold_since": one.line.valid_from, "threshold_source": one.line.source,
        "threshold_source_zh": policy.source(one.line.source).zh,
        "threshold_verified": one.line.verified, "occurred_on": one.occurred_on,
        "speaks_if": None if one.speaks_if is None else msgspec.structs.asdict(one.speaks_if),
        "explanation": one.says.model_dump(),
    }  # fmt: skip


def _shown(told: str, caller: Caller, is_whole: bool = False) -> dict[str, Any]:
    """A warning as this caller may see it; whole with what each finding rests on and what would silence it."""
    state = orjson.loads(told)
    is_exact = grade(caller) == "exact"
    shown = {name: state[name] for name in _WHOLE} | {"suppression": state.get("suppression")}
    shown["explanation"] = state["explanation"]["exact" if is_exact else "band"]
    shown["findings"] = [_finding(one, is_exact) for one in state["findings"]]
    if is_exact and is_whole:
        policy = _package(state["policy"])
        for given, one in zip(shown["findings"], state["findings"], strict=True):
            given |= _evidence(one, policy)
    return shown


def _package(name: str) -> Policy | None:
    """The package by which a warning was judged, as far as it is still here."""
    try:
        return load(name)
    except PolicyError:
        return None


_WHOLE = (
    "warning_id", "household_id", "household_no", "state", "level", "cause", "provisional", "raised_at", "concerns",
    "clock_started_at", "policy",
)  # fmt: skip
_EXACT = ("rule", "department", "level", "value", "threshold", "unit", "threshold_verified", "occurred_on", "concern")


def _finding(finding: dict[str, Any], is_exact: bool) -> dict[str, Any]:
    if not is_exact:
        return {"concern": finding["concern"], "level": finding["level"], "explanation": finding["explanation"]["band"]}
    return {name: finding[name] for name in _EXACT} | {
        "record_id": finding["record_ids"][-1],
        "record_ids": finding["record_ids"],
        "records": finding.get("records"),
        "explanation": finding["explanation"]["exact"],
    }


def _evidence(finding: dict[str, Any], policy: Policy | None) -> dict[str, Any]:
    """What a finding's line rests on, and what would silence the finding."""
    source = finding.get("threshold_source")
    return {
        "threshold_since": finding.get("threshold_since"),
        "threshold_source": source,
        "threshold_source_zh": policy.source(source).zh if policy and source else source,
        "counterfactual": finding.get("unless"),
    }
