"""What must be locked and known before records are decided, and what is written after: one query a table, never a row.

Both ways in use it: records as they come, and parked ones that are asked again.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from services.intake import identity, record, register, sent_file
from services.intake.departments import kind_of
from services.intake.identity import Parked, ParkedRow, Seat, UnparkedRow, WakeRow, person_key
from services.intake.record import Head, LinkRow, RecordRow, RejectionRow, RepeatRow, Sent, head_of, key_of
from services.intake.register import BesideRow, Home, HomeRow, LeftRow, PersonsRow, Whereabouts
from services.intake.vault import Vault
from shared.messaging.room import Decided, State, Unit

REGISTER = "rural_revitalization"
Row = TypeVar("Row")


# ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def keys_of_records(connection: asyncpg.Connection, sents: Sequence[Sent]) -> list[str]:
    """The key rows of these records and of all households and first-seen persons that they touch."""
    heads = await _heads(connection, {one.key for one in sents})
    where = await register.load_whereabouts(connection, list(_persons(sents)))
    found = _touched(sents, heads.values(), where)
    homes = [one for one in sents if one.about == "register"]
    if homes:
        found |= await _keys_of_register(connection, homes, where)
    return sorted(found)


def not_locked(unit: Unit, state: State, sents: Sequence[Sent]) -> set[str]:
    """What these records touch, by what was loaded under the locks, and is not locked. Of records that change nobody's
    household: of the register's own more has to be looked up."""
    heads = [head for one in sents if (head := state.get(("head", one.key))) is not None]
    where = {id_: there for id_ in _persons(sents) if (there := state.get(("person", id_))) is not None}
    return _touched(sents, heads, where) - unit.digests.keys()


def _touched(sents: Sequence[Sent], heads: Iterable[Head], where: Mapping[UUID, Whereabouts]) -> set[str]:
    """The key rows of these records, of their households, those before included, and of persons seen first."""
    households = {one.named.household_id for one in sents} | {one.household_id for one in where.values()}
    households |= {head.household_id for head in heads}
    found = {one.key for one in sents} | {str(id_) for id_ in households if id_ is not None}
    return found | {person_key(id_) for id_ in _persons(sents) if id_ not in where}


async def _keys_of_register(
    connection: asyncpg.Connection, homes: Sequence[Sent], where: Mapping[UUID, Whereabouts]
) -> set[str]:
    """A household takes in persons, releases what awaited them, and brings along the facts of those who moved."""
    found = {person_key(id_) for one in homes for id_ in one.members}
    for row in await connection.fetch(identity.SQL.awaiting, _awaited(homes)):
        found.add(key_of(row["department"], row["record_id"]))
    moved = _moved(homes, where)
    if moved:
        for row in await connection.fetch(record.SQL.of_persons, moved):
            found.add(key_of(row["department"], row["record_id"]))
    return found


async def _heads(connection: asyncpg.Connection, keys: Iterable[str]) -> dict[str, Head]:
    rows = await connection.fetch(record.SQL.heads, list(keys))
    return {row["key"]: head for row in rows if (head := head_of(row["digest"])) is not None}


def _persons(sents: Sequence[Sent]) -> set[UUID]:
    named = {one.named.person_id for one in sents if one.named.person_id is not None}
    return named.union(*(one.members for one in sents))


def _awaited(homes: Sequence[Sent]) -> list[UUID]:
    found = {id_ for one in homes for id_ in one.members}
    return list(found | {one.named.household_id for one in homes if one.named.household_id})


def _moved(homes: Sequence[Sent], where: Mapping[UUID, Whereabouts]) -> list[UUID]:
    return [
        id_
        for one in homes
        for id_ in one.members
        if id_ in where and where[id_].household_id != one.named.household_id
    ]


# ── load ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def load_scene(
    unit: Unit, sents: Sequence[Sent], vault: Vault, parked: Sequence[Parked] = (), matched: Sequence[UUID] = ()
) -> State:
    """State by name: ("head", key), ("version", key, n), ("person", id), ("seat", id), ("home", id), ("awaiting", id),
    ("facts", person)."""
    heads = {
        key: head for key, digest in unit.digests.items() if key.startswith("record:") and (head := head_of(digest))
    }
    state: dict[Any, Any] = {("head", key): head for key, head in heads.items()}
    await _load_versions(unit.connection, state, sents)
    homes = [one for one in sents if one.about == "register"]
    waiting = [*parked, *(await _load_awaiting(unit, state, homes, vault) if homes else ())]
    named = _persons([*sents, *(one.sent for one in waiting)])
    where = await register.load_whereabouts(unit.connection, list(named))
    state |= {("person", id_): one for id_, one in where.items()}
    households = {one.named.household_id for one in (*sents, *(each.sent for each in waiting))} | set(matched)
    households |= {one.household_id for one in where.values()} | {head.household_id for head in heads.values()}
    await _load_households(
        unit.connection, state, [id_ for id_ in households if id_], bool(parked) or _is_register(sents)
    )
    if homes:
        await _load_facts(unit, state, _moved(homes, where), vault)
    return state


def _is_register(sents: Sequence[Sent]) -> bool:
    """Whether the register's office speaks: incomes, monitoring and withdrawals change whole households too."""
    return any(one.department == REGISTER for one in sents)


