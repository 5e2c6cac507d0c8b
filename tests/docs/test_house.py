"""What the papers of the house name is there: files, commands, variables; and nothing of a workplace."""

import re
from pathlib import Path

import pytest

from deploy.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAPERS = ("README.md", "README.zh-CN.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md",
          "docs/operations.md", "docs/methods.md")  # fmt: skip
A_FILE = re.compile(r"`((?:services|shared|deploy|docs|tests)/[\w./-]+)`")
A_LINK = re.compile(r"\]\(([^)#:]+)\)")
A_COMMAND = re.compile(r"`\./shouwang ([a-z][a-z-]*)")


@pytest.mark.parametrize("paper", PAPERS)
def test_every_file_and_command_that_a_paper_names_is_there(paper: str) -> None:
    text = (ROOT / paper).read_text("utf-8")
    named = [ROOT / one for one in A_FILE.findall(text)]
    named += [(ROOT / paper).parent / one for one in A_LINK.findall(text)]
    assert named or paper == "CHANGELOG.md"
    assert [str(one) for one in named if not one.exists()] == []
    words = {one.partition(" ")[0] for one, _ in COMMANDS}
    assert set(A_COMMAND.findall(text)) <= words


def test_the_methods_are_six_and_each_says_what_is_missing() -> None:
    text = (ROOT / "docs" / "methods.md").read_text("utf-8")
    methods = re.split(r"^## \d\. ", text, flags=re.M)[1:]
    assert len(methods) == 6
    for one in methods:
        assert "Not there yet:" in one and A_FILE.search(one)


def test_the_contributor_s_variables_are_read_somewhere() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    code = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))
    for name in set(re.findall(r"SHOUWANG_TEST_[A-Z]+", text)):
        assert f'"{name}"' in code, name
