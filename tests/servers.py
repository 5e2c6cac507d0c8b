"""One real Kafka and one real PostgreSQL for a whole test session, from wherever they can be had.

In this order: SHOUWANG_TEST_KAFKA and SHOUWANG_TEST_POSTGRES (an administrator's DSN), containers when a
Docker engine answers, the embedded servers in a temporary folder on free ports.
"""

import asyncio
import http.client
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from deploy.local.kafka import PROPERTIES, Kafka, describe
from deploy.local.postgres import Postgres
from deploy.local.process import free_ports, record, recorded

ROOT = Path(__file__).resolve().parents[1]
PREFIX = "shouwang-test-"
CONTAINER_SECONDS = 60.0


@contextmanager
def kafka() -> Iterator[str]:
    """Its bootstrap address."""
    given = os.environ.get("SHOUWANG_TEST_KAFKA")
    if given:
        yield given
    elif has_docker():
        with _kafka_container() as bootstrap:
            yield bootstrap
    else:
        with folder("kafka") as place:
            server = Kafka(place / "kafka")
            server.start()
            record(place / "server.pid", server.process.pid if server.process else 0)
            try:
                yield server.bootstrap
            finally:
                server.kill()


@contextmanager
def postgres() -> Iterator[str]:
    """Its administrator's DSN."""
    given = os.environ.get("SHOUWANG_TEST_POSTGRES")
    if given:
        yield given
    elif has_docker():
        with _postgres_container() as dsn:
            yield dsn
    else:
        with folder("postgres") as place:
            server = Postgres(place / "postgres", settings=("fsync=off",))
            server.start()
            record(place / "server.pid", server.process.pid if server.process else 0)
            try:
                yield server.dsn
            finally:
                server.kill()


@contextmanager
def folder(what: str) -> Iterator[Path]:
    """A temporary folder that PostgreSQL's user can reach too, gone afterwards, even after a kill -9."""
    clear_left_over()
    place = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{what}-"))
    place.chmod(0o755)
    record(place / "owner.pid", os.getpid())
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def copy(source: Path, target: Path) -> None:
    """With owners and modes: PostgreSQL's files are its user's."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True, capture_output=True)


def clear_left_over() -> None:
    """Stop the servers, and delete the folders, of test sessions that were killed."""
    for place in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if not (place / "owner.pid").exists() or recorded(place / "owner.pid"):
            continue
        server = recorded(place / "server.pid")
        if server:
            server.kill_session()
        shutil.rmtree(place, ignore_errors=True)


def has_docker() -> bool:
    """Whether an engine answers; costs nothing where there is no socket."""
    address = urlsplit(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))
    try:
        if address.scheme == "unix":
            connection = http.client.HTTPConnection("localhost", timeout=2)
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(2)
            connection.sock.connect(address.path)
        else:
            connection = http.client.HTTPConnection(address.hostname or "", address.port or 2375, timeout=2)
        connection.request("GET", "/_ping")
        return connection.getresponse().status == 200
    except OSError:
        return False


def image(server: str) -> str:
    """The image of `docker-compose.yml`, unless the environment names another there."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    return str(services[server]["image"]).partition(":-")[2].rstrip("}")


@contextmanager
def _kafka_container() -> Iterator[str]:
    from testcontainers.core.container import DockerContainer

    [port] = free_ports(1)
    container = DockerContainer(image("kafka")).with_bind_ports(port, port)
    address = f"{container.get_container_host_ip()}:{port}"
    text = PROPERTIES.format(port=port, controller_port=port + 1, data="/tmp/kafka-logs")
    settings = dict(line.split("=", 1) for line in text.splitlines() if not line.startswith("#"))
    settings["listeners"] = f"PLAINTEXT://:{port},CONTROLLER://:{port + 1}"
    settings["advertised.listeners"] = f"PLAINTEXT://{address}"
    for name, value in settings.items():
        container.with_env("KAFKA_" + name.upper().replace(".", "_"), value)
    with container:
        _until(lambda: asyncio.run(describe(address)) is not None, "Kafka's container")
        yield address


@contextmanager
def _postgres_container() -> Iterator[str]:
    from testcontainers.postgres import PostgresContainer

    with PostgresContainer(image("postgres"), dbname="shouwang", driver=None) as container:
        yield container.get_connection_url()


def _until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + CONTAINER_SECONDS
    while not condition():
        assert time.monotonic() < end, f"{what} does not answer"
