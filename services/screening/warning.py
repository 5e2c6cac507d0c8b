"""The one open warning of a household: raised, strengthened, weakened, suppressed, withdrawn, closed. Pure; its rows
beside.

A repeat strengthens and is told, never dropped; what was reported holds the warning whatever the records say. Where the
pre-check holds back all that was found, the warning is suppressed, with its reason and the day on which it would speak.
A warning of which part was corrected or taken back is told as weakened; without any cause it is withdrawn.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID
from zlib import crc32

import asyncpg
import msgspec

from services.screening.clue import Said, said
from services.screening.explain import MERGED, explained, of_finding, of_reports, silent_if, withdrawn_because
from services.screening.household import Answered, Digest, Spoken, Word
from services.screening.precheck import Hold, first_of, holds_of, is_more, is_new, is_new_risk, says, word_of
from services.screening.rules.finding import RANK, Measured
from shared.clock import civil_date
from shared.contracts.envelope import event_id
from shared.contracts.types import Level
from shared.contracts.warning import Counterfactual, Explanation, Finding, Suppression, WarningState
from shared.messaging.room import Emit
from shared.postgres import queries

SQL = queries(__file__)

TYPE = "shouwang.warning.{}.v1"

Heard = Literal["data", "reported", "withdrawn"]
"""What led to a judgement: something true of the household, a report of somebody, or the withdrawal of one."""


class Because(msgspec.Struct, frozen=True):
    """What led to a judgement: the event (for time alone: the day), what caused it and when that was, its journey,
    where the household lives; and what the pre-check goes by on that day.

    `at` is not before any record of the household was known. `named_after`: the key it was told under, which names a
    warning that begins with it; `words`: how what still stands was told before people closed it.
    """

    event_id: UUID
    cause_id: UUID | None
    correlation_id: UUID
    household_id: str
    region: str
    grid: str | None
    event_at: datetime
    at: datetime
    now: datetime
    today: date
    policy: str
    counted_over: timedelta
    cool_down: timedelta
    audit_share: Decimal
    traceparent: str | None
    named_after: str
    words: Mapping[str, Word]


class Row(msgspec.Struct, frozen=True):
    """A warning as its table holds it."""

    state: WarningState
    region: str
    grid: str | None
    changed_at: datetime


class Told(msgspec.Struct, frozen=True):
    """What a judgement led to: the digest from now on, and what is said and written, if anything."""

    digest: Digest
    word: str
    emits: tuple[Emit, ...] = ()
    rows: tuple[Row, ...] = ()


class Held(msgspec.Struct, frozen=True):
    """What holds a warning: the rules' findings, the gravest first, and what people reported; the level and the
    concerns that come of them."""

    found: Sequence[Measured]
    said: Said | None
    level: Level
    concerns: tuple[str, ...]


def held_by(found: Sequence[Measured], reported: Said | None) -> Held:
    """At least one of both."""
    concerns = [one.concern for one in found]
    if reported is None:
        return Held(found, None, found[0].level, tuple(dict.fromkeys(concerns)))
    levels = reported.level, *(one.level for one in found[:1])
    return Held(
        found, reported, max(levels, key=RANK.__getitem__), tuple(dict.fromkeys((*reported.concerns, *concerns)))
    )


def told(digest: Digest, found: Sequence[Measured], because: Because, heard: Heard = "data") -> Told:
    """Hold new findings and reports against what was last said."""
    since = because.event_at if heard == "reported" else because.at
    if digest.ended and digest.closed and heard == "data":
        digest = _answered_by_then(digest, found, because)
    first = _told(digest, found, because, heard)
    spoken = first.digest.spoken
    if first.word == "withdrawn" and found and spoken is None:
        return _joined(first, _told(first.digest, found, because, "data"))
    if first.digest.ended and spoken is not None and spoken.hold is None:
        at = _ended_at(first.digest, spoken, since, because)
        if at is not None:
            return _ended_before(first, digest.spoken, at, found, because)
    return first


def _joined(first: Told, then: Told) -> Told:
    return msgspec.structs.replace(
        then, word=first.word, emits=(*first.emits, *then.emits), rows=(*first.rows, *then.rows)
    )


def _ended_at(digest: Digest, spoken: Spoken, since: datetime, because: Because) -> datetime | None:
    """When people closed this warning, or a later one of the household that is not raised here yet: what led to it
    happened before. So it is when the topics are read again, and the closings came first."""
    if spoken.warning_id in digest.ended:
        return digest.ended[spoken.warning_id]
    last = _last_ended(digest, because)
    return last if last is not None and since <= last else None


def _last_ended(digest: Digest, because: Because) -> datetime | None:
    ours = {str(warning_named(because.household_id, ordinal)) for ordinal in range(1, digest.closed + ENDED_MAX + 1)}
    return max((at for id_, at in digest.ended.items() if id_ in ours), default=None)


def _answered_by_then(digest: Digest, found: Sequence[Measured], because: Because) -> Digest:
    """Read again, what happened before the last closing leads on to what people then answered: this, and no more."""
    last = _last_ended(digest, because)
    if last is None or because.at > last:
        return digest
    day, words = civil_date(last), {}
    for one in found:
        before = digest.answered.get(one.key)
        if before is None or before.on >= day or is_new(before, one):
            words[one.key] = Answered(word_of(one, None, because.at), day)
    earlier = {key: one for key, one in digest.answered.items() if one.on < day}
    return msgspec.structs.replace(digest, answered={**earlier, **words})


ENDED_MAX = 4
"""So many closings are kept that came before their warning; the oldest goes."""


def _ended_before(
    first: Told, before: Spoken | None, at: datetime, found: Sequence[Measured], because: Because
) -> Told:
    """People closed this warning before it was raised here: nobody is told of it again. What came late of a warning
    that is closed here already was answered with it."""
    spoken = first.digest.spoken
    assert spoken is not None
    digest, rows = closed(first.digest, spoken, at), first.rows
    because = msgspec.structs.replace(because, words={**because.words, **spoken.told})
    if spoken.warning_id not in first.digest.ended:
        return _told(msgspec.structs.replace(digest, spoken=before, closed=first.digest.closed), found, because, "data")
    then = told(digest, found, because)
    rows = tuple(msgspec.structs.replace(row, state=row.state.model_copy(update={"state": "closed"})) for row in rows)
    return msgspec.structs.replace(
        then, word="ended_before" if then.word == "nothing" else then.word, rows=(*rows, *then.rows)
    )


def remembered(digest: Digest, warning_id: UUID, at: datetime) -> Digest:
    """With the closing of a warning that was not raised here yet."""
    newest = sorted({**digest.ended, str(warning_id): at}.items(), key=lambda one: one[1])[-ENDED_MAX:]
    return msgspec.structs.replace(digest, ended=dict(newest))


def _told(digest: Digest, found: Sequence[Measured], because: Because, heard: Heard) -> Told:
    holds = holds_of(found, digest, because.cool_down, because.today) if digest.answered or _is_removed(digest) else {}
    spoken = digest.spoken
    if holds:
        if not digest.clues:
            return _only_answered(digest, found, holds, because, heard)
        found = ()
    if not found and not digest.clues:
        return _withdrawn(digest, because, heard) if spoken is not None else Told(digest, "nothing")
    held = held_by(found, said(digest.clues) if digest.clues else None)
    if spoken is None or spoken.hold is not None:
        return _raised(digest, held, because)
    return _told_again(digest, spoken, held, because, heard)


def _only_answered(
    digest: Digest, found: Sequence[Measured], holds: Mapping[str, Hold], because: Because, heard: Heard
) -> Told:
    """What made an open warning speak is gone, and what people have answered before is left: that stays answered."""
    if digest.spoken is None or digest.spoken.hold is not None:
        return _suppressed(digest, found, holds, because)
    first = _withdrawn(digest, because, heard)
    return _joined(first, _suppressed(first.digest, found, holds, because))


def _is_removed(digest: Digest) -> bool:
    return digest.known is not None and digest.known.is_removed


def _told_again(digest: Digest, spoken: Spoken, held: Held, because: Because, heard: Heard) -> Told:
    new_concerns = tuple(one for one in held.concerns if one not in spoken.concerns)
    is_final = digest.known is None or not spoken.is_provisional
    if heard == "data" and _is_as_told(spoken, held) and is_final:
        return _unchanged(digest, spoken, held, because)
    kind = "strengthened" if heard == "reported" else _direction(spoken, held, new_concerns, is_final)
    return _said(kind, digest, spoken, held, new_concerns, because)


def _unchanged(digest: Digest, spoken: Spoken, held: Held, because: Because) -> Told:
    """Nobody is told again; but where its row would read otherwise by now (an income became known, the household moved,
    a sum is of other records, a finding is graver under a report that is graver still) it is written anew."""
    reads = _reads(digest, held, because)
    if reads == spoken.reads:
        return Told(digest, "unchanged")
    spoken = msgspec.structs.replace(spoken, reads=reads, told=_words(spoken, held.found, because))
    digest = msgspec.structs.replace(digest, spoken=spoken)
    state = _state_of(digest, spoken, held, (), because)
    return Told(digest, "unchanged", rows=(Row(state, because.region, because.grid, because.now),))


def _reads(digest: Digest, held: Held, because: Because) -> int:
    """A mark of what a warning's row says beyond its values: of the same mark and values it need not be written."""
    found = [
        (one.key, one.level, one.words, one.occurred_on, one.records, one.record_ids, one.threshold, one.line)
        for one in held.found
    ]
    number = digest.known.household_no if digest.known else None
    place = number, because.region, because.grid, because.policy
    return crc32(msgspec.msgpack.encode((found, held.said, is_new_risk(digest.known), place)))


