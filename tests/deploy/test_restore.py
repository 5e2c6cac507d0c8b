"""`./shouwang restore` as a person uses it: PostgreSQL's folder put back to an earlier copy, the services up again, and
sent again what departments had sent; then the chaos ledger over every log and table.
"""

import asyncio
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.demo.parcel import officer_calls
from deploy.demo.sending import sending
from deploy.demo.township import COUNTY, Township, generate
from deploy.local.postgres import Postgres
from shared.access.tokens import Issuer
from shared.clock import civil_date, machine_now
from shared.contracts.topics import TOPICS
from shared.messaging import restore
from shared.postgres import SERVICES
from tests import servers
from tests.chaos.evidence import collect
from tests.chaos.ledger import judge
from tests.deploy.test_up import Checkout

SEED, HOUSEHOLDS, RECORDS = 20261127, 120, 120
REST_SECONDS = 90.0
Batch = tuple[str, Sequence[Any]]


@pytest.fixture(scope="module")
def checkout() -> Iterator[Checkout]:
    with servers.folder("restore") as place:
        made = Checkout(place / "检出")
        yield made
        made.run("down")
        assert made.survivors() == []


def _of(checkout: Checkout) -> tuple[str, str]:
    """Kafka's address, the administrator's DSN."""
    dsn = Postgres(checkout.data / "postgres", checkout.ports["postgres"]).dsn
    return f"127.0.0.1:{checkout.ports['kafka']}", dsn


def _batches(records: Sequence[tuple[str, Any]]) -> list[Batch]:
    """By department, as each of them sends what is its own."""
    names = dict.fromkeys(department for department, _ in records)
    return [(name, [record for department, record in records if department == name]) for name in names]


def _halves(township: Township) -> tuple[list[Batch], list[Batch]]:
    """What is known to the backup, and what comes in the hour that is gone; half of the households too."""
    ways, register = sending(township.register, township.records), "rural_revitalization"
    middle, half = len(township.register) // 2, len(ways.http) // 2
    late = [*ways.http[half:], *((one.department, one.record) for one in ways.kafka)]
    return (
        [(register, township.register[:middle]), *_batches(ways.http[:half])],
        [(register, township.register[middle:]), *_batches(late)],
    )


async def _post(checkout: Checkout, service: str, path: str, body: bytes, **who: str) -> None:
    issuer = Issuer((checkout.data / "keys" / "token.key").read_bytes())
    headers = {"Authorization": f"Bearer {issuer.issue(who, timedelta(hours=1))}"}
    headers["Content-Type"] = "application/json" if service == "workflow" else "application/x-ndjson"
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        url = f"http://127.0.0.1:{checkout.ports[service]}{path}"
        answer = await client.post(url, content=body, headers=headers)
    assert answer.is_success, answer.text


async def _send(checkout: Checkout, batches: Sequence[Batch]) -> None:
    for department, records in batches:
        body = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
        who = {"role": "department", "department": department, "region": COUNTY}
        await _post(checkout, "intake", f"/v1/departments/{department}/records", body, **who)
    await _rested(checkout)


async def _rested(checkout: Checkout) -> None:
    """Raises AssertionError with what is still under way."""
    end = time.monotonic() + REST_SECONDS
    while unrest := await _unrest(checkout):
        assert time.monotonic() < end, unrest
        await asyncio.sleep(0.2)


