"""The golden examples: one of every type of fact in every topic that carries it, by the name of its file."""

from pathlib import Path
from typing import get_args

from shared.contracts import schema
from shared.contracts.topics import TOPICS, Topic

EXAMPLES = Path(schema.__file__).parent / "examples"


def _name(topic: Topic, type_: str) -> str:
    """`shouwang.stage.opened.v1` → stage.opened; the topics of the hops share one type, and name theirs."""
    return topic.name if topic.name.startswith("hop.") else type_.removeprefix("shouwang.").removesuffix(".v1")


GOLDEN: dict[str, tuple[Topic, str]] = {
    _name(topic, type_): (topic, type_)
    for topic in TOPICS
    for type_ in get_args(topic.event.model_fields["type"].annotation)
}
"""Name → topic and type, for every word of each class's `type`: a new word needs an example."""


def example(name: str) -> str:
    """What the file holds."""
    return (EXAMPLES / f"{name}.json").read_text("utf-8")