def _is_as_told(spoken: Spoken, held: Held) -> bool:
    now = {one.key: one.value for one in held.found}
    return held.level == spoken.level and now == {key: word.value for key, word in spoken.told.items()}


def _direction(spoken: Spoken, held: Held, new_concerns: tuple[str, ...], is_final: bool) -> str:
    """More is strengthened, also when something else became less: nothing new is swallowed."""
    is_higher = RANK[held.level] > RANK[spoken.level]
    has_more = any(
        (before := spoken.told.get(one.key)) is None or is_more(before.value, one.value) for one in held.found
    )
    return "strengthened" if new_concerns or is_higher or has_more or not is_final else "weakened"


def _raised(digest: Digest, held: Held, because: Because) -> Told:
    """A new warning, or the suppressed one, which speaks from now on."""
    spoken = _begun(digest, because)
    digest = msgspec.structs.replace(digest, raised=digest.closed + 1)
    spoken = msgspec.structs.replace(
        spoken, hold=None, speaks_on=None, raised_at=because.now, correlation_id=str(because.correlation_id)
    )
    return _said("raised", digest, spoken, held, held.concerns, because)


def _begun(digest: Digest, because: Because) -> Spoken:
    if digest.spoken is not None:
        return digest.spoken
    id_ = str(warning_named(because.named_after, digest.closed + 1))
    return Spoken(id_, "", False, (), {}, because.now, str(because.correlation_id))