async def _unrest(checkout: Checkout) -> list[str]:
    """Facts in an outbox, facts that a reader has not applied, and cases on their way."""
    sums: dict[str, dict[str, dict[int, int]]] = {"applied": {}, "emitted": {}}
    found = []
    for service in SERVICES:
        rows = await checkout.execute(f"SELECT topic, key, sequence FROM {service}.outbox LIMIT 3")
        found += [f"{service} has not sent {tuple(row)}" for row in rows]
        rows = await checkout.execute(f"SELECT topic, key, sequence, state, cause FROM {service}.waiting LIMIT 3")
        found += [f"{service} lets wait {tuple(row)}" for row in rows]
        for what, of in sums.items():
            rows = await checkout.execute(
                f"SELECT n, sum(v)::bigint AS total FROM {service}.keys, unnest({what}) WITH ORDINALITY AS u (v, n)"
                " WHERE key NOT LIKE 'partition:%' GROUP BY 1"
            )
            of[service] = {row["n"]: row["total"] for row in rows}
    for topic in TOPICS:
        emitted = sums["emitted"][topic.producer].get(topic.number, 0)
        for reader in topic.consumers:
            applied = sums["applied"][reader].get(topic.number, 0)
            found += [f"{reader} applied {applied} of {emitted} of {topic.name}"] if applied != emitted else []
    rows = await checkout.execute("SELECT hop, step, household_id FROM workflow.places WHERE state = 'on_its_way'")
    return [*found, *(f"on its way: {tuple(row)}" for row in rows[:3])]


async def _tasks(checkout: Checkout) -> set[tuple[Any, ...]]:
    rows = await checkout.execute("SELECT task_id, household_id, state FROM workflow.tasks")
    return {tuple(row) for row in rows}


def test_where_there_are_no_data_it_says_so(tmp_path: Path, checkout: Checkout) -> None:
    refused = checkout.run("restore", "--data", str(tmp_path / "none"))
    assert refused.returncode == 1
    assert f"There are no data in {tmp_path / 'none'}" in refused.stderr
    assert not (tmp_path / "none").exists()


async def test_a_database_put_back_learns_from_its_topics_and_everything_flows(checkout: Checkout) -> None:
    postgres, backup = checkout.data / "postgres", checkout.path / "backup"
    township = await asyncio.to_thread(generate, SEED, civil_date(machine_now()), HOUSEHOLDS, RECORDS)
    known, gone = _halves(township)
    await checkout.up()
    for call in officer_calls(township):
        await _post(checkout, "workflow", "/v1/officers", json.dumps(call).encode(), role="system")
    await _send(checkout, known)
    assert checkout.run("down").returncode == 0
    servers.copy(postgres, backup)
    await checkout.up()
    await _send(checkout, gone)
    tasks = await _tasks(checkout)
    assert checkout.run("down").returncode == 0

    shutil.rmtree(postgres)
    servers.copy(backup, postgres)
    learnt = checkout.run("restore")
    assert learnt.returncode == 0, learnt.stderr
    numbers = {line.split()[0]: int(line.split()[1]) for line in learnt.stdout.splitlines() if " facts in its " in line}
    assert numbers.keys() == set(SERVICES)
    assert all(numbers[service] > 0 for service in SERVICES if service != "console"), learnt.stdout
    again = checkout.run("restore")
    assert again.stdout.count(" 0 facts in its topics") == len(SERVICES), "a second time there is nothing to learn"
    assert checkout.survivors() == []

    await checkout.up()
    await _send(checkout, gone)
    assert await _tasks(checkout) == tasks, "every case came to the same task"
    kafka, dsn = _of(checkout)
    verdict = judge(await collect(kafka, dsn, township.answers, frozenset(), None, None))
    assert verdict.is_clean(), verdict


async def test_while_services_run_it_refuses(checkout: Checkout) -> None:
    await checkout.up()
    refused = checkout.run("restore")
    assert refused.returncode == 1
    assert f"already running on {checkout.data}" in refused.stderr
    assert checkout.run("status").returncode == 0


async def test_on_servers_of_one_s_own_it_refuses_while_services_read(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    await checkout.up()
    kafka, dsn = _of(checkout)
    monkeypatch.setattr(restore, "EMPTY_GROUP_SECONDS", 0.5)
    with pytest.raises(restore.StillRunning):
        await restore.restore(kafka, dsn)
    assert checkout.run("status").returncode == 0
