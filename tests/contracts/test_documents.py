"""The committed contracts are what the code says, and the standards' own tools take them."""

import ast
import copy
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from deploy.contracts import asyncapi, documents, openapi
from deploy.contracts.documents import ROOT
from shared.contracts import schema
from shared.contracts.topics import TOPICS
from shared.messaging.relay import Row
from shared.postgres import SERVICES
from shared.service import Service
from shared.web import operation
from shared.web.document import METHODS
from tests.contracts.written import written
from tests.shared.contracts.golden import GOLDEN, example

Json = dict[str, Any]


@pytest_asyncio.fixture(scope="module")
async def made(database: str, keys: Path) -> dict[str, Json]:
    return await documents.made(database, keys)


async def test_the_committed_contracts_are_what_the_code_says(made: dict[str, Json]) -> None:
    """After a change of a contract: python -m deploy.contracts"""
    texts, found = documents.texts(made), written()
    assert sorted(found) == sorted(texts)
    assert [name for name in texts if texts[name] != found[name]] == [], "write them anew: python -m deploy.contracts"


# ── OpenAPI ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", SERVICES)
async def test_every_call_says_what_it_takes_and_answers(name: str, database: str, keys: Path) -> None:
    """A new call gets its shape in services/<name>/api/shapes.py."""
    service = await openapi.built(name, database, keys)
    try:
        document = service.document()
        there = {f"{m.upper()} {path}" for path, methods in document["paths"].items() for m in methods if m in METHODS}
        assert there == {*operation.SHAPES, *service.shapes}, "a call without a shape, or a shape without a call"
    finally:
        await openapi.close(service)
    for call, told in calls(document):
        refused = {status for status in told["responses"] if status >= "4"}
        assert "500" not in refused, call
        assert {"200", "201", "202"} & told["responses"].keys(), call
        if "/v1" in call:
            assert {"401", "403", "422", "503"} <= refused, call
            assert told["security"], call
        for status in refused - {"503"}:
            assert list(told["responses"][status]["content"]) == ["application/problem+json"], (call, status)


KEEPING = frozenset({"called", "slot", "idempotency_key", "open_taking"})
"""Who calls one of these keeps the call's answer under its Idempotency-Key."""


@pytest.mark.parametrize("name", SERVICES)
def test_a_call_says_that_its_answer_is_kept_where_it_is(name: str) -> None:
    shapes = importlib.import_module(f"services.{name}.api.shapes").SHAPES
    found = {call for path in (ROOT / "services" / name / "api").glob("*.py") for call in kept(path.read_text("utf-8"))}
    assert {call for call, shape in shapes.items() if shape.is_kept} == found


def test_a_call_that_keeps_its_answer_is_found_through_what_it_calls() -> None:
    source = (
        "def router(routes):\n"
        "    @routes.post('/v1/a')\n    async def a(): return await _write()\n"
        "    @routes.post('/v1/b')\n    async def b(): return None\n"
        "async def _write(): return await called()\n"
    )
    assert list(kept(source)) == ["POST /v1/a"]


def kept(source: str) -> Iterator[str]:
    """The calls of a module that keep their answer, themselves or through another function of the module."""
    functions = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    keeping: set[str] = set(KEEPING)
    for _ in functions:
        keeping |= {one.name for one in functions if keeping & called_in(one)}
    for one in functions:
        for route in one.decorator_list:
            if isinstance(route, ast.Call) and isinstance(route.func, ast.Attribute) and keeping & called_in(one):
                [path, *_] = route.args
                yield f"{route.func.attr.upper()} {ast.literal_eval(path)}"


def called_in(function: ast.AST) -> set[str]:
    return {getattr(one.func, "id", "") for one in ast.walk(function) if isinstance(one, ast.Call)}


