"""A house whose services reach Kafka and PostgreSQL through proxies, and whose servers can have disks of their own."""

from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.kafka import Kafka
from tests.chaos.faults.disk import Disk
from tests.chaos.faults.proxy import Proxy
from tests.house import House


class ProxiedKafka(Kafka):
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
class FaultHouse(House):
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
