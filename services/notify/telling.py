"""Telling: an occasion finds its people, its words and its carrier, or is kept and tried again. Pure.

Nobody is told twice of the same step, whatever comes again; what has no audience is kept (people's needs A10).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.notify.audience import audience_of, is_stand_in
from services.notify.carriers import CARRIERS, FIRST
from services.notify.notice import Notice, drafted, emitted, notice_id
from services.notify.occasion import CLOSED, Occasion
from services.notify.post import Post
from services.notify.wording import Names, group_name
from shared.clock import civil_date
from shared.messaging.room import Decision, Emit

NO_AUDIENCE, NO_WORKER = "no_audience", "no_worker"
RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=1))
"""An assignment makes a try at once; these catch what no assignment says: a post that begins on a later day."""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What notify knows of one case: its occasions, and which notices exist."""

    occasions: dict[UUID, Occasion] = field(default_factory=dict)
    notice_ids: frozenset[UUID] = frozenset()

    def put(self, *occasions: Occasion, notices: Iterable[Notice] = ()) -> "CaseFile":
        ids = {one.notice_id for one in notices}
        return CaseFile({**self.occasions, **{one.occasion_id: one for one in occasions}}, self.notice_ids.union(ids))

    def has_left(self, occasion: Occasion) -> bool:
        """The round at this place has ended, or the whole case: a reminder of it says nothing."""
        return any(
            one.step == CLOSED or (one.state == "ended" and one.place == occasion.place)
            for one in self.occasions.values()
        )

    def handed_over_by(self, hop: str | None, round_: int, branch: str) -> str | None:
        """Who gave the task of this place away last; he is not reminded of it."""
        given = [one for one in self.occasions.values() if one.step == "reassigned"]
        return next((one.not_to for one in given if one.place == (hop, round_, branch)), None)


def tell(
    file: CaseFile, occasion: Occasion, posts: Sequence[Post], now: datetime, traceparent: str | None = None
) -> Decision:
    """Tell whoever is there and has not been told; keep the occasion until it has reached whom it is meant for."""
    found = audience_of(occasion, posts, civil_date(now))
    lacks_worker = occasion.is_of_a_grid and is_stand_in(found)
    if lacks_worker and occasion.state == "stand_in":
        found = ()  # the village has heard; what is tried again is the grid's own worker
    name = place_name(occasion, posts)
    new = [one for one in found if notice_id(occasion, one.officer_id) not in file.notice_ids]
    sent = [CARRIERS[FIRST](drafted(occasion, one, name, FIRST, now), now) for one in new]
    after = _after(occasion, now, lacks_worker, is_heard=bool(found) or occasion.state == "stand_in")
    return Decision(
        word=after.state,
        puts={("case", occasion.case_id): file.put(after, notices=sent)},
        emits=[_sent(one, occasion, traceparent) for one in sent],
        rows=(after, *sent),
    )


def ended(file: CaseFile, case_id: UUID, occasions: Iterable[Occasion]) -> Decision:
    """These have ended: what is kept of them is not told any more."""
    after = [replace(one, state="ended", cause=None, retry_at=None) for one in occasions]
    return Decision(word="ended", puts={("case", case_id): file.put(*after)}, rows=after)


def place_name(occasion: Occasion, posts: Iterable[Post]) -> Names:
    """The office's own name, as its posts have it; else the number of the group."""
    named = next((one for one in posts if one.office_id == occasion.office), None)
    return Names(named.office_zh, named.office_en) if named else group_name(occasion.grid)


def _after(occasion: Occasion, now: datetime, lacks_worker: bool, is_heard: bool) -> Occasion:
    """Told and done with, or to be tried again."""
    if is_heard and not lacks_worker:
        return replace(occasion, state="told", cause=None, retry_at=None, tried_at=now)
    return replace(
        occasion,
        state="stand_in" if is_heard else "kept",
        cause=NO_WORKER if is_heard else NO_AUDIENCE,
        retry_at=now + RETRIES[min(occasion.tries, len(RETRIES) - 1)],
        tries=occasion.tries + 1,
        tried_at=now,
    )


def _sent(notice: Notice, occasion: Occasion, traceparent: str | None) -> Emit:
    return emitted("sent", notice, notice.event_id, occasion.cause_id, traceparent)
