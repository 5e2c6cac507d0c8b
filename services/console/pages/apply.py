"""/apply: a household asks for help, one question a screen, without scripts, without signing in.

Every screen carries all that was typed before in hidden entries, so nothing is kept here and nothing is lost. A cadre
who is signed in files as proxy, by name and relation (method 1).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from services.console.console import Console
from services.console.frame import place_of
from services.console.neighbours import Answer
from services.console.posted import kept_key, new_key, typed
from services.console.session import LANGUAGES, Viewer, check_csrf, check_origin, keep_language, language_of
from services.console.wording import Words
from shared.domain.division import (
    Division,
    can_be_township,
    can_be_village,
    find,
    is_village_open,
    pad,
    parts_of,
    trim,
    villages_named,
)

STEPS = 4
SCREENS: Mapping[int, tuple[str, ...]] = {
    1: ("region", "village_name"),
    2: ("difficulty", "risk", "sudden"),
    3: (
        "phone", "person", "person_phone", "address", "name", "group", "id_no", "email", "proxy_name", "proxy_relation",
    ),
    4: (),
}  # fmt: skip
"""Which entries each screen asks for."""
ENTRIES = tuple(name for names in SCREENS.values() for name in names)
LONG, SHORT = 2000, 254
MOST = dict.fromkeys(ENTRIES, SHORT) | {"difficulty": LONG + 1}
"""One sign more than the longest text that intake takes: it says that it is too long."""
FOUND_MAX = 30
PROVINCE = "34"
CHANNELS = {"clerk": "window", "hotline": "hotline", "grid_worker": "grid_visit", "resident_team": "resident_team"}
"""By which way a proxy's form comes in; any other cadre's from a visit."""
FIELDS = {
    "contact_person": "person", "contact_person.name": "person", "contact_person.phone": "person_phone",
    "proxy.name": "proxy_name", "proxy.relation": "proxy_relation", "proxy": "proxy_name",
}  # fmt: skip
"""Intake's names of fields that are called otherwise here."""


@dataclass(frozen=True, slots=True)
class Filing:
    """One form under way: at which screen, what was typed, what is wrong with it."""

    step: int
    given: Mapping[str, str]
    errors: Mapping[str, str]
    key: str = field(default_factory=new_key)
    banner: str = ""


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/apply")
    async def begin(request: Request) -> Response:
        helper = await helper_of(console, request)
        village = request.query_params.get("village", "")
        given = {"region": village} if len(village) == 12 and can_be_village(village) else {}
        if helper and len(helper.officer.region) == 12:
            given = {"region": helper.officer.region}
        return await _show(console, request, helper, Filing(2 if given else 1, given, {}))

    @routes.post("/apply")
    async def go_on(request: Request) -> Response:
        helper = await helper_of(console, request)
        posted = await request.form()
        check_origin(request)
        if helper:
            check_csrf(helper.csrf, posted.get("csrf"))
        return await _go(console, request, helper, posted)

    return routes


async def helper_of(console: Console, request: Request) -> Viewer | None:
    """A signed-in cadre who may file for others; anybody else fills in the form as a visitor."""
    viewer = await console.sessions.find(request)
    return viewer if viewer and viewer.may("declaration.file") else None


async def _go(console: Console, request: Request, helper: Viewer | None, posted: FormData) -> Response:
    given, go = typed(posted, MOST), str(posted.get("go") or "next")
    words = words_of(console, request, helper)
    step = _step(posted)
    filing = Filing(step, given, {}, kept_key(posted))
    if go == "find" or "place" in posted:
        return await _show(console, request, helper, Filing(1, given, {}, filing.key), looked=_looked(posted))
    if go == "language":
        return await _show(console, request, helper, filing, other_language(words))
    if go == "back" or go.startswith("to-"):
        wanted = int(go[3:]) if go[3:] in ("1", "2", "3") and go.startswith("to-") else step - 1
        return await _show(console, request, helper, Filing(max(wanted, 1), given, {}, filing.key))
    if go == "send":
        errors = {name: text for at in (1, 2, 3) for name, text in wrong_at(at, given, helper, words).items()}
        if errors:
            return await _show(console, request, helper, _back_to(filing, errors))
        return await _send(console, request, helper, filing)
    errors = wrong_at(step, given, helper, words)
    return await _show(
        console, request, helper, Filing(step if errors else min(step + 1, STEPS), given, errors, filing.key)
    )


