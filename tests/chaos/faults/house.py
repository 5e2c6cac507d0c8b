"""A house whose services reach Kafka and PostgreSQL through proxies, and whose servers can have disks of their own."""

import re
import signal
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.kafka import Kafka
from tests.chaos.faults.disk import Disk
from tests.chaos.faults.proxy import Proxy
from tests.house import House

EXIT_SECONDS = 15.0
GROUPS_TOLD = """\
logger.groups.name=org.apache.kafka.coordinator.group.GroupMetadataManager
logger.groups.level=INFO
"""
STABLE = re.compile(r"Stabilized group (\S+) generation \d+ with [1-9]")


class CountingKafka(Kafka):
    """A broker that writes down each generation of a group."""

    def rebalances(self) -> Counter[str]:
        """Group → generations with a member in it, so far."""
        logs = [path.read_text("utf-8", "replace") for path in self._logs.glob("server.log*")]
        return Counter(group for text in logs for group in STABLE.findall(text))

    def _write_settings(self) -> None:
        super()._write_settings()
        with (self.folder / "log4j2.properties").open("a", encoding="ascii") as logging:
            logging.write(GROUPS_TOLD)


class ProxiedKafka(CountingKafka):
    """A broker that tells everyone to come through the proxy."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(folder)
        self.proxy = Proxy(self.port, seed)

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.proxy.port}"

    def _write_settings(self) -> None:
        super()._write_settings()
        path = self.folder / "server.properties"
        own = f"advertised.listeners=PLAINTEXT://127.0.0.1:{self.port}"
        path.write_text(
            path.read_text("ascii").replace(own, own.replace(str(self.port), str(self.proxy.port))), "ascii"
        )


@dataclass
class MovingHouse(House):
    """A house whose members come and go. `named`: a slot's instance, where it is to be another than before, or ""."""

    named: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.kafka: CountingKafka = CountingKafka(self.folder / "kafka")

    def environment(self, slot: str) -> dict[str, str]:
        told = super().environment(slot)
        return told | {"SHOUWANG_INSTANCE": self.named.get(slot, told["SHOUWANG_INSTANCE"])}

    def join(self, slot: str) -> None:
        """Until it is in its group."""
        self.start(slot)
        self.await_ready(slot)

    def leave(self, slot: str, *, with_farewell: bool) -> None:
        if with_farewell:
            self.tell_to_stop(slot)
        self.kill(slot)

    def tell_to_stop(self, slot: str) -> int:
        """Its exit code. Raises AssertionError, with what it has written since, where it does not leave in time."""
        process, log = self.running[slot], self.folder / f"{slot}.log"
        written = log.stat().st_size
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            said = log.read_text("utf-8", "replace")[written:][-4000:]
            raise AssertionError(f"{slot} is not gone {EXIT_SECONDS:.0f} s after it was told to: {said}") from None


@dataclass
class FaultHouse(MovingHouse):
    """`instead`: a slot's program in place of the service's own. `disks`: by server, where it has one of its own."""

    seed: int = 0
    instead: dict[str, str] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.kafka: ProxiedKafka = ProxiedKafka(self.folder / "kafka", self.seed)
        self.database = Proxy(self.postgres.port, self.seed)

    def environment(self, slot: str) -> dict[str, str]:
        direct, proxied = f"127.0.0.1:{self.postgres.port}", f"127.0.0.1:{self.database.port}"
        return super().environment(slot) | {"SHOUWANG_POSTGRES": self.postgres.dsn.replace(direct, proxied)}

    def give_disks(self) -> None:
        """Before the servers are first started."""
        for server in ("kafka", "postgres"):
            self.disks[server] = Disk(self.folder / f"{server}.image", self.folder / server)
            self.disks[server].make()

    def stop(self) -> None:
        super().stop()
        self.database.close()
        self.kafka.proxy.close()
        for disk in self.disks.values():
            disk.unmount()

    def _program(self, service: str) -> list[str]:
        return [self.instead[service]] if service in self.instead else super()._program(service)
