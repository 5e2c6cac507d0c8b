"""The one stylesheet: within its limit, and nothing in it that no page bears."""

import re
from pathlib import Path

from services import console

HERE = Path(console.__file__).parent
BYTES_MAX = 15 * 1024
DYNAMIC = {
    "red", "orange", "yellow",  # a level
    "done", "here", "ahead",  # a station's state
    "arrived", "deadline", "warning",  # a step's word on the timeline
}  # fmt: skip
"""Classes that a template takes from a value."""


def sheet() -> str:
    return (HERE / "static" / "look.css").read_text("utf-8")


def selected(css: str) -> set[str]:
    return set(re.findall(r"\.(-?[a-zA-Z_][\w-]*)", re.sub(r"/\*.*?\*/|\{[^{}]*\}", "{}", css, flags=re.DOTALL)))


def borne(templates: str, script: str) -> set[str]:
    """Classes that stand in a template's attributes, and what the script says in quotes."""
    attributes = " ".join(re.findall(r'class="([^"]*)"', templates))
    quoted = " ".join(re.findall(r"['\"`]([\w -]+)['\"`]", script))
    return set(re.findall(r"[\w-]+", f"{attributes} {quoted}")) | DYNAMIC


def dead(css: str) -> set[str]:
    templates = "\n".join(path.read_text("utf-8") for path in sorted((HERE / "templates").rglob("*.html")))
    return selected(css) - borne(templates, (HERE / "static" / "page.js").read_text("utf-8"))


def test_the_stylesheet_keeps_to_its_limit() -> None:
    assert len(sheet().encode()) <= BYTES_MAX


def test_no_selector_is_dead() -> None:
    assert dead(sheet()) == set()
    assert dead(sheet() + ".no-page-bears-this{color:red}") == {"no-page-bears-this"}, "a planted one is found"


def test_every_token_is_used_and_known() -> None:
    css = sheet()
    assert set(re.findall(r"(--[\w-]+):", css)) == set(re.findall(r"var\((--[\w-]+)", css))