def warning_named(household_id: UUID | str, ordinal: int) -> UUID:
    """A household's first warning, and the one after as many as people have closed."""
    return event_id(str(household_id), "warning", ordinal)


def _suppressed(digest: Digest, found: Sequence[Measured], holds: Mapping[str, Hold], because: Because) -> Told:
    """All that was found is held back: a row with its reason, a fact that nobody acts on."""
    before, hold, held = digest.spoken, first_of(holds), held_by(found, None)
    spoken = _begun(digest, because)
    is_held_alike = before is not None and (before.hold, before.speaks_on) == (hold.reason, hold.until)
    is_told = before is not None and is_held_alike and _is_as_told(before, held)
    reads = _reads(digest, held, because)
    if is_told and reads == spoken.reads:
        return Told(digest, "still_suppressed")
    spoken = msgspec.structs.replace(
        spoken,
        level=held.level,
        is_provisional=digest.known is None,
        concerns=held.concerns,
        told=_words(spoken, found, because),
        hold=hold.reason,
        speaks_on=hold.until,
        reads=reads,
    )
    digest = msgspec.structs.replace(digest, spoken=spoken)
    suppression = Suppression(
        reason=hold.reason,
        speaks_again_on=hold.until,
        for_audit=is_for_audit(spoken.warning_id, because.audit_share),
        words=says(hold, because.cool_down),
    )
    state = _state_of(digest, spoken, held, (), because).model_copy(
        update={"state": "suppressed", "suppression": suppression}
    )
    if is_told:
        return Told(digest, "still_suppressed", rows=(Row(state, because.region, because.grid, because.now),))
    return _as_told("suppressed", digest, state, spoken, because)


def is_for_audit(warning_id: str, share: Decimal) -> bool:
    """A sample without chance: the same warnings of the same household, whoever counts."""
    return int(warning_id[-8:], 16) < share * 2**32


def _words(spoken: Spoken, found: Sequence[Measured], because: Because) -> dict[str, Word]:
    before = {**because.words, **spoken.told}
    return {one.key: word_of(one, before.get(one.key), because.at) for one in found}


