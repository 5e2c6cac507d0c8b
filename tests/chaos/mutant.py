"""A service with one protection taken out: `python -m tests.chaos.mutant <mutation> -- <service> [its flags]`.

Only this process is changed. The ledger must find what comes of it, else no clean verdict of it counts.
"""

import runpy
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from shared.messaging import batch
from shared.messaging import keys as key_rows
from shared.messaging.keys import KeyRow
from shared.messaging.positions import Step
from shared.messaging.room import Input
from shared.messaging.sift import Sifted
from shared.messaging.waiting import Waiting

READ = "SELECT key, applied, emitted, waiting, merged_into, digest, civil.now() AS now FROM keys WHERE key = ANY ($1)"
MAKE = "INSERT INTO keys (key) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING"


def sequence_check_off() -> None:
    """Whatever comes is decided as it comes: late, early or a second time."""

    def everything(
        key: str, applied: int, waits: Sequence[Waiting], inputs: Sequence[Input], **_: Any
    ) -> Sifted:  # fmt: skip
        return Sifted(tuple(inputs), (), (), ())

    batch.sift = everything  # type: ignore[attr-defined]


def row_locks_off() -> None:
    """Key rows are read and written as if nobody else did. People's calls keep their function's lock."""

    async def unlocked(
        connection: asyncpg.Connection, keys: Iterable[str]
    ) -> tuple[dict[str, KeyRow], datetime]:  # fmt: skip
        names = sorted(set(keys))
        if not names:
            return {}, await connection.fetchval("SELECT civil.now()")
        await connection.execute(MAKE, names)
        rows = await connection.fetch(READ, names)
        return {row["key"]: _row(row) for row in rows}, max(row["now"] for row in rows)

    key_rows.lock = unlocked


def _row(row: asyncpg.Record) -> KeyRow:
    return KeyRow(
        row["key"], list(row["applied"]), list(row["emitted"]), row["waiting"], row["merged_into"], row["digest"]
    )


def unsettled_off() -> None:
    """A half's position ends where the half does, whatever before it was refused and does not wait yet."""

    def passing(effort: batch.Effort, steps: Sequence[Step]) -> list[Step]:
        return list(steps)

    batch.Effort.short_of_unsettled = passing  # type: ignore[assignment, method-assign]


MUTATIONS: dict[str, Callable[[], None]] = {
    "sequence_check_off": sequence_check_off,
    "row_locks_off": row_locks_off,
    "unsettled_off": unsettled_off,
}


def main(arguments: Sequence[str]) -> None:
    mutation, _, service, *flags = arguments
    MUTATIONS[mutation]()
    sys.argv = [f"services.{service}", *flags]
    runpy.run_module(f"services.{service}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
