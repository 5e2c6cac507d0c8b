"""What may change in a contract: to add is compatible; to remove, rename or narrow is a break, and is named.

Schemas are compared in one of two directions. `read`: whoever reads must find what it found (no field, type or word is
lost, none may be missing or null that never was). `sent`: whoever sends may send what it sent (nothing is asked for or
refused that was not). Answers are read; bodies, parameters and what comes in on a topic that none of ours writes are
sent; facts are both, because topics are kept without end: new code reads old facts, and old code new ones. A new word
or kind is an addition: readers leave aside what they do not know.

What the check does not know it does not pass over: a keyword of JSON Schema that is in none of its lists is an error.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, cast

from shared.web.document import METHODS

Json = Mapping[str, Any]
Direction = Literal["read", "sent"]

LOOKED_AT = "x-looked-at"
"""False: kept as it came, and read by nobody. What was read once and is no more has lost its meaning."""
LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems")
MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
ALTERNATIVES, INNER = ("anyOf", "oneOf"), ("items", "additionalProperties")
COMPARED = frozenset(
    {"$ref", "type", "format", "const", "enum", "pattern", "multipleOf", "uniqueItems", "properties", "required"}
    | {"allOf", LOOKED_AT, *LEAST, *MOST, *ALTERNATIVES, *INNER}
)
ANNOTATIONS = frozenset(
    {"$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples", "deprecated", "readOnly"}
    | {"writeOnly", "discriminator"}
)
"""They refuse nothing and promise nothing; a discriminator's words are its alternatives' own."""
FOR_EVER = -1
"""Kafka's word for no limit."""
WAYS: tuple[Direction, ...] = ("read", "sent")
INWARD: tuple[Direction, ...] = ("sent",)
DEPTH_MAX = 40


@dataclass(frozen=True, slots=True)
class Sides:
    """Both documents: references are looked up in them."""

    old: Json
    new: Json
    direction: Direction


class NotKnown(ValueError):
    """A schema says what this check cannot compare: teach it, before the contract says so."""


