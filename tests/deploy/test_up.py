"""The whole of it from outside: `./shouwang up` and `down` as a person uses them, kills included.

In a checkout whose path has blanks and Chinese, with every port its own. The tests go on from each other's data, as a
person does; each brings the system up for itself where it needs it.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.fetch import cache
from deploy.local.postgres import Postgres
from deploy.local.process import free_ports, recorded
from shared.contracts.topics import TOPICS
from shared.postgres import SERVICES
from tests import servers
from tests.until import until

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120.0
NAMES = (*SERVICES, "kafka", "postgres")


class Checkout:
    """A copy of what a clone holds, and one started system on it at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = path / "data"
        path.mkdir()
        for name in ("deploy", "services", "shared"):
            shutil.copytree(ROOT / name, path / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("shouwang", "requirements.lock", "requirements-dev.lock"):
            shutil.copy(ROOT / name, path / name)
        (path / ".venv").symlink_to(ROOT / ".venv")
        ports = free_ports(len(NAMES))
        self.ports = dict(zip(NAMES, ports, strict=True))
        told = {f"SHOUWANG_{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        self.environment = {**os.environ, **told, "SHOUWANG_CACHE": str(cache())}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def said(self) -> str:
        return (self.path / "said.txt").read_text("utf-8")

    def start(self, *options: str) -> None:
        """Like a shell: in a process group of its own, so that a Ctrl-C reaches it and not us."""
        with (self.path / "said.txt").open("wb") as said:
            self.process = subprocess.Popen(
                [self.path / "shouwang", "up", "--no-demo", *options],
                env=self.environment,
                cwd="/",
                stdout=said,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    async def up(self, *options: str) -> str:
        """Up and ready; goes on with what runs. Returns what was said."""
        if self.process is None or self.process.poll() is not None:
            self.start(*options)

        def is_open() -> bool:
            assert self.process and self.process.poll() is None, self.said
            return "\nOpen http" in self.said

        await until(is_open, START_SECONDS, "the console's address")
        return self.said

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.path / "shouwang", *arguments], env=self.environment, cwd="/", capture_output=True, text=True
        )

    def ended(self, seconds: float) -> int:
        assert self.process
        return self.process.wait(seconds)

    def kill(self, *names: str) -> None:
        for name in names:
            process = recorded(self.data / "run" / f"{name}.pid")
            assert process, f"{name} does not run"
            process.send(signal.SIGKILL)

    def survivors(self) -> list[str]:
        """Every process that was started here: by its command line, or by where it stands."""
        here = str(self.path)
        return [
            " ".join(process.info["cmdline"] or [])[:200]
            for process in psutil.process_iter(["cmdline", "cwd", "status"])
            if process.info["status"] != psutil.STATUS_ZOMBIE
            and (any(here in word for word in process.info["cmdline"] or []) or here in (process.info["cwd"] or ""))
        ]

    async def execute(self, statement: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(Postgres(self.data / "postgres", self.ports["postgres"]).dsn)
        try:
            found: list[asyncpg.Record] = await connection.fetch(statement)
            return found
        finally:
            await connection.close()

    async def kept(self) -> list[int]:
        return [row["number"] for row in await self.execute("SELECT number FROM public.kept")]


@pytest.fixture(scope="module")
def checkout() -> Iterator[Checkout]:
    with servers.folder("up") as place:
        made = Checkout(place / "守望 检出 é")
        yield made
        made.run("down")
        assert made.survivors() == []


async def test_a_first_start_makes_everything_ready_and_names_the_console(checkout: Checkout) -> None:
    said = await checkout.up()
    for name in NAMES:
        assert f"\n  {name:<10} ready" in said
    console = f"http://127.0.0.1:{checkout.ports['console']}"
    assert f"\nOpen {console} " in said
    for service in SERVICES:
        with urlopen(f"http://127.0.0.1:{checkout.ports[service]}/readyz", timeout=5) as answer:
            assert answer.status == 200
    status = checkout.run("status")
    assert status.returncode == 0, status.stdout
    assert status.stdout.count(" ready ") == len(NAMES)


async def test_a_second_start_on_the_same_data_says_so_in_one_sentence(checkout: Checkout) -> None:
    await checkout.up()
    second = checkout.run("up", "--no-demo")
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert f"already running on {checkout.data}" in second.stderr
    assert checkout.run("status").returncode == 0


async def test_a_killed_service_and_a_killed_broker_are_started_again_and_said(checkout: Checkout) -> None:
    await checkout.up()
    checkout.kill("notify", "kafka")
    for name in ("notify", "kafka"):
        await until(lambda name=name: f"{name} ended (killed by SIGKILL) and is started again" in checkout.said)  # type: ignore[misc]
    await until(lambda: checkout.run("status").returncode == 0, 60, "all ready again")


async def test_what_is_kept_is_for_its_owner_alone(checkout: Checkout) -> None:
    await checkout.up()
    secret = [checkout.data / "postgres" / name for name in ("password", "postgres.log", "pg18")]
    secret += [checkout.data / name for name in ("kafka", "logs", "run", "keys")]
    for path in (*(checkout.data / "keys").iterdir(), *secret):
        assert path.stat().st_mode & 0o077 == 0, path
    assert checkout.data.stat().st_mode & 0o044 == 0


async def test_a_broken_record_is_listed_shown_and_skipped_from_the_shell(checkout: Checkout) -> None:
    await checkout.up()
    await produce_broken(f"127.0.0.1:{checkout.ports['kafka']}")

    def listed() -> list[str]:
        lines = checkout.run("dead-letters", "list").stdout.splitlines()
        return [line.split()[0] for line in lines if line.startswith("screening/") and "household.registered" in line]

    await until(listed, 30, "a dead letter of screening")
    [letter] = listed()
    shown = json.loads(checkout.run("dead-letters", "show", letter).stdout)
    assert (shown["topic"], shown["sequence"], shown["state"]) == ("household.registered", 1, "failed")
    again = checkout.run("dead-letters", "replay", letter)
    assert again.returncode == 1
    assert "It failed again" in again.stderr
    skipped = checkout.run("dead-letters", "skip", letter, "--reason", "planted by a test")
    assert skipped.returncode == 0, skipped.stderr
    assert listed() == []
    [audited] = await checkout.execute("SELECT * FROM screening.audit WHERE action = 'dead_letter.skip'")
    assert audited["purpose"] == "planted by a test"


async def produce_broken(bootstrap: str) -> None:
    """A record of ours that nobody can read, with its place in line in the headers."""
    assert any(topic.name == "household.registered" for topic in TOPICS)
    key = "0b7c4c1e-0000-4000-8000-00000000dead"
    headers = {"id": key, "type": "shouwang.household.registered.v1", "source": "/intake", "sequence": "000000000001"}
    headers |= {"partitionkey": key, "region": "341221102201"}
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        await producer.send_and_wait(
            "household.registered",
            b'{"broken": ',
            key=key.encode(),
            headers=[(f"ce_{name}", value.encode()) for name, value in headers.items()],
        )


async def test_the_clock_moves_in_a_demo_only(checkout: Checkout) -> None:
    await checkout.up()
    refused = checkout.run("clock", "advance", "6d")
    assert refused.returncode == 1
    assert "moves in a demo only" in refused.stderr
    await checkout.execute("UPDATE civil.clock SET is_demo = true")
    moved = checkout.run("clock", "advance", "6d")
    await checkout.execute("UPDATE civil.clock SET is_demo = false, ahead = '0'")
    assert moved.returncode == 0, moved.stderr


async def test_ctrl_c_stops_everything_in_15_seconds_and_leaves_no_process(checkout: Checkout) -> None:
    await checkout.up()
    await checkout.execute("CREATE TABLE public.kept AS SELECT 7 AS number")
    assert checkout.process
    os.killpg(checkout.process.pid, signal.SIGINT)
    assert checkout.ended(15) == 0
    assert checkout.said.endswith("Stopping\nStopped\n")
    assert checkout.survivors() == []


async def test_a_second_start_goes_on_where_it_stopped(checkout: Checkout) -> None:
    cluster = (checkout.data / "kafka" / "cluster.id").read_text()
    said = await checkout.up()
    assert "migrations applied" not in said
    assert (checkout.data / "kafka" / "cluster.id").read_text() == cluster
    assert await checkout.kept() == [7]


async def test_after_a_kill_of_everything_it_starts_again_on_the_same_data(checkout: Checkout) -> None:
    await checkout.up()
    checkout.kill("supervisor", *NAMES)
    assert checkout.ended(5) == -signal.SIGKILL
    said = await checkout.up()
    assert "killed supervisor" not in said
    assert await checkout.kept() == [7]


async def test_what_a_killed_supervisor_left_is_stopped_by_the_next_start(checkout: Checkout) -> None:
    await checkout.up()
    checkout.kill("supervisor")
    checkout.ended(5)
    assert len(checkout.survivors()) >= len(NAMES)
    assert "its supervisor was killed" in checkout.run("status").stdout
    said = await checkout.up()
    assert said.startswith("Stopped what a killed supervisor had left running: ")


async def test_down_stops_what_a_killed_supervisor_left_within_15_seconds(checkout: Checkout) -> None:
    await checkout.up()
    checkout.kill("supervisor")
    checkout.ended(5)
    began = time.monotonic()
    down = checkout.run("down")
    assert down.returncode == 0
    assert "Stopped what a killed supervisor had left running" in down.stdout
    assert time.monotonic() - began < 15
    assert checkout.survivors() == []


async def test_down_stops_everything_within_30_seconds_where_kafka_is_gone(checkout: Checkout) -> None:
    await checkout.up()
    assert checkout.process
    checkout.process.send_signal(signal.SIGSTOP)  # or it would start Kafka again
    checkout.kill("kafka")
    checkout.process.send_signal(signal.SIGCONT)
    began = time.monotonic()
    assert checkout.run("down").returncode == 0
    assert checkout.ended(5) == 0
    assert time.monotonic() - began < 30
    assert checkout.survivors() == []


async def test_fresh_begins_anew_and_a_stop_in_the_middle_of_a_start_leaves_nothing(checkout: Checkout) -> None:
    checkout.start("--fresh")
    await until(lambda: "postgres   ready" in checkout.said, START_SECONDS, "PostgreSQL")
    assert not await checkout.execute("SELECT 1 FROM pg_tables WHERE tablename = 'kept'")
    assert checkout.run("down").returncode == 0
    assert checkout.ended(5) == 0
    assert checkout.survivors() == []
