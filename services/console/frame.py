"""The frame around every page: templates, headers, scripts' addresses, and what each page knows of its viewer.

A strict content policy without inline script or style, one stylesheet, both languages.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.console import remaining
from services.console.posted import new_key
from services.console.remaining import as_day, as_instant
from services.console.session import LANGUAGES, Viewer, language_of
from services.console.wording import Words
from shared.access.roles import Action, grade
from shared.domain.division import ancestors, find, trim
from shared.policy import Policy

HERE = Path(__file__).parent
SCRIPTS_OF_OTHERS = ("htmx.min.js", "sse.js")

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
RAIL: tuple[tuple[str, tuple[tuple[str, str, Action], ...], tuple[str, ...]], ...] = (
    ("queues", (("queues", "/queues", "queue.read"),), ("/tasks", "/clue")),
    (
        "households",
        (
            ("households", "/households", "timeline.read"),
            ("warnings", "/warnings", "warning.read"),
            ("rules", "/rules", "rule.read"),
        ),
        (),
    ),
    ("notices", (("notices", "/notices", "notice.read"),), ()),
    ("late", (("late", "/late", "supervision.read"),), ()),
    ("people", (("people", "/people", "grid.write"),), ()),
    (
        "data",
        (
            ("feeds", "/feeds", "feed.read"),
            ("files", "/files", "record.send"),
            ("identity", "/identity", "identity.read"),
            ("account", "/account", "conservation.read"),
            ("waiting", "/waiting", "dead_letter.read"),
        ),
        (),
    ),
)
"""The left rail, at most six entries: (name, its pages as (name, address, what one must be allowed to do), what else
stands under it). An entry leads to the first of its pages that its viewer may see; they are tabs of one another."""
WINDOW: tuple[tuple[str, str, Action], ...] = (("clue", "/clue", "clue.file"), ("apply", "/apply", "declaration.file"))
"""The rail of a window or a hotline, which have no desk: what they write down for others."""


@dataclass(slots=True)
class Frame:
    """Renders pages. `files` are the static files by name: ours and the two scripts of others."""

    policy: Policy
    is_demo: bool
    files: dict[str, Path] = field(default_factory=dict)
    _versions: dict[str, str] = field(default_factory=dict)
    _words: dict[str, Words] = field(default_factory=dict)
    _templates: Environment = field(init=False)

    def __post_init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        self._templates.filters |= {"query": query, "totalled": totalled, "whole_dates": whole_dates}
        self._templates.globals["asset"] = self.asset
        self._words = {language: Words(language, self.policy) for language in LANGUAGES}

    def words(self, language: str) -> Words:
        return self._words[language]

    def policy_name(self, name: str, words: Words) -> str:
        """A policy package by its own name; by its code where it is not the one in force."""
        return words.of(self.policy.names) if name == self.policy.name else name

    def asset(self, name: str) -> str:
        """The address of a static file; it changes with the file, so that it may be kept for ever."""
        if name not in self._versions:
            path = self.files.get(name)
            self._versions[name] = hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path else "0"
        return f"/static/{name}?v={self._versions[name]}"

    def page(
        self, request: Request, viewer: Viewer | None, template: str, status: int = 200, **facts: Any
    ) -> HTMLResponse:
        """A whole page for a viewer, or for nobody. For nobody `words` and `now` may be given."""
        words: Words = facts.pop("words", None) or self.words(viewer.language if viewer else language_of(request))
        now = facts.pop("now", None)
        shown = {**self._frame(request, viewer, words), **(_telling(now, words) if now else {}), **facts}
        return HTMLResponse(self._templates.get_template(template).render(shown), status)

    def unshown(
        self, request: Request, viewer: Viewer, title: str, away: str = "", missing: str = "", status: int = 503
    ) -> HTMLResponse:
        """In one sentence why a page is not shown: its service is `away`, or there is no such thing here (404)."""
        is_away = status >= 500
        key = away if is_away else missing
        return self.page(request, viewer, "away.html", 503 if is_away else 404, title=title, key=key)

    def part(self, viewer: Viewer, template: str, **facts: Any) -> str:
        """A part of a page, for an event or an exchange in place."""
        shown = {**_telling(viewer.now, self.words(viewer.language)), "viewer": viewer, **facts}
        return self._templates.get_template(template).render(shown)

    def _frame(self, request: Request, viewer: Viewer | None, words: Words) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "viewer": viewer, "is_demo": self.is_demo, "language": words.language, "path": request.url.path,
            "here": _here(request), "other_language": "en" if words.language == "zh-CN" else "zh-CN",
            "rail": [], "tabs": [], "place": [], "csrf": viewer.csrf if viewer else "",
            "form_key": new_key(),
        }  # fmt: skip
        if viewer:
            facts |= _telling(viewer.now, words)
            facts |= {
                **_ways(viewer, request.url.path),
                "place": place_of(viewer.officer.region), "is_band": grade(viewer.officer) == "band",
                "today": remaining.today_words(viewer.now, words),
            }  # fmt: skip
        return {"t": words, **facts}


def _ways(viewer: Viewer, path: str) -> dict[str, Any]:
    """The rail of a viewer, and the tabs beside the page that is open: each (name, address, whether it is here)."""
    rail, tabs = [], []
    for name, pages, more in RAIL:
        own = [(page, address) for page, address, action in pages if viewer.may(action)]
        is_here = any(_is_under(path, address) for _, address in own) or any(_is_under(path, one) for one in more)
        if own:
            rail.append((name, own[0][1], is_here))
        if is_here and len(own) > 1:
            tabs = [(page, address, _is_under(path, address)) for page, address in own]
    rail = rail or [(name, address, _is_under(path, address)) for name, address, action in WINDOW if viewer.may(action)]
    return {"rail": rail, "tabs": tabs}


def _is_under(path: str, address: str) -> bool:
    return path == address or path.startswith(f"{address}/")


def _telling(now: datetime, words: Words) -> dict[str, Any]:
    """What templates call to tell days, instants and limits in words; `timed` and `dated` as elements of their own."""

    def moment(instant: datetime | str) -> str:
        return remaining.moment_words(as_instant(instant), now, words)

    def day(value: date | str) -> str:
        return remaining.day_words(as_day(value), now, words)

    return {
        "t": words,
        "now": now,
        "moment": moment,
        "whole_moment": lambda instant: remaining.whole_moment_words(as_instant(instant), words),
        "timed": lambda instant: timed(as_instant(instant), moment(instant)),
        "day": day,
        "whole_day": lambda value: remaining.whole_day_words(as_day(value), words),
        "dated": lambda value: timed(as_day(value), day(value)),
        "waited": lambda since: remaining.span_words(as_instant(since), now, words),
        "left": lambda due, unit: remaining.remaining(as_instant(due), now, unit, words),
        "due": lambda due, unit: remaining.due_words(as_instant(due), unit, now, words),
    }


def timed(value: date | datetime, told: str) -> Markup:
    """A day or an instant in words, with its ISO form for whoever reads by machine."""
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), told)


_DIGITS = (12, 9, 6, 4, 2)
"""Of a village, a township, a county, a prefecture, the province."""


def place_of(region: str) -> list[str]:
    """安徽 › 阜阳 › 临泉 › 鲖城: the short names of a place from the province down. What the table lacks is named by
    what it lies in, and by its code."""
    try:
        code = trim(region) if region else ""
    except ValueError:
        return [region]
    nearest = next((one for length in _DIGITS if length <= len(code) and (one := find(code[:length]))), None)
    names = [_short(one.name) for one in (*ancestors(nearest.code), nearest)] if nearest else []
    return names if code == (nearest.code if nearest else "") else [*names, region]


def region_name(region: str) -> str:
    """The last name alone: 大涂庄村 for a village, whose office the table names (大涂庄村委会)."""
    return (place_of(region) or [region])[-1]


_COMMITTEE = re.compile(r"(?:(?<=社区)[居村]?民?|(?<=村)村?民?)委员?会$")
"""What the table adds to a village's name or a community's: its committee."""


def _short(name: str) -> str:
    name = _COMMITTEE.sub("", name).replace("居民委员会", "居委会")
    if name.endswith(("村", "社区", "居委会")):
        return name
    return re.sub(r"[省市县区镇乡]$", "", name) if len(name) > 2 else name


PARTS: tuple[tuple[str, str], ...] = (
    ("on_its_way", ""), ("open", "/queues?lateness=normal"), ("due_today", "/queues?lateness=due"),
    ("overdue", "/late"), ("tracking", ""), ("total", ""),
)  # fmt: skip
"""The parts of the totals in the order of their marks, each with the list behind it (overdue: supervised too)."""


def totalled(text: str, totals: Any) -> Markup:
    """The totals' sentence with its numbers put in: each can be tinted when it changes, and leads to its list."""
    found = re.sub(r"=?[^·=]+·?", lambda part: f"<span>{part[0]}</span>", str(escape(text)))
    for mark, (name, behind) in enumerate(PARTS, start=1):
        number = f'<b data-count="{name}">{int(getattr(totals, name))}</b>'
        if behind:
            number = f'<a href="{behind}">{number}</a>'
        found = found.replace(chr(mark), number)
    return Markup(found)


