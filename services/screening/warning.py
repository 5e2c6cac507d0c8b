"""The one open warning of a household: raised, strengthened, weakened, withdrawn, closed. Pure; its rows beside.

A repeat strengthens and is told, never dropped; what was reported holds the warning whatever the records say. What
people have closed with their case does not speak again until it says something else. A warning of which part was
corrected or taken back is told as weakened; without any cause it is withdrawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg
import msgspec
import orjson

from services.screening.clue import Said, said
from services.screening.explain import explained, of_finding, withdrawn_because
from services.screening.household import Digest, Spoken
from services.screening.precheck import is_new_risk
from services.screening.rules.finding import RANK, Measured
from shared.contracts.envelope import event_id
from shared.contracts.types import Level
from shared.contracts.warning import Explanation, Finding, WarningState
from shared.messaging.room import Emit
from shared.postgres import queries

SQL = queries(__file__)

TYPE = "shouwang.warning.{}.v1"

Heard = Literal["data", "reported", "withdrawn"]
"""What led to a judgement: something true of the household, a report of somebody, or the withdrawal of one."""


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


@dataclass(frozen=True, slots=True)
class Held:
    """What holds a warning: the rules' findings, the gravest first, and what people reported."""

    found: Sequence[Measured]
    said: Said | None

    @property
    def level(self) -> Level:
        if self.said is None:
            return self.found[0].level
        if self.found and RANK[self.found[0].level] > RANK[self.said.level]:
            return self.found[0].level
        return self.said.level

    @property
    def concerns(self) -> tuple[str, ...]:
        reported = self.said.concerns if self.said is not None else ()
        return tuple(dict.fromkeys((*reported, *(one.concern for one in self.found))))


def told(digest: Digest, found: Sequence[Measured], because: Because, heard: Heard = "data") -> Told:
    """Hold new findings and reports against what was last said."""
    if digest.answered and all(digest.answered.get(one.key) == one.value for one in found):
        found = ()
    spoken = digest.spoken
    if not found and not digest.clues:
        return _withdrawn(digest, because, heard) if spoken is not None else Told(digest, "nothing")
    held = Held(found, said(digest.clues) if digest.clues else None)
    if spoken is None:
        return _raised(digest, held, because)
    now = {one.key: one.value for one in found}
    new_concerns = tuple(one for one in held.concerns if one not in spoken.concerns)
    is_final = digest.known is None or not spoken.is_provisional
    if heard == "data" and now == spoken.told and held.level == spoken.level and is_final:
        return Told(digest, "unchanged", row=_row_of_reports(digest, spoken, held, because))
    kind = "strengthened" if heard == "reported" else _direction(spoken, held, new_concerns, is_final)
    return _said(kind, digest, spoken, held, new_concerns, because)


def _direction(spoken: Spoken, held: Held, new_concerns: tuple[str, ...], is_final: bool) -> str:
    """More is strengthened, also when something else became less: nothing new is swallowed."""
    has_new = any(one.key not in spoken.told for one in held.found)
    is_higher = RANK[held.level] > RANK[spoken.level]
    has_more = any(_is_more(spoken.told.get(one.key), one.value) for one in held.found)
    return "strengthened" if new_concerns or has_new or is_higher or has_more or not is_final else "weakened"


def _is_more(before: str | None, value: str) -> bool:
    if before is None:
        return True
    try:
        return float(value) > float(before)
    except ValueError:
        return value != before


def _raised(digest: Digest, held: Held, because: Because) -> Told:
    ordinal = digest.raised + 1
    warning_id = event_id(str(because.household_id), "warning", ordinal)
    spoken = Spoken(str(warning_id), "", False, (), {}, because.now, str(because.correlation_id))
    digest = msgspec.structs.replace(digest, raised=ordinal)
    return _said("raised", digest, spoken, held, held.concerns, because)


def _said(
    kind: str,
    digest: Digest,
    spoken: Spoken,
    held: Held,
    new_concerns: tuple[str, ...],
    because: Because,
) -> Told:
    """What people once answered speaks again together with any new finding, not for a report alone."""
    spoken = msgspec.structs.replace(
        spoken,
        level=held.level,
        is_provisional=digest.known is None and bool(held.found),
        concerns=held.concerns,
        told={one.key: one.value for one in held.found},
        cause=held.said.cause if held.said is not None else "finding",
        clock_at=held.said.clock_at if held.said is not None else None,
    )
    digest = msgspec.structs.replace(digest, spoken=spoken, answered={} if held.found else digest.answered)
    state = _state_of(digest, spoken, held, new_concerns, because)
    return Told(
        digest, kind, _emit(kind, state, spoken, because), Row(state, because.region, because.grid, because.now)
    )


def _row_of_reports(digest: Digest, spoken: Spoken, held: Held, because: Because) -> Row | None:
    """A report is judged by nobody, so the register's word about its household changes nothing but the number."""
    if held.said is None or digest.known is None:
        return None
    return Row(_state_of(digest, spoken, held, (), because), because.region, because.grid, because.now)


def _state_of(
    digest: Digest, spoken: Spoken, held: Held, new_concerns: tuple[str, ...], because: Because
) -> WarningState:
    explanation = explained(held.found, held.said, is_new_risk(digest.known))
    return _state(digest, spoken, held.found, new_concerns, explanation, because)


def _withdrawn(digest: Digest, because: Because, heard: Heard) -> Told:
    spoken = digest.spoken
    assert spoken is not None
    digest = msgspec.structs.replace(digest, spoken=None)
    state = _state(digest, spoken, (), (), withdrawn_because(heard == "withdrawn"), because).model_copy(
        update={"state": "withdrawn"}
    )
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
    return msgspec.structs.replace(digest, spoken=None, answered=digest.answered | spoken.told, clues=())


def _state(
    digest: Digest,
    spoken: Spoken,
    found: Sequence[Measured],
    new_concerns: tuple[str, ...],
    explanation: Explanation,
    because: Because,
) -> WarningState:
    return WarningState(
        warning_id=UUID(spoken.warning_id),
        household_id=because.household_id,
        household_no=digest.known.household_no if digest.known else None,
        state="open",
        cause=spoken.cause,
        level=spoken.level,
        is_green=any(one.is_green for one in digest.clues),
        provisional=spoken.is_provisional,
        policy=because.policy,
        raised_at=spoken.raised_at,
        clock_started_at=spoken.clock_at or spoken.raised_at,
        concerns=spoken.concerns,
        new_concerns=new_concerns,
        findings=tuple(_finding(spoken.warning_id, one) for one in found),
        explanation=explanation,
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
