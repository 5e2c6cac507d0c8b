"""`python -m deploy.contracts`: write every contract anew; `--check REVISION` only compares.

Written are `docs/contracts/` (AsyncAPI, OpenAPI) and `shared/contracts/schemas/`. What would break a reader or a caller
of an earlier revision's documents (HEAD's, unless another is named) is refused: nothing is written, each break is
named. Takes an embedded PostgreSQL of its own for some seconds.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.contracts.compatibility import NotKnown, breaks
from deploy.contracts.documents import FOLDER, ROOT, committed, made, texts
from deploy.local.postgres import Postgres
from shared.crypto import create_keys
from shared.postgres import migrate


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 1 where something would break."""
    parser = argparse.ArgumentParser(prog="python -m deploy.contracts", description="Write the contracts anew.")
    parser.add_argument("--check", metavar="REVISION", help="compare with this revision, and write nothing")
    parser.add_argument(
        "--break", dest="is_meant", action="store_true", help="write also what breaks; the commit says why"
    )
    told = parser.parse_args(arguments)
    new = asyncio.run(_made())
    found = breaks(committed(told.check or "HEAD"), new)
    for one in found:
        print(f"breaks: {one}", file=sys.stderr)
    if found and not told.is_meant:
        return 1
    if found:
        print("say in the commit, in a trailer `Breaks: …`, why nobody is harmed", file=sys.stderr)
    if told.check is None:
        for name, text in texts(new).items():
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / name).write_text(text, "utf-8")
        print(f"{len(new)} documents written, most of them under {FOLDER}")
    return 0


async def _made() -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="shouwang-contracts-") as place:
        folder = Path(place)
        folder.chmod(0o755)
        (folder / "keys").mkdir()
        create_keys(folder / "keys")
        server = Postgres(folder / "postgres", settings=("fsync=off",))
        server.start()
        try:
            await migrate(server.dsn, folder / "keys")
            return dict(await made(server.dsn, folder / "keys"))
        finally:
            server.kill()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"git cannot say what was committed: {error.stderr.strip()}")
    except NotKnown as error:
        sys.exit(str(error))
