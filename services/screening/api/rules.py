"""Rules: how many of each one's warnings proved true, by month, for the office that owns it. Township and above."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from services.screening import hits, warning
from services.screening.hits import Counts, RuleHits, Tallied
from shared.access.tokens import Caller
from shared.clock import civil_date
from shared.domain.calendar import start_of
from shared.policy import Policy
from shared.service import Service
from shared.web.callers import allowed, scoped

MONTHS_MAX = 36
Reader = Annotated[Caller, Depends(allowed("rule.read"))]


def router(service: Service, policy: Policy) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/rules")
    async def rules(
        caller: Reader,
        months: Annotated[int, Query(ge=1, le=MONTHS_MAX)] = 12,
        region: Annotated[str | None, Query(pattern=r"^\d{2,12}$")] = None,
    ) -> dict[str, Any]:
        """Each rule that has warned in the last so many civil months, the one that runs counted, by the month in which
        a warning was raised. One warning with several rules' findings is counted for each of them."""
        async with scoped(service.api, caller) as connection:
            now: datetime = await connection.fetchval(warning.SQL.now)
            today = civil_date(now)
            precision, wanted = policy.precision.on(today), hits.months_until(today, months)
            since = start_of(date.fromisoformat(f"{wanted[0]}-01"))
            await connection.execute(hits.JOINED_AT_ONCE)
            rows = await connection.fetch(hits.SQL.counts, since, region, *hits.exempt_pairs(precision))
        found = hits.by_rule((Tallied(**row) for row in rows), wanted, precision)
        return {
            "items": [_shown(one) for one in found], "months": wanted, "as_of": now,
            "share_least": float(precision.share.value), "judged_least": int(precision.judged.value),
            "source": precision.share.source, "source_zh": policy.source(precision.share.source).zh,
            "is_verified": precision.share.verified and precision.judged.verified,
        }  # fmt: skip

    return routes


def _shown(one: RuleHits) -> dict[str, Any]:
    return {
        "rule": one.rule, "department": one.department, "is_exempt": one.is_exempt, "values": one.values,
        "is_flagged": one.is_flagged, **_counted(one.whole), "share": one.whole.share,
        "months": [{"month": month, **_counted(counts)} for month, counts in one.months],
    }  # fmt: skip


def _counted(counts: Counts) -> dict[str, int]:
    return {
        "warned": counts.warned, "closed": counts.closed, "hits": counts.hits, "misses": counts.misses,
        "neither": counts.neither,
    }  # fmt: skip
