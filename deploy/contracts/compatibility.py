"""What may change in a contract: to add is compatible; to remove, rename or narrow is a break, and is named.

Schemas are compared in one of two directions. `read`: whoever reads must find what it found (no field, type or word is
lost, none may be missing or null that never was). `sent`: whoever sends may send what it sent (nothing is asked for or
refused that was not). Answers are read; bodies and parameters are sent; facts are both, because topics are kept without
end: new code reads old facts, and old code new ones. A new word or kind is an addition: readers leave aside what they
do not know.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.web.document import METHODS

Json = Mapping[str, Any]
Direction = Literal["read", "sent"]

LEAST, MOST = ("minimum", "minLength", "minItems"), ("maximum", "maxLength", "maxItems")
WAYS: tuple[Direction, ...] = ("read", "sent")
DEPTH_MAX = 40


@dataclass(frozen=True, slots=True)
class Sides:
    """Both documents: references are looked up in them."""

    old: Json
    new: Json
    direction: Direction


def breaks(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Path → document, before and after. One sentence a break, empty where there is none; what is new is no break."""
    found = []
    for name, before in sorted(old.items()):
        after = new.get(name)
        if after is None:
            found.append(f"{name}: the document is gone")
        else:
            found += [f"{name}: {one}" for one in _of_document(before, after)]
    return found


def _of_document(old: Json, new: Json) -> Iterator[str]:
    if "openapi" in old:
        yield from _of_openapi(old, new)
    elif "asyncapi" in old:
        yield from _of_asyncapi(old, new)
    else:
        yield from _of_fact(old, new, "$", old, new)


def _of_fact(old: Json, new: Json, where: str, before: Json, after: Json) -> Iterator[str]:
    found = [one for way in WAYS for one in _of_schema(old, new, where, Sides(before, after, way))]
    yield from dict.fromkeys(found)


# ── documents ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_openapi(old: Json, new: Json) -> Iterator[str]:
    for path, methods in old["paths"].items():
        for method in (one for one in METHODS if one in methods):
            call = f"{method.upper()} {path}"
            after = new["paths"].get(path, {}).get(method)
            if after is None:
                yield f"{call} is gone"
                continue
            if methods[method]["operationId"] != after["operationId"]:
                yield f"{call} has another operationId"
            yield from _of_parameters(methods[method], after, call, Sides(old, new, "sent"))
            yield from _of_body(methods[method], after, call, Sides(old, new, "sent"))
            yield from _of_responses(methods[method], after, call, Sides(old, new, "read"))


def _of_parameters(old: Json, new: Json, call: str, sides: Sides) -> Iterator[str]:
    before, after = _parameters(old, sides.old), _parameters(new, sides.new)
    for key, one in before.items():
        where = f"{call} parameter {key[1]}"
        if key not in after:
            yield f"{where} is gone"
        else:
            yield from _of_schema(one["schema"], after[key]["schema"], where, sides)
    for key, one in after.items():
        if one.get("required") and not before.get(key, {}).get("required"):
            yield f"{call} parameter {key[1]} is needed now"


def _parameters(operation: Json, document: Json) -> dict[tuple[str, str], Json]:
    given = (_resolved(one, document) for one in operation.get("parameters", ()))
    return {(one["in"], one["name"]): one for one in given}


def _of_body(old: Json, new: Json, call: str, sides: Sides) -> Iterator[str]:
    before, after = old.get("requestBody", {}), new.get("requestBody", {})
    if after.get("required") and not before.get("required"):
        yield f"{call} needs a body now"
    yield from _of_content(before.get("content", {}), after.get("content", {}), f"{call} body", sides)


def _of_responses(old: Json, new: Json, call: str, sides: Sides) -> Iterator[str]:
    for status, answer in old["responses"].items():
        after = new["responses"].get(status)
        where = f"{call} answer {status}"
        if after is None:
            yield f"{where} is gone"
        else:
            yield from _of_content(answer.get("content", {}), after.get("content", {}), where, sides)
    yield from (f"{call} answer {status} is new: no caller waits for it" for status in _new_successes(old, new))


def _new_successes(old: Json, new: Json) -> list[str]:
    return sorted(status for status in new["responses"] if status < "4" and status not in old["responses"])


def _of_content(old: Json, new: Json, where: str, sides: Sides) -> Iterator[str]:
    for media, told in old.items():
        if media not in new:
            yield f"{where} is no {media} any more"
        else:
            yield from _of_schema(told.get("schema", {}), new[media].get("schema", {}), where, sides)


def _of_asyncapi(old: Json, new: Json) -> Iterator[str]:
    for name, channel in old["channels"].items():
        after = new["channels"].get(name)
        if after is None:
            yield f"channel {name} is gone"
        elif channel["address"] != after["address"]:
            yield f"channel {name} has another address"
        elif set(channel["messages"]) - set(after["messages"]):
            yield f"channel {name} has lost a message"
    for name in old["operations"].keys() - new["operations"].keys():
        yield f"operation {name} is gone"
    for name, message in old["components"]["messages"].items():
        after = new["components"]["messages"].get(name)
        if after is None:
            yield f"message {name} is gone"
            continue
        for part in ("headers", "payload"):
            yield from _of_fact(message[part], after[part], f"message {name} {part}", old, new)