def breaks(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Path → document, before and after. One sentence a break, empty where there is none; what is new is no break.

    Raises NotKnown, also of what is only new.
    """
    for name, document in (*old.items(), *new.items()):
        for schema in _schemas(document):
            _look_over(schema, name)
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


def _of_fact(
    old: Json, new: Json, where: str, before: Json, after: Json, ways: tuple[Direction, ...] = WAYS
) -> Iterator[str]:
    found = [one for way in ways for one in _of_schema(old, new, where, Sides(before, after, way))]
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
            yield from _of_security(_security(methods[method], old), _security(after, new), call)
            yield from _of_parameters(methods[method], after, call, Sides(old, new, "sent"))
            yield from _of_body(methods[method], after, call, Sides(old, new, "sent"))
            yield from _of_responses(methods[method], after, call, Sides(old, new, "read"))


def _of_security(old: list[Json], new: list[Json], call: str) -> Iterator[str]:
    """Whatever was enough once must be enough: no more schemes, no more scopes of one."""
    for one in old:
        if not any(_is_enough(one, other) for other in new):
            told = " with ".join(sorted(one))
            yield f"{call} is not answered by {told} alone any more" if told else f"{call} needs a token now"


def _security(operation: Json, document: Json) -> list[Json]:
    """Its alternatives; a call that says nothing is the document's, and else public."""
    return list(operation.get("security", document.get("security", ()))) or [{}]


def _is_enough(shown: Json, asked: Json) -> bool:
    return all(name in shown and set(scopes) <= set(shown[name]) for name, scopes in asked.items())


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
        else:
            yield from _of_channel(channel, after, f"channel {name}")
    for name, operation in old["operations"].items():
        after = new["operations"].get(name)
        if after is None:
            yield f"operation {name} is gone"
        else:
            yield from _of_operation(operation, after, f"operation {name}")
    ours = _emitted(old) | _emitted(new)
    for name, message in old["components"]["messages"].items():
        after = new["components"]["messages"].get(name)
        if after is None:
            yield f"message {name} is gone"
            continue
        was, is_now = _media(message, old), _media(after, new)
        if was != is_now:
            yield f"message {name} was {was} and is {is_now}"
        ways = WAYS if name in ours else INWARD
        for part in ("headers", "payload"):
            yield from _of_fact(message[part], after[part], f"message {name} {part}", old, new, ways)
        key, key_after = (_kafka(one).get("key", {}) for one in (message, after))
        yield from _of_fact(key, key_after, f"message {name} key", old, new, ways)


def _media(message: Json, document: Json) -> str | None:
    found: str | None = message.get("contentType", document.get("defaultContentType"))
    return found


def _of_channel(old: Json, new: Json, where: str) -> Iterator[str]:
    """What is kept less long, or not at all, or was sent larger, is lost to a reader or a sender."""
    if old["address"] != new["address"]:
        yield f"{where} has another address"
    for name, message in old["messages"].items():
        if name not in new["messages"]:
            yield f"{where} has lost a message"
        elif message != new["messages"][name]:
            yield f"{where} means another message by {name}"
    before, after = (_kafka(one).get("topicConfiguration", {}) for one in (old, new))
    for word in ("retention.ms", "max.message.bytes"):
        was, is_now = before.get(word), after.get(word)
        if was is not None and (is_now is None or _limit(is_now) < _limit(was)):
            yield f"{where} has the {word} {is_now}, not {was}"
    if before.get("cleanup.policy") != after.get("cleanup.policy"):
        yield f"{where} has another cleanup.policy"


def _limit(told: int) -> float:
    return float("inf") if told == FOR_EVER else told


def _of_operation(old: Json, new: Json, where: str) -> Iterator[str]:
    for word in ("action", "channel"):
        if old[word] != new[word]:
            yield f"{where} has another {word}"
    if any(one not in new["messages"] for one in old["messages"]):
        yield f"{where} has lost a message"
    if _kafka(old).get("groupId") != _kafka(new).get("groupId"):
        yield f"{where} is of another consumer group: it would begin anew"


def _kafka(part: Json) -> Json:
    found: Json = part.get("bindings", {}).get("kafka", {})
    return found


def _emitted(document: Json) -> set[str]:
    """The messages that a service of ours sends."""
    sent = [one["channel"]["$ref"] for one in document["operations"].values() if one["action"] == "send"]
    channels = [document["channels"].get(one.rpartition("/")[2], {"messages": {}}) for one in sent]
    return {one["$ref"].rpartition("/")[2] for channel in channels for one in channel["messages"].values()}


# ── schemas ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_schema(old: Json, new: Json, where: str, sides: Sides, depth: int = 0) -> Iterator[str]:
    """Breaks from an old schema to a new one; a recursive one is looked at so far down, and no further."""
    if depth > DEPTH_MAX:
        return
    old, new = _resolved(old, sides.old, where), _resolved(new, sides.new, where)
    if new.get(LOOKED_AT) is False and old.get(LOOKED_AT) is not False:
        yield f"{where} is not looked at any more"
        return
    before, after = _branches(old, sides.old, where), _branches(new, sides.new, where)
    if before[0] is not old or after[0] is not new:
        yield from _of_branches(before, after, where, sides, depth)
        return
    yield from _of_type(old, new, where, sides)
    yield from _of_words(old, new, where, sides)
    yield from _of_bounds(old, new, where, sides)
    yield from _of_properties(old, new, where, sides, depth)
    for inner in INNER:
        one, other = old.get(inner, True), new.get(inner, True)
        if False not in (one, other) and (one, other) != (True, True):
            one, other = ({} if each is True else each for each in (one, other))
            yield from _of_schema(one, other, f"{where}[]", sides, depth + 1)


def _look_over(schema: Any, where: str) -> None:
    """Raises NotKnown for a keyword that is in none of the lists. References are not followed."""
    if not isinstance(schema, dict):
        return
    if unknown := schema.keys() - COMPARED - ANNOTATIONS:
        raise NotKnown(f"{where}: this check cannot compare the keyword {', '.join(sorted(unknown))}")
    if any(part.keys() != {"anyOf"} for part in schema.get("allOf", ())) or not all(map(_is_one_of, _ways(schema))):
        raise NotKnown(f"{where}: this check can compare no allOf but of names one of which is needed")
    inner = (schema.get("properties", {}), schema.get("$defs", {}), _where_needed(schema))
    for name, one in (pair for part in inner for pair in part.items()):
        _look_over(one, f"{where}.{name}")
    for one in (*(schema.get(word) for word in INNER), *(one for word in ALTERNATIVES for one in schema.get(word, ()))):
        _look_over(one, f"{where}[]")


def _schemas(document: Json) -> Iterator[Json]:
    """Every schema of a document, without those within them."""
    if "openapi" not in document and "asyncapi" not in document:
        yield document
        return
    yield from document["components"]["schemas"].values()
    for message in document["components"].get("messages", {}).values():
        yield from (message["headers"], message["payload"], _kafka(message).get("key", {}))
    for methods in document.get("paths", {}).values():
        for told in (methods[one] for one in METHODS if one in methods):
            yield from (one["schema"] for one in _parameters(told, document).values())
            for one in (told.get("requestBody", {}), *told["responses"].values()):
                yield from (media.get("schema", {}) for media in one.get("content", {}).values())


def _resolved(schema: Json, document: Json, where: str = "$") -> Json:
    """What stands beside a reference holds too."""
    while "$ref" in schema:
        beside = {name: one for name, one in schema.items() if name != "$ref"}
        schema = _with(_found(schema["$ref"], document), beside, where)
    return schema


def _found(reference: str, document: Json) -> Json:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return cast(Json, found)


def _with(schema: Json, beside: Json, where: str) -> Json:
    """A schema with the keywords that stand beside it. Raises NotKnown where both say something of one keyword."""
    beside = {name: one for name, one in beside.items() if name not in ANNOTATIONS}
    if twice := sorted(name for name, one in beside.items() if schema.get(name, one) != one):
        raise NotKnown(f"{where}: this check cannot compare {', '.join(twice)} told twice of one value")
    return {**schema, **beside} if beside else schema


def _branches(schema: Json, document: Json, where: str) -> list[Json]:
    """Its alternatives, each with what stands beside them all; a list of types is one of them, each type for itself."""
    for word in ALTERNATIVES:
        if word in schema:
            beside = {name: one for name, one in schema.items() if name != word}
            return [_with(_resolved(one, document, where), beside, where) for one in schema[word]]
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": one} for one in schema["type"]]
    return [schema]


def _of_branches(old: list[Json], new: list[Json], where: str, sides: Sides, depth: int) -> Iterator[str]:
    """Each old alternative must be there still; for readers no new one of a plain type (null, mostly) may come."""
    for one in old:
        tried: list[list[str]] = []
        for other in sorted(new, key=lambda other: other != one):  # what is the same is tried first, mostly alone
            tried.append(list(_of_schema(one, other, where, sides, depth + 1)))
            if not tried[-1]:
                break
        else:
            nearest = min(tried, key=len, default=[])
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
    inner, outer = (old, new) if sides.direction == "sent" else (new, old)
    if not _is_within(inner.get("multipleOf"), outer.get("multipleOf")):
        yield f"{where} has the multipleOf {new.get('multipleOf')}, not {old.get('multipleOf')}"
    if outer.get("uniqueItems") and not inner.get("uniqueItems"):
        yield f"{where} {'may not' if new.get('uniqueItems') else 'may'} hold one thing twice now"
    was, is_now = old.get("pattern"), new.get("pattern")
    if was != is_now and ((is_now if sides.direction == "sent" else was) is not None):
        yield f"{where} has another pattern"


def _is_within(inner: float | None, outer: float | None) -> bool:
    """Whether each multiple of the one is one of the other."""
    return outer is None or (inner is not None and Decimal(str(inner)) % Decimal(str(outer)) == 0)


def _of_properties(old: Json, new: Json, where: str, sides: Sides, depth: int) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    ways, other_ways = _where_needed(old), _where_needed(new)
    for name in ways.keys() & other_ways.keys():
        yield from _of_schema(ways[name], other_ways[name], f"{where}.{name}", sides, depth + 1)
    for name, one in before.items():
        if name not in after:
            yield f"{where}.{name} is gone"
        else:
            yield from _of_schema(one, after[name], f"{where}.{name}", sides, depth + 1)
    needs, were = _needs(new), _needs(old)
    if sides.direction == "sent":
        yield from (f"{where}.{' or '.join(one)} is needed now" for one in _unmet(needs, were))
    else:
        yield from (
            f"{where}.{' or '.join(one)} may be missing now" for one in _unmet(were, needs) if after.keys() & one
        )
    if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
        yield f"{where} takes no other field now"


def _ways(schema: Json) -> list[Json]:
    """Of what `allOf` asks for, each name that will do, with what it must then be."""
    return [one for part in schema.get("allOf", ()) for one in part.get("anyOf", ())]


def _is_one_of(way: Json) -> bool:
    return {"required"} <= way.keys() <= {"required", "properties"}


def _where_needed(schema: Json) -> Json:
    """Each field of which one of several is needed, as it must then be."""
    return {name: one for way in _ways(schema) for name, one in way.get("properties", {}).items()}


def _needs(schema: Json) -> set[frozenset[str]]:
    """What has to be there: of each, one of its names."""
    several = (part["anyOf"] for part in schema.get("allOf", ()))
    return {frozenset({name}) for name in schema.get("required", ())} | {
        frozenset(name for one in ways for name in one["required"]) for ways in several
    }


def _unmet(needs: set[frozenset[str]], others: set[frozenset[str]]) -> list[list[str]]:
    """The needs that are met by none of the others: one name more to choose from asks for less."""
    return sorted(sorted(one) for one in needs if not any(other <= one for other in others))
