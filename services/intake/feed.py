"""Feeds: what each department sends, how late, and whether it has fallen silent. Method 3.

Every transaction adds what it did to counters of its day, in one statement; a page reads those, never the records. A
row is one department, channel, county and day, in as many parts as transactions work at once, so that none of them
waits for another one's commit.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg

from services.intake.departments import KINDS
from services.intake.record import EVERYWHERE_REGION, Origin, RecordRow, Refused, Sent
from shared.access.tokens import Caller
from shared.clock import civil_date
from shared.contracts.topics import department_topic
from shared.messaging.room import Decided
from shared.policy import Policy
from shared.postgres import queries, session

SQL = queries(__file__)

OUTCOMES = ("accepted", "duplicates", "rejected", "parked")
COUNTS = (*OUTCOMES, "late", "unknown")
"""`late` and `unknown` are among the accepted and the parked, not beside them."""
NOBODY_KNOWN = frozenset({"unknown_person", "unknown_household", "no_number"})
_WORD = {"accepted": "accepted", "duplicate": "duplicates", "rejected": "rejected", "parked": "parked"}
CHANNELS = ("http", "kafka", "file")
COUNTY_DIGITS = 6


@dataclass(slots=True)
class Added:
    """What one transaction adds to the day of a department, channel and county."""

    counts: Counter[str] = field(default_factory=Counter)
    newest: date | None = None
    """The youngest event's day."""


Name = tuple[str, str, str]
"""Department, channel, county."""


def period(policy: Policy, department: str, on: date) -> timedelta:
    """In what rhythm a department sends."""
    try:
        found = policy.value(f"feed.period.{department}", on)
    except LookupError:
        found = policy.value("feed.period", on)
    return timedelta(days=int(found.value))


def added(decided: Iterable[Decided], today: date, policy: Policy) -> dict[Name, Added]:
    """Pure: what these decisions add, by department, channel and county, in the order in which rows are taken."""
    found: dict[Name, Added] = {}
    rhythms: dict[str, timedelta] = {}
    for one in decided:
        body: Sent | Refused = one.input.body
        name = (body.department, body.origin.channel, county_of(body.origin, one.decision.rows))
        sums = found.setdefault(name, Added())
        sums.counts[_WORD[one.decision.outcome]] += 1
        if isinstance(body, Sent) and one.decision.outcome in ("accepted", "parked"):
            if body.department not in rhythms:
                rhythms[body.department] = period(policy, body.department, today)
            sums.counts["late"] += is_late(body, today, rhythms[body.department])
            sums.counts["unknown"] += one.decision.outcome == "parked" and one.decision.word in NOBODY_KNOWN
            if body.occurred_on is not None:
                sums.newest = max(sums.newest or body.occurred_on, body.occurred_on)
    return dict(sorted(found.items()))


def is_late(sent: Sent, today: date, rhythm: timedelta) -> bool:
    """Whether its event is further back than its department's rhythm: it should have come the time before. A correction
    is as old as what it corrects, and the register tells a state, not an event: neither is late."""
    if sent.occurred_on is None or sent.version > 1 or sent.about == "register":
        return False
    return today - sent.occurred_on > rhythm


def county_of(origin: Origin, rows: Sequence[Any]) -> str:
    """The county that sent it; of a sender that tells none, where the record lies."""
    if len(origin.county) >= COUNTY_DIGITS:
        return origin.county[:COUNTY_DIGITS].ljust(12, "0")
    lies = next((row.region for row in rows if isinstance(row, RecordRow)), "")
    is_told = lies not in ("", EVERYWHERE_REGION)
    return lies[:COUNTY_DIGITS].ljust(12, "0") if is_told else origin.region


