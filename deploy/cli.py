"""The commands of `./shouwang`, listed by hand in COMMANDS; each is one call into the module that does it.

Modules are imported where they are called, so that `./shouwang status` waits for nothing that it does not
use.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.trouble import Trouble
from shared.settings import SettingsError

ROOT = Path(__file__).resolve().parents[1]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Data folder; the checkout's own if left out.")
]
TableFile = Annotated[Path, typer.Argument(metavar="FILE", help="CSV, XLSX or XLS, headings in its first ten rows.")]
County = Annotated[str | None, typer.Option("--region", metavar="CODE", help="The sender's county; the demo's.")]
LetterId = Annotated[str, typer.Argument(metavar="ID", help="The first word of a line of `list`.")]


def up(
    data: Data = None,
    demo: Annotated[
        bool | None,
        typer.Option("--demo/--no-demo", help="With a sample county of invented people (default), or empty."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete the data first, and begin anew.")] = False,
    households: Annotated[
        int | None, typer.Option("--households", metavar="N", help="Households of the sample (60000).")
    ] = None,
) -> None:
    """Start Kafka, PostgreSQL and the five services; in the foreground until Ctrl-C."""
    from deploy.up import up

    up(data, demo, fresh, households)


def down(data: Data = None) -> None:
    """Stop everything in order, from another shell, and also after a kill -9."""
    from deploy.down import down

    down(data)


def status(data: Data = None) -> None:
    """What runs and is ready; exit code 1 if not all is."""
    from deploy.down import status

    raise typer.Exit(0 if status(data) else 1)


def test(context: typer.Context) -> None:
    """Run every test, two files at a time; what follows goes to pytest, which then runs one after the other."""
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-q", *(context.args or TWO_AT_A_TIME)])


def chaos(context: typer.Context) -> None:
    """Break the road on purpose, at every named step, and hold the books against it; some minutes."""
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "tests.chaos", *context.args])


def bench(context: typer.Context) -> None:
    """Measure: figures, and ratios beside the naive way, in one run; some minutes."""
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "tests.benchmarks", *context.args])


def token(
    role: Annotated[str, typer.Option("--role", help="farmer, grid_worker, village, township, …")],
    region: Annotated[str | None, typer.Option("--region", metavar="CODE", help="The demo's county.")] = None,
    department: Annotated[str | None, typer.Option("--department", metavar="CODE")] = None,
    grid: Annotated[str | None, typer.Option("--grid", metavar="ID", help="The officer's own, or *.")] = None,
    capacity: Annotated[str | None, typer.Option("--capacity", help="handler, reviewer or approver")] = None,
    officer: Annotated[str | None, typer.Option("--officer", metavar="ID", help="One that fits.")] = None,
    data: Data = None,
) -> None:
    """Print a bearer token of the local issuer, for the demo's officer of that role and place."""
    from deploy.access import token

    wanted = {
        "role": role,
        "region": region,
        "department": department,
        "grid": grid,
        "capacity": capacity,
        "officer": officer,
    }
    print(token(data, wanted))


def dead_letters_list(data: Data = None) -> None:
    """A line a record on which a service failed."""
    from deploy.dead_letters import listed

    listed(data)


def dead_letters_show(letter_id: LetterId, data: Data = None) -> None:
    """All that is known of one."""
    from deploy.dead_letters import show

    show(data, letter_id)


def dead_letters_replay(letter_id: LetterId, data: Data = None) -> None:
    """Decide it again, and what waits behind it."""
    from deploy.dead_letters import replay

    replay(data, letter_id)


def dead_letters_skip(
    letter_id: LetterId,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the audit.")],
    data: Data = None,
) -> None:
    """Pass over it for good; what waits behind it goes on."""
    from deploy.dead_letters import skip

    skip(data, letter_id, reason)


def clock_advance(
    duration: Annotated[str, typer.Argument(metavar="DURATION", help="6d, 12h, 90m")], data: Data = None
) -> None:
    """Move a demo's time on."""
    from deploy.clock import advance

    advance(data, duration)


def contract_check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, XLSX, XLS, JSON or NDJSON.")],
    department: Annotated[
        str | None, typer.Option("--department", metavar="CODE", help="Told by its headings.")
    ] = None,
) -> None:
    """Say beforehand what intake would refuse of a file, and why; exit code 1 if anything. Needs no server."""
    named = ["--department", department] if department else []
    file = file.absolute()
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "services.intake.check", str(file), *named])


def import_register(file: TableFile, region: County = None, data: Data = None) -> None:
    """Take in the register of households from a table: a row each member, the household's columns repeated."""
    from deploy.sending import REGISTER, send_file

    raise typer.Exit(0 if send_file(data, file, REGISTER, region) else 1)


def import_records(
    file: TableFile,
    department: Annotated[str, typer.Option("--department", metavar="CODE")],
    region: County = None,
    data: Data = None,
) -> None:
    """Take in a department's table."""
    from deploy.sending import send_file

    raise typer.Exit(0 if send_file(data, file, department, region) else 1)


def migrate() -> None:
    """Keys, roles, schemas and topics on the servers of SHOUWANG_POSTGRES and SHOUWANG_KAFKA (containers)."""
    from deploy.prepare import prepare

    prepare()


def restore(data: Data = None) -> None:
    """Learn from Kafka what PostgreSQL, put back to an earlier hour, does not know any more; before `up`."""
    from deploy.restore import restored

    restored(data)


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("up", up),
    ("down", down),
    ("status", status),
    ("test", test),
    ("chaos", chaos),
    ("bench", bench),
    ("token", token),
    ("dead-letters list", dead_letters_list),
    ("dead-letters show", dead_letters_show),
    ("dead-letters replay", dead_letters_replay),
    ("dead-letters skip", dead_letters_skip),
    ("clock advance", clock_advance),
    ("contract check", contract_check),
    ("import register", import_register),
    ("import records", import_records),
    ("migrate", migrate),
    ("restore", restore),
)
GROUPS = {
    "dead-letters": "Records on which a service failed.",
    "clock": "A demo's time.",
    "contract": "What departments send.",
    "import": "Tables of the county.",
}
TWO_AT_A_TIME = ("--numprocesses", "2", "--dist", "loadfile")
"""Each of the two has servers of its own; a file's tests keep their order."""

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""`./shouwang test -k until --help` is pytest's."""


def app() -> typer.Typer:
    root = _typer("Shouwang: watch over rural households, so that none falls into poverty unseen.")
    groups = {name: _typer(meaning) for name, meaning in GROUPS.items()}
    for words, command in COMMANDS:
        group, _, name = words.rpartition(" ")
        settings = PASSED_ON if name in ("test", "chaos", "bench") else None
        (groups[group] if group else root).command(name, context_settings=settings)(command)
    for name, group_app in groups.items():
        root.add_typer(group_app, name=name)
    return root


def _typer(meaning: str) -> typer.Typer:
    return typer.Typer(help=meaning, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def main() -> None:
    try:
        app()(prog_name="shouwang")
    except (Trouble, SettingsError) as trouble:
        print(trouble, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
