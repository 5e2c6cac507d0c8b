"""The JSON Schemas of the facts, as published: `python -m deploy.contracts` writes them into `schemas/`.

A test compares the written ones with what the classes say, so that a change of a contract is a change that one sees.
"""

import json
from pathlib import Path
from typing import Any

from shared.contracts.envelope import schema_address
from shared.contracts.topics import TOPICS

FOLDER = Path(__file__).parent / "schemas"


def schemas() -> dict[str, dict[str, Any]]:
    """Family → JSON Schema (2020-12) of its whole envelope."""
    found = {}
    for event in {topic.event.family: topic.event for topic in TOPICS}.values():
        schema = event.model_json_schema()
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        schema["$id"] = schema_address(event.family)
        found[event.family] = schema
    return found


def text(schema: dict[str, Any]) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
