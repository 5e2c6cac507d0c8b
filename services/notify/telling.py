"""Telling: an occasion finds its people, its words and its carriers, or is kept and tried again. Pure.

Nobody is told twice of the same step, whatever comes again; what has no audience is kept, and
after its first try goes to the leader of the next office up as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from services.notify.audience import TO_THE_RESPONSIBLE, Addressee, audience_of, heads_of, is_stand_in, one_up
from services.notify.carriers import CARRIERS, FIRST
from services.notify.dispatch import dispatched
from services.notify.notice import Notice, drafted, emitted, notice_id
from services.notify.occasion import CLOSED, OF_MATCHING, Occasion
from services.notify.post import Roll
from services.notify.quiet_hours import rings_at
from services.notify.wording import group_name
from shared.clock import civil_date
from shared.domain.division import is_village_open
from shared.messaging.room import Decision, Emit
from shared.policy import Names, NoticeRules

NO_AUDIENCE, NO_WORKER = "no_audience", "no_worker"
RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=1))
"""An assignment makes a try at once; these catch what no assignment says: a post that begins on a later day."""
ANSWERABLE = frozenset({"worker", "deputy", "stand_in", "office"})
"""Whose unread red notice goes to the next person; above them the ladder climbs by itself."""


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
            one.state == "ended" and (one.step == CLOSED or one.is_at_task_of(occasion))
            for one in self.occasions.values()
        )

    def handed_over_by(self, hop: str | None, round_: int, branch: str) -> str | None:
        """Who gave the task of this place away last; he is not reminded of it."""
        given = [one for one in self.occasions.values() if one.step == "reassigned" and one.state != "moved"]
        return next((one.not_to for one in given if one.place == (hop, round_, branch)), None)

    def known_of(self, task_id: UUID | None, hop: str | None, round_: int, branch: str) -> Occasion | None:
        """What the case was told when this task arrived, or else last at this place or anywhere."""
        told = [one for one in self.occasions.values() if one.step in ("arrived", "reassigned")]
        at_task = [one for one in told if task_id is not None and one.task_id == task_id]
        at_place = [one for one in told if one.place == (hop, round_, branch)]
        return max(at_task or at_place, key=lambda one: one.created_at, default=None)


@dataclass(frozen=True, slots=True)
class Reach:
    """How people are reached: the package's rules, the carriers that leave this house, each officer's wishes."""

    rules: NoticeRules
    outgoing: frozenset[str] = frozenset()
    wishes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def carriers_of(self, person: str) -> list[str]:
        return [one for one in self.wishes.get(person, ()) if one in self.outgoing]


def tell(
    file: CaseFile, occasion: Occasion, roll: Roll, reach: Reach, now: datetime, traceparent: str | None = None
) -> Decision:
    """Tell whoever is there and has not been told; keep the occasion until it has reached whom it is meant for."""
    found, lacks = _found(occasion, roll, civil_date(now))
    rings = rings_at(now, reach.rules, occasion.level, occasion.concerns, occasion.is_green)
    escalate_at = rings_at(
        rings + reach.rules.unread_red, reach.rules, occasion.level, occasion.concerns, occasion.is_green
    )
    name = place_name(occasion, roll)
    new = [one for one in found if notice_id(occasion, one.officer_id) not in file.notice_ids]
    sent = [
        CARRIERS[FIRST](
            drafted(occasion, one, name, FIRST, now, escalate_at if _escalates(occasion, one) else None), now
        )
        for one in new
    ]
    out = [dispatched(one, carrier, rings, now) for one in sent for carrier in reach.carriers_of(one.officer_id)]
    after = _after(occasion, now, lacks, is_heard=bool(found) or occasion.state == "stand_in")
    return Decision(
        word=after.state,
        puts={("case", occasion.case_id): file.put(after, notices=sent)},
        emits=[_sent(one, occasion, traceparent) for one in sent],
        rows=(after, *sent, *out),
    )


def ended(file: CaseFile, case_id: UUID, occasions: Iterable[Occasion]) -> Decision:
    """These have ended: what is kept of them is not told any more."""
    after = [replace(one, state="ended", cause=None, retry_at=None) for one in occasions]
    return Decision(word="ended", puts={("case", case_id): file.put(*after)}, rows=after)


def place_name(occasion: Occasion, roll: Roll) -> Names:
    """The office's own name, as its posts have it; else the number of the group. A report's is its village, or its
    township."""
    place = one_up(occasion.region) if is_village_open(occasion.region) else occasion.region
    named = roll.office(place or "" if occasion.step in OF_MATCHING else occasion.office)
    return Names(named.office_zh, named.office_en) if named else group_name(occasion.grid)


def _found(occasion: Occasion, roll: Roll, day: date) -> tuple[tuple[Addressee, ...], str | None]:
    """Whom it is told now, and what is lacking for it to be done with."""
    found = audience_of(occasion, roll, day)
    if found:
        if occasion.step in TO_THE_RESPONSIBLE and occasion.is_of_a_grid and is_stand_in(found):
            # Once the village has heard, what is tried again is the grid's own worker.
            return (() if occasion.cause == NO_WORKER else found), NO_WORKER
        return found, None
    return heads_of(occasion, roll, day) if occasion.tries else (), NO_AUDIENCE


def _escalates(occasion: Occasion, addressee: Addressee) -> bool:
    return occasion.level == "red" and occasion.step in TO_THE_RESPONSIBLE and addressee.part in ANSWERABLE


def _after(occasion: Occasion, now: datetime, lacks: str | None, is_heard: bool) -> Occasion:
    """Told and done with, or to be tried again."""
    if lacks is None:
        return replace(occasion, state="told", cause=None, retry_at=None, tried_at=now)
    return replace(
        occasion,
        state="stand_in" if is_heard else "kept",
        cause=lacks,
        retry_at=now + RETRIES[min(occasion.tries, len(RETRIES) - 1)],
        tries=occasion.tries + 1,
        tried_at=now,
    )


def _sent(notice: Notice, occasion: Occasion, traceparent: str | None) -> Emit:
    return emitted("sent", notice, notice.event_id, occasion.cause_id, traceparent)
