"""The households' digests of a batch, in their locked key rows, carried on from record to record; what is written."""

from collections.abc import Sequence

import asyncpg

from services.screening import recheck, warning
from services.screening.household import Digest, unpack
from shared.messaging.room import Decided, Input, State, Unit


def loaded(unit: Unit, inputs: Sequence[Input]) -> State:
    """Nothing is read: the digests came with the locks."""
    state: State = {("digest", key): packed for key, packed in unit.digests.items()}
    state[("homes",)] = {input.key: unit.home(input.key) for input in inputs}
    return state


def digest_of(state: State, input: Input) -> tuple[str, Digest]:
    """The key whose household a record is about (another one after a merge), and its digest as it stands now."""
    home: str = state[("homes",)].get(input.key, input.key)
    return home, digest_at(state, home)


def digest_at(state: State, home: str) -> Digest:
    found = state.get(("digest", home))
    return found if isinstance(found, Digest) else unpack(found)


async def write_rows(connection: asyncpg.Connection, decided: Sequence[Decided]) -> None:
    """The batch's warnings and days to judge again, in at most one statement each."""
    rows = [row for one in decided for row in one.decision.rows]
    if rows:
        await warning.write(connection, [row for row in rows if isinstance(row, warning.Row)])
        await recheck.write(connection, [row for row in rows if isinstance(row, recheck.Recheck)])
