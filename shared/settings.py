"""What the environment tells a process, read once at its start.

Every name and default is of the outside contract (processes and ports). A wrong value stops the process
with one sentence that names the variable and the remedy. No other code of a service reads the environment, but the
tests' own hand in `shared/messaging/faults.py`.
"""

import os
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

PORTS: Mapping[str, int] = {
    "console": 8100,
    "intake": 8101,
    "screening": 8102,
    "workflow": 8103,
    "notify": 8104,
}
LOG_LEVELS = ("debug", "info", "warning", "error")
PARTITIONS_MAX, REPLICATION_MAX = 1000, 15
"""A partition costs a broker files and memory, a replica a broker; more than this is a slip of the finger."""

_KAFKA = "127.0.0.1:9192"
_POSTGRES = "postgresql://postgres@127.0.0.1:5532/shouwang"
_KEYS = Path(__file__).resolve().parent.parent / "data" / "keys"
_BROKER = re.compile(r"^(?:[0-9A-Za-z._-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$")
_INSTANCE = re.compile(r"^[0-9A-Za-z._-]{1,100}$")
_ADDRESS = re.compile(r"^[0-9A-Za-z._+-]{1,64}@[0-9A-Za-z.-]{1,190}$")
_PACKAGE = re.compile(r"^[0-9a-z][0-9a-z-]{0,62}$")


class SettingsError(ValueError):
    """A variable of the environment holds what cannot be used. Its text is the one sentence to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`postgres` is the administrator's DSN for migrations; services log in as their own roles on the same
    server.

    `instance` names this process's slot and stays the same over restarts: the relay's lease and Kafka's
    static membership are held by it. Where none is named (`has_slot`) it is a name that nobody has again, and
    the process leaves its groups when it ends.
    """

    service: str
    kafka: str
    postgres: str
    keys: Path
    is_demo: bool
    host: str
    port: int
    instance: str
    has_slot: bool
    intake_url: str
    screening_url: str
    workflow_url: str
    notify_url: str
    console_url: str
    policy: str
    partitions: int
    replication: int
    log_level: str
    assets: Path | None = None
    """The folder of the pages' scripts (htmx and its SSE extension); the console's alone."""
    smtp: tuple[str, int] | None = None
    """The mail server of notify's carrier `email`; without one nothing leaves the house."""
    smtp_from: str = "shouwang@localhost"

    @classmethod
    def from_environment(cls, service: str, environ: Mapping[str, str] = os.environ) -> "Settings":
        """The settings of one service. Raises SettingsError; an empty variable counts as one that is not
        set."""
        given = _Given(environ)
        return cls(
            service=service,
            kafka=given.brokers("SHOUWANG_KAFKA", _KAFKA),
            postgres=given.dsn("SHOUWANG_POSTGRES", _POSTGRES),
            keys=Path(given.text("SHOUWANG_KEYS", str(_KEYS))).expanduser(),
            is_demo=given.flag("SHOUWANG_DEMO"),
            host=given.text("SHOUWANG_HOST", "127.0.0.1"),
            port=given.number("SHOUWANG_PORT", PORTS.get(service, 8100), 0, 65535),
            instance=given.matching(
                "SHOUWANG_INSTANCE",
                _passing_name(service),
                _INSTANCE,
                "letters, digits, dots and dashes, as intake-0",
            ),
            has_slot=bool(given.text("SHOUWANG_INSTANCE", "")),
            intake_url=given.url("SHOUWANG_INTAKE_URL", "intake"),
            screening_url=given.url("SHOUWANG_SCREENING_URL", "screening"),
            workflow_url=given.url("SHOUWANG_WORKFLOW_URL", "workflow"),
            notify_url=given.url("SHOUWANG_NOTIFY_URL", "notify"),
            console_url=given.url("SHOUWANG_CONSOLE_URL", "console"),
            policy=given.matching(
                "SHOUWANG_POLICY", "regular-2026", _PACKAGE, "the name of a policy package, as regular-2026"
            ),
            partitions=given.number("SHOUWANG_PARTITIONS", 6, 1, PARTITIONS_MAX),
            replication=given.number("SHOUWANG_REPLICATION", 1, 1, REPLICATION_MAX),
            log_level=given.choice("SHOUWANG_LOG", "info", LOG_LEVELS),
            assets=given.folder("SHOUWANG_ASSETS"),
            smtp=given.server("SHOUWANG_SMTP"),
            smtp_from=given.matching(
                "SHOUWANG_SMTP_FROM", "shouwang@localhost", _ADDRESS, "an address, as shouwang@example.gov.cn"
            ),
        )

    def __repr__(self) -> str:
        """Without the DSN: it may hold a password, and settings end in logs and tracebacks."""
        return f"Settings(service={self.service!r}, instance={self.instance!r}, port={self.port})"


