"""`./shouwang dead-letters`: records on which a service failed, seen, decided again or skipped for a reason.

Over each service's HTTP API, so that replay and skip pass the unit of work, and a skip is audited.
"""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from deploy.access import own_token
from deploy.local.addresses import url_of
from deploy.local.folder import DataFolder
from deploy.say import say
from deploy.trouble import Trouble
from shared.postgres import SERVICES

TIMEOUT_SECONDS = 60.0
"""A replay applies up to 1,000 records that waited behind."""
PAGES_MAX = 1000
Letter = dict[str, Any]


def listed(data: Path | None) -> None:
    """A line a dead letter; its first word is what show, replay and skip take."""
    count = 0
    for service in SERVICES:
        for letter in _letters(data, service):
            count += 1
            about = ("topic", "key", "sequence", "type", "cause", "tries", "since")
            said = "  ".join(f"{name}={letter[name]}" for name in about if letter.get(name) is not None)
            say(f"{service}/{letter['id']}  {said}")
    say(f"{count} dead letters" if count else "No dead letters.")


def show(data: Path | None, letter_id: str) -> None:
    service, own_id = _split(letter_id)
    letter = _call(data, service, "GET", f"/v1/dead-letters/{quote(own_id, safe='')}", None)
    say(json.dumps(letter, ensure_ascii=False, indent=2))


def replay(data: Path | None, letter_id: str) -> None:
    service, own_id = _split(letter_id)
    answer = _call(data, service, "POST", f"/v1/dead-letters/{quote(own_id, safe='')}/replay", {})
    if not answer["replayed"]:
        raise Trouble(f"It failed again ({answer['cause']}): mend the cause, or skip it with a reason.")
    say(f"Applied, with what waited behind it: {_counts(answer)}.")


def skip(data: Path | None, letter_id: str, reason: str) -> None:
    service, own_id = _split(letter_id)
    body = {"reason": reason}
    answer = _call(data, service, "POST", f"/v1/dead-letters/{quote(own_id, safe='')}/skip", body)
    say(f"Skipped; applied of what waited behind it: {_counts(answer)}.")


def _letters(data: Path | None, service: str) -> Iterator[Letter]:
    path = "/v1/dead-letters"
    for _ in range(PAGES_MAX):
        page = _call(data, service, "GET", path, None)
        yield from page.get("items", [])
        if not page.get("next"):
            return
        path = f"/v1/dead-letters?after={quote(str(page['next']), safe='')}"


def _counts(answer: Letter) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in answer["outcomes"].items()) or "nothing"


def _split(letter_id: str) -> tuple[str, str]:
    service, _, own_id = letter_id.partition("/")
    if service not in SERVICES or not own_id:
        raise Trouble(f"{letter_id!r} is no dead letter: take the first word of a line of the list.")
    return service, own_id


def _call(data: Path | None, service: str, method: str, path: str, body: object) -> dict[str, Any]:
    base = url_of(service, DataFolder(data))
    headers = {"Authorization": f"Bearer {own_token(data)}"}
    if method == "POST":
        headers["Idempotency-Key"] = str(uuid.uuid4())
    try:
        with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            answer = client.request(method, base + path, json=body, headers=headers)
    except httpx.TransportError as error:
        reason = str(error) or type(error).__name__
        raise Trouble(f"{service} at {base} does not answer ({reason}): start it with ./shouwang up.") from error
    if not answer.is_success:
        raise Trouble(f"{service} refuses ({answer.status_code}): {_why(answer)}")
    found: dict[str, Any] = answer.json()
    return found


def _why(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        return "see its log."
    return " ".join(str(problem[name]) for name in ("code", "title", "detail") if problem.get(name))
