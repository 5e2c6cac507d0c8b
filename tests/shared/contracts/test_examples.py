"""The golden examples and the published schemas say what the classes say, and an independent library reads them."""

import json

import pytest
from cloudevents.core.bindings.http import HTTPMessage
from pydantic import ValidationError

from shared.contracts import schema
from shared.contracts.topics import TOPIC, TOPICS
from tests.shared.contracts.golden import EXAMPLES, GOLDEN, example


@pytest.mark.parametrize("name", GOLDEN)
def test_each_type_has_a_golden_example_that_its_class_reads_and_writes_again(name: str) -> None:
    (topic, type_), text = GOLDEN[name], example(name)
    event = topic.event.model_validate_json(text)
    assert json.loads(event.model_dump_json(exclude_none=True)) == _without_none(json.loads(text))
    assert event.source == f"/{topic.producer}"
    assert event.type == type_


def test_there_is_no_golden_example_of_what_no_class_allows() -> None:
    assert {path.stem for path in EXAMPLES.iterdir()} == GOLDEN.keys()


def _without_none(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_none(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_without_none(one) for one in value]
    return value


def test_the_published_schemas_are_what_the_classes_say() -> None:
    """After a change of a contract: python -m deploy.contracts"""
    written = {path.name: path.read_text("utf-8") for path in schema.FOLDER.glob("*.json")}
    assert written == {f"{family}.v1.json": schema.text(one) for family, one in schema.schemas().items()}


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": "1"}, {"sequence": 2**70}, {"region": "3412"}, {"specversion": "0.3"}, {"type": "other.v1"},
        {"source": "intake"}, {"partitionkey": ""}, {"time": "2026-10-08T09:15:00"}, {"traceparent": "x"}, {"id": "no"},
    ],
)  # fmt: skip
def test_an_envelope_that_is_not_narrow_enough_is_refused(change: dict[str, object]) -> None:
    text = json.loads(example("data.changed"))
    with pytest.raises(ValidationError):
        TOPIC["data.changed"].event.model_validate_json(json.dumps(text | change))


def test_a_refusal_never_shows_what_was_refused() -> None:
    text = json.loads(example("data.changed"))
    text["data"]["values"]["total_yuan"] = "341221199001010000"
    with pytest.raises(ValidationError) as refused:
        TOPIC["data.changed"].event.model_validate_json(json.dumps(text))
    assert "341221199001010000" not in str(refused.value)


def test_numbers_of_topics_are_theirs_for_ever_and_each_topic_has_one_producer() -> None:
    """A number is a place in the arrays of every key row in every database: it is never moved or used again."""
    assert [(topic.name, topic.number) for topic in TOPICS] == [
        ("household.registered", 1), ("data.changed", 2), ("warning.raised", 3), ("stage.advanced", 4),
        ("hop.village_group", 5), ("hop.village_committee", 6), ("officer.assigned", 7), ("deadline.passed", 8),
        ("notice.sent", 9), ("clue.reported", 10), ("hop.township", 11), ("hop.county", 12), ("hop.department", 13),
        ("hop.township_return", 14), ("hop.village_return", 15),
    ]  # fmt: skip
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)


@pytest.mark.parametrize("name", GOLDEN)
def test_an_independent_cloudevents_library_reads_the_golden_example(name: str) -> None:
    from cloudevents.core.bindings.http import from_structured
    from cloudevents.core.formats.json import JSONFormat

    headers = {"content-type": "application/cloudevents+json"}
    message = HTTPMessage(headers=headers, body=example(name).encode())
    event = from_structured(message, JSONFormat())
    assert event.get_type() == GOLDEN[name][1]
    assert event.get_specversion() == "1.0"
