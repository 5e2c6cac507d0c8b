"""`./shouwang up`: everything in its order, in the foreground until Ctrl-C or `./shouwang down`.

Keys, PostgreSQL, Kafka, migrations, topics, the pages' scripts, the five services; back in reverse. The demo's
sample comes in while the pages are open already.
"""

import asyncio
import os
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from deploy.down import LEFT_OVER
from deploy.local import fetch
from deploy.local.addresses import Addresses
from deploy.local.folder import ROOT, DataFolder
from deploy.local.interrupt import Shield, interruptible
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.process import require_free
from deploy.local.supervise import Child, Service, Supervisor, python, stop_left_over
from deploy.prepare import analyze, prepare_kafka, prepare_postgres
from deploy.progress import shown
from deploy.say import say
from deploy.trouble import Trouble, of_disk
from shared.crypto import KeyFileError, create_keys
from shared.postgres import SERVICES
from shared.settings import Settings

Answer = TypeVar("Answer")
TICK_SECONDS = 0.2


def up(data: Path | None, wants_demo: bool | None, is_fresh: bool, households: int | None) -> None:
    """Run until told to stop. `wants_demo` None: as these data were begun, a demo where they are new."""
    folder = DataFolder(data)
    addresses = Addresses.of_environment()
    with folder.owned(), interruptible() as shield:
        left = stop_left_over(folder, LEFT_OVER)
        if left:
            say(f"Stopped what a killed supervisor had left running: {', '.join(left)}.")
        folder.prepare(is_fresh)
        Up(folder, addresses, shield).run(wants_demo, households)


class Up:
    def __init__(self, folder: DataFolder, addresses: Addresses, shield: Shield) -> None:
        self.folder = folder
        self.addresses = addresses
        self.shield = shield
        self.supervisor = Supervisor(folder, say)
        self.began_at = time.monotonic()

    def run(self, wants_demo: bool | None, households: int | None) -> None:
        try:
            self._start(wants_demo, households)
            while True:
                self.supervisor.tick()
                time.sleep(TICK_SECONDS)
        except KeyboardInterrupt:
            say("Stopping")
        except OSError as error:
            raise of_disk(error) from error
        finally:
            self.shield.close()
            self.supervisor.stop()
        say("Stopped")

    def _start(self, wants_demo: bool | None, households: int | None) -> None:
        is_demo = self.folder.mode(wants_demo)
        say(f"Shouwang starts on {self.folder.path}")
        self._require_free_ports()
        self._make_keys()
        fetch.ensure(shown())
        fetch.unpack_assets(self.folder.assets)
        kafka, admin_dsn = self._start_servers()
        self._prepare(kafka, admin_dsn, is_demo)
        told = self.addresses.environment(self.folder, kafka, admin_dsn, is_demo)
        self.folder.keep_environment(told)
        self._start_services(told)
        say(f"Open {self.addresses.url('console')}   (to stop: Ctrl-C here, or ./shouwang down elsewhere)")
        if is_demo:
            self._load_demo(told, admin_dsn, households)

    def _require_free_ports(self) -> None:
        """All of them before anything starts, so that the sentence comes at once."""
        wanted = dict(self.addresses.ports)
        if not self.addresses.postgres:
            wanted["postgres"] = self.addresses.postgres_port
        if not self.addresses.kafka:
            wanted["kafka"] = self.addresses.kafka_port
        for name, port in wanted.items():
            require_free(port, name, f"SHOUWANG_{name.upper()}_PORT")

    def _make_keys(self) -> None:
        try:
            create_keys(self.folder.keys)
        except KeyFileError as error:
            raise Trouble(str(error)) from error

    def _start_servers(self) -> tuple[str, str]:
        """Kafka's address, the administrator's DSN. The JVM comes up while PostgreSQL is made and starts."""
        kafka = None if self.addresses.kafka else Kafka(self.folder.kafka, self.addresses.kafka_port)
        postgres = None if self.addresses.postgres else Postgres(self.folder.postgres, self.addresses.postgres_port)
        if kafka:
            self._launch(kafka)
        if postgres:
            self._launch(postgres)
            postgres.wait_ready()
            self._ready(postgres, f"127.0.0.1:{postgres.port}")
        if kafka:
            kafka.wait_ready()
            self._ready(kafka, kafka.bootstrap)
        bootstrap = kafka.bootstrap if kafka else str(self.addresses.kafka)
        return bootstrap, postgres.dsn if postgres else str(self.addresses.postgres)

    def _prepare(self, kafka: str, admin_dsn: str, is_demo: bool) -> None:
        self.folder.keep_mode(is_demo)
        is_own = self.addresses.postgres is None
        applied = self._beside(prepare_postgres(admin_dsn, self.folder.keys, is_demo, is_own))
        made = self._beside(prepare_kafka(kafka, Settings.from_environment("console")))
        if applied or made:
            say(f"  {len(applied)} migrations applied, {len(made)} topics made")

    def _start_services(self, told: dict[str, str]) -> None:
        services = [self._service(name, told) for name in SERVICES]
        for service in services:
            self._launch(service)
        self.supervisor.await_ready(services, lambda child: self._ready(child, self.addresses.url(child.name)))

    def _service(self, name: str, told: dict[str, str]) -> Service:
        port = self.addresses.ports[name]
        own = {"SHOUWANG_PORT": str(port), "SHOUWANG_INSTANCE": f"{name}-0"}
        log = self.folder.logs / f"{name}.log"
        return Service(name, python("-m", f"services.{name}"), {**inherited(), **told, **own}, log, port)

    def _load_demo(self, told: dict[str, str], admin_dsn: str, households: int | None) -> None:
        """Beside the running services: people may sign in while households come in."""
        from deploy.demo.county import HOUSEHOLDS
        from deploy.demo.load import load

        settings = Settings.from_environment("console", {**os.environ, **told})
        began_at = time.monotonic()
        self._beside(
            load(
                settings,
                shown(),
                households=HOUSEHOLDS if households is None else households,
                refresh=lambda: analyze(admin_dsn),
            )
        )
        say(f"The sample is in   {time.monotonic() - began_at:5.1f} s")
        self._beside(analyze(admin_dsn))

    def _launch(self, child: Child) -> None:
        with self.shield:  # a child that runs and is not yet on record would outlive us
            self.supervisor.launch(child)

    def _ready(self, child: Child, where: str) -> None:
        say(f"  {child.name:<10} ready   {where:<24} {time.monotonic() - self.began_at:5.1f} s")

    def _beside(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Do `work` while the children stay watched."""

        async def both() -> Answer:
            task = asyncio.ensure_future(work)
            while not task.done():
                self.supervisor.tick()
                await asyncio.wait({task}, timeout=TICK_SECONDS)
            return task.result()

        return asyncio.run(both())


def inherited() -> dict[str, str]:
    """The user's environment for a service, but calls on this machine never go through his proxy."""
    direct = ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1", "localhost")))
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "NO_PROXY": direct, "no_proxy": direct}