def whole_dates(text: str) -> Markup:
    """What a package cites, its dates not broken at their hyphens."""
    return Markup(re.sub(r"\d{4}-\d\d-\d\d", lambda date: f'<span class="whole">{date[0]}</span>', str(escape(text))))


def query(pairs: Mapping[str, Any]) -> str:
    """Filters as they stand in an address."""
    return urlencode({name: value for name, value in pairs.items() if value})


def one_of(asked: Mapping[str, str], name: str, known: Collection[str], otherwise: str = "") -> str:
    """What an address asks for under a name, where it is one of those that are known."""
    given = asked.get(name, "")
    return given if given in known else otherwise


def to(address: str) -> RedirectResponse:
    """After a POST: look there."""
    return RedirectResponse(address, 303)


def local_address(text: object) -> str:
    """An address of this site alone: nobody is sent elsewhere by a link."""
    given = text if isinstance(text, str) else ""
    is_local = given.startswith("/") and not given.startswith(("//", "/\\")) and "\n" not in given and "\r" not in given
    return quote(given, safe="/?&=%#:-_.~,+") if is_local else "/"


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


class Guard:
    """Headers on every answer; a refusal on a page is a page, not a problem document."""

    def __init__(self, app: ASGIApp, frame: Frame) -> None:
        self._app, self._frame = app, frame

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_page = not scope["path"].startswith(("/v1", "/static", "/healthz", "/readyz", "/metrics", "/openapi.json"))
        wants_html = is_page and "text/html" in Headers(scope=scope).get("accept", "")
        guarded = _Guarded(self._frame, scope, receive, send, wants_html)
        try:
            await self._app(scope, receive, guarded)
        except Exception:
            if wants_html and not guarded.has_begun:
                await guarded.tell(500)
            raise


