"""The commands: each listed by hand, each refusal one sentence with its remedy."""

import json
import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from deploy.access import own_token, token
from deploy.cli import COMMANDS
from deploy.clock import parsed
from deploy.local.addresses import Addresses, without_user
from deploy.trouble import Trouble
from shared.access.tokens import Verifier
from shared.clock import machine_now
from shared.crypto import create_keys
from tests import servers

ROOT = Path(__file__).resolve().parents[2]
NOTHING: dict[str, str | None] = dict.fromkeys(("region", "department", "grid", "capacity", "officer"))


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "deploy.cli", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "数据"
    create_keys(folder / "keys")
    return folder


def test_every_command_has_its_line_of_help() -> None:
    for words, _ in COMMANDS:
        if words != "test":  # its help is pytest's
            result = run(*words.split(), "--help")
            assert result.returncode == 0, words
            assert "usage: shouwang" in result.stdout.lower(), words


def test_a_port_in_use_is_named_with_its_variable_before_anything_starts() -> None:
    with socket.socket() as other, servers.folder("cli") as place:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        result = run("up", "--no-demo", "--data", str(place / "数据"), SHOUWANG_SCREENING_PORT=port)
        assert result.returncode == 1
        assert result.stderr.strip() == (
            f"Port {port} (screening) is in use by another program: stop it or set SHOUWANG_SCREENING_PORT "
            "to a free port."
        )
        assert not (place / "数据" / "kafka").exists()


def test_nothing_running_is_no_error_for_down_and_one_for_status(tmp_path: Path) -> None:
    data = str(tmp_path / "none")
    assert run("down", "--data", data).stdout.strip() == f"Nothing runs on {data}."
    status = run("status", "--data", data)
    assert status.returncode == 1
    assert "start it with ./shouwang up" in status.stdout
    assert not (tmp_path / "none").exists()


def test_a_wrong_setting_is_one_sentence() -> None:
    result = run("migrate", SHOUWANG_KAFKA="nowhere")
    assert result.returncode == 1
    assert result.stderr.strip().startswith("SHOUWANG_KAFKA cannot be 'nowhere': set it to host:port")


def test_servers_of_ones_own_that_do_not_answer_are_named(tmp_path: Path) -> None:
    result = run("migrate", SHOUWANG_POSTGRES="postgresql://a:geheim@127.0.0.1:9/shouwang", SHOUWANG_KEYS=str(tmp_path))
    assert result.returncode == 1
    assert result.stderr.startswith("PostgreSQL at 127.0.0.1:9 refuses")
    assert "SHOUWANG_POSTGRES" in result.stderr
    assert "geheim" not in result.stderr


async def test_migrate_prepares_servers_of_ones_own_and_may_be_repeated(postgres: str, kafka: str, keys: Path) -> None:
    connection = await asyncpg.connect(postgres)
    await connection.execute("DROP DATABASE IF EXISTS shouwang_test_migrate WITH (FORCE)")
    await connection.execute("CREATE DATABASE shouwang_test_migrate")
    await connection.close()
    told = {
        "SHOUWANG_POSTGRES": postgres.rpartition("/")[0] + "/shouwang_test_migrate",
        "SHOUWANG_KAFKA": kafka,
        "SHOUWANG_KEYS": str(keys),
    }
    first, second, as_demo = run("migrate", **told), run("migrate", **told), run("migrate", SHOUWANG_DEMO="1", **told)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert second.stdout.strip() == "0 migrations applied, 0 topics made"
    assert as_demo.returncode == 1
    assert "is no demo's" in as_demo.stderr


def test_ports_come_from_the_environment_and_are_each_ones_own() -> None:
    found = Addresses.of_environment({"SHOUWANG_CONSOLE_PORT": "9000"})
    assert found.url("console") == "http://127.0.0.1:9000"
    assert (found.kafka_port, found.postgres_port) == (9192, 5532)
    with pytest.raises(Trouble, match="Two of the ports are the same"):
        Addresses.of_environment({"SHOUWANG_CONSOLE_PORT": "9192"})
    with pytest.raises(Trouble, match="SHOUWANG_KAFKA_PORT cannot be 'x'"):
        Addresses.of_environment({"SHOUWANG_KAFKA_PORT": "x"})


def test_services_are_not_told_the_administrators_password() -> None:
    assert without_user("postgresql://a:secret@h:5/d?sslmode=require") == "postgresql://h:5/d?sslmode=require"


@pytest.mark.parametrize(
    ("duration", "step"),
    [
        ("6d", timedelta(days=6)),
        ("12h", timedelta(hours=12)),
        ("90m", timedelta(minutes=90)),
        ("1d12h", timedelta(days=1, hours=12)),
    ],
)
def test_a_duration_is_read(duration: str, step: timedelta) -> None:
    assert parsed(duration) == step


@pytest.mark.parametrize("duration", ["", "6", "d", "-6d", "0d", "6 d", "6d!", "9999999d", "1.5h"])
def test_what_is_no_duration_is_told_how_to_write_one(duration: str) -> None:
    with pytest.raises(Trouble, match="as in 6d, 12h or 90m"):
        parsed(duration)


def test_a_token_is_for_the_demos_officer_of_that_role_and_place(data: Path) -> None:
    sample = {"seed": 1, "households": 150, "records": 40, "today": "2026-11-25", "is_loaded": True}
    (data / "sample.json").write_text(json.dumps(sample))
    verifier = Verifier((data / "keys" / "token.pub").read_bytes())
    worker = verifier.verify(token(data, NOTHING | {"role": "grid_worker"}), machine_now())
    assert worker.grid.startswith(worker.region)
    assert worker.officer_id == f"W-{worker.grid}"
    approver = verifier.verify(token(data, NOTHING | {"role": "county", "capacity": "approver"}), machine_now())
    assert (approver.region, approver.grid, approver.capacity) == ("341221", "*", "approver")
    assert approver.officer_id and approver.officer_id.startswith("COUNTY-341221")


def test_a_token_without_a_demo_is_for_nobody_by_name(data: Path) -> None:
    verifier = Verifier((data / "keys" / "token.pub").read_bytes())
    wanted = NOTHING | {"role": "department", "department": "medical_insurance"}
    caller = verifier.verify(token(data, wanted), machine_now())
    assert (caller.role, caller.department, caller.region) == ("department", "medical_insurance", "341221")
    assert caller.officer_id is None
    with pytest.raises(Trouble, match="No such token: no such role"):
        token(data, NOTHING | {"role": "king"})
    with pytest.raises(Trouble, match=r"There is no .*token\.key: start once with"):
        token(data.parent / "elsewhere", NOTHING | {"role": "county"})


def test_the_commands_own_calls_name_the_person_at_the_shell(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "王.steward")
    caller = Verifier((data / "keys" / "token.pub").read_bytes()).verify(own_token(data), machine_now())
    assert (caller.role, caller.officer_id) == ("steward", "shell---steward")
