"""/clue: a cadre reports a household's difficulty (method 2). About officials or in confidence: a complaint.

The answer is the same for both. Without scripts; what is wrong is said beside its entry, and nothing typed is lost.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.console import Console
from services.console.frame import one_of, place_of, region_name, to
from services.console.neighbours import Answer
from services.console.pages.apply import is_group, place_told, told_as, wrong_place
from services.console.posted import form_of, kept_key, new_key, typed
from services.console.queue import LEVELS
from services.console.session import Viewer
from services.console.wording import Words
from shared.domain.concerns import CONCERNS
from shared.domain.division import Division, pad, parts_of, villages_of

ENTRIES = (
    "household", "place", "region", "village_name", "channel", "name", "household_no", "phone", "address", "group",
    "text", "level", "sudden", "confidential",
)  # fmt: skip
SUBJECT = ("name", "household_no", "phone", "address")
CHANNELS = (
    "grid_visit", "cadre_visit", "resident_team", "annual_check", "village_meeting", "window", "hotline", "letter",
    "other",
)  # fmt: skip
OWN = {"grid_worker": "grid_visit", "group_leader": "grid_visit", "resident_team": "resident_team", "clerk": "window",
       "hotline": "hotline"}  # fmt: skip
"""What a role's reports come from, if nothing else is chosen; any other's from a visit."""
TEXT_MAX, SHORT = 2000, 200
MOST = dict.fromkeys(ENTRIES, SHORT) | {"text": TEXT_MAX + 1}
"""One sign more than the longest text that intake takes: it says that it is too long."""


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/clue")
    async def clue(request: Request) -> Response:
        viewer = await console.viewer(request, "clue.file")
        given = {name: request.query_params.get(name, "")[:SHORT] for name in ("household", "place")}
        return await _show(console, request, viewer, given, {})

    @routes.post("/clue")
    async def report(request: Request) -> Response:
        viewer = await console.viewer(request, "clue.file")
        posted = await form_of(request, viewer)
        given, concerns = typed(posted, MOST), [str(one) for one in posted.getlist("concern")][:10]
        words = console.frame.words(viewer.language)
        errors = wrong(given, words)
        key = kept_key(posted)
        if errors:
            return await _show(console, request, viewer, given, errors, concerns, key, status=422)
        answer = await console.neighbours.post(
            "intake", "/v1/clues", console.token(viewer), clue_of(given, concerns, viewer), key
        )
        if answer.is_fine:
            return to("/clue?done=1")
        if answer.status == 422 and answer.errors:
            return await _show(console, request, viewer, given, _told(answer, words), concerns, "", status=422)
        banner = words("task.away") if answer.status == 503 else told_as(answer.code, words)
        return await _show(console, request, viewer, given, {}, concerns, key, banner, answer.status)

    return routes


async def _show(
    console: Console, request: Request, viewer: Viewer, given: Mapping[str, str], errors: Mapping[str, str],
    concerns: list[str] | None = None, key: str = "", banner: str = "", status: int = 200,
) -> Response:  # fmt: skip
    home = await _home(console, viewer, given.get("household", ""))
    words = console.frame.words(viewer.language)
    region = area_of(viewer.officer.region, given.get("place", ""))
    newer = await console.new_villages(region) if len(region) in (6, 9) else ()
    return console.frame.page(
        request, viewer, "clue.html", status, given=given, errors=errors, home=home, banner=banner,
        form_key=key or new_key(), village=region_name(home["region"]) if home else "",
        parts=() if home else narrower(region), chosen="" if region == viewer.officer.region else region,
        area=" › ".join(place_of(region)), villages=() if home else villages(region, newer),
        channels=CHANNELS, levels=LEVELS, ticked=concerns or [],
        channel=given.get("channel") or OWN.get(viewer.officer.role, "cadre_visit"),
        concerns=[(one.code, words.concern(one.code)) for one in CONCERNS],
        is_done=request.query_params.get("done") == "1",
    )  # fmt: skip


async def _home(console: Console, viewer: Viewer, text: str) -> Any:
    """The registered household that is named, if it lies in the viewer's rows."""
    try:
        return await console.household(viewer.caller, UUID(text)) if text else None
    except ValueError:
        return None


def area_of(own: str, place: str) -> str:
    """Of the viewer's own area above a county (a city's hotline), the part whose villages are asked for: `place` if it
    is a city or a county of it, else the whole."""
    parts = [one.code for one in narrower(own)]
    return place if place in {*parts, *(one.code for part in parts for one in narrower(part))} else own


def narrower(region: str) -> list[Division]:
    """The cities of the province or the counties of a city, one of which is chosen first; of no smaller area."""
    return list(parts_of(region)) if len(region) < 6 else []


def villages(region: str, newer: Sequence[Division] = ()) -> list[tuple[str, list[tuple[str, str]], str]]:
    """The villages of an area, (code, name) by township; none of an area above a county. `newer`
    than the table are named as their offices are. With each township the place (12 digits) that stands for a village in
    no list; none beside one's own village."""
    if len(region) == 12:
        return [(place_of(region)[-2] if len(place_of(region)) > 1 else "", [(region, region_name(region))], "")]
    townships = [region] if len(region) == 9 else [one.code for one in parts_of(region)] if len(region) == 6 else []
    found = {code: [(one.code, region_name(one.code)) for one in villages_of(code)] for code in townships}
    for one in newer:
        found.setdefault(one.code[:9], []).append((one.code, one.name))
    return [(region_name(code), choices, pad(code)) for code, choices in found.items()]


def wrong(given: Mapping[str, str], words: Words) -> dict[str, str]:
    place = {} if given.get("household") else wrong_place(given)
    found = {name: words(f"apply.wrong.{code}") for name, code in place.items()}
    if not given.get("text"):
        found["text"] = words("form.missing")
    if given.get("group") and not is_group(given["group"]):
        found["group"] = words("apply.wrong.group")
    return found


def clue_of(given: Mapping[str, str], concerns: list[str], viewer: Viewer) -> dict[str, Any]:
    channel = one_of(given, "channel", CHANNELS, OWN.get(viewer.officer.role, "cadre_visit"))
    body: dict[str, Any] = {"channel": channel, "text": given["text"], "concern": concerns}
    body |= {"sudden": given.get("sudden") == "yes", "confidential": bool(given.get("confidential"))}
    body |= {name: given[name] for name in ("household", "level") if given.get(name)}
    if "household" not in body:
        subject = {name: given[name] for name in SUBJECT if given.get(name)}
        body |= place_told(given) | ({"subject": subject} if subject else {})
    return body | ({"group": int(given["group"])} if given.get("group") else {})


def _told(answer: Answer, words: Words) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in answer.errors:
        name = str(one.get("field", "")).removeprefix("body.").removeprefix("subject.").partition(".")[0]
        found.setdefault(name if name in ENTRIES else "text", told_as(str(one.get("code", "")), words))
    return found
