"""/warnings: who is warned in one's area, the gravest first; what was suppressed with why and until when. Method 3.

Screening says each warning in the grade that its reader may see; the totals are its own tally, and every
number leads to the list behind it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.console import Console
from services.console.frame import one_of, query, region_name
from services.console.live import Heard
from services.console.queue import LEVELS
from services.console.remaining import as_instant
from services.console.session import Viewer
from services.console.wording import Words
from shared.access.roles import Grade, grade
from shared.domain.division import Division, ancestors, contains, find, parts_of, trim

STATES = ("open", "suppressed", "withdrawn", "closed")
ROWS_MAX = 50
AFTER_LENGTH_MAX = 300
KNOWN_MAX = 40
"""What was raised within the seconds that an event may come late is among the newest: it is not announced again."""


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/warnings")
    async def warnings(request: Request) -> Response:
        viewer = await console.viewer(request, "warning.read")
        asked = Asked.of(request.query_params, viewer.officer.region)
        token = console.token(viewer)
        tally, found = await asyncio.gather(
            console.neighbours.get("screening", "/v1/warnings/tally", token, region=asked.region),
            _page(console, token, asked),
        )
        if not tally.is_fine or found is None:
            return console.frame.unshown(request, viewer, "warnings.title", "warnings.away")
        words = console.frame.words(viewer.language)
        homes = await console.homes(viewer.caller, [UUID(one["household_id"]) for one in found.items])
        return console.frame.page(
            request, viewer, "warnings.html", next=found.next,
            rows=[warned(one, homes, viewer, words) for one in found.items],
            above=above(viewer.officer.region, asked.region), places=parts_of(asked.region or viewer.officer.region),
            here_name=region_name(asked.region), as_of=as_instant(tally.body["as_of"]),
            events=_events(asked, tally.body, viewer, found.items),
            **shown(asked, tally.body["items"]),
        )  # fmt: skip

    return routes


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for; what is no filter of ours is left out. `after` is a level and its cursor."""

    state: str = "open"
    level: str = ""
    region: str = ""
    after: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str], own: str) -> "Asked":
        region, after = given.get("region", ""), given.get("after", "")
        return cls(
            state=one_of(given, "state", STATES, "open"),
            level=one_of(given, "level", LEVELS),
            region=trim(region) if region.isascii() and region.isdigit() and _is_within(own, region) else "",
            after=after if after.partition("~")[0] in LEVELS and len(after) <= AFTER_LENGTH_MAX else "",
        )

    @property
    def pairs(self) -> dict[str, str]:
        return {"state": "" if self.state == "open" else self.state, "level": self.level, "region": self.region}

    def is_new(self, one: Heard) -> bool:
        """Whether somebody is newly warned of whom this list would show."""
        is_told = self.state == "open" and (one.topic, one.word) == ("warning.raised", "raised")
        return is_told and self.level in ("", one.about.level) and one.region.startswith(self.region)

    def address(self, **other: str) -> str:
        """This list with another filter; the state that is shown without one is not named."""
        pairs = query(self.pairs | other)
        return "/warnings" + (f"?{pairs}" if pairs else "")


def _is_within(own: str, region: str) -> bool:
    try:
        return contains(own, region) and find(region) is not None
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Screenful:
    items: list[Mapping[str, Any]]
    next: str


async def _page(console: Console, token: str, asked: Asked) -> Screenful | None:
    """A page of warnings, level after level, each newest first; None where screening is away."""
    at, _, cursor = asked.after.partition("~")
    wanted = [asked.level] if asked.level else list(LEVELS[LEVELS.index(at) :] if at else LEVELS)
    items: list[Mapping[str, Any]] = []
    for number, level in enumerate(wanted):
        answer = await console.neighbours.get(
            "screening", "/v1/warnings", token, state=asked.state, level=level, region=asked.region,
            after=cursor if number == 0 else "", limit=ROWS_MAX - len(items),
        )  # fmt: skip
        if not answer.is_fine:
            return None
        items += answer.body["items"]
        if answer.body["next"]:
            return Screenful(items, f"{level}~{answer.body['next']}")
        if len(items) == ROWS_MAX:
            return Screenful(items, f"{wanted[number + 1]}~" if number + 1 < len(wanted) else "")
    return Screenful(items, "")


def tally_of(tally: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """How many by state and level; what is not named there is nought."""
    found = {state: dict.fromkeys(LEVELS, 0) for state in STATES}
    for one in tally:
        found[one["state"]][one["level"]] += int(one["count"])
    return found


def above(own: str, region: str) -> list[Division]:
    """What lies between a viewer's own place and the one looked at: the way back up, the widest first. Pure."""
    return [one for one in ancestors(region) if contains(own, one.code) and trim(own) != one.code] if region else []


def warned(
    item: Mapping[str, Any], homes: Mapping[UUID, Mapping[str, Any]], viewer: Viewer, words: Words
) -> dict[str, Any]:
    """A warning as the list says it. Pure."""
    home = homes.get(UUID(item["household_id"]), {})
    return {
        "warning_id": item["warning_id"], "level": item["level"], "state": item["state"],
        "name": home.get("display_name") or "–", "size": home.get("size"),
        "place": region_name(home["region"]) if home else "", "group": home.get("group_number"),
        "number": item.get("household_no") or "", "raised_at": as_instant(item["raised_at"]),
        "concerns": words.joined([words.concern(code) for code in item.get("concerns", ())]),
        "why": explained(item, grade(viewer.caller), words), "provisional": bool(item.get("provisional")),
        "cause": words.code("cause", item.get("cause", "")), **held_back(item, words),
    }  # fmt: skip


def explained(item: Mapping[str, Any], seen: Grade, words: Words) -> str:
    """Its explanation in the reader's grade. Of one that is held back or closed a village, whose sentence ends in the
    request to visit, reads the concerns alone: nothing is asked of anybody."""
    if seen == "exact" or item["state"] not in ("suppressed", "closed"):
        return words.of(item.get("explanation"))
    return words.joined([words.concern_band(code) for code in item.get("concerns", ())])


def held_back(item: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """Why a warning is suppressed; those words name the day on which it would speak again, if time alone brings it."""
    told = item.get("suppression") or {}
    return {"suppressed": words.of(told.get("words")).rstrip("。."), "for_audit": bool(told.get("for_audit"))}


def shown(asked: Asked, tally: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The numbers of the page, and of an event that tells them anew."""
    counts = tally_of(tally)
    total = sum(counts[asked.state].values())
    return {"asked": asked, "states": STATES, "levels": LEVELS, "counts": counts, "total": total}


def _events(asked: Asked, tally: Mapping[str, Any], viewer: Viewer, items: Sequence[Mapping[str, Any]]) -> str:
    """Where the page listens: its filters, when it was drawn, its newest rows and which levels' numbers it shows."""
    counts = tally_of(tally["items"])[asked.state]
    drawn = " ".join(level for level in LEVELS if counts[level] or level == asked.level)
    since = as_instant(tally.get("as_of") or viewer.now).isoformat()
    newest = sorted(items, key=lambda one: as_instant(one["raised_at"]), reverse=True)[:KNOWN_MAX]
    known = ".".join(str(one["household_id"])[:8] for one in newest)
    return "/events?" + query({**asked.pairs, "page": "warnings", "since": since, "drawn": drawn, "known": known})
