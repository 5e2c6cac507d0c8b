"""Children are started again when they die, and none outlives its supervisor."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import supervise
from deploy.local.folder import DataFolder
from deploy.local.process import Started, free_ports
from deploy.local.supervise import Service, Supervisor, bound, python, stop_left_over
from deploy.trouble import Trouble
from tests.until import until

SERVING = Path(__file__).resolve().parents[1] / "serving.py"


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "数据 data")
    for path in (made.run, made.logs, made.postgres):
        path.mkdir(parents=True)
    return made


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(folder: DataFolder, said: list[str]) -> Iterator[Supervisor]:
    made = Supervisor(folder, said.append)
    yield made
    made.stop()


def service(folder: DataFolder, name: str = "intake", **environment: str) -> Service:
    [port] = free_ports(1)
    told = {**os.environ, "SHOUWANG_PORT": str(port), **environment}
    return Service(name, python(str(SERVING)), told, folder.logs / f"{name}.log", port)


def alive(service: Service) -> Started:
    assert service.started
    return service.started


def test_a_service_is_ready_once_it_answers(supervisor: Supervisor, folder: DataFolder) -> None:
    ready: list[str] = []
    child = service(folder)
    supervisor.launch(child)
    supervisor.await_ready([child], lambda each: ready.append(each.name))
    assert ready == ["intake"]
    assert child.log.read_text() == "serving\n"
    assert os.getsid(alive(child).pid) == alive(child).pid


async def test_a_died_service_is_started_again_and_said(
    supervisor: Supervisor, folder: DataFolder, said: list[str]
) -> None:
    child = service(folder)
    supervisor.launch(child)
    supervisor.await_ready([child], lambda each: None)
    first = alive(child)
    os.kill(first.pid, signal.SIGKILL)

    def is_again() -> bool:
        supervisor.tick()
        return alive(child) != first and child.is_ready()

    await until(is_again, what="the service to be started again")
    assert len(said) == 1
    assert said[0].startswith("intake ended (killed by SIGKILL) and is started again in 0.5 s")


def test_a_service_that_ends_at_every_start_is_given_up(
    supervisor: Supervisor, folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "BACK_OFF_SECONDS", (0.0,))
    child = service(folder, SHOUWANG_TEST_ENDS="1")
    supervisor.launch(child)
    with pytest.raises(Trouble, match=r"intake ended 3 times at its start: see .*intake\.log") as trouble:
        supervisor.await_ready([child], lambda each: None)
    assert "serving" in str(trouble.value)


def test_stopping_kills_a_service_that_does_not_listen(
    supervisor: Supervisor, folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "STOP_SECONDS", 0.3)
    children = [service(folder, "intake"), service(folder, "screening", SHOUWANG_TEST_STUBBORN="1")]
    for child in children:
        supervisor.launch(child)
    supervisor.await_ready(children, lambda each: None)
    processes = [alive(child) for child in children]
    supervisor.stop()
    assert not any(process.is_alive() for process in processes)
    assert children[0].poll() == 0
    assert children[1].poll() == -signal.SIGKILL
    assert folder.left_over() == {}


def test_what_a_killed_supervisor_left_running_is_stopped(folder: DataFolder) -> None:
    killed = Supervisor(folder, lambda line: None)
    child = service(folder)
    killed.launch(child)
    killed.await_ready([child], lambda each: None)
    assert set(folder.left_over()) == {"intake"}
    assert stop_left_over(folder, {}) == ["intake"]
    assert not alive(child).is_alive()
    assert stop_left_over(folder, {}) == []


def test_a_number_that_another_program_has_now_is_left_alone(folder: DataFolder) -> None:
    (folder.run / "intake.pid").write_text(f"{os.getpid()} another moment\n")
    assert folder.left_over() == {}
    assert stop_left_over(folder, {}) == []


def test_a_log_is_kept_within_its_bound_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "LOG_BYTES_MAX", 10)
    log = tmp_path / "intake.log"
    log.touch(mode=0o600)
    with log.open("ab", buffering=0) as written:
        for number in range(4):
            written.write(b"%d: more than ten bytes\n" % number)
            bound(log)
        written.write(b"new\n")
    assert log.read_bytes() == b"new\n"
    assert (tmp_path / "intake.log.1").read_bytes().startswith(b"3:")
    assert (tmp_path / "intake.log.2").read_bytes().startswith(b"2:")
    assert not (tmp_path / "intake.log.3").exists()
    assert {one.stat().st_mode & 0o777 for one in tmp_path.iterdir()} == {0o600}, "what it holds is nobody else's"
