"""One process or many: `--hops`, a stopped hop, and start-up that refuses what a case could not go on without."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import asyncpg
import httpx
import pytest

from services.workflow.app import build
from shared.service import serving
from shared.settings import SettingsError
from tests.services.workflow.house import household, opened_desk
from tests.services.workflow.outside import Outside
from tests.tokens import bearer, settings_of
from tests.until import until

ROOT = Path(__file__).resolve().parents[3]


async def test_a_stopped_hop_slows_nobody_and_goes_on_where_it_stood(database: str, topics: str, keys: Path) -> None:
    house = household(201)
    county = bearer(keys, "county", officer_id="co-1")
    whole = partial(build, hops=(), is_whole=True)
    settings = settings_of("workflow", topics, database, keys)
    async with serving(whole, settings) as api, httpx.AsyncClient(base_url=api.url) as client:
        outside = Outside(api, client, keys, topics)
        await outside.warn(house, "red")

        async def is_counted() -> bool:
            queues = await outside.get("/v1/queues", county)
            return bool(queues["total"] == queues["on_its_way"] == 1)

        await until(is_counted, 20, "the case counted on its way, with no hop running")
        assert (await outside.get("/v1/tasks", county))["items"] == []
        only = partial(build, hops=("village_group",), is_whole=False)
        settings = settings_of("workflow", topics, database, keys, SHOUWANG_INSTANCE="workflow-village_group")
        async with serving(only, settings) as hop, httpx.AsyncClient(base_url=hop.url) as beside:
            task = await outside.task(house, "village_group", county)
            assert task["level"] == "red"
            assert (await beside.get("/readyz")).json()["status"] == "ready"
            assert (await beside.get("/metrics")).status_code == 200
            assert (await beside.get("/v1/tasks", headers=county)).status_code == 404
            await outside.decide(task, outside.worker)
        queues = await outside.get("/v1/queues", county)
        assert (queues["total"], queues["on_its_way"]) == (1, 1), "on its way to the committee, whose hop is stopped"
        assert queues["hops"][0]["hop"] == "village_committee"


async def test_what_waits_for_a_hop_of_another_process_can_be_replayed_here(
    database: str, topics: str, keys: Path
) -> None:
    settings = settings_of("workflow", topics, database, keys)
    async with serving(partial(build, hops=(), is_whole=True), settings) as api:
        assert api.work_of("workflow.village_group").consumer == "workflow.village_group"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE workflow.cases SET policy = 'lost-2020'", "policy package lost-2020"),
        ("UPDATE workflow.places SET hop = 'neighbourhood' WHERE state <> 'ended'", "not on its route"),
    ],
)
async def test_start_up_refuses_when_an_open_cases_package_or_hop_is_missing(
    postgres: str, template: str, keys: Path, kafka: str, change: str, said: str
) -> None:
    admin = await asyncpg.connect(postgres)
    await admin.execute("DROP DATABASE IF EXISTS shouwang_test_start WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE shouwang_test_start TEMPLATE {template}")
    dsn = postgres.rpartition("/")[0] + "/shouwang_test_start"
    desk = await opened_desk(dsn, keys)
    await desk.warn(household(1))
    changer = await asyncpg.connect(dsn)
    await changer.execute(change)
    await changer.close()
    settings = settings_of("workflow", kafka, dsn, keys)
    with pytest.raises(SettingsError, match=said):
        await build(settings)
    await desk.close()
    await admin.execute("DROP DATABASE shouwang_test_start WITH (FORCE)")
    await admin.close()


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.workflow", *arguments],
        cwd=ROOT, env=os.environ | environ, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_an_unknown_hop_is_refused_with_the_known_ones() -> None:
    done = run("--hops", "village_group,moon")
    assert done.returncode == 2 and "moon" in done.stderr and "village_committee" in done.stderr


def test_a_process_of_some_hops_takes_the_next_free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    from services.workflow.__main__ import PORT_FIRST, _free_port, _hops

    assert _hops(["--hops", "none"]) == () and _hops([]) is None
    assert _hops(["--hops", "village_committee,village_committee"]) == ("village_committee",)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("SHOUWANG_PORT", str(port))
        assert _free_port() > port
    monkeypatch.delenv("SHOUWANG_PORT")
    assert _free_port() >= PORT_FIRST
