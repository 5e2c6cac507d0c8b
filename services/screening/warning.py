"""The one open warning of a household: raised, strengthened, weakened, withdrawn, closed. Pure; its rows beside.

A repeat strengthens and is told, never dropped. What people have closed with their case does not speak again until it
says something else. A warning of which part was corrected away is told as weakened; without any cause it is withdrawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
import orjson

from services.screening.explain import explained, of_finding
from services.screening.household import Digest, Spoken
from services.screening.judge import RANK
from services.screening.rules.finding import Measured
from shared.contracts.envelope import event_id
from shared.contracts.types import Level
from shared.contracts.warning import Explanation, Finding, WarningState
from shared.messaging.room import Emit
from shared.postgres import queries

SQL = queries(__file__)

TYPE = "shouwang.warning.{}.v1"


@dataclass(frozen=True, slots=True)
class Because:
    """What led to a judgement: the event, its journey, and where the household lives."""

    event_id: UUID
    correlation_id: UUID
    household_id: UUID
    region: str
    grid: str | None
    now: datetime
    policy: str
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """A warning as its table holds it."""

    state: WarningState
    region: str
    grid: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What a judgement led to: the digest from now on, and what is said and written, if anything."""

    digest: Digest
    word: str
    emit: Emit | None = None
    row: Row | None = None


def told(digest: Digest, found: Sequence[Measured], because: Because) -> Told:
    """Hold new findings against what was last said."""
    speaking = [one for one in found if digest.spoken is not None or digest.answered.get(one.key) != one.value]
    spoken = digest.spoken
    if not speaking:
        return _withdrawn(digest, because) if spoken is not None else Told(digest, "nothing")
    if spoken is None:
        return _raised(digest, found, because)
    now = {one.key: one.value for one in found}
    concerns = tuple(dict.fromkeys(one.concern for one in found))
    new_concerns = tuple(one for one in concerns if one not in spoken.concerns)
    is_final = digest.known is None or not spoken.is_provisional
    if now == spoken.told and found[0].level == spoken.level and is_final:
        return Told(digest, "unchanged")
    kind = _direction(spoken, found, new_concerns, is_final)
    return _said(kind, digest, spoken, found, new_concerns, because)


def _direction(spoken: Spoken, found: Sequence[Measured], new_concerns: tuple[str, ...], is_final: bool) -> str:
    """More is strengthened, also when something else became less: nothing new is swallowed."""
    has_new = any(one.key not in spoken.told for one in found)
    is_higher = RANK[found[0].level] > RANK[spoken.level]
    has_more = any(_is_more(spoken.told.get(one.key), one.value) for one in found)
    return "strengthened" if new_concerns or has_new or is_higher or has_more or not is_final else "weakened"


def _is_more(before: str | None, value: str) -> bool:
    if before is None:
        return True
    try:
        return float(value) > float(before)
    except ValueError:
        return value != before


def _raised(digest: Digest, found: Sequence[Measured], because: Because) -> Told:
    ordinal = digest.raised + 1
    warning_id = event_id(str(because.household_id), "warning", ordinal)
    spoken = Spoken(str(warning_id), "", False, (), {}, because.now, str(because.correlation_id))
    digest = msgspec.structs.replace(digest, raised=ordinal, answered={})
    concerns = tuple(dict.fromkeys(one.concern for one in found))
    return _said("raised", digest, spoken, found, concerns, because)


def _said(
    kind: str,
    digest: Digest,
    spoken: Spoken,
    found: Sequence[Measured],
    new_concerns: tuple[str, ...],
    because: Because,
) -> Told:
    spoken = msgspec.structs.replace(
        spoken,
        level=found[0].level,
        is_provisional=digest.known is None,
        concerns=tuple(dict.fromkeys(one.concern for one in found)),
        told={one.key: one.value for one in found},
    )
    digest = msgspec.structs.replace(digest, spoken=spoken)
    state = _state(digest, spoken, found, new_concerns, because)
    return Told(
        digest, kind, _emit(kind, state, spoken, because), Row(state, because.region, because.grid, because.now)
    )


def _withdrawn(digest: Digest, because: Because) -> Told:
    spoken = digest.spoken
    assert spoken is not None
    digest = msgspec.structs.replace(digest, spoken=None)
    state = _state(digest, spoken, (), (), because).model_copy(update={"state": "withdrawn"})
    return Told(
        digest,
        "withdrawn",
        _emit("withdrawn", state, spoken, because),
        Row(state, because.region, because.grid, because.now),
    )


def closed(digest: Digest, warning_id: UUID) -> Digest | None:
    """The digest after people closed the case of its open warning; None when it is not that one."""
    spoken = digest.spoken
    if spoken is None or spoken.warning_id != str(warning_id):
        return None
    return msgspec.structs.replace(digest, spoken=None, answered=spoken.told)


def _state(
    digest: Digest, spoken: Spoken, found: Sequence[Measured], new_concerns: tuple[str, ...], because: Because
) -> WarningState:
    level: Level = spoken.level  # type: ignore[assignment]
    return WarningState(
        warning_id=UUID(spoken.warning_id),
        household_id=because.household_id,
        household_no=digest.known.household_no if digest.known else None,
        state="open",
        cause="finding",
        level=level,
        provisional=spoken.is_provisional,
        policy=because.policy,
        raised_at=spoken.raised_at,
        clock_started_at=spoken.raised_at,
        concerns=spoken.concerns,
        new_concerns=new_concerns,
        findings=tuple(_finding(spoken.warning_id, one) for one in found),
        explanation=explained(found) if found else WITHDRAWN,
    )


WITHDRAWN = Explanation.model_validate(
    {
        "exact": {
            "zh": "预警依据的部门记录已更正或撤回。",
            "en": "The records behind this warning were corrected or withdrawn.",
        },
        "band": {
            "zh": "预警依据的部门记录已更正或撤回。",
            "en": "The records behind this warning were corrected or withdrawn.",
        },
    }
)


def _finding(warning_id: str, one: Measured) -> Finding:
    return Finding(
        finding_id=event_id(warning_id, "finding", one.key),
        rule=one.rule,
        department=one.department,
        concern=one.concern,
        level=one.level,
        value=one.value,
        threshold=one.threshold,
        unit=one.unit,
        threshold_verified=one.is_verified,
        occurred_on=one.occurred_on,
        record_ids=one.record_ids,
        explanation=of_finding(one),
    )


def _emit(kind: str, state: WarningState, spoken: Spoken, because: Because) -> Emit:
    type_ = TYPE.format(kind)
    return Emit(
        "warning.raised", type_, str(because.household_id), event_id(str(because.event_id), type_, state.warning_id),
        because.region, state, correlation_id=UUID(spoken.correlation_id), causation_id=because.event_id,
        grid=because.grid, traceparent=because.traceparent,
    )  # fmt: skip


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def write(connection: asyncpg.Connection, rows: Sequence[Row]) -> None:
    """The newest word of each warning, in one statement."""
    newest = list({row.state.warning_id: row for row in rows}.values())
    if newest:
        await connection.execute(
            SQL.write,
            [row.state.warning_id for row in newest],
            [row.state.household_id for row in newest],
            [row.state.household_no for row in newest],
            [row.state.state for row in newest],
            [row.state.level for row in newest],
            [row.state.provisional for row in newest],
            [orjson.dumps(row.state.model_dump(mode="json")).decode() for row in newest],
            [row.state.raised_at for row in newest],
            [row.changed_at for row in newest],
            [row.region for row in newest],
            [row.grid for row in newest],
        )
