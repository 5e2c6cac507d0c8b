"""docs/operations.md names every metric that is served and every alarm that can be raised, and no other."""

import ast
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.openmetrics.exposition import generate_latest

from shared.settings import PORTS
from shared.telemetry import Metrics

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "operations.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines[2:]]


def test_every_metric_that_is_served_is_explained_with_its_labels() -> None:
    metrics = Metrics("intake")
    served = {one.name: (one.type, one.documentation) for one in metrics.registry.collect()}
    text = generate_latest(metrics.registry).decode()  # type: ignore[no-untyped-call]
    assert all(f"# TYPE {name} " in text for name in served)
    told = {row[0].strip("`"): row[1] for row in rows("Metrics")}
    assert told == {name: kind for name, (kind, _) in served.items()}
    known = [one for one in vars(metrics).values() if hasattr(one, "_labelnames")]
    labels = {one.describe()[0].name: list(one._labelnames) for one in known}
    assert {row[0].strip("`"): [one.strip() for one in row[2].split(",")] for row in rows("Metrics")} == labels


def test_every_alarm_that_can_be_raised_is_explained() -> None:
    told = {row[0].strip("`"): row for row in rows("Alarms")}
    assert sorted(told) == sorted(set(alarms()))
    assert all(row[2] and row[3] for row in told.values())


def alarms() -> Iterator[str]:
    """Alarms named in the code, by word or by a constant of their file, and one for each loop that can break off."""
    for folder in ("services", "shared"):
        for path in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text("utf-8"))
            for node in ast.walk(tree):
                yield from every_service_s_own(node)
                if isinstance(node, ast.Call) and node.args:
                    called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    named = word(node.args[0], tree) if called in ("alarm", "every") else None
                    if named is not None:
                        yield named if called == "alarm" else f"{named}_failed"


def every_service_s_own(node: ast.AST) -> Iterator[str]:
    """The loops that `shared/service.py` adds to each service: `own = [(name, loop), …]`."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.List) and ast.unparse(node.targets[0]) == "own":
        yield from (f"{ast.literal_eval(one.elts[0])}_failed" for one in node.value.elts if isinstance(one, ast.Tuple))


def word(argument: ast.expr, tree: ast.Module) -> str | None:
    """What a call was given: a literal, or a constant of the same file; None for anything else."""
    if isinstance(argument, ast.Constant):
        return str(argument.value)
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return str(constants[argument.id]) if isinstance(argument, ast.Name) and argument.id in constants else None


def test_every_process_stands_there_with_its_port() -> None:
    assert {row[0]: int(row[1]) for row in rows("What runs")} == dict(PORTS)
