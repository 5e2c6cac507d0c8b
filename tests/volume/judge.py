"""An answer held against its service's document, closed: by validators that are compiled once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from jsonschema_rs import Draft202012Validator

from tests.contracts.answers import closed
from tests.volume.wire import Answer

Json = Any

OURS, STATUS, MEDIA, SHAPE = "5xx", "undocumented status", "wrong media type", "answer outside its schema"
PROVED_MAX = 100_000
"""Answers that are remembered as right, by their hash."""


@dataclass(slots=True)
class Judge:
    """Of one service. `wrong` names what is wrong with an answer, and where; never what stands there."""

    document: Json
    _right: dict[str, Mapping[int, Mapping[str, Draft202012Validator | None]]] = field(init=False)
    _proved: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        strict = closed(self.document)
        made: dict[str, Draft202012Validator] = {}

        def validator(media: str, told: Json) -> Draft202012Validator | None:
            if not media.endswith("json"):
                return None
            key = orjson.dumps(told["schema"]).decode()
            if key not in made:
                whole = told["schema"] | {"components": strict["components"]}
                made[key] = Draft202012Validator(whole, validate_formats=True)
            return made[key]

        self._right = {
            f"{method.upper()} {path}": {
                int(status): {media: validator(media, one) for media, one in answer["content"].items()}
                for status, answer in told["responses"].items()
            }
            for path, methods in strict["paths"].items()
            for method, told in methods.items()
        }

    def wrong(self, call: str, answer: Answer) -> tuple[str, str] | None:
        """Kind and place. A body that was found right for this call and status is not looked at again."""
        if answer.status >= 500:
            return OURS, str(answer.status)
        told = self._right[call].get(answer.status)
        if told is None:
            return STATUS, str(answer.status)
        if answer.media not in told:
            return MEDIA, f"{answer.status} {answer.media}"
        validator = told[answer.media]
        if validator is None or (known := hash((call, answer.status, answer.raw))) in self._proved:
            return None
        if (place := _outside(validator, answer.raw)) is not None:
            return SHAPE, f"{answer.status} {place}"
        if len(self._proved) >= PROVED_MAX:
            self._proved.clear()
        self._proved.add(known)
        return None


def _outside(validator: Draft202012Validator, raw: bytes) -> str | None:
    """Where, and by which word of the schema."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return "is no JSON"
    error = next(validator.iter_errors(body), None)
    if error is None:
        return None
    return f"{'.'.join(map(str, error.instance_path))} {error.schema_path[-1]}"
