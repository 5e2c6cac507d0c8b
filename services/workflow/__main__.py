"""`python -m services.workflow [--hops village_group,village_committee | none]`.

Without the flag a process carries everything. `none`: API, alarm and group `workflow`, without a hop. Some hops: those
alone, with health and metrics on SHOUWANG_PORT or the next free port.
"""

import argparse
import os
import socket
from functools import partial

from shared.leaving import end_when_told
from shared.settings import PORTS

PORT_FIRST = max(PORTS.values()) + 1
"""Where a process of some hops looks first, when none is named: it must not take another service's port."""
PORT_TRIES = 200


def main(arguments: list[str] | None = None) -> None:
    from services.workflow.app import build
    from shared.service import run

    hops = _hops(arguments)
    if hops is None:
        run("workflow", build)
        return
    if hops:
        os.environ["SHOUWANG_PORT"] = str(_free_port())
    run("workflow", partial(build, hops=hops, is_whole=not hops))


def _hops(arguments: list[str] | None) -> tuple[str, ...] | None:
    """The hops to carry alone; empty for `none`; None for everything."""
    from services.workflow.app import EVERY_HOP

    parser = argparse.ArgumentParser(prog="python -m services.workflow", description="Cases, tasks and deadlines.")
    parser.add_argument("--hops", help=f"some of {','.join(EVERY_HOP)}, or none")
    given: str | None = parser.parse_args(arguments).hops
    if given is None:
        return None
    if given == "none":
        return ()
    named = tuple(dict.fromkeys(one.strip() for one in given.split(",")))
    unknown = [one for one in named if one not in EVERY_HOP]
    if unknown:
        parser.error(f"no such hop: {', '.join(unknown)}; choose from {', '.join(EVERY_HOP)}, or none")
    return named


def _free_port() -> int:
    """SHOUWANG_PORT, or the next one that nobody uses."""
    given = os.environ.get("SHOUWANG_PORT", "")
    first = int(given) if given.isdigit() else PORT_FIRST
    host = os.environ.get("SHOUWANG_HOST") or "127.0.0.1"
    for port in range(first, min(first + PORT_TRIES, 65536)):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind((host, port))
            except OSError:
                continue
            return port
    return first


if __name__ == "__main__":
    end_when_told()
    main()
