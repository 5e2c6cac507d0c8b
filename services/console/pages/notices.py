"""/notices: what one has been told, newest first, each with the way to what it is about."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.console import Console
from services.console.frame import local_address, query, to
from services.console.posted import form_of
from services.console.remaining import as_instant
from services.console.wording import Words

ROWS_MAX = 50


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/notices")
    async def notices(request: Request) -> Response:
        viewer = await console.viewer(request, "notice.read")
        words = console.frame.words(viewer.language)
        after = request.query_params.get("after")
        answer = await console.neighbours.get(
            "notify", "/v1/notices", console.token(viewer), mine="1", after=after, limit=ROWS_MAX
        )
        items = [_shown(one, words) for one in answer.body["items"]] if answer.is_fine else []
        return console.frame.page(
            request, viewer, "notices.html", is_away=not answer.is_fine, notices=items,
            next=answer.body.get("next") if answer.is_fine else None,
            events="/events?" + query({"page": "notices", "since": viewer.now.isoformat()}),
        )  # fmt: skip

    @routes.post("/notices/{notice_id}/read")
    async def read(request: Request, notice_id: UUID) -> Response:
        viewer = await console.viewer(request, "notice.read")
        given = await form_of(request, viewer)
        key = f"read-{notice_id}"
        await console.neighbours.post("notify", f"/v1/notices/{notice_id}/read", console.token(viewer), {}, key)
        return to(local_address(given.get("to") or "/notices"))

    return routes


def _shown(one: Mapping[str, Any], words: Words) -> dict[str, Any]:
    return {
        "notice_id": str(one["notice_id"]), "title": words.of(one.get("title") or ""),
        "text": words.of(one.get("text") or ""), "at": as_instant(one["created_at"]),
        "is_read": bool(one.get("read_at")), "link": local_address(one.get("link")) if one.get("link") else "",
    }  # fmt: skip