# ── schemas ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_schema(old: Json, new: Json, where: str, sides: Sides, depth: int = 0) -> Iterator[str]:
    """Breaks from an old schema to a new one; a recursive one is looked at so far down, and no further."""
    if depth > DEPTH_MAX:
        return
    old, new = _resolved(old, sides.old), _resolved(new, sides.new)
    before, after = _branches(old), _branches(new)
    if len(before) > 1 or len(after) > 1:
        yield from _of_branches(before, after, where, sides, depth)
        return
    yield from _of_type(old, new, where, sides)
    yield from _of_words(old, new, where, sides)
    yield from _of_bounds(old, new, where, sides)
    yield from _of_properties(old, new, where, sides, depth)
    for inner in ("items", "additionalProperties"):
        if isinstance(old.get(inner), dict) and isinstance(new.get(inner), dict):
            yield from _of_schema(old[inner], new[inner], f"{where}[]", sides, depth + 1)


def _resolved(schema: Json, document: Json) -> Json:
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def _branches(schema: Json) -> list[Json]:
    """Its alternatives; a list of types is one of them, each type for itself."""
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return list(schema[word])
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": one} for one in schema["type"]]
    return [schema]


def _of_branches(old: list[Json], new: list[Json], where: str, sides: Sides, depth: int) -> Iterator[str]:
    """Each old alternative must be there still; for readers no new one of a plain type (null, mostly) may come."""
    for one in old:
        tried = [list(_of_schema(one, other, where, sides, depth + 1)) for other in new]
        if all(tried):
            nearest = min(tried, key=len)
            yield nearest[0] if len(nearest) == 1 else f"{where} is never {_kind(one, sides.old)} any more"
    if sides.direction == "read":
        were = {_resolved(one, sides.old).get("type") for one in old}
        for one in new:
            type_ = _resolved(one, sides.new).get("type")
            if type_ != "object" and type_ not in were:
                yield f"{where} may be {type_} now"


def _kind(schema: Json, document: Json) -> str:
    found = _resolved(schema, document)
    return str(found.get("title") or found.get("type") or "this")


def _of_type(old: Json, new: Json, where: str, sides: Sides) -> Iterator[str]:
    for word in ("type", "format"):
        before, after = old.get(word), new.get(word)
        if before == after:
            continue
        is_wider = word == "type" and (before, after) == ("integer", "number")
        is_fine = (is_wider or after is None) if sides.direction == "sent" else before is None or _is_narrower(old, new)
        if not is_fine:
            yield f"{where} was {word} {before} and is {after}"


def _is_narrower(old: Json, new: Json) -> bool:
    return (old.get("type"), new.get("type")) == ("number", "integer")


def _of_words(old: Json, new: Json, where: str, sides: Sides) -> Iterator[str]:
    """A closed list. A word that is taken away is a break for readers too: they wait for it in vain."""
    before, after = _words(old), _words(new)
    if before is not None and after is not None:
        for word in sorted(before - after):
            yield f"{where} has lost the word {word}"
    if before is None and after is not None and sides.direction == "sent":
        yield f"{where} takes only {', '.join(sorted(after))} now"
    if before is not None and after is None and sides.direction == "read":
        yield f"{where} may be any word now"


def _words(schema: Json) -> set[str] | None:
    if "const" in schema:
        return {str(schema["const"])}
    return {str(one) for one in schema["enum"]} if "enum" in schema else None


def _of_bounds(old: Json, new: Json, where: str, sides: Sides) -> Iterator[str]:
    """Sent: no bound may grow tighter. Read: none may grow looser; a pattern may not change."""
    for word in (*LEAST, *MOST):
        before, after = old.get(word), new.get(word)
        if before == after:
            continue
        tighter = after is not None and (before is None or (after > before if word in LEAST else after < before))
        if tighter and sides.direction == "sent":
            yield f"{where} has the {word} {after}, not {before}"
        if not tighter and sides.direction == "read":
            yield f"{where} has the {word} {after}, not {before}"
    was, is_now = old.get("pattern"), new.get("pattern")
    if was != is_now and ((is_now if sides.direction == "sent" else was) is not None):
        yield f"{where} has another pattern"


def _of_properties(old: Json, new: Json, where: str, sides: Sides, depth: int) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name, one in before.items():
        if name not in after:
            yield f"{where}.{name} is gone"
        else:
            yield from _of_schema(one, after[name], f"{where}.{name}", sides, depth + 1)
    needed, was_needed = set(new.get("required", ())), set(old.get("required", ()))
    if sides.direction == "sent":
        yield from (f"{where}.{name} is needed now" for name in sorted(needed - was_needed))
    else:
        yield from (f"{where}.{name} may be missing now" for name in sorted(was_needed - needed) if name in after)
    if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
        yield f"{where} takes no other field now"
