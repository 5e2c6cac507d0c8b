"""The AsyncAPI 3 document of the house, from TOPICS: who sends, who receives, and how a fact looks.

Documents are pure functions of the code; a test compares them with what is committed and with what the services do.
"""

import importlib
from collections.abc import Iterator
from typing import Any

from shared.contracts.envelope import EVENT_BYTES_MAX, Event
from shared.contracts.schema import schemas
from shared.contracts.topics import DEPARTMENTS, TOPICS, Topic, department_topic
from shared.messaging.topics import MESSAGE_BYTES_MAX, retentions

Json = dict[str, Any]

BINDING = "0.5.0"
HEADERS: tuple[tuple[str, str], ...] = (
    ("content-type", "Always application/cloudevents+json."),
    ("ce_id", "The fact's id: a repeated delivery has the same."),
    ("ce_type", "The fact's type with its version."),
    ("ce_source", "The service that emitted it."),
    ("ce_sequence", "Its place in its line: counts per key and topic from 1 without gaps, 12 digits."),
    ("ce_partitionkey", "The key of the record, a household's id mostly."),
    ("ce_region", "The division that it belongs to, 12 digits."),
)
"""What the relay writes beside each fact, so that a reader who cannot read a body still knows its place in line."""
FOR_EVER, DEPARTMENT_RECORD = "Kept without end, never compacted.", "department.record"
RECORDS: Any = importlib.import_module("services.intake.contract")
"""What departments may send, as the code that checks it says."""


def document() -> Json:
    """The whole document, keys in the order in which one reads."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:shouwang:asyncapi",
        "info": {
            "title": "Shouwang: facts between the services",
            "version": "1.0.0",
            "description": (
                "Every fact is a CloudEvent 1.0 in structured mode. Readers leave unknown fields aside, drop what they "
                "have had by (partitionkey, topic, sequence), and wait for what is missing before it."
            ),
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": {
            "kafka": {
                "host": "127.0.0.1:9192",
                "protocol": "kafka",
                "description": "The embedded broker of `./shouwang up`; SHOUWANG_KAFKA names another.",
            }
        },
        "channels": {name: channel for name, channel in _channels()},
        "operations": {name: operation for name, operation in _operations()},
        "components": {
            "messages": {**dict(_messages()), **{_record_name(code): _record_message(code) for code in DEPARTMENTS}},
            "schemas": {**_schemas(), **RECORDS.schemas()},
        },
    }


def group_of(topic: Topic, consumer: str) -> str:
    """The consumer group in which a service reads a topic: each hop has one of its own."""
    return f"workflow.{topic.name.removeprefix('hop.')}" if topic.name.startswith("hop.") else consumer


# ── channels and operations ─────────────────────────────────────────────────────────────────────────────────────────


def _channels() -> Iterator[tuple[str, Json]]:
    for topic in TOPICS:
        yield topic.name, _channel(topic.name, topic.event.family, topic.event.family, FOR_EVER)
    for code in DEPARTMENTS:
        name = department_topic(code)
        kept = "Holds ID numbers: kept 30 days, then deleted by the broker."
        yield name, _channel(name, DEPARTMENT_RECORD, _record_name(code), kept)


def _channel(name: str, message: str, component: str, kept: str) -> Json:
    configuration = {
        "cleanup.policy": ["delete"],
        "retention.ms": int(retentions()[name]),
        "max.message.bytes": MESSAGE_BYTES_MAX,
    }
    kafka = {"topic": name, "topicConfiguration": configuration, "bindingVersion": BINDING}
    return {
        "address": name,
        "description": kept,
        "messages": {message: {"$ref": f"#/components/messages/{component}"}},
        "bindings": {"kafka": kafka},
    }


def _operations() -> Iterator[tuple[str, Json]]:
    for topic in TOPICS:
        yield f"{topic.producer}.emits.{topic.name}", _operation("send", topic.producer, topic.name, topic.event.family)
        for consumer in topic.consumers:
            group = group_of(topic, consumer)
            yield (
                f"{consumer}.applies.{topic.name}",
                _operation("receive", consumer, topic.name, topic.event.family, group),
            )
    for code in DEPARTMENTS:
        name = department_topic(code)
        yield f"intake.applies.{name}", _operation("receive", "intake", name, DEPARTMENT_RECORD, "intake.departments")


def _operation(action: str, service: str, channel: str, message: str, group: str | None = None) -> Json:
    place = f"#/channels/{channel}"
    found: Json = {
        "action": action,
        "channel": {"$ref": place},
        "messages": [{"$ref": f"{place}/messages/{message}"}],
        "tags": [{"name": service}],
    }
    if group is not None:
        told = {"type": "string", "enum": [group]}
        found["bindings"] = {"kafka": {"groupId": told, "bindingVersion": BINDING}}
    return found


# ── messages ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _families() -> dict[str, type[Event]]:
    return {topic.event.family: topic.event for topic in TOPICS}


def _messages() -> Iterator[tuple[str, Json]]:
    for family in _families():
        yield (
            family,
            {
                "name": family,
                "contentType": "application/cloudevents+json",
                "description": f"At most {EVENT_BYTES_MAX // 1024} kB.",
                "headers": _headers(),
                "payload": {"$ref": f"#/components/schemas/{family}"},
                "correlationId": {"location": "$message.payload#/correlationid"},
                "bindings": {"kafka": {"key": {"type": "string", "maxLength": 100}, "bindingVersion": BINDING}},
            },
        )


def _headers() -> Json:
    return {
        "type": "object",
        "required": [name for name, _ in HEADERS],
        "properties": {name: {"type": "string", "description": meaning} for name, meaning in HEADERS},
    }


def _record_name(code: str) -> str:
    return f"{DEPARTMENT_RECORD}.{code}"


def _record_message(code: str) -> Json:
    return {
        "name": DEPARTMENT_RECORD,
        "contentType": "application/json",
        "description": "Plain, or a CloudEvent with the record in `data`. What cannot be read is rejected and counted.",
        "headers": {
            "type": "object",
            "properties": {
                "county": {"type": "string", "pattern": r"^\d{6}$", "description": "The sender's county, if told."}
            },
        },
        "payload": RECORDS.message_of(code),
        "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": BINDING}},
    }


def _schemas() -> Json:
    """The published schemas, their inner definitions lifted out: tools resolve `#` against the document's root."""
    found: Json = {}
    for family, schema in schemas().items():
        plain = {name: one for name, one in schema.items() if name not in ("$schema", "$id", "$defs")}
        found[family] = _placed(plain, family)
        for name, one in schema.get("$defs", {}).items():
            found[f"{family}.{name}"] = _placed(one, family)
    return found


def _placed(part: Any, family: str) -> Any:
    if isinstance(part, list):
        return [_placed(one, family) for one in part]
    if not isinstance(part, dict):
        return part
    # AsyncAPI's discriminator is a property's name, without a mapping
    return {
        name: one["propertyName"]
        if name == "discriminator" and isinstance(one, dict)
        else _placed_at(name, one, family)
        for name, one in part.items()
    }


def _placed_at(name: str, one: Any, family: str) -> Any:
    if name == "$ref" and isinstance(one, str):
        return one.replace("#/$defs/", f"#/components/schemas/{family}.")
    return _placed(one, family)