async def add(connection: asyncpg.Connection, decided: Sequence[Decided], now: datetime, policy: Policy) -> None:
    """In the transaction of the records themselves."""
    today = civil_date(now)
    found = added(decided, today, policy)
    if found:
        await connection.execute(
            SQL.add,
            [name[0] for name in found],
            [name[1] for name in found],
            [name[2] for name in found],
            *([one.counts[count] for one in found.values()] for count in COUNTS),
            [one.newest for one in found.values()],
            today,
            now,
        )


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Sums:
    """What the database knows of all feeds in a place, each by department."""

    days: Sequence[Mapping[str, Any]]
    """By department and channel, since the asked day."""
    lasts: Mapping[str, Mapping[str, Any]]
    parked: Mapping[str, Mapping[str, Any]]
    batches: Mapping[str, Mapping[str, Any]]
    topics: Mapping[str, Mapping[str, Any]]
    """What the topics' readers hold back, of whichever county, and what a person skipped."""
    now: datetime


async def read_sums(pool: asyncpg.Pool, caller: Caller, since: date | None) -> Sums:
    """One moment of a caller's counties, and of what came over a topic without telling its county."""
    place = (caller.region_from, caller.region_to)
    async with session(pool) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        return Sums(
            [dict(row) for row in await connection.fetch(SQL.days, since, *place, EVERYWHERE_REGION)],
            {row["department"]: dict(row) for row in await connection.fetch(SQL.lasts, *place, EVERYWHERE_REGION)},
            {row["department"]: dict(row) for row in await connection.fetch(SQL.parked, *place)},
            {row["department"]: dict(row) for row in await connection.fetch(SQL.batches, *place)},
            {row["topic"]: dict(row) for row in await connection.fetch(SQL.topics, since is None)},
            await connection.fetchval(SQL.now),
        )


def accounts(sums: Sums, caller: Caller, policy: Policy) -> list[dict[str, Any]]:
    """Pure: each feed's account. A department hears of its own alone."""
    return [_feed(code, sums, policy) for code in KINDS if caller.department in (None, code)]


def _feed(code: str, sums: Sums, policy: Policy) -> dict[str, Any]:
    by_channel = {row["channel"]: row for row in sums.days if row["department"] == code}
    last, parked, batch = (one.get(code) for one in (sums.lasts, sums.parked, sums.batches))
    topic = sums.topics.get(department_topic(code))
    held = (int(topic["waiting"]), int(topic["skipped"])) if topic else (0, 0)
    channels = {name: _counts(by_channel.get(name), *(held if name == "kafka" else (0, 0))) for name in CHANNELS}
    whole = {name: sum(one[name] for one in channels.values()) for name in ("received", *COUNTS, "waiting")}
    today, last_at = civil_date(sums.now), last["last_at"] if last else None
    rhythm, times = period(policy, code, today), policy.value("feed.silent", today)
    return {
        "department": code,
        **channels,
        "http": channels["http"] | {"batches": int(batch["number"]) if batch else 0},
        "kafka": channels["kafka"] | {"lost": int(topic["lost"]) if topic else 0},
        "total": whole,
        "is_equal": whole["received"] == sum(whole[name] for name in (*OUTCOMES, "waiting")),
        "parked_now": int(parked["number"]) if parked else 0,
        "unknown_now": int(parked["unknown"]) if parked else 0,
        "oldest_parked_at": parked["oldest"] if parked else None,
        "last_batch_at": batch["last"] if batch else None,
        "last_at": last_at,
        "last_occurred_on": last["last_occurred_on"] if last else None,
        "period_days": rhythm.days,
        "silent_after_days": float(rhythm.days * times.value),
        "is_verified": times.verified,
        "state": flow_of(last_at, sums.now, rhythm, times.value),
    }


def flow_of(last_at: datetime | None, now: datetime, rhythm: timedelta, times: Decimal) -> str:
    """Whether a feed flows, is silent for so many times its period, or has never said anything."""
    if last_at is None:
        return "never"
    return "silent" if now - last_at > rhythm * float(times) else "flowing"


def _counts(row: Mapping[str, Any] | None, waiting: int, skipped: int) -> dict[str, int]:
    """What a person skipped was refused by a person."""
    counts = {name: int(row[name]) if row else 0 for name in COUNTS}
    counts["rejected"] += skipped
    return {"received": sum(counts[name] for name in OUTCOMES) + waiting, **counts, "waiting": waiting}
