"""The children of `./shouwang up`: started, watched, started again when they die, and stopped in order.

Each is in a session of its own, so that a Ctrl-C at the terminal reaches the supervisor alone and the order
holds: services first, then Kafka, then PostgreSQL.
"""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deploy.local.folder import ROOT, DataFolder
from deploy.local.process import POLL_SECONDS, Started, require_free, started, tail
from deploy.trouble import Trouble

STOP_SECONDS = 15.0
"""A service finishes its batch and leaves its groups, and after thirteen seconds by itself (`shared/service.py`); what
is not committed by then comes again."""
READY_SECONDS = 60.0
ANSWER_SECONDS = 2.0
BACK_OFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
STEADY_SECONDS = 60.0
"""One that ran this long begins again with the shortest back-off."""
DEATHS_AT_START_MAX = 3
LOG_BYTES_MAX = 10_000_000
LOGS_KEPT = 2
LOG_CHECK_SECONDS = 5.0


class Child(Protocol):
    """Kafka, Postgres and Service are such."""

    @property
    def name(self) -> str: ...
    @property
    def started(self) -> Started | None: ...
    def launch(self) -> None: ...
    def poll(self) -> int | None: ...
    def is_ready(self) -> bool: ...
    def stop(self) -> None: ...


class Service:
    """One of our own processes: its output is appended to `log`, it is ready by GET /readyz on `port`."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, port: int) -> None:
        self.name = name
        self.command = list(command)
        self.environment = dict(environment)
        self.log = log
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def started(self) -> Started | None:
        return started(self.process.pid) if self.process else None

    def launch(self) -> None:
        require_free(self.port, self.name, f"SHOUWANG_{self.name.upper()}_PORT")
        # A file, not a pipe: a service must not fail at its log when the supervisor was killed
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def poll(self) -> int | None:
        return self.process.poll() if self.process else -1

    def is_ready(self) -> bool:
        return self.poll() is None and answers(self.port)

    def terminate(self) -> None:
        if self.process and self.poll() is None:
            self.process.terminate()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """SIGTERM, and after `seconds` SIGKILL to it and all of its own."""
        self.terminate()
        self.ended(seconds)

    def ended(self, seconds: float) -> None:
        """Wait for what was told to stop (a second SIGTERM would break off its leaving); SIGKILL after `seconds`."""
        if self.process is None:
            return
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def python(*arguments: str) -> list[str]:
    """A command of our own Python, deaf to packages that lie in the folder where it runs."""
    return [sys.executable, "-P", *arguments]


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def listens(address: str) -> bool:
    """Whether anybody takes a connection at host:port (the first one of several)."""
    host, _, port = address.partition(",")[0].rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS):
            return True
    except (OSError, ValueError):
        return False


@dataclass
class _Watched:
    child: Child
    launched_at: float
    deaths: int = 0
    again_at: float | None = None


class Supervisor:
    """Owns the children of one data folder. `say` gets one line for each thing that a person should know."""

    def __init__(self, folder: DataFolder, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.say = say
        self._watched: list[_Watched] = []
        self._logs_at = 0.0

    def launch(self, child: Child) -> None:
        """Start a child and take it under watch."""
        self._watched.append(_Watched(child, time.monotonic()))
        self._launch(self._watched[-1])

    def await_ready(self, children: Sequence[Child], ready: Callable[[Child], None]) -> None:
        """Watch until all are ready, calling `ready` with each. Raises Trouble when one never is."""
        until = time.monotonic() + READY_SECONDS
        left = list(children)
        while left:
            self.tick()
            for child in [child for child in left if child.is_ready()]:
                left.remove(child)
                ready(child)
            for each in self._watched:
                if each.child in left and each.deaths >= DEATHS_AT_START_MAX:
                    raise Trouble(self._not_ready(each.child, f"ended {each.deaths} times at its start"))
            if left and time.monotonic() > until:
                raise Trouble(self._not_ready(left[0], f"is not ready after {READY_SECONDS:.0f} s"))
            time.sleep(POLL_SECONDS)

    def tick(self) -> None:
        """Look once: say who died, start him again when his back-off is over, bound the logs."""
        now = time.monotonic()
        for each in self._watched:
            if each.again_at is None and each.child.poll() is not None:
                self._died(each, now)
            elif each.again_at is not None and now >= each.again_at:
                each.again_at = None
                self._relaunch(each)
        if now - self._logs_at > LOG_CHECK_SECONDS:
            self._logs_at = now
            for log in (*self.folder.logs.glob("*.log"), self.folder.postgres / "postgres.log"):
                bound(log)

    def stop(self) -> None:
        """Services first and together, then each server, the last started first. Leaves no process."""
        services = [each.child for each in self._watched if isinstance(each.child, Service)]
        for service in services:
            service.terminate()
        servers = [each.child for each in reversed(self._watched) if not isinstance(each.child, Service)]
        until = time.monotonic() + STOP_SECONDS
        for service in services:
            service.ended(max(0.0, until - time.monotonic()))
        for server in servers:
            server.stop()
        for each in self._watched:
            self.folder.forget(each.child.name)
        self._watched.clear()

    def _launch(self, each: _Watched) -> None:
        each.launched_at = time.monotonic()
        each.child.launch()
        if each.child.started:
            self.folder.note(each.child.name, each.child.started.pid)

    def _relaunch(self, each: _Watched) -> None:
        try:
            self._launch(each)
        except Trouble as trouble:
            self.say(f"{each.child.name}: {trouble}")
            self._put_off(each, time.monotonic())

    def _died(self, each: _Watched, now: float) -> None:
        if now - each.launched_at > STEADY_SECONDS:
            each.deaths = 0
        wait = self._put_off(each, now)
        self.say(
            f"{each.child.name} ended ({how(each.child.poll())}) and is started again in {wait:g} s; "
            f"its log: {self._log(each.child)}"
        )

    def _put_off(self, each: _Watched, now: float) -> float:
        wait = BACK_OFF_SECONDS[min(each.deaths, len(BACK_OFF_SECONDS) - 1)]
        each.deaths += 1
        each.again_at = now + wait
        return wait

    def _not_ready(self, child: Child, what: str) -> str:
        log = self._log(child)
        return f"{child.name} {what}: see {log}; its last words:\n{tail(log)}"

    def _log(self, child: Child) -> Path:
        if isinstance(child, Service):
            return child.log
        return self.folder.kafka / "logs" if child.name == "kafka" else self.folder.postgres / "postgres.log"


def how(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            return f"killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"killed by signal {-code}"
    return f"exit code {code}"


def bound(log: Path) -> None:
    """Keep a log that a child goes on appending to within its bound: copied, then cut to nothing."""
    if not log.exists() or log.stat().st_size < LOG_BYTES_MAX:
        return
    for number in range(LOGS_KEPT - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    older = log.with_name(f"{log.name}.1")
    older.touch(mode=0o600)  # before anything stands in it: a refused statement can hold somebody's data
    shutil.copyfile(log, older)
    os.truncate(log, 0)


def stop_left_over(folder: DataFolder, servers: Mapping[str, Callable[[Started], None]]) -> list[str]:
    """Stop the children of a supervisor that was killed, in the usual order; returns their names.

    `servers` says how to stop the ones that are not services, in the order in which to stop them.
    """
    left = folder.left_over()
    services = {name: process for name, process in left.items() if name not in servers}
    for process in services.values():
        process.send(signal.SIGTERM)
    until = time.monotonic() + STOP_SECONDS
    for process in services.values():
        if not process.has_ended(max(0.0, until - time.monotonic())):
            process.kill_session()
            process.has_ended(STOP_SECONDS)
    for name, stop in servers.items():
        if name in left:
            stop(left[name])
    for name in left:
        folder.forget(name)
    return list(left)
