"""The register of people by the day: who holds which post from when to when, who is on leave, who stands in. Pure.

Method 6. A change takes effect on its day and never rewrites what was: an earlier stay ends where a later one begins.
What the change means to others is told as `officer.assigned`: for each person and office the latest stay, and for each
leave whoever stands in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from shared.access.roles import ACTS_AT, ONE_GRID, Role
from shared.contracts.envelope import event_id
from shared.contracts.officer import Assignment, OfficeKind
from shared.domain.division import trim
from shared.messaging.room import Emit

ASSIGNED, DEPUTISED, RELIEVED = (f"shouwang.officer.{word}.v1" for word in ("assigned", "deputised", "relieved"))
ONE_EACH = ("worker", "deputy")
"""Of these a grid has one each."""

StayKey = tuple[str, str, date]


@dataclass(frozen=True, slots=True)
class OfficeNamed:
    """An office as facts name it."""

    office_id: str
    kind: OfficeKind
    name_zh: str
    name_en: str
    region: str


@dataclass(frozen=True, slots=True)
class Person:
    """An officer as facts tell of one: by masked name."""

    officer_id: str
    display_name: str
    role: Role
    capacity: str | None
    region: str
    grid: str | None


@dataclass(frozen=True, slots=True)
class Stay:
    """A person in a post at an office. `until` is the first day on which it is another's."""

    officer_id: str
    office_id: str
    post: str
    since: date
    until: date | None
    region: str
    grid: str | None

    @property
    def key(self) -> StayKey:
        return self.officer_id, self.office_id, self.since

    @property
    def end(self) -> date:
        return self.until or date.max

    @property
    def is_empty(self) -> bool:
        return self.end <= self.since

    def is_on(self, day: date) -> bool:
        return self.since <= day < self.end


@dataclass(frozen=True, slots=True)
class Leave:
    """An officer away from `since` until before `end`."""

    leave_id: UUID
    officer_id: str
    since: date
    until: date
    deputy_id: str | None
    ended_on: date | None = None

    @property
    def end(self) -> date:
        return min(self.until, self.ended_on or date.max)

    def meets(self, since: date, end: date) -> bool:
        return self.since < end and since < self.end


@dataclass(frozen=True, slots=True)
class Roster:
    """What is known of the people whom a call is about, and of everybody at their offices."""

    offices: Mapping[str, OfficeNamed]
    people: Mapping[str, Person]
    stays: Mapping[StayKey, Stay]
    leaves: tuple[Leave, ...] = ()

    def holder(self, grid: str, post: str, day: date) -> Stay | None:
        """Who is a grid's worker or deputy on a day."""
        there = (one for one in self.stays.values() if (one.grid, one.post) == (grid, post) and one.is_on(day))
        return max(there, key=lambda one: one.since, default=None)

    def is_away(self, officer_id: str, day: date) -> bool:
        return any(one.officer_id == officer_id and one.since <= day < one.end for one in self.leaves)


@dataclass(frozen=True, slots=True)
class StandIn:
    """Who acts for somebody on leave at an office, in that one's post."""

    officer_id: str
    stands_in_for: str
    office_id: str
    post: str
    since: date
    until: date
    region: str
    grid: str | None


# ── changes ─────────────────────────────────────────────────────────────────────────────────────────────────────


def appointed(stays: Mapping[StayKey, Stay], given: Sequence[Stay], *, moves: bool = True) -> dict[StayKey, Stay]:
    """The stays after these are given. Nobody is in two posts, and a grid has one worker and one deputy: whoever was
    there ends where the new one begins. A stay that ended since is not begun again by a repetition of its beginning.

    Without `moves` a person keeps posts at other offices (a cadre who looks after a grid as well).
    """
    found = dict(stays)
    by_officer, by_post = _index(stays.values())
    for one in given:
        same = found.get(one.key)
        if same == one:
            continue
        if same is not None and same.until is not None and not same.is_empty and one.until is None:
            continue
        own = [found[key] for key in by_officer.get(one.officer_id, ()) if key != one.key]
        own = own if moves else [stay for stay in own if stay.office_id == one.office_id]
        post = (one.grid, one.post) if one.grid and one.post in ONE_EACH else None
        others = [found[key] for key in by_post.get(post, ()) if key[0] != one.officer_id] if post else []
        others = [stay for stay in others if (stay.grid, stay.post) == post]
        beside = [*own, *others]
        later = min((stay.since for stay in beside if stay.since > one.since and not stay.is_empty), default=None)
        if later is not None and later < one.end:
            one = replace(one, until=later)
        for stay in beside:
            if stay.since <= one.since < stay.end:
                found[stay.key] = replace(stay, until=one.since)
        found[one.key] = one
        by_officer.setdefault(one.officer_id, set()).add(one.key)
        if post:
            by_post.setdefault(post, set()).add(one.key)
    return found


def _index(
    stays: Iterable[Stay],
) -> tuple[dict[str, set[StayKey]], dict[tuple[str, str], set[StayKey]]]:
    by_officer: dict[str, set[StayKey]] = {}
    by_post: dict[tuple[str, str], set[StayKey]] = {}
    for one in stays:
        by_officer.setdefault(one.officer_id, set()).add(one.key)
        if one.grid and one.post in ONE_EACH:
            by_post.setdefault((one.grid, one.post), set()).add(one.key)
    return by_officer, by_post


