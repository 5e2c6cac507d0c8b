"""The data folder: all that one Shouwang on this machine keeps, who owns it, and what it left running.

    VERSION mode keys/ kafka/ postgres/ assets/ logs/ run/ (process numbers, addresses)

One supervisor owns a folder at a time, by a lock that the kernel frees with it. Its children are recorded by
number and start, so that after a kill -9 of the supervisor they can be told from anybody else's processes.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.local.postgres import may_run_in
from deploy.local.process import Started, record, recorded
from deploy.trouble import Trouble, of_disk

ROOT = Path(__file__).resolve().parents[2]
VERSION = "1"
FREE_BYTES_MIN = 500_000_000
"""A first start writes 120 MB; Kafka and PostgreSQL stop hard where a disk fills under them."""
SUPERVISOR = "supervisor"


def default() -> Path:
    """`data` in the checkout; for root, a folder that PostgreSQL's user can reach too."""
    beside = ROOT / "data"
    if may_run_in(ROOT):
        return beside
    return Path("/var/lib/shouwang") / hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]


class DataFolder:
    def __init__(self, path: Path | None = None) -> None:
        self.path = (path or default()).expanduser().absolute()
        self.keys = self.path / "keys"
        self.kafka = self.path / "kafka"
        self.postgres = self.path / "postgres"
        self.assets = self.path / "assets"
        self.logs = self.path / "logs"
        self.run = self.path / "run"

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Be the folder's one supervisor. Raises Trouble where that cannot be."""
        self._refuse_unfit()
        lock = self._open()
        try:
            if not self._take(lock):
                raise Trouble(self._already_running())
            yield
            self.forget(SUPERVISOR)
        except OSError as error:
            raise of_disk(error) from error
        finally:
            os.close(lock)

    def prepare(self, is_fresh: bool) -> None:
        """Owned, and with nothing left running: check whose data these are, or empty them. Raises Trouble."""
        parts = [path for path in self.path.iterdir() if path.name != "lock"]
        if is_fresh:
            self._empty(parts)
            parts = []
        version = self.path / "VERSION"
        if not parts:
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)  # root's PostgreSQL passes through as another user
            version.write_text(f"{VERSION}\n", "ascii")
        found = version.read_text("utf-8", errors="replace").strip()
        if found != VERSION:
            raise Trouble(
                f"The data in {self.path} are of version {found}, this Shouwang reads version {VERSION}: use "
                "the checkout that made them, another --data DIR, or delete them with --fresh."
            )
        for folder in (self.run, self.logs):
            folder.mkdir(mode=0o700, exist_ok=True)
        record(self.run / f"{SUPERVISOR}.pid", os.getpid())

    def is_ours(self) -> bool:
        """Only what carries a VERSION is ever used or emptied, so that `--fresh --data ~` harms nobody."""
        return (self.path / "VERSION").exists()

    def is_owned(self) -> bool:
        """Whether a supervisor lives."""
        if not (self.path / "lock").exists():
            return False
        lock = self._open()
        try:
            return not self._take(lock)
        finally:
            os.close(lock)

    @contextmanager
    def held(self) -> Iterator[bool]:
        """For `down`: keep another supervisor from starting; False where one lives."""
        lock = self._open()
        try:
            yield self._take(lock)
        finally:
            os.close(lock)

    def supervisor(self) -> Started | None:
        return recorded(self.run / f"{SUPERVISOR}.pid")

    def note(self, name: str, pid: int) -> None:
        """Record a child as ours."""
        record(self.run / f"{name}.pid", pid)

    def forget(self, name: str) -> None:
        (self.run / f"{name}.pid").unlink(missing_ok=True)

    def left_over(self) -> dict[str, Started]:
        """The children on record that still live, by name."""
        found = {path.stem: recorded(path) for path in sorted(self.run.glob("*.pid"))}
        return {name: process for name, process in found.items() if process and name != SUPERVISOR}

    def keep_environment(self, environment: Mapping[str, str]) -> None:
        """What the services of this folder were told, for commands from another shell."""
        self.run.mkdir(exist_ok=True)
        (self.run / "environment.json").write_text(json.dumps(dict(environment), indent=1), "utf-8")

    def environment(self) -> dict[str, str]:
        """What the services were told at the last start; empty where there was none."""
        try:
            kept = json.loads((self.run / "environment.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(name): str(value) for name, value in kept.items()}

    def mode(self, wanted: bool | None) -> bool:
        """Whether these data are a demo's, as they were begun. Raises Trouble for the other wish."""
        path = self.path / "mode"
        if not path.exists():
            return wanted is not False
        is_demo = path.read_text("ascii").strip() == "demo"
        if wanted is not None and wanted != is_demo:
            kind, remedy = ("a demo's", "without --no-demo") if is_demo else ("no demo's", "with --no-demo")
            raise Trouble(f"The data in {self.path} are {kind}: start {remedy}, or take another --data DIR.")
        return is_demo

    def keep_mode(self, is_demo: bool) -> None:
        """Settle it for good, before the first row is written."""
        (self.path / "mode").write_text("demo\n" if is_demo else "real\n", "ascii")

    def _open(self) -> int:
        try:
            new = [place for place in (self.path, *self.path.parents) if not place.exists()]
            self.path.mkdir(parents=True, exist_ok=True)
            for place in new:
                place.chmod(0o711)  # PostgreSQL's user passes through, whatever root's umask
            return os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise of_disk(error) from error

    def _take(self, lock: int) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _already_running(self) -> str:
        owner = self.supervisor()
        who = f" (process {owner.pid})" if owner else ""
        console = self.environment().get("SHOUWANG_CONSOLE_URL")
        where = f"open {console}, or " if console else ""
        return f"Shouwang is already running on {self.path}{who}: {where}stop it with ./shouwang down."

    def _refuse_unfit(self) -> None:
        if any(sign in str(self.path) for sign in ",:%\n"):
            raise Trouble(f"Kafka cannot use {self.path}: take a --data DIR without comma, colon and per cent.")
        if self.path.exists() and not self.is_ours() and {path.name for path in self.path.iterdir()} - {"lock"}:
            raise Trouble(f"{self.path} holds other files and no data of Shouwang: take an empty --data DIR.")
        existing = next(place for place in (self.path, *self.path.parents) if place.exists())
        if not may_run_in(existing):
            raise Trouble(
                f"PostgreSQL does not run as root, and its user cannot reach {existing}: open that to others "
                "(chmod o+x), or take another --data DIR."
            )
        free = shutil.disk_usage(existing).free
        if free < FREE_BYTES_MIN:
            raise Trouble(
                f"The disk of {self.path} is full ({free // 1_000_000} MB left): free "
                f"{FREE_BYTES_MIN // 1_000_000} MB or more, or take another disk with --data DIR."
            )

    def _empty(self, parts: list[Path]) -> None:
        if self.left_over():
            raise Trouble(f"Servers still run on {self.path}: stop them with ./shouwang down, then start again.")
        # VERSION goes last: interrupted, the folder is still known as ours
        for part in sorted(parts, key=lambda part: part.name == "VERSION"):
            if part.is_dir() and not part.is_symlink():
                shutil.rmtree(part)
            else:
                part.unlink()
