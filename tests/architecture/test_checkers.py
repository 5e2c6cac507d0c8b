"""Lint and strict types over the whole tree, with the pinned checkers."""

import subprocess
import sys

import pytest

from tests.architecture.rules import ROOT


@pytest.mark.parametrize("checker", [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]])
def test_the_checker_has_nothing_to_say(checker: list[str]) -> None:
    told = subprocess.run([sys.executable, "-m", *checker], cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-1000:]