def relieved(stays: Mapping[StayKey, Stay], keys: Iterable[StayKey], on: date) -> dict[StayKey, Stay]:
    """The stays after these end on a day, or on their own first one."""
    ended = {key: replace(stays[key], until=max(on, stays[key].since)) for key in keys}
    return dict(stays) | ended


def may_stand_in(deputy: Person, person: Person) -> str:
    """Why this deputy cannot act for this person, in one coded word; empty where nothing is in the way.

    A deputy acts with a token of their own: it must reach the same place and hops, and sign where the person signs.
    """
    if deputy.officer_id == person.officer_id:
        return "same_person"
    if not person.region.startswith(trim(deputy.region)) or (deputy.role in ONE_GRID and deputy.grid != person.grid):
        return "outside_the_area"
    if not _hops(person.role) <= _hops(deputy.role):
        return "does_not_act_there"
    if person.capacity == "approver" and deputy.capacity != "approver":
        return "cannot_sign"
    return ""


def _hops(role: str) -> set[str]:
    return {hop for hop, roles in ACTS_AT.items() if role in roles}


# ── what is told ────────────────────────────────────────────────────────────────────────────────────────────────


def stand_ins(roster: Roster, today: date) -> dict[tuple[str, str, date], StandIn]:
    """Who stands in for whom from today on: the deputy named with the leave, or the grid's own for its worker."""
    found: dict[tuple[str, str, date], StandIn] = {}
    by_officer, by_post = _index(roster.stays.values())
    for leave in roster.leaves:
        if leave.end <= today or leave.end <= leave.since:
            continue
        for key in by_officer.get(leave.officer_id, ()):
            stay = roster.stays[key]
            since, until = max(leave.since, stay.since), min(leave.end, stay.end)
            if since >= until or until <= today:
                continue
            deputies = [roster.stays[one] for one in by_post.get((stay.grid or "", "deputy"), ())]
            deputy_id = _deputy(roster, leave, stay, deputies, max(since, today))
            if deputy_id is not None:
                standing = StandIn(
                    deputy_id, leave.officer_id, stay.office_id, stay.post, since, until, stay.region, stay.grid
                )
                found[leave.officer_id, stay.office_id, since] = standing
    return found


def _deputy(roster: Roster, leave: Leave, stay: Stay, deputies: Sequence[Stay], day: date) -> str | None:
    grids = [one.officer_id for one in deputies if one.is_on(day)] if stay.post == "worker" else []
    candidates = [one for one in (leave.deputy_id, *grids) if one is not None and one != leave.officer_id]
    return next((one for one in candidates if one in roster.people and not roster.is_away(one, day)), None)


def facts_of(before: Roster, after: Roster, now: datetime, today: date) -> list[Emit]:
    """The facts of a change: who left, who came, who stands in and who no longer does, in this order."""
    old, new = _latest(before), _latest(after)
    changed = [one for key, one in new.items() if old.get(key) != one]
    gone = [_emit(one, RELIEVED, now) for one in changed if one.until is not None and one.until <= today]
    come = [_emit(one, ASSIGNED, now) for one in changed if one.until is None or one.until > today]
    were, are = stand_ins(before, today), stand_ins(after, today)
    ended = [one for key, one in were.items() if key not in are or are[key].officer_id != one.officer_id]
    begun = [one for key, one in are.items() if were.get(key) != one]
    return [
        *gone,
        *come,
        *(_emit(_standing(replace(one, until=max(today, one.since)), before), RELIEVED, now) for one in ended),
        *(_emit(_standing(one, after), DEPUTISED, now) for one in begun),
    ]


def _latest(roster: Roster) -> dict[tuple[str, str], Assignment]:
    """For each person and office the latest stay, as it is told; one that never held counts where there is no other."""
    found: dict[tuple[str, str], Stay] = {}
    for one in sorted(roster.stays.values(), key=lambda one: (not one.is_empty, one.since)):
        found[one.officer_id, one.office_id] = one
    return {key: _assignment(one, roster) for key, one in found.items() if one.officer_id in roster.people}


def _assignment(stay: Stay, roster: Roster) -> Assignment:
    office, person = roster.offices[stay.office_id], roster.people[stay.officer_id]
    return Assignment(
        office_id=stay.office_id,
        office_kind=office.kind,
        office_zh=office.name_zh,
        office_en=office.name_en,
        officer_id=stay.officer_id,
        display_name=person.display_name,
        role=person.role,
        capacity=person.capacity,
        post=stay.post,
        region=stay.region,
        grid=stay.grid,
        since=stay.since,
        until=stay.until,
    )


def _standing(one: StandIn, roster: Roster) -> Assignment:
    stay = Stay(one.officer_id, one.office_id, one.post, one.since, one.until, one.region, one.grid)
    return _assignment(stay, roster).model_copy(update={"stands_in_for": one.stands_in_for})


def _emit(assignment: Assignment, type_: str, now: datetime) -> Emit:
    """Its id names the moment: the same assignment may be told again later, after a change back."""
    key, about = f"office:{assignment.office_id}", assignment.stands_in_for
    return Emit(
        topic="officer.assigned",
        type=type_,
        key=key,
        id=event_id(key, type_, assignment.officer_id, now.isoformat(), *((about,) if about else ())),
        region=assignment.region,
        data=assignment,
        grid=assignment.grid,
    )
