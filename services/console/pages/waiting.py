"""/waiting: the records of every service that wait, by line; a steward lets one be decided again, or skips it.

Each service tells its own lines to the viewer's token. What is shown is where a line stands and what kind of trouble
it is in: nobody's data, and of a cause only what cannot hold any.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.console import Console
from services.console.frame import one_of, query, region_name, to
from services.console.neighbours import Answer
from services.console.posted import REASON_MAX, REASON_MIN, form_of, reason_of
from services.console.remaining import as_instant
from services.console.session import Viewer
from services.console.wording import Words
from shared.contracts.topics import TOPIC
from shared.postgres import SERVICES
from shared.web.problems import refuse

ROWS_MAX, ROWS_EACH_MAX = 50, 12
"""Lines of one service on a page of its own, and of each where all are shown: 150 KB hold them."""
ID = re.compile(r"[0-9A-Za-z_-]{1,600}")
TELLABLE = re.compile(r"[0-9A-Za-z_.:, ]{1,120}")
MANY_DIGITS = re.compile(r"[0-9]{6}")
"""A cause names classes and fields; six digits in a row would be somebody's number."""
KINDS = ("decide", "sql", "record", "contract", "body", "reader", "headers_unreadable", "headers and body")
"""How a cause begins, by what went wrong."""
SAID = {
    "replayed": True, "skipped": True, "failed_again": False, "not_first": False, "gone": False,
    "elsewhere": False, "away": False,
}  # fmt: skip
"""What is said after an act, and whether it is good news."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Lines whose first record failed, lines with a gap before it, and what stands behind: together all records."""

    failed: int
    ahead: int
    total: int

    @property
    def lines(self) -> int:
        return self.failed + self.ahead

    @property
    def behind(self) -> int:
        return self.total - self.lines


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/waiting")
    async def waiting(request: Request) -> Response:
        return await _show(console, request, await console.viewer(request, "dead_letter.read"))

    @routes.post("/waiting/{service}/{id}/replay")
    async def replay(request: Request, service: str, id: str) -> Response:
        viewer = await console.viewer(request, "dead_letter.replay")
        given = await form_of(request, viewer)
        path = _path(service, id, "replay")
        answer = await console.neighbours.post(service, path, console.token(viewer), {})
        said = "replayed" if answer.is_fine and answer.body["replayed"] else "failed_again"
        return _after(said if answer.is_fine else _refusal(answer), given.get("of"))

    @routes.post("/waiting/{service}/{id}/skip")
    async def skip(request: Request, service: str, id: str) -> Response:
        viewer = await console.viewer(request, "dead_letter.skip")
        given = await form_of(request, viewer)
        path, reason = _path(service, id, "skip"), reason_of(given)
        if len(reason) < REASON_MIN:
            wrong = {"service": service, "id": id, "reason": reason}
            return await _show(console, request, viewer, 422, of=given.get("of"), wrong=wrong)
        answer = await console.neighbours.post(service, path, console.token(viewer), {"reason": reason})
        return _after("skipped" if answer.is_fine else _refusal(answer), given.get("of"))

    return routes


def _path(service: str, id: str, act: str) -> str:
    if service not in SERVICES or not ID.fullmatch(id):
        raise refuse(404, "not_found", "No record waits under this id.")
    return f"/v1/dead-letters/{id}/{act}"


def _refusal(answer: Answer) -> str:
    known = {"not_first": "not_first", "not_found": "gone", "carried_elsewhere": "elsewhere", "away": "away"}
    found = known.get(answer.code)
    if found is None:
        raise refuse(answer.status, answer.code, "This record cannot be changed.")
    return found


def _after(said: str, of: object) -> Response:
    return to("/waiting?" + query({"service": of if of in SERVICES else "", "said": said}))


async def _show(
    console: Console, request: Request, viewer: Viewer, status: int = 200, *, of: object = None, wrong: Any = None
) -> Response:
    asked = of or request.query_params.get("service")
    chosen = str(asked) if asked in SERVICES else ""
    said = one_of(request.query_params, "said", SAID)
    after = request.query_params.get("after") if chosen else None
    answers = await _read(console, viewer, chosen, after)
    told = {name: answer for name, answer in answers.items() if answer.is_fine}
    sums = {name: Parts(**answer.body["sums"]) for name, answer in told.items()}
    words = console.frame.words(viewer.language)
    shown = [chosen] if chosen in told else [] if chosen else list(told)
    rows = [line(name, item, words) for name in shown for item in told[name].body["items"]]
    return console.frame.page(
        request, viewer, "waiting.html", status,
        away=[name for name in SERVICES if name not in told], chosen=chosen, sums=sums,
        parts=summed([sums[name] for name in shown]), rows=sorted(rows, key=lambda row: row["since"]),
        more=[] if chosen else [name for name in shown if told[name].body["next"]], after=after,
        next=told[chosen].body["next"] if chosen in told else None,
        said=said, is_good=SAID.get(said, False), wrong=wrong or {},
        reason_min=REASON_MIN, reason_max=REASON_MAX,
    )  # fmt: skip


async def _read(console: Console, viewer: Viewer, chosen: str, after: str | None) -> dict[str, Answer]:
    """Every service's answer; of those that are not chosen only the sums are wanted."""
    token = console.token(viewer)
    each = ROWS_EACH_MAX if not chosen else 1
    answers = await asyncio.gather(*(
        console.neighbours.get(
            name, "/v1/dead-letters/lines", token, limit=ROWS_MAX if name == chosen else each,
            after=after if name == chosen else None,
        ) for name in SERVICES
    ))  # fmt: skip
    return dict(zip(SERVICES, answers, strict=True))


def summed(parts: Sequence[Parts]) -> Parts:
    return Parts(sum(one.failed for one in parts), sum(one.ahead for one in parts), sum(one.total for one in parts))


def line(service: str, item: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """A line as its row says it. Pure."""
    topic, key, region = str(item["topic"]), str(item["key"]), item.get("region")
    return {
        "id": str(item["id"]), "service": service, "topic": topic, "name": words.code("topic", topic),
        "household": key if topic in TOPIC and topic != "officer.assigned" and is_uuid(key) else "",
        "place": region_name(str(region)) if region else "", "sequence": int(item["sequence"]),
        "is_unplaced": key.startswith("partition:"), "state": str(item["state"]), "behind": int(item["behind"]),
        "since": as_instant(item["since"]), "tries": int(item["tries"]), "why": why(item, words),
        "cause": tellable(item.get("cause")),
    }  # fmt: skip


def why(item: Mapping[str, Any], words: Words) -> str:
    """The class of a trouble in words."""
    if item["state"] == "ahead":
        return words("waiting.why.ahead", n=item["sequence"])
    cause = str(item.get("cause") or "")
    kind = next((one for one in KINDS if cause.startswith(one)), "unknown")
    return words("waiting.why." + kind.replace(" ", "_"))


def tellable(cause: object) -> str:
    """A cause as the service keeps it, where it can hold nobody's data; else nothing."""
    text = str(cause or "")
    return text if TELLABLE.fullmatch(text) and not MANY_DIGITS.search(text) else ""


def is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
