"""Every call of every service, made up by schemathesis from its own document, by callers of many roles.

Never a 5xx, never a status, a media type or a body that the document does not say; and no field that it does not know.
SHOUWANG_TEST_EXAMPLES=200 makes so many of each call (and kind) instead of a few.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.postgres import SERVICES
from shared.web import operation
from tests.contracts.answers import closed
from tests.contracts.known import Known, in_path
from tests.contracts.lived import callers
from tests.journeys.road import Road

Json = dict[str, Any]

SEED = 20261127
EXAMPLES = int(os.environ.get("SHOUWANG_TEST_EXAMPLES", "4"))
TIMEOUT_SECONDS = 20
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
UNSEEN = frozenset({"GET /v1/batches/{id}/rejections.xlsx"})
"""What there is nothing of in this house: a file was never sent. Seen in its own tests."""
EVERYWHERE = "workflow"
"""Where the calls that every service has are made up in full; elsewhere a few will do."""


@pytest.mark.parametrize("name", SERVICES)
async def test_no_call_gets_what_its_document_does_not_say(lived: tuple[Road, Known], name: str) -> None:
    walk, known = lived
    service = walk.services[name]
    with requests.Session() as session:
        asker = Asker(name, service.url, session, callers(walk), known)
        found = await asyncio.to_thread(asker.all_calls, service.document())
    assert not found, "\n".join(["", *found])
    alarms = service.metrics.alarms.labels(name, "call_failed")._value.get()
    assert alarms == 0, "a call failed on our side"
    assert service.unready() == []


@dataclass(frozen=True)
class Asker:
    """Makes up calls to one service, and looks at its answers."""

    service: str
    url: str
    session: requests.Session
    who: Mapping[str, Mapping[str, str]]
    known: Known

    def all_calls(self, document: Json) -> list[str]:
        """What was not as documented: a line a call and kind."""
        schema = schemathesis.openapi.from_dict(closed(document))
        calls = [one.ok() for one in schema.get_all_operations()]  # type: ignore[union-attr]
        return [complaint for call in calls for complaint in self._complaints(call)]

    def _complaints(self, call: Any) -> Iterator[str]:
        takes_anything = call.body or "parameters" in call.definition.raw
        kinds = list(GenerationMode) if takes_anything else [GenerationMode.POSITIVE]
        tries = [(kind.value, partial(self._made_up, call, kind)) for kind in kinds]
        is_there = call.method == "get" and call.label not in UNSEEN
        for name, ask in [*([("plain", partial(self._plain, call))] if is_there else []), *tries]:
            try:
                ask()
            except (Exception, FailureGroup) as error:
                yield f"{call.label} ({name}): {told(error)}"

    def _plain(self, call: Any) -> None:
        """What is there, asked for by everybody: somebody must see it, or made-up calls would prove little."""
        there = {name: values[0] for name, values in self._there(call).items()}
        answers = [self._ask(call.Case(path_parameters=there), caller).status_code for caller in self.who]
        assert 200 in answers, f"nobody was answered with 200: {sorted(set(answers))}"

    def _made_up(self, call: Any, kind: GenerationMode) -> None:
        is_shared = call.label in operation.SHAPES and self.service != EVERYWHERE

        @seed(SEED)
        @settings(
            max_examples=3 if is_shared else EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(
            case=call.as_strategy(generation_mode=kind),
            caller=strategies.sampled_from(sorted(self.who)),
            there=self.known.strategy(self.service, call.label, in_path(call.definition.raw)),
        )
        def ask(case: Any, caller: str, there: Json) -> None:
            case.path_parameters = {**(case.path_parameters or {}), **there}
            self._ask(case, caller)

        ask()

    def _there(self, call: Any) -> Mapping[str, Sequence[str]]:
        return self.known.there(self.service, call.label, in_path(call.definition.raw))

    def _ask(self, case: Any, caller: str) -> Any:
        headers = {**(case.headers or {}), **self.who[caller]}
        answer = case.call(base_url=self.url, session=self.session, headers=headers, timeout=TIMEOUT_SECONDS)
        case.validate_response(answer, checks=CHECKS)
        return answer


def told(error: BaseException) -> str:
    """An error and what it groups, in so many words."""
    parts = [str(error), *(told(one) for one in getattr(error, "exceptions", ()))]
    return " | ".join(" ".join(part.split())[:900] for part in parts)


def test_a_closed_answer_refuses_a_field_that_is_not_documented() -> None:
    answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}
    document = {
        "paths": {"/a": {"get": {"responses": {"200": answer}}}},
        "components": {"schemas": {"A": {"properties": {"x": {}}}, "B": {"properties": {"y": {}}}}},
    }
    models = closed(document)["components"]["schemas"]
    assert models["A"]["additionalProperties"] is False and "additionalProperties" not in models["B"]
