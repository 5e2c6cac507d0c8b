"""A process that we started, known again later by its number and the moment it started.

The number alone proves nothing: after a kill -9 or a restart of the machine it may be another program's.
"""

import fcntl
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from deploy.trouble import Trouble

POLL_SECONDS = 0.05
BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Started:
    pid: int
    moment: str

    def is_alive(self) -> bool:
        return moment(self.pid) == self.moment

    def send(self, number: signal.Signals) -> None:
        if self.is_alive():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def kill_session(self) -> None:
        """Kill it with all that it started in its own session."""
        if self.is_alive():
            for child in descendants(self.pid):
                _kill(child)
            _kill(psutil.Process(self.pid))

    def has_ended(self, seconds: float) -> bool:
        """Wait up to `seconds` for its end."""
        until = time.monotonic() + seconds
        while self.is_alive():
            if time.monotonic() > until:
                return False
            time.sleep(POLL_SECONDS)
        return True


def moment(pid: int) -> str | None:
    """When the process started, untouched by clock changes where the system allows; None if it is dead.

    A zombie is dead: nobody may ever collect it where process 1 does not.
    """
    try:
        if BOOT.exists():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            return None if fields[0] in "ZX" else f"{BOOT.read_text().strip()} {fields[19]}"
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except (OSError, psutil.Error):
        return None


def started(pid: int) -> Started:
    return Started(pid, moment(pid) or "dead")


def record(path: Path, pid: int) -> None:
    part = path.with_suffix(".part")
    part.write_text(f"{pid} {moment(pid) or 'dead'}\n")
    part.replace(path)


def recorded(path: Path) -> Started | None:
    """The process recorded in a file, if that very process is still alive."""
    try:
        pid, _, at = path.read_text().strip().partition(" ")
        found = Started(int(pid), at)
    except (OSError, ValueError):
        return None
    return found if found.is_alive() else None


def descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def lock(path: Path, seconds: float, refusal: str) -> int:
    """Take a lock that whoever inherits the descriptor goes on holding, and the kernel frees with him.

    Waits up to `seconds` for a dying holder, then raises Trouble with the refusal.
    """
    held = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return held
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(held)
                raise Trouble(refusal) from None
            time.sleep(POLL_SECONDS)


def free_ports(count: int) -> list[int]:
    """Different ports that nobody listens on now."""
    with _sockets(count) as sockets:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def require_free(port: int, who: str, variable: str) -> None:
    """Raises Trouble when another program listens on the port."""
    with _sockets(1) as [probe]:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise Trouble(f"Port {port} ({who}) needs more rights: set {variable} to one over 1023.") from error
        except OSError as error:
            raise Trouble(
                f"Port {port} ({who}) is in use by another program: stop it or set {variable} to a free port."
            ) from error


@contextmanager
def _sockets(count: int) -> Iterator[list[socket.socket]]:
    made = [socket.socket() for _ in range(count)]
    try:
        yield made
    finally:
        for each in made:
            each.close()


def tail(path: Path, lines: int = 12) -> str:
    """The last lines of a log, for the sentence that says why something did not start."""
    try:
        return "\n".join(path.read_text("utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
