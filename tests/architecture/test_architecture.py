"""The shape of the house, held by tests; each rule is shown failing on a planted fault before it is trusted."""

from collections.abc import Callable

import pytest

from shared.contracts.topics import TOPICS
from tests.architecture import rules
from tests.architecture.rules import Files

PLANTED: dict[Callable[[Files], list[str]], dict[str, str]] = {
    rules.services_import_no_other: {"services/notify/audience.py": "from services.workflow.case import Case\n"},
    rules.contracts_and_domain_stand_alone: {"shared/domain/money.py": "import asyncpg\n"},
    rules.pure_rooms_stay_pure: {"services/screening/rules/water.py": "async def check():\n    await nothing\n"},
    rules.faststream_has_one_room: {"services/intake/app.py": "from faststream.kafka import KafkaBroker\n"},
    rules.only_the_relay_produces: {"services/intake/app.py": "from aiokafka import AIOKafkaProducer\n"},
    rules.locks_stand_in_key_rows_and_relay: {"services/workflow/task.sql": "SELECT 1 FROM tasks\nFOR UPDATE\n"},
    rules.no_twin_names: {
        "services/notify/a.py": "def audience_of(): ...\n",
        "services/notify/b.py": "def audience_of(): ...\n",
    },
    rules.no_dumping_grounds: {"services/intake/utils.py": ""},
    rules.services_do_not_commit_publish_or_wait: {
        "services/intake/subscribers/x.py": "async def f(c):\n    async with c.transaction():\n        ...\n"
    },
    rules.everything_is_used_by_the_product: {
        "shared/domain/money.py": "def rendered(): ...\n",
        "services/intake/app.py": "from shared.domain.money import rendered\n",
    },
    rules.functions_fit_a_screen: {"services/intake/app.py": "def build():\n" + "    wait = 1\n" * 66},
}


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(rule: Callable[[Files], list[str]]) -> None:
    assert rule(rules.tree()) == []


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_rule_finds_a_planted_fault(rule: Callable[[Files], list[str]]) -> None:
    assert rule(PLANTED[rule])


def test_each_topic_is_emitted_by_its_one_producer_alone() -> None:
    complaints = _foreign_emits(rules.tree())
    assert complaints == []


def test_a_second_producer_is_found() -> None:
    planted = {"services/notify/notice.py": 'Emit("warning.raised", "t", k, i, r, d)\n'}
    assert _foreign_emits(planted)


def _foreign_emits(files: Files) -> list[str]:
    """`Emit("topic", …)` in another service than the topic's producer."""
    import ast

    producers = {topic.name: topic.producer for topic in TOPICS}
    complaints = []
    for path, source in files.items():
        if not path.startswith("services/") or not path.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Emit":
                named = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "topic")]
                for one in named:
                    if isinstance(one, ast.Constant) and producers.get(str(one.value)) != path.split("/")[1]:
                        complaints.append(f"{path}:{node.lineno} emits {one.value!r}")
    return complaints
