"""Where the servers and services of this machine listen, and what each service is told of it (SHOUWANG_…)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from deploy.local.folder import DataFolder
from deploy.trouble import Trouble
from shared.postgres import SERVICES
from shared.settings import PORTS

KAFKA_PORT = 9192
POSTGRES_PORT = 5532


@dataclass(frozen=True)
class Addresses:
    """`kafka` and `postgres` are servers of one's own, None where the embedded one is to run."""

    kafka: str | None
    postgres: str | None
    kafka_port: int
    postgres_port: int
    ports: Mapping[str, int]

    @classmethod
    def of_environment(cls, environ: Mapping[str, str] = os.environ) -> "Addresses":
        """Raises Trouble for a port that is none, or that two are to have."""
        ports = {service: _port(environ, service, PORTS[service]) for service in SERVICES}
        found = cls(
            kafka=environ.get("SHOUWANG_KAFKA") or None,
            postgres=environ.get("SHOUWANG_POSTGRES") or None,
            kafka_port=_port(environ, "kafka", KAFKA_PORT),
            postgres_port=_port(environ, "postgres", POSTGRES_PORT),
            ports=ports,
        )
        taken = [found.kafka_port, found.postgres_port, *ports.values()]
        if len(set(taken)) < len(taken):
            raise Trouble(f"Two of the ports are the same ({taken}): set each SHOUWANG_…_PORT to one of its own.")
        return found

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"

    def environment(self, folder: DataFolder, kafka: str, admin_dsn: str, is_demo: bool) -> dict[str, str]:
        """What all services of this folder are told; without the administrator's name and password."""
        told = {f"SHOUWANG_{service.upper()}_URL": self.url(service) for service in SERVICES}
        return told | {
            "SHOUWANG_KAFKA": kafka,
            "SHOUWANG_POSTGRES": without_user(admin_dsn),
            "SHOUWANG_KEYS": str(folder.keys),
            "SHOUWANG_ASSETS": str(folder.assets),
            "SHOUWANG_DEMO": "1" if is_demo else "0",
        }


def url_of(service: str, folder: DataFolder) -> str:
    """Where a service answers: as the environment says, else where this folder had it last, else at its usual port."""
    variable = f"SHOUWANG_{service.upper()}_URL"
    told = os.environ.get(variable) or folder.environment().get(variable)
    return told or f"http://127.0.0.1:{PORTS[service]}"


def without_user(dsn: str) -> str:
    parts = urlsplit(dsn)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    variable = f"SHOUWANG_{name.upper()}_PORT"
    value = environ.get(variable) or str(default)
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65536:
        raise Trouble(f"{variable} cannot be {value!r}: set it to a port from 1 to 65535.")
    return int(value)
