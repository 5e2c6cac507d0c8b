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
    rules.what_is_cited_can_be_opened: {"services/workflow/leave.py": '"""Nobody waits for a return (domain §7)."""\n'},
    rules.every_action_is_asked_for_by_a_call: {
        "shared/access/roles.py": 'Action = Literal["task.read", "map.read"]\n',
        "services/workflow/api/tasks.py": 'Reader = Depends(allowed("task.read"))\n',
        "services/console/pages/map.py": 'viewer = console.viewer(request, "map.read")\n',
    },
    rules.nothing_outlives_its_transaction: {"services/intake/vault.py": 'await connection.execute("SET x.y = 1")\n'},
}


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(rule: Callable[[Files], list[str]]) -> None:
    assert rule(rules.tree()) == []


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_rule_finds_a_planted_fault(rule: Callable[[Files], list[str]]) -> None:
    assert rule(PLANTED[rule])


@pytest.mark.parametrize(
    "left",
    [
        "SELECT 1;\nSET timezone TO 'UTC'",
        "SELECT set_config('app.grid', $1, false)",
        "SELECT pg_advisory_lock($1)",
        "SELECT pg_try_advisory_lock_shared($1)",
        "LISTEN outbox",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "CREATE TEMP TABLE t ()",
    ],
)
def test_whatever_a_session_can_keep_is_found(left: str) -> None:
    assert rules.nothing_outlives_its_transaction({"services/intake/vault.sql": left})


@pytest.mark.parametrize(
    "said",
    [
        "UPDATE t\nSET a = 1",
        "SET LOCAL enable_sort = off",
        "SELECT set_config('app.grid', $1, true)",
        "SELECT pg_try_advisory_xact_lock($1)",
    ],
)
def test_what_ends_with_its_transaction_may_be_said(said: str) -> None:
    assert rules.nothing_outlives_its_transaction({"services/intake/vault.sql": said}) == []


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
