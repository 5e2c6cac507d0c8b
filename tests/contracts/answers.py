"""Every answer held against its service's document: a status, a media type, a body or a field that it does not say."""

import copy
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
from jsonschema import Draft202012Validator

Json = dict[str, Any]


def closed(document: Json) -> Json:
    """The document with every answer closed: a field that it does not know is then found. Bodies stay as they are."""
    found = copy.deepcopy(document)
    models = found["components"]["schemas"]
    seen: set[str] = set()
    waiting = [one for told in _answers(found) for one in _references(told)]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += _references(models[name])
            if "properties" in models[name]:
                models[name].setdefault("additionalProperties", False)
    return found


def watching(document: Json) -> Callable[[httpx.Response], Awaitable[None]]:
    """A client's hook: raises AssertionError for an answer that is outside the document. Unknown paths pass."""
    strict = closed(document)
    calls = [
        (method.upper(), _pattern(path), told["responses"])
        for path, methods in strict["paths"].items()
        for method, told in methods.items()
    ]

    async def look(answer: httpx.Response) -> None:
        asked = answer.request
        for method, pattern, responses in calls:
            if method == asked.method and pattern.fullmatch(asked.url.path):
                await answer.aread()
                wrong = outside(answer, responses, strict)
                assert wrong is None, f"{method} {asked.url.path}: {wrong}"
                return

    return look


def outside(answer: httpx.Response, responses: Json, document: Json) -> str | None:
    """What of an answer its document does not say; None where it says it all."""
    told = responses.get(str(answer.status_code))
    if told is None:
        return f"{answer.status_code} is not among {', '.join(responses)}"
    media = answer.headers.get("content-type", "").partition(";")[0]
    if media not in told["content"]:
        return f"{answer.status_code} is {media}, not {', '.join(told['content'])}"
    if not media.endswith("json"):
        return None
    schema = told["content"][media]["schema"] | {"components": document["components"]}
    errors = Draft202012Validator(schema).iter_errors(answer.json())
    return next((f"{error.json_path}: {error.message[:300]}" for error in errors), None)


def _pattern(path: str) -> "re.Pattern[str]":
    """A literal path before one with a place for an id: the longer word wins in the order of the document."""
    parts = [".+" if part.startswith("{record") else "[^/]+" if part.startswith("{") else re.escape(part)
             for part in path.split("/")]  # fmt: skip
    return re.compile("/".join(parts))


def _answers(document: Json) -> Iterator[Json]:
    for methods in document["paths"].values():
        for call in methods.values():
            yield from call["responses"].values()


def _references(part: Any) -> list[str]:
    if isinstance(part, list):
        return [name for one in part for name in _references(one)]
    if not isinstance(part, dict):
        return []
    own = [part["$ref"].rpartition("/")[2]] if isinstance(part.get("$ref"), str) else []
    return own + [name for one in part.values() for name in _references(one)]
