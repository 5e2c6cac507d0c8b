"""From a household's digest to a decision: judge it, hold the findings against what was said, say what is new. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

import msgspec

from services.screening.household import Digest, Word, pack
from services.screening.judge import judge, sights_of
from services.screening.lines import Lines, lines_on
from services.screening.precheck import still_answered
from services.screening.recheck import Recheck
from services.screening.rules.finding import Measured
from services.screening.warning import Because, Heard, Row, Told, told
from shared.clock import civil_date
from shared.contracts.envelope import Event
from shared.messaging.room import Decision
from shared.policy import Policy


@dataclass(frozen=True, slots=True)
class NewDay:
    """A day on which nothing happened, in the words of an event. `cause_id`: the household's newest record, if any."""

    id: UUID
    cause_id: UUID | None
    time: datetime
    correlationid: UUID
    region: str
    grid: str | None
    traceparent: str | None = None


Cause = Event | NewDay


NO_WORDS: Mapping[str, Word] = {}


def judged(
    digest: Digest,
    home: str,
    cause: Cause,
    policy: Policy,
    now: datetime,
    heard: Heard = "data",
    words: Mapping[str, Word] = NO_WORDS,
) -> Decision:
    """Judge a household after an event about it, or on a new day. `heard`: what kind of event that was; `words`: how
    what still stands was told, where people have just closed its warning."""
    today = day_of(now)
    lines = lines_on(policy.name, today)
    if digest.answered:
        digest = msgspec.structs.replace(digest, answered=still_answered(digest, lines.cool_down, today))
    found, turns = judge(digest.facts, sights_of(digest.known, policy), lines, today)
    if not found and digest.spoken is None and not digest.clues:
        result = Told(digest, "nothing")
    else:
        result = told(digest, found, because_of(digest, home, cause, policy, lines, now, words), heard)
    return _decision(home, result, _recheck_on(result.digest, found, turns, lines), cause)


def because_of(
    digest: Digest,
    home: str,
    cause: Cause,
    policy: Policy,
    lines: Lines,
    now: datetime,
    words: Mapping[str, Word],
) -> Because:
    """What the pre-check and a warning go by, after this event."""
    known = digest.known
    return Because(
        event_id=cause.id,
        cause_id=cause.cause_id if isinstance(cause, NewDay) else cause.id,
        correlation_id=cause.correlationid,
        household_id=home,
        region=known.region if known else cause.region,
        grid=known.grid if known else cause.grid,
        event_at=cause.time,
        at=max(cause.time, digest.newest_at or cause.time),
        now=now,
        today=day_of(now),
        policy=policy.name,
        counted_over=lines.counted_over,
        cool_down=lines.cool_down,
        audit_share=lines.audit_share,
        traceparent=cause.traceparent,
        named_after=home if isinstance(cause, NewDay) else cause.partitionkey,
        words=words,
    )


def _recheck_on(digest: Digest, found: Sequence[Measured], turns: Sequence[date], lines: Lines) -> date | None:
    """The first day on which time alone may change the judgement: a rule's, a cool-down's end, a new value's."""
    days = [*turns]
    if digest.answered:
        days += (digest.answered[one.key].on + lines.cool_down for one in found if one.key in digest.answered)
    if lines.until is not None and digest.facts:
        days.append(lines.until)
    return min(days) if days else None


def _decision(home: str, result: Told, recheck_on: date | None, cause: Cause) -> Decision:
    digest = result.digest
    rows: tuple[Row | Recheck, ...] = result.rows
    if recheck_on != digest.recheck_on:
        known = digest.known
        digest = msgspec.structs.replace(digest, recheck_on=recheck_on)
        place = (known.region, known.grid) if known else (cause.region, cause.grid)
        rows = (*rows, Recheck(UUID(home), recheck_on, *place))
    return Decision(
        word=result.word,
        puts={("digest", home): digest},
        digests={home: pack(digest)},
        emits=result.emits,
        rows=rows,
    )


@lru_cache(maxsize=4)
def day_of(now: datetime) -> date:
    """A batch has one now."""
    return civil_date(now)