async def _load_versions(connection: asyncpg.Connection, state: State, sents: Sequence[Sent]) -> None:
    """A record that has no head yet has no versions either: on a first sending nothing is read."""
    known = [one for one in sents if ("head", one.key) in state]
    if not known:
        return
    rows = await connection.fetch(
        record.SQL.versions,
        [one.department for one in known],
        [one.record_id for one in known],
        [one.version for one in known],
    )
    for row in rows:
        state["version", key_of(row["department"], row["record_id"]), row["version"]] = row["content"]


async def _load_awaiting(unit: Unit, state: State, homes: Sequence[Sent], vault: Vault) -> list[Parked]:
    """What awaits these households and their members, of what is locked."""
    rows = await unit.connection.fetch(identity.SQL.awaiting, _awaited(homes))
    names = [
        (row["department"], row["record_id"])
        for row in rows
        if ("head", key_of(row["department"], row["record_id"])) in state
    ]
    found = await load_parked(unit.connection, names, vault) if names else []
    for one in found:
        if one.awaits is not None:
            state["awaiting", one.awaits] = (*state.get(("awaiting", one.awaits), ()), one)
    return found


async def load_parked(connection: asyncpg.Connection, names: Sequence[tuple[str, str]], vault: Vault) -> list[Parked]:
    """Parked records, opened and read again, by (department, record id)."""
    rows = await connection.fetch(identity.SQL.parked, [name[0] for name in names], [name[1] for name in names])
    return [Parked(record.again(row, vault), row["reason"], row["awaits"]) for row in rows]


async def _load_households(connection: asyncpg.Connection, state: State, ids: Sequence[UUID], is_whole: bool) -> None:
    """Whole households where the register itself may change; else where they live is enough."""
    if is_whole:
        for id_, home in (await register.load_homes(connection, ids)).items():
            state["home", id_] = home
            state["seat", id_] = Seat(home.region, home.grid, home.status == "active")
    elif ids:
        for row in await connection.fetch(identity.SQL.seats, ids):
            state["seat", row["household_id"]] = Seat(row["region"], row["grid"], row["is_active"])


async def _load_facts(unit: Unit, state: State, moved: Sequence[UUID], vault: Vault) -> None:
    """The newest versions of the facts that stand about persons who move."""
    if not moved:
        return
    wanted: dict[str, tuple[str, str, int, UUID]] = {}
    for row in await unit.connection.fetch(record.SQL.of_persons, moved):
        head = state.get(("head", key_of(row["department"], row["record_id"])))
        if head is not None and head.person_id == row["person_id"] and _follows(row["department"], head):
            name = (row["department"], row["record_id"], head.version, row["person_id"])
            wanted[key_of(*name[:2])] = name
    if not wanted:
        return
    columns = [[name[place] for name in wanted.values()] for place in range(3)]
    for row in await unit.connection.fetch(record.SQL.payloads, *columns):
        fact = record.again(row, vault)
        person_id = wanted[fact.key][3]
        state["facts", person_id] = (*state.get(("facts", person_id), ()), fact)


def _follows(department: str, head: Head) -> bool:
    kind = kind_of(department, head.kind)
    return head.household is not None and kind is not None and kind.about == "person"


# ── save ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def save_scene(unit: Unit, state: State, decided: Sequence[Decided], vault: Vault) -> None:
    """Rows of records, then of the register, each table once."""
    rows = [row for one in decided for row in one.decision.rows]
    connection, now = unit.connection, unit.now
    if kept := _of(rows, RecordRow):
        await record.insert_records(connection, kept, vault, now)
    if links := _of(rows, LinkRow):
        await record.link(connection, _last_links(links))
    if refused := _of(rows, RejectionRow):
        await record.insert_rejections(connection, refused, now)
        await sent_file.keep_rejected_rows(connection, refused, vault, now)
    if repeats := _of(rows, RepeatRow):
        await record.insert_repeats(connection, repeats, now)
    if changed := [row for row in rows if isinstance(row, ParkedRow | UnparkedRow)]:
        await identity.save_parked(connection, changed, now)
    if homes := _of(rows, HomeRow):
        await _save_register(unit, state, rows, homes, vault)
    if woken := _of(rows, WakeRow):
        await identity.wake(connection, list({id_ for row in woken for id_ in row.awaited}))


async def _save_register(
    unit: Unit, state: State, rows: Sequence[Any], changed: Sequence[HomeRow], vault: Vault
) -> None:
    homes: dict[UUID, Home] = {row.household_id: state["home", row.household_id] for row in changed}
    told = _of(rows, PersonsRow)
    addresses = {row.household_id: row.form.address for row in told}
    await register.save_homes(unit.connection, list(homes.values()), addresses, vault, unit.now)
    if told:
        await register.save_persons(unit.connection, told, homes, vault)
    left = {id_ for row in _of(rows, LeftRow) for id_ in row.person_ids}
    if left := {id_ for id_ in left if state["person", id_].is_left}:
        await register.mark_left(unit.connection, list(left))
    if beside := {row.record_id for row in _of(rows, BesideRow)}:
        await register.save_beside(unit.connection, list(homes.values()), list(beside))
    if moved := {row.household_id for row in changed if row.has_moved}:
        await register.move_beside(unit.connection, [homes[id_] for id_ in moved])


def _last_links(links: Sequence[LinkRow]) -> list[LinkRow]:
    return list({(one.department, one.record_id, one.version): one for one in links}.values())


def _of(rows: Iterable[Any], kind: type[Row]) -> list[Row]:
    return [row for row in rows if isinstance(row, kind)]
