"""From a household's digest to a decision: judge it, hold the findings against what was said, say what is new. Pure."""

from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from services.screening.household import Digest, pack
from services.screening.judge import judge
from services.screening.lines import lines_on
from services.screening.warning import Because, Heard, Told, told
from shared.clock import civil_date
from shared.contracts.envelope import Event
from shared.messaging.room import Decision
from shared.policy import Policy


def judged(digest: Digest, home: str, event: Event, policy: Policy, now: datetime, heard: Heard = "data") -> Decision:
    """Judge a household after an event about it. `heard`: what kind of event that was."""
    today = day_of(now)
    found = judge(digest.facts, digest.known, policy, lines_on(policy.name, today), today)
    if not found and digest.spoken is None and not digest.clues:
        return _decision(home, Told(digest, "nothing"))
    known = digest.known
    because = Because(
        event_id=event.id,
        correlation_id=event.correlationid,
        household_id=UUID(home),
        region=known.region if known else event.region,
        grid=known.grid if known else event.grid,
        now=now,
        policy=policy.name,
        traceparent=event.traceparent,
    )
    return _decision(home, told(digest, found, because, heard))


def _decision(home: str, result: Told) -> Decision:
    return Decision(
        word=result.word,
        puts={("digest", home): result.digest},
        digests={home: pack(result.digest)},
        emits=(result.emit,) if result.emit else (),
        rows=(result.row,) if result.row else (),
    )


@lru_cache(maxsize=4)
def day_of(now: datetime) -> date:
    """A batch has one now."""
    return civil_date(now)
