"""What the papers of the house name is there: files, commands, variables; and nothing of a workplace."""

import re
from pathlib import Path

import pytest

from deploy.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAPERS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "shared/**/*.md")
    for path in ROOT.glob(pattern)
)
A_PATH = re.compile(r"`((?:services|shared|deploy|docs|tests)/[\w./-]*)`")
A_FILE = re.compile(r"`([\w./<>-]+\.(?:py|sql|ya?ml|html|css|js|json|md|csv|lock|toml))`")
A_LINK = re.compile(r"\]\(([^)#:]+)\)")
A_TEST = re.compile(r"`(test_\w+)`")
A_VARIABLE = re.compile(r"SHOUWANG_[A-Z_]*[A-Z]")
A_COMMAND = re.compile(r"\./shouwang ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)*)([^`\n|#]*)")
GIVEN_ON = {"test": "tests", "chaos": "tests/chaos", "bench": "tests/benchmarks"}
"""Commands whose options are read elsewhere than in the command line's own list."""


def wrong(text: str, folder: Path = ROOT) -> list[str]:
    """What a paper names and is not there: paths, bare file names, links, tests, variables, commands, options."""
    tree = [one for one in SOURCES if not one.endswith(".md") and not one.startswith("tests/docs/")]
    found = [one for one in A_PATH.findall(text) if not (ROOT / one).exists()]
    for one in A_FILE.findall(text):
        name = re.compile(r"(?:.*/)?" + re.sub(r"<\w+>", r"[^/]+", re.escape(one)) + r"\Z")
        found += [] if any(map(name.match, SOURCES)) else [one]
    found += [one for one in A_LINK.findall(text) if not (folder / one).exists()]
    code = "".join(SOURCES[one] for one in tree)
    found += [one for one in A_TEST.findall(text) if f"def {one}(" not in code]
    found += [one for one in set(A_VARIABLE.findall(text)) if one not in code and not one.endswith(("_URL", "_PORT"))]
    for words, rest in A_COMMAND.findall(text):
        known = [one for one, _ in COMMANDS if f"{words} ".startswith(f"{one} ")]
        found += [] if known else [f"./shouwang {words}"]
        options = re.findall(r"(?<![\w-])--[a-z-]+", rest)
        read_in = GIVEN_ON.get(words.partition(" ")[0], "deploy/cli.py")
        there = "".join(text for path, text in SOURCES.items() if path.startswith(read_in))
        found += [f"./shouwang {words} {one}" for one in options if one not in there]
    return found


ROOMS = ("services", "shared", "deploy", "docs", "tests")
READ = frozenset({".py", ".sql", ".yml", ".yaml", ".toml", ".md", ""})


def _sources() -> dict[str, str]:
    """Every file of the house by its path; those that are not read hold nothing."""
    paths = [*ROOT.iterdir(), *(path for room in ROOMS for path in (ROOT / room).rglob("*"))]
    return {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8") if path.suffix in READ else ""
        for path in paths
        if path.is_file() and "__pycache__" not in path.parts
    }


SOURCES = _sources()


@pytest.mark.parametrize("paper", PAPERS)
def test_what_a_paper_names_is_there(paper: str) -> None:
    path = ROOT / paper
    assert wrong(path.read_text("utf-8"), path.parent) == []


def test_what_is_not_there_is_found() -> None:
    text = (
        "`services/intake/ledger/` `audit_book.py` `services/<name>/api/nowhere.sql` [a](no.md) `test_nothing_at_all` "
        "SHOUWANG_SECRET_DOOR `./shouwang fly --high` `./shouwang up --sideways` `./shouwang chaos --gently`"
    )
    assert sorted(wrong(text)) == sorted([
        "services/intake/ledger/", "audit_book.py", "services/<name>/api/nowhere.sql", "no.md", "test_nothing_at_all",
        "SHOUWANG_SECRET_DOOR", "./shouwang fly", "./shouwang fly --high", "./shouwang up --sideways",
        "./shouwang chaos --gently",
    ])  # fmt: skip


def test_the_methods_are_six_and_each_says_what_is_missing() -> None:
    text = (ROOT / "docs" / "methods.md").read_text("utf-8")
    methods = re.split(r"^## \d\. ", text, flags=re.M)[1:]
    assert len(methods) == 6
    for one in methods:
        assert "Not there yet:" in one and A_PATH.search(one)


def test_the_contributor_s_variables_are_read_somewhere() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    code = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))
    for name in set(re.findall(r"SHOUWANG_TEST_[A-Z]+", text)):
        assert f'"{name}"' in code, name