async def _send(console: Console, request: Request, helper: Viewer | None, filing: Filing) -> Response:
    words = words_of(console, request, helper)
    token = console.token(helper) if helper else ""
    body = declaration_of(filing.given, helper)
    answer = await console.neighbours.ask("intake", "/v1/declarations", body, visitor_at(request), token, filing.key)
    if answer.is_fine:
        return farmer_page(
            console, request, helper, "applied.html", await console.now(), told=answer.body,
            receipt=in_fours(str(answer.body["receipt_no"])), place=home_of(filing.given),
        )  # fmt: skip
    if answer.status == 422 and answer.errors:
        return await _show(console, request, helper, _back_to(filing, told_wrong(answer, words)))
    if answer.code == "region_not_yours":
        return await _show(
            console, request, helper, _back_to(filing, {"region": words("apply.wrong.region_not_yours")})
        )
    banner = "farmer.too_many" if answer.status == 429 else "farmer.away"
    again = Filing(STEPS, filing.given, {}, filing.key, banner)
    return await _show(console, request, helper, again, status=503 if answer.status >= 500 else answer.status)


async def _show(
    console: Console, request: Request, helper: Viewer | None, filing: Filing, words: Words | None = None,
    status: int = 200, looked: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    words = words or words_of(console, request, helper)
    asked = looked or ({"place": township_of(filing.given)} if "village_name" in filing.errors else {})
    places = await _places(console, asked.get("place", ""), asked.get("q", ""), helper) if filing.step == 1 else {}
    answer = farmer_page(
        console, request, helper, "apply.html", await console.now(), words, 422 if filing.errors else status,
        filing=filing, step=filing.step, screens=SCREENS, entries=ENTRIES, given=filing.given, errors=filing.errors,
        form_key=filing.key, risks=words.risks(), place=home_of(filing.given),
        is_helper=helper is not None, **places,
    )  # fmt: skip
    return keeping_language(answer, request, words)


# ── which village ───────────────────────────────────────────────────────────────────────────────────────────────────


async def _places(console: Console, asked: str, q: str, helper: Viewer | None) -> dict[str, Any]:
    """The choices of the first screen: those found by name, and those of the place that was chosen so far."""
    start = helper.officer.region if helper else await _county(console)
    code = asked if re.fullmatch(r"34[0-9]{0,10}", asked) and len(asked) in (2, 4, 6, 9) else start
    here = find(code) if len(code) in (2, 4, 6, 9) else None
    found = [
        one for one in villages_named(q, FOUND_MAX * 4) if not helper or one.code.startswith(helper.officer.region)
    ]
    return {
        "q": q, "found": [(one, " › ".join(place_of(one.code)[1:])) for one in found[:FOUND_MAX]],
        "here": here, "here_name": " › ".join(place_of(code)) if here else "",
        "parts": await _parts(console, here) if here else (), "above": "" if helper else _above(here),
        "township": pad(here.code) if here and here.level == "township" else "",
    }  # fmt: skip


async def _parts(console: Console, here: Division) -> list[Division]:
    """What a place is made of; of a township also the villages that are newer than the table."""
    return [*parts_of(here.code), *(await console.new_villages(here.code) if here.level == "township" else ())]


def _above(here: Division | None) -> str:
    """A level higher; the province has none."""
    return here.parent_code or "" if here else PROVINCE


async def _county(console: Console) -> str:
    """Where most begin: the one county whose offices this house knows, else the whole province."""
    counties = {trim(one["region"])[:6] for one in await console.in_post() if len(trim(one["region"])) >= 6}
    return counties.pop() if len(counties) == 1 else PROVINCE


# ── pure ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def wrong_at(step: int, given: Mapping[str, str], helper: Viewer | None, words: Words) -> dict[str, str]:
    """What is wrong on one screen, told beside the entry; intake checks everything again."""
    found = wrong_place(given) if step == 1 else {}
    if step == 2 and not given.get("difficulty"):
        found["difficulty"] = "missing"
    if step == 3:
        if not any(given.get(name) for name in ("phone", "person", "address")):
            found["phone"] = "reach"
        if given.get("group") and not is_group(given["group"]):
            found["group"] = "group"
        proxy = [name for name in ("proxy_name", "proxy_relation") if not given.get(name)]
        if helper or len(proxy) == 1:
            found |= dict.fromkeys(proxy, "both")
    return {name: words(f"apply.wrong.{code}") for name, code in found.items()}


def wrong_place(given: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the village that was chosen, or with its township and the name of one that is in no list."""
    region = given.get("region", "")
    if can_be_township(region):
        return {} if given.get("village_name") else {"village_name": "missing"}
    return {} if can_be_village(region) else {"region": "not_a_village"}


def place_told(given: Mapping[str, str]) -> dict[str, str]:
    """The place as intake takes it; a village that was chosen has its own name."""
    named = {"village_name": given.get("village_name", "")} if is_village_open(given["region"]) else {}
    return {"region": given["region"], **named}


def declaration_of(given: Mapping[str, str], helper: Viewer | None) -> dict[str, Any]:
    """The declaration as intake takes it; what is blank is left out."""
    shown: dict[str, Any] = {
        name: given[name]
        for name in ("difficulty", "phone", "address", "name", "id_no", "email", "risk")
        if given.get(name)
    }
    shown |= place_told(given) | {"channel": CHANNELS.get(helper.officer.role, "cadre_visit") if helper else "page"}
    if given.get("person"):
        phone = {"phone": given["person_phone"]} if given.get("person_phone") else {}
        shown["contact_person"] = {"name": given["person"], **phone}
    if given.get("group"):
        shown["group"] = int(given["group"])
    if given.get("proxy_name"):
        shown["proxy"] = {"name": given["proxy_name"], "relation": given.get("proxy_relation", "")}
    return shown | {"sudden": given.get("sudden") == "yes"}


def home_of(given: Mapping[str, str]) -> list[str]:
    """Where a household lives, from the province down: of a village that is in no list the declarer's own name."""
    region = given.get("region", "")
    named = [given["village_name"]] if is_village_open(region) and given.get("village_name") else []
    return [*place_of(region), *named] if region else []


def township_of(given: Mapping[str, str]) -> str:
    return given.get("region", "")[:9]


def told_wrong(answer: Answer, words: Words) -> dict[str, str]:
    """Intake's errors by our entries, in plain words."""
    found: dict[str, str] = {}
    for one in answer.errors:
        field, code = str(one.get("field", "")).removeprefix("body."), str(one.get("code", ""))
        name = FIELDS.get(field, field.partition(".")[0])
        key = "id_no" if code.startswith("id_") else "group" if name == "group" else code
        found.setdefault(name if name in ENTRIES else "difficulty", told_as(key, words))
    return found


def told_as(code: str, words: Words) -> str:
    return words.first(f"apply.wrong.{code}", "apply.wrong.other")


def _back_to(filing: Filing, errors: Mapping[str, str]) -> Filing:
    """The first screen on which something is wrong."""
    step = next((at for at, names in SCREENS.items() if any(name in errors for name in names)), STEPS)
    return Filing(step, filing.given, errors, filing.key)


def in_fours(receipt: str) -> str:
    """7K3M-9QWE-RT2X."""
    return "-".join(receipt[at : at + 4] for at in range(0, len(receipt), 4))


def is_group(text: str) -> bool:
    """The number of a village's group, 1 to 99."""
    return text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= 99


def _looked(posted: FormData) -> dict[str, str]:
    """The place and the name by which a village is looked for."""
    return {name: str(posted.get(name) or "")[:20] for name in ("place", "q")}


def _step(posted: FormData) -> int:
    text = str(posted.get("step", ""))
    return int(text) if text in ("1", "2", "3", "4") else 1


# ── what the farmer's pages share ──────────────────────────────────────────────────────────────────────────────────


def farmer_page(
    console: Console, request: Request, helper: Viewer | None, template: str, now: Any, words: Words | None = None,
    status: int = 200, **facts: Any,
) -> Response:  # fmt: skip
    csrf = helper.csrf if helper else ""
    words = words or words_of(console, request, helper)
    return console.frame.page(
        request, None, template, status, words=words, now=now, is_posted=request.method == "POST", helper=helper,
        **facts, csrf=csrf,
    )  # fmt: skip


def words_of(console: Console, request: Request, helper: Viewer | None = None) -> Words:
    return console.frame.words(helper.language if helper else language_of(request))


def other_language(words: Words) -> Words:
    other = next(one for one in LANGUAGES if one != words.language)
    return Words(other, words.policy)


def keeping_language(answer: Response, request: Request, words: Words) -> Response:
    """The switch on a form under way: what was typed stays, and the next page speaks the language too."""
    if words.language != language_of(request):
        keep_language(answer, words.language)
    return answer


def visitor_at(request: Request) -> str:
    """Where the visitor is, by which intake counts; a proxy on this machine is believed."""
    peer = request.client.host if request.client else ""
    told = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return told[:64] if told and peer.startswith(("127.", "::1")) else peer
