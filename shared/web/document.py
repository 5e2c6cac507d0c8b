"""The OpenAPI 3.1 document of a service: its routes, with what no signature says: answers, bodies, problems.

A call's `Shape` stands beside its resource, in `services/<name>/api/shapes.py`. A test asks one of every call, and
compares every answer with it. Nothing here is run while a call is answered.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from shared.web.callers import KEY_LENGTH_MAX

Json = dict[str, Any]

JSON, PROBLEM = "application/json", "application/problem+json"
BEARER = "bearer"
CALLS = "/v1"
METHODS = ("get", "put", "post", "delete", "patch")
REFUSED_ANYWHERE: Mapping[int, str] = {
    401: "No valid bearer token.",
    403: "The token's role may not do this.",
    413: "The body is too large.",
    422: "Something sent cannot be used; `errors` names the fields.",
    503: "The database or the broker is away: try again after `Retry-After` seconds.",
}
MEANINGS: Mapping[int, str] = {
    **REFUSED_ANYWHERE,
    400: "The connection ended within the body.",
    404: "There is no such thing, or it is not in the caller's area.",
    409: "It is no longer as the caller saw it.",
    415: "The body is of a kind that this call does not read.",
    429: "Too many calls came from this address.",
}


class Reply(BaseModel):
    """What a call answers. Readers leave unknown fields aside: adding one is compatible."""

    model_config = ConfigDict(frozen=True)


class FieldError(Reply):
    """What is wrong with a field; of a file also where it stands: a workbook's sheet, row, column, a text's line."""

    field: str
    code: str
    message: str
    message_zh: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    line: int | None = None


class ProblemDocument(Reply):
    """RFC 9457. `code` is stable; `detail` says what was wrong and what to do, and never repeats the input."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: Annotated[list[FieldError], Field(default_factory=list)]


class InBoth(Reply):
    """The same in Chinese and in English."""

    zh: str
    en: str


class EmittedFact(Reply):
    """A fact that the call made true: its topic, key and place in line."""

    topic: str
    key: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Shape:
    """What one call takes and answers. `answers`: status → model, or a media type for what is no JSON.

    `refusals`: statuses of problems besides those that any call can meet. `media`: of a body that is read by hand;
    `schemas`: what is known of it, by media type, and `parts`: name → schema, what these refer to.
    `is_kept`: the answer is kept under the call's Idempotency-Key.
    """

    answers: Mapping[int, type[BaseModel] | str]
    body: type[BaseModel] | None = None
    refusals: tuple[int, ...] = ()
    media: tuple[str, ...] = (JSON,)
    is_body_needed: bool = True
    is_kept: bool = False
    schemas: Mapping[str, Json] = field(default_factory=dict)
    parts: Mapping[str, Json] = field(default_factory=dict)


Shapes = Mapping[str, Shape]
"""By method and path: "GET /v1/tasks/{task_id}"."""
UNSAID = Shape({200: JSON})
"""Of a call without a shape, which no test lets pass."""
KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": (
        "What the call is known by when it comes again. The same key and body: the same answer, done once; another "
        "body: 422 `idempotency_key_reused`; still being handled: 409 `in_flight`."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH_MAX},
}


def document_of(app: FastAPI, shapes: Shapes, public: Iterable[str] = ()) -> Json:
    """The whole document. Pure but for the routes that it reads."""
    found: Json = get_openapi(title=app.title, version=app.version, routes=app.routes, openapi_version="3.1.0")
    models, refs = _models(shapes)
    kept = found.setdefault("components", {}).setdefault("schemas", {})
    kept.update(models)
    for shape in shapes.values():
        kept.update(shape.parts)
    for one in ("HTTPValidationError", "ValidationError"):
        kept.pop(one, None)
    found["components"]["securitySchemes"] = {
        BEARER: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "Ed25519 (EdDSA)."}
    }
    if any(one.is_kept for one in shapes.values()):
        found["components"]["parameters"] = {KEY["name"]: KEY}
    public = tuple(public)
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            call = f"{method.upper()} {path}"
            _described(operation, method, path, shapes.get(call, UNSAID), refs, public)
    return found


def operation_id(method: str, path: str) -> str:
    """Stable as long as method and path are: `get_tasks_by_task_id`."""
    words = [f"by_{part[1:-1]}" if part.startswith("{") else part for part in path.removeprefix(CALLS).split("/")]
    return re.sub(r"[^0-9a-z]+", "_", "_".join([method, *filter(None, words)]).lower()).strip("_")


def _described(
    operation: Json, method: str, path: str, shape: Shape, refs: Mapping[type[BaseModel], Json], public: Any
) -> None:
    operation["operationId"] = operation_id(method, path)
    operation.pop("summary", None)
    is_call = path.startswith(CALLS)
    if is_call:
        is_public = any(path == one or path.startswith(f"{one}/") for one in public)
        operation["security"] = [{}, {BEARER: []}] if is_public else [{BEARER: []}]
    if shape.is_kept:
        operation.setdefault("parameters", []).append({"$ref": f"#/components/parameters/{KEY['name']}"})
    if shape.body is not None or shape.media != (JSON,):
        schema = refs[shape.body] if shape.body is not None else {}
        operation["requestBody"] = {
            "required": shape.is_body_needed,
            "content": {media: {"schema": shape.schemas.get(media, schema)} for media in shape.media},
        }
    refused = {*shape.refusals, *(REFUSED_ANYWHERE if is_call else ()), *([404] if is_call and "{" in path else ())}
    operation["responses"] = {
        **{str(status): _answer(told, refs) for status, told in sorted(shape.answers.items())},
        **{str(status): _refusal(status, refs) for status in sorted(refused - set(shape.answers))},
    }


def _answer(told: type[BaseModel] | str, refs: Mapping[type[BaseModel], Json]) -> Json:
    if isinstance(told, str):
        return {"description": "Answered.", "content": {told: {"schema": {"type": "string"}}}}
    return {"description": (told.__doc__ or "Answered.").split("\n")[0], "content": {JSON: {"schema": refs[told]}}}


def _refusal(status: int, refs: Mapping[type[BaseModel], Json]) -> Json:
    return {"description": MEANINGS[status], "content": {PROBLEM: {"schema": refs[ProblemDocument]}}}


def _models(shapes: Shapes) -> tuple[Json, Mapping[Any, Json]]:
    """Component name → schema, and each model's reference."""
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(ProblemDocument, "serialization"): None}
    for shape in shapes.values():
        wanted |= {(told, "serialization"): None for told in shape.answers.values() if not isinstance(told, str)}
        if shape.body is not None:
            wanted[shape.body, "validation"] = None
    refs, found = models_json_schema(list(wanted), ref_template="#/components/schemas/{model}")
    return found.get("$defs", {}), {model: schema for (model, _), schema in refs.items()}


__all__ = ["EmittedFact", "InBoth", "Reply", "Shape", "Shapes", "document_of", "operation_id"]
