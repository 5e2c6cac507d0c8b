"""The embedded PostgreSQL: ours or refused, never twice on one folder, and nothing lost by a kill -9."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from deploy.local import postgres
from deploy.local.postgres import Postgres, may_run_in
from deploy.trouble import Trouble
from tests import servers
from tests.databases import execute


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with servers.folder("chaos") as place:
        made = Postgres(place / "守望 é 数据" / "postgres")
        made.start()
        yield made
        made.kill()


async def count(server: Postgres) -> int:
    connection = await asyncpg.connect(server.dsn)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM kept"))
    finally:
        await connection.close()


async def test_a_second_start_on_its_folder_is_refused(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.postgres.LOCK_SECONDS", 0.2)
    with pytest.raises(Trouble, match="PostgreSQL already runs on"):
        Postgres(server.folder).start()
    await execute(server.dsn, "SELECT 1")


async def test_after_a_kill_it_starts_with_every_committed_row(server: Postgres) -> None:
    await execute(server.dsn, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
    server.kill()
    assert not server.is_ready()
    server.start()
    assert await count(server) == 1000


async def test_a_pid_file_with_the_number_of_another_program_does_not_stop_it(server: Postgres) -> None:
    server.kill()
    pid_file = server.folder / "pg18" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    server.start()
    assert await count(server) == 1000


async def test_it_stops_although_a_connection_is_open(server: Postgres) -> None:
    connection = await asyncpg.connect(server.dsn)
    server.stop()
    assert server.poll() == 0
    connection.terminate()
    server.start()


async def test_without_a_password_nobody_is_let_in(server: Postgres) -> None:
    with pytest.raises(asyncpg.PostgresError):
        await asyncpg.connect(f"postgresql://postgres:guessed@127.0.0.1:{server.port}/postgres")
    assert (server.folder / "password").stat().st_mode & 0o077 == 0


def test_binaries_that_its_user_cannot_reach_are_copied_whatever_the_umask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = postgres._runs
    monkeypatch.setattr(postgres, "_runs", lambda binaries: "site-packages" not in str(binaries) and runs(binaries))
    before = os.umask(0o077)
    try:
        with servers.folder("umask") as place:
            made = Postgres(place / "守望" / "postgres")
            made.folder.mkdir(parents=True)
            made.folder.parent.chmod(0o711)
            made.start()
            assert psutil.Process(made.process.pid if made.process else 0).exe().startswith(str(made.folder))
            made.kill()
    finally:
        os.umask(before)


def test_a_foreign_listener_on_its_port_is_named_with_the_variable(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Trouble, match=rf"Port {port} \(PostgreSQL\).*SHOUWANG_POSTGRES_PORT"):
            Postgres(tmp_path, port).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_a_folder_that_the_other_user_cannot_reach_is_known(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert not may_run_in(tmp_path)
    assert may_run_in(Path("/tmp"))