def _said(
    kind: str,
    digest: Digest,
    spoken: Spoken,
    held: Held,
    new_concerns: tuple[str, ...],
    because: Because,
) -> Told:
    """What people once answered is told again together with any new finding, not for a report alone."""
    spoken = msgspec.structs.replace(
        spoken,
        level=held.level,
        is_provisional=digest.known is None and bool(held.found),
        concerns=held.concerns,
        told=_words(spoken, held.found, because),
        cause=held.said.cause if held.said is not None else "finding",
        clock_at=held.said.clock_at if held.said is not None else None,
        reads=_reads(digest, held, because),
    )
    digest = msgspec.structs.replace(digest, spoken=spoken)
    state = _state_of(digest, spoken, held, new_concerns, because)
    return _as_told(kind, digest, state, spoken, because)


def _as_told(kind: str, digest: Digest, state: WarningState, spoken: Spoken, because: Because) -> Told:
    row = Row(state, because.region, because.grid, because.now)
    return Told(digest, kind, (_emit(kind, state, spoken, because),), (row,))


def _state_of(
    digest: Digest, spoken: Spoken, held: Held, new_concerns: tuple[str, ...], because: Because
) -> WarningState:
    says = [of_finding(one) for one in held.found]
    first = zip(held.found[:FINDINGS_TOLD], says[:FINDINGS_TOLD], strict=True)
    findings = [_finding(spoken.warning_id, one, why) for one, why in first]
    reports = of_reports(held.said, because.counted_over) if held.said is not None else ()
    explanation = explained(says, reports, is_new_risk(digest.known))
    return _state(digest, spoken, findings, new_concerns, explanation, because)


def _withdrawn(digest: Digest, because: Because, heard: Heard) -> Told:
    spoken = digest.spoken
    assert spoken is not None
    digest = msgspec.structs.replace(digest, spoken=None)
    state = _state(digest, spoken, (), (), withdrawn_because(heard == "withdrawn"), because).model_copy(
        update={"state": "withdrawn"}
    )
    return _as_told("withdrawn", digest, state, spoken, because)


def taken_up(digest: Digest, spoken: Spoken, because: Because) -> Told:
    """A warning of one of two households that are merged, whose causes the other's warning says from now on."""
    state = _state(digest, spoken, (), (), MERGED, because).model_copy(update={"state": "withdrawn"})
    return _as_told("withdrawn", digest, state, spoken, because)


def number_of(digest: Digest, household_id: UUID, warning_id: UUID) -> int | None:
    """Which of this household's warnings it is, up to the one that is raised, or would be next; None: none of them."""
    numbers = range(1, digest.closed + 2)
    return next((one for one in numbers if warning_named(household_id, one) == warning_id), None)


def closed(digest: Digest, spoken: Spoken, at: datetime) -> Digest:
    """The digest after people closed the case of its warning at this moment. They have answered what had been told by
    then; what became so later, or was reported later, is still to be told."""
    answered = {key: Answered(word, civil_date(at)) for key, word in spoken.told.items() if word.at <= at}
    return msgspec.structs.replace(
        digest,
        spoken=None,
        closed=digest.closed + 1,
        answered={**digest.answered, **answered},
        clues=tuple(one for one in digest.clues if one.last_at > at),
    )


def _state(
    digest: Digest,
    spoken: Spoken,
    findings: Sequence[Finding],
    new_concerns: tuple[str, ...],
    explanation: Explanation,
    because: Because,
) -> WarningState:
    return WarningState(
        warning_id=spoken.warning_id,
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
        findings=tuple(findings),
        explanation=explanation,
    )


FINDINGS_TOLD = 100
"""So many findings a warning tells, the gravest; the explanation says how many more. An event holds some 190."""


def _finding(warning_id: str, one: Measured, why: Explanation) -> Finding:
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
        records=one.records,
        explanation=why,
        threshold_since=one.line.valid_from,
        threshold_source=one.line.source,
        unless=_unless(one),
    )


def _unless(one: Measured) -> Counterfactual:
    change = one.unless
    return Counterfactual(
        record_id=change.record_id,
        field=change.field,
        comparison=change.comparison,
        value=change.value,
        unit=change.unit,
        by=change.by,
        words=silent_if(one),
    )


def _emit(kind: str, state: WarningState, spoken: Spoken, because: Because) -> Emit:
    type_ = TYPE.format(kind)
    return Emit(
        "warning.raised", type_, because.household_id, event_id(str(because.event_id), type_, spoken.warning_id),
        because.region, state, correlation_id=UUID(spoken.correlation_id), causation_id=because.cause_id,
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
            [row.state.model_dump_json() for row in newest],
            [row.state.raised_at for row in newest],
            [row.changed_at for row in newest],
            [row.region for row in newest],
            [row.grid for row in newest],
            [row.state.suppression is not None and row.state.suppression.for_audit for row in newest],
        )
