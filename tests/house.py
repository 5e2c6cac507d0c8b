"""A house of real processes, each killed, stopped and started by its own pid: for the chaos and the benchmarks."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.process import free_ports
from shared.postgres import SERVICES
from shared.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
READY_SECONDS = 60.0


def end_in_order() -> None:
    """From now on SIGTERM ends this run as Ctrl-C does, so that its servers and services end with it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@dataclass
class House:
    """`folder` holds servers, keys and logs; the services' ports stay theirs over restarts.

    `mutation`: every service runs without this protection (`tests/chaos/mutant.py`).
    """

    folder: Path
    mutation: str | None = None
    kafka: Kafka = field(init=False)
    postgres: Postgres = field(init=False)
    ports: dict[str, int] = field(init=False)
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.kafka = Kafka(self.folder / "kafka")
        self.postgres = Postgres(self.folder / "postgres")
        names = [*SERVICES, "screening-1", "workflow-1"]
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    def environment(self, slot: str) -> dict[str, str]:
        told = {
            "SHOUWANG_KAFKA": self.kafka.bootstrap,
            "SHOUWANG_POSTGRES": self.postgres.dsn,
            "SHOUWANG_KEYS": str(self.keys),
            "SHOUWANG_DEMO": "1",
            "SHOUWANG_PORT": str(self.ports[slot]),
            "SHOUWANG_INSTANCE": slot if slot[-1].isdigit() else f"{slot}-0",
            "SHOUWANG_LOG": "warning",
            "PYTHONPATH": str(ROOT),
        }
        return told | {f"SHOUWANG_{name.upper()}_URL": f"http://127.0.0.1:{self.ports[name]}" for name in SERVICES}

    def settings(self, service: str) -> Settings:
        return Settings.from_environment(service, self.environment(service))

    # ── services ────────────────────────────────────────────────────────────────────────────────────────────────

    def start(self, slot: str, *arguments: str, **faults: str) -> None:
        """One process; `faults`: crash_at or stop_at a step of the unit of work or of the relay."""
        told = {f"SHOUWANG_{name.upper()}": step for name, step in faults.items()}
        log = (self.folder / f"{slot}.log").open("ab")
        service = slot.partition("-")[0]
        self.running[slot] = subprocess.Popen(
            [sys.executable, "-m", *self._program(service), *arguments],
            env={**os.environ, **self.environment(slot), **told},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )
        log.close()

    def _program(self, service: str) -> list[str]:
        if self.mutation is None:
            return [f"services.{service}"]
        return ["tests.chaos.mutant", self.mutation, "--", service]

    def is_alive(self, slot: str) -> bool:
        return slot in self.running and self.running[slot].poll() is None

    def is_ready(self, slot: str) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.ports[slot]}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def await_ready(self, *slots: str) -> None:
        """Raises AssertionError with the end of the log of a service that does not come up."""
        end = time.monotonic() + READY_SECONDS
        for slot in slots:
            while not self.is_ready(slot):
                if not self.is_alive(slot) or time.monotonic() > end:
                    log = (self.folder / f"{slot}.log").read_text("utf-8", "replace")[-2000:]
                    raise AssertionError(f"{slot} is not ready: {log}")
                time.sleep(0.05)

    def kill(self, slot: str) -> None:
        if self.is_alive(slot):
            self.running[slot].kill()
        if slot in self.running:
            self.running.pop(slot).wait()

    def pause(self, slot: str) -> None:
        os.kill(self.running[slot].pid, signal.SIGSTOP)

    def resume(self, slot: str) -> None:
        os.kill(self.running[slot].pid, signal.SIGCONT)

    def is_paused(self, slot: str) -> bool:
        """Whether the process stands still, by its own hand at a step or by ours."""
        try:
            status = Path(f"/proc/{self.running[slot].pid}/status").read_text()
        except OSError:
            return False
        return "State:\tT" in status

    def stop(self) -> None:
        """Everything, also what stands still."""
        for slot in list(self.running):
            if self.is_alive(slot):
                self.resume(slot)
            self.kill(slot)
        self.kafka.kill()
        self.postgres.kill()
