"""/queues: what is on the desk, exactly, what is lost first at the top. Filters live in the address."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.console import Console
from services.console.frame import query, to
from services.console.queue import Chip, Totals, chips, chosen, row
from services.console.remaining import as_instant
from services.console.session import Viewer
from shared.access.roles import may_act_at

ROWS_MAX = 50
KNOWN_MAX = 40
"""The newest tasks of the page, by which an announcement does not count what is already to be seen."""
OFFICES_MAX = 12
"""More offices than this are no chips any more: the other filters and the village's own page lead there."""


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/queues")
    async def queues(request: Request) -> Response:
        viewer = await console.viewer(request)
        if not viewer.may("queue.read") and viewer.may("clue.file"):
            return to("/clue")
        viewer = await console.viewer(request, "queue.read")
        filters = chosen(request.query_params)
        facts = await _read(console, viewer, filters, request.query_params.get("after"))
        return console.frame.page(request, viewer, "queues.html", filters=filters, **facts)

    return routes


async def _read(console: Console, viewer: Viewer, filters: dict[str, str], after: str | None) -> dict[str, Any]:
    token = console.token(viewer)
    totals, tasks = await asyncio.gather(
        console.neighbours.get("workflow", "/v1/queues", token),
        console.neighbours.get("workflow", "/v1/tasks", token, state="open", limit=ROWS_MAX, after=after, **filters),
    )
    if not totals.is_fine or not tasks.is_fine:
        return {"is_away": True, "totals": None, "rows": [], "families": [], "events": "", "next": None, "after": after}
    words, me = console.frame.words(viewer.language), viewer.officer.officer_id
    items = tasks.body["items"]
    holders = await console.officers([item.get("claimed_by") for item in items])
    shown = families(totals.body.get("hops", ()), filters, words)
    as_of = as_instant(totals.body.get("as_of") or viewer.now)
    return {
        "is_away": False,
        "totals": Totals.of(totals.body),
        "families": shown,
        "rows": [row(item, holders, me, viewer.now, words) for item in items],
        "acts_on": {
            str(item["task_id"])
            for item in items
            if may_act_at(viewer.officer, str(item["hop"]), str(item.get("region") or ""))
        },
        "next": tasks.body.get("next"),
        "after": after,
        "as_of": as_of,
        "events": events_address(filters, as_of, items, shown),
    }


def families(parts: Any, filters: Mapping[str, str], words: Any) -> list[tuple[str, list[Chip]]]:
    """The filters that leave a choice, in the order of the page."""
    return [
        (family, row)
        for family, row in _every_family(parts, filters, words)
        if (len(row) > 2 or family in filters) and not (family == "office" and len(row) > OFFICES_MAX)
    ]


def _every_family(parts: Any, filters: Mapping[str, str], words: Any) -> list[tuple[str, list[Chip]]]:
    return [(family, chips(family, parts, filters, words)) for family in ("hop", "level", "lateness", "office")]


def counts_of(drawn: Sequence[str], parts: Any, filters: Mapping[str, str], words: Any) -> list[tuple[str, int]]:
    """What each number that a page has drawn is now. A choice that nothing is left of is nought; a new one waits."""
    now = {
        f"{family}-{chip.id}": chip.count
        for family, row in _every_family(parts, filters, words)
        for chip in row
        if chip.count is not None
    }
    return [(name, now.get(name, 0)) for name in drawn]


def events_address(
    filters: Mapping[str, str], as_of: datetime, items: list[Mapping[str, Any]], shown: list[tuple[str, list[Chip]]]
) -> str:
    """Where this page listens: its filters, when it was drawn, which of the newest tasks and which numbers it shows."""
    newest = sorted(items, key=lambda item: str(item.get("opened_at", "")), reverse=True)[:KNOWN_MAX]
    known = ".".join(str(item["task_id"])[:8] for item in newest)
    drawn = " ".join(f"{family}-{chip.id}" for family, row in shown for chip in row if chip.count is not None)
    about = {"page": "queues", "since": as_of.isoformat(), "known": known, "drawn": drawn}
    return "/events?" + query({**filters, **about})


def address_of(filters: Mapping[str, str]) -> str:
    return "/queues" + (f"?{query(filters)}" if filters else "")