_OWN = secrets.token_hex(4)
"""This process's, and no other's: in two containers of one host name both may be number 1, and two that had one name
would take each other's lease."""


def _passing_name(service: str) -> str:
    """A process's own, among those of other machines and containers."""
    machine = re.sub(r"[^0-9A-Za-z.-]", "-", socket.gethostname())[:60]
    return f"{service}-{machine}-{_OWN}"


class _Given:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str) -> str:
        return self._environ.get(name, "").strip() or default

    def folder(self, name: str) -> Path | None:
        value = self.text(name, "")
        return Path(value).expanduser() if value else None

    def flag(self, name: str) -> bool:
        value = self.text(name, "0").lower()
        if value not in ("0", "1", "true", "false", "yes", "no"):
            raise _wrong(name, value, "set it to 1 or 0")
        return value in ("1", "true", "yes")

    def number(self, name: str, default: int, least: int, most: int) -> int:
        value = self.text(name, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
            raise _wrong(name, value, f"set it to a whole number from {least} to {most}")
        return int(value)

    def choice(self, name: str, default: str, known: tuple[str, ...]) -> str:
        value = self.text(name, default).lower()
        if value not in known:
            raise _wrong(name, value, f"set it to one of {', '.join(known)}")
        return value

    def matching(self, name: str, default: str, pattern: re.Pattern[str], wanted: str) -> str:
        value = self.text(name, default)
        if not pattern.fullmatch(value):
            raise _wrong(name, value, f"set it to {wanted}")
        return value

    def brokers(self, name: str, default: str) -> str:
        value = self.text(name, default)
        for broker in value.split(","):
            found = _BROKER.fullmatch(broker.strip())
            if not found or not 0 < int(found[1]) <= 65535:
                raise _wrong(name, value, "set it to host:port, several separated by commas")
        return ",".join(broker.strip() for broker in value.split(","))

    def server(self, name: str) -> tuple[str, int] | None:
        value = self.text(name, "")
        if not value:
            return None
        found = _BROKER.fullmatch(value)
        if not found or not 0 < int(found[1]) <= 65535:
            raise _wrong(name, value, "set it to host:port of a mail server")
        return value.rpartition(":")[0].strip("[]"), int(found[1])

    def dsn(self, name: str, default: str) -> str:
        value = self.text(name, default)
        remedy = "set it to postgresql://user:password@host:port/database"
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError:
            raise _wrong(name, None, remedy) from None
        if parts.scheme not in ("postgresql", "postgres") or not parts.hostname or len(parts.path) < 2:
            raise _wrong(name, None, remedy)
        return value

    def url(self, name: str, service: str) -> str:
        value = self.text(name, f"http://127.0.0.1:{PORTS[service]}").rstrip("/")
        remedy = f"set it to the address of {service}, as http://127.0.0.1:{PORTS[service]}"
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError:
            raise _wrong(name, value, remedy) from None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise _wrong(name, value, remedy)
        return value


def _wrong(name: str, value: str | None, remedy: str) -> SettingsError:
    """A DSN's own text is not repeated: it may hold a password."""
    shown = "cannot be used" if value is None else f"cannot be {value!r}"
    return SettingsError(f"{name} {shown}: {remedy}.")