def calls(document: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield f"{method.upper()} {path}", methods[method]


@pytest.mark.parametrize("name", SERVICES)
async def test_the_standards_tool_takes_each_openapi_document(name: str, made: dict[str, Json]) -> None:
    document = made[f"docs/contracts/openapi/{name}.json"]
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    assert document["openapi"].startswith("3.1")
    ids = [told["operationId"] for _, told in calls(document)]
    assert len(set(ids)) == len(ids)


async def test_the_tool_refuses_a_document_with_a_fault(made: dict[str, Json]) -> None:
    planted = copy.deepcopy(made["docs/contracts/openapi/workflow.json"])
    planted["paths"]["/v1/tasks"]["get"]["parameters"][0]["in"] = "nowhere"
    assert list(OpenAPIV31SpecValidator(planted).iter_errors())


# ── JSON Schema ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", GOLDEN)
def test_the_committed_schemas_are_schemas_and_take_the_golden_examples(name: str) -> None:
    told = json.loads((schema.FOLDER / f"{GOLDEN[name][0].event.family}.v1.json").read_text("utf-8"))
    Draft202012Validator.check_schema(told)
    fact = json.loads(example(name))
    strict = Draft202012Validator(told, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [error.message for error in strict.iter_errors(fact)] == []
    assert list(strict.iter_errors(fact | {"sequence": "1"}))


# ── AsyncAPI ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_another_reader_of_asyncapi_takes_the_document() -> None:
    """FastStream's own model of AsyncAPI 3; it asks a server for a path, which Kafka has none of."""
    told = asyncapi.document()
    read = ApplicationSchema.model_validate({name: one for name, one in told.items() if name != "servers"})
    assert set(read.channels) == set(told["channels"]) and set(read.operations) == set(told["operations"])
    planted = copy.deepcopy(told) | {"servers": None}
    next(iter(planted["operations"].values()))["action"] = "publish"
    with pytest.raises(ValueError, match="action"):
        ApplicationSchema.model_validate(planted)


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    told = asyncapi.document()
    found = list(references(told))
    assert len(found) > 100
    for reference in found:
        place: Any = told
        for part in reference.removeprefix("#/").split("/"):
            assert part in place, reference
            place = place[part]


def references(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for one in part:
            yield from references(one)
    elif isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for one in part.values():
            yield from references(one)


def test_the_asyncapi_payloads_take_the_golden_examples() -> None:
    told = asyncapi.document()
    for name, (topic, _) in GOLDEN.items():
        payload = told["components"]["schemas"][topic.event.family] | {"components": told["components"]}
        # AsyncAPI's discriminator is a plain word, which a validator of JSON Schema leaves aside
        errors = Draft202012Validator(payload).iter_errors(json.loads(example(name)))
        assert [error.message for error in errors] == [], name


def test_the_headers_are_those_that_the_relay_writes() -> None:
    row = Row(1, "t", "k", 1, "e", "y", "/s", "r", b"{}")
    assert [name for name, _ in row.headers()] == [name for name, _ in asyncapi.HEADERS]


async def test_the_operations_are_what_the_services_read_and_emit(database: str, keys: Path) -> None:
    told = asyncapi.document()["operations"]
    read = {
        (one["tags"][0]["name"], one["channel"]["$ref"].removeprefix("#/channels/"), group(one))
        for one in told.values()
        if one["action"] == "receive"
    }
    found: set[tuple[str, str, str]] = set()
    for name in SERVICES:
        service = await openapi.built(name, database, keys)
        found |= streams(service)
        await openapi.close(service)
    assert {one for one in read if not one[1].startswith("departments.")} == found
    sent = {name.partition(".emits.")[2]: name.partition(".")[0] for name in told if ".emits." in name}
    assert sent == {topic.name: topic.producer for topic in TOPICS}


def group(told: Json) -> str:
    return str(told["bindings"]["kafka"]["groupId"]["enum"][0])


def streams(service: Service) -> set[tuple[str, str, str]]:
    """(service, topic, consumer group) of everything of ours that it reads."""
    return {(service.name, topic, one.group) for one in service.consumers for topic in one.topics}
