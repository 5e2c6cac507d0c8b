"""/feeds: what each department sends, by every way together: received is what came of it; late, unknown, silent.

A source that is silent for longer than the policy's times its period is red. Intake says it all, from
counters of its own; a department's officer sees the own feed alone.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.console import Console
from services.console.frame import one_of
from services.console.remaining import as_instant, span_words
from services.console.wording import Words
from shared.clock import civil_date

PARTS = ("accepted", "duplicates", "rejected", "parked", "waiting")
"""What came of a record; together they are what was received."""
BESIDE = ("late", "unknown")
"""Among the accepted and the parked."""
CHANNELS = ("http", "kafka", "file")
STATES = ("silent", "never", "flowing")
"""What asks for somebody first."""
DAYS = ("1", "7", "31")


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/feeds")
    async def feeds(request: Request) -> Response:
        viewer = await console.viewer(request, "feed.read")
        days = one_of(request.query_params, "days", DAYS)
        since = since_of(days, civil_date(viewer.now))
        answer = await console.neighbours.get("intake", "/v1/feeds", console.token(viewer), since=since)
        if not answer.is_fine:
            return console.frame.unshown(request, viewer, "feeds.title", "feeds.away")
        words = console.frame.words(viewer.language)
        as_of = as_instant(answer.body["as_of"])
        rows = [feed_row(one, as_of, words) for one in answer.body["items"]]
        return console.frame.page(
            request, viewer, "feeds.html", rows=sorted(rows, key=lambda one: STATES.index(one["state"])), days=days,
            choices=DAYS, parts=PARTS, beside=BESIDE, states=STATES, as_of=as_of, since=since,
            sums=all_feeds(answer.body["items"]), by_state=by_state(answer.body["items"]),
        )  # fmt: skip

    return routes


def since_of(days: str, today: date) -> date | None:
    """The first of so many days, today counted; None for ever."""
    return today - timedelta(days=int(days) - 1) if days else None


def all_feeds(items: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """All feeds together."""
    return {name: sum(int(one["total"][name]) for one in items) for name in ("received", *PARTS, *BESIDE)}


def by_state(items: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {state: sum(one["state"] == state for one in items) for state in STATES}


def feed_row(item: Mapping[str, Any], as_of: Any, words: Words) -> dict[str, Any]:
    """A feed as its row says it. Pure."""
    last_at = as_instant(item["last_at"]) if item["last_at"] else None
    by = [(words.code("value", name), int(item[name]["received"])) for name in CHANNELS if int(item[name]["received"])]
    return {
        "code": item["department"], "name": words.code("department", item["department"]), "state": item["state"],
        "total": item["total"], "is_equal": item["is_equal"], "last_at": last_at,
        "last_occurred_on": item["last_occurred_on"],
        "silent_for": span_words(last_at, as_of, words) if last_at else "",
        "by": by, "parked_now": int(item["parked_now"]), "unknown_now": int(item["unknown_now"]),
        "oldest_parked_at": as_instant(item["oldest_parked_at"]) if item["oldest_parked_at"] else None,
        "period_days": int(item["period_days"]), "silent_after_days": f"{item['silent_after_days']:g}",
        "is_verified": bool(item["is_verified"]), "lost": int(item["kafka"]["lost"]),
    }  # fmt: skip