@dataclass(slots=True)
class _Guarded:
    frame: Frame
    scope: Scope
    receive: Receive
    send: Send
    wants_html: bool
    is_replaced: bool = False
    has_begun: bool = False

    async def __call__(self, message: Message) -> None:
        self.has_begun = True
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            is_problem = headers.get("content-type", "").startswith("application/problem+json")
            if self.wants_html and is_problem and message["status"] >= 400:
                self.is_replaced = True
                await self.tell(message["status"])
                return
            for name, value in HEADERS.items():
                headers[name] = value
            if "cache-control" not in headers:
                headers["Cache-Control"] = "no-store"
        if not self.is_replaced:
            await self.send(message)

    async def tell(self, status: int) -> None:
        code = {403: "forbidden", 404: "not_found", 405: "not_found", 500: "internal", 503: "unavailable"}.get(
            status, "refused"
        )
        page = self.frame.page(Request(self.scope), None, "problem.html", status, code=code)
        headers: dict[str, str] = {**HEADERS, "Cache-Control": "no-store"}
        page.headers.update(headers)
        await page(self.scope, self.receive, self.send)


def static_files(assets: Path | None) -> dict[str, Path]:
    """What /static serves: our own files, and the scripts of the assets' folder where it has them."""
    found = {path.name: path for path in (HERE / "static").iterdir() if path.is_file()}
    for name in SCRIPTS_OF_OTHERS:
        if assets is not None and (assets / name).is_file():
            found[name] = assets / name
    return found


TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def static_answer(path: Path, is_versioned: bool) -> Response:
    """A static file. One that is asked for by its version never changes; any other is asked for again each time."""
    lasts = "public, max-age=31536000, immutable" if is_versioned else "no-cache"
    kind = TYPES.get(path.suffix, "application/octet-stream")
    return Response(path.read_bytes(), media_type=kind, headers={"Cache-Control": lasts})
