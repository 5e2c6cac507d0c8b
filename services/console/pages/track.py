"""/track: where a request stands, by its receipt and four digits; appeal and withdrawal; the messages to the household.

One answer for all failures, the reason only with the code. Without scripts,
without signing in; receipt and digits travel in forms, never in an address.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from services.console.console import Console
from services.console.pages.apply import (
    farmer_page,
    in_fours,
    keeping_language,
    other_language,
    visitor_at,
    words_of,
)
from services.console.posted import typed
from services.console.remaining import as_instant
from services.console.session import check_origin
from services.console.wording import Words
from shared.clock import machine_now

WAY = (
    "received", "first_look", "visit", "review", "notice", "township", "county", "entry", "measures", "delivery",
    "helped",
)  # fmt: skip
"""The farmer's steps in order."""
PROOF = ("receipt_no", "phone_last4", "code")
MOST = dict.fromkeys(PROOF, 32) | {"text": 2000}
CALLS: Mapping[str, tuple[str, str]] = {"appeal": ("appeals", "appealed"), "withdraw": ("withdrawals", "withdrawn")}
TOKEN_LASTS = timedelta(minutes=1)


def routes(console: Console) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/track")
    async def ask(request: Request) -> Response:
        return await _ask(console, request, {}, "")

    @routes.post("/track")
    async def track(request: Request) -> Response:
        posted = await request.form()
        check_origin(request)
        return await _track(console, request, posted)

    return routes


async def _track(console: Console, request: Request, posted: FormData) -> Response:
    words, go = words_of(console, request), str(posted.get("go") or "ask")
    words = other_language(words) if go == "language" else words
    given = typed(posted, MOST)
    proof = {name: given[name] for name in PROOF if name in given}
    if "receipt_no" not in proof:
        wrong = "" if go == "language" else "track.missing"
        return await _ask(console, request, given, wrong, 422 if wrong else 200, words)
    said, errors = "", {}
    if go in CALLS:
        if go == "appeal" and "text" not in given:
            errors["text"] = words("apply.wrong.missing")
        else:
            said, errors = await _speak(console, request, go, proof, given, words)
    found = await console.neighbours.ask("intake", "/v1/declarations/status", proof, visitor_at(request))
    if not found.is_fine:
        key = {503: "farmer.away", 429: "farmer.too_many"}.get(found.status, "track.not_found")
        return await _ask(console, request, given, key, found.status, words)
    status = 422 if errors else 200
    answer = farmer_page(
        console, request, None, "tracked.html", await console.now(), words, status, told=found.body, given=given,
        proof=proof, receipt=in_fours(str(found.body["receipt_no"])), said=said, errors=errors,
        way=way_of(found.body), reason=_reason(found.body, words),
        messages=await _messages(console, proof, found.body, words),
    )  # fmt: skip
    return keeping_language(answer, request, words)


async def _speak(
    console: Console, request: Request, go: str, proof: Mapping[str, str], given: Mapping[str, str], words: Words
) -> tuple[str, dict[str, str]]:
    """An appeal or a withdrawal: what to say of it, or what went wrong."""
    path, done = CALLS[go]
    body = {name: proof[name] for name in PROOF[1:] if name in proof} | (
        {"text": given["text"]} if "text" in given else {}
    )
    receipt = "".join(sign for sign in proof["receipt_no"] if sign.isalnum() and sign.isascii())
    answer = await console.neighbours.ask(
        "intake", f"/v1/declarations/{receipt or '-'}/{path}", body, visitor_at(request)
    )
    if answer.is_fine:
        return words(f"track.{done}"), {}
    return "", {go: words.first(f"track.error.{answer.code}", "track.error.other")}


async def _ask(
    console: Console, request: Request, given: Mapping[str, str], wrong: str, status: int = 200,
    words: Words | None = None,
) -> Response:  # fmt: skip
    words = words or words_of(console, request)
    answer = farmer_page(
        console, request, None, "track.html", await console.now(), words, status, given=given, wrong=wrong
    )
    return keeping_language(answer, request, words)


async def _messages(
    console: Console, proof: Mapping[str, str], told: Mapping[str, Any], words: Words
) -> list[dict[str, Any]]:
    """What the household was told since it asked, newest first. A refusal's own words need the code."""
    issuer = console.sessions.issuer
    if issuer is None:
        return []
    token = issuer.issue({"role": "system"}, TOKEN_LASTS, machine_now())
    whose = await console.neighbours.post("intake", "/v1/declarations/status", token, dict(proof))
    household = whose.body.get("household_id") if whose.is_fine else None
    if household is None:
        return []
    found = await console.neighbours.get("notify", f"/v1/notices/household/{household}", token)
    since = as_instant(told["reported_at"])
    items = found.body["items"] if found.is_fine else []
    return [
        {"at": as_instant(one["created_at"]), "title": words.of(one["title"]), "text": words.of(one["text"])}
        for one in items
        if as_instant(one["created_at"]) >= since and (one["step"] != "refused" or told.get("reason"))
    ]


def way_of(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(step, done | here | ahead) of the farmer's way; empty where it has ended otherwise."""
    if told["stage"] not in WAY:
        return []
    at = WAY.index(told["stage"])
    return [(name, "done" if n < at else "here" if n == at else "ahead") for n, name in enumerate(WAY)]


def _reason(told: Mapping[str, Any], words: Words) -> str:
    reason = told.get("reason")
    return words.refusal(str(reason["code"])) if reason else ""
