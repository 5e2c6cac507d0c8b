"""What one record leads to when it arrives, or when whom it awaited is registered at last. Pure.

- a higher version corrects; the same one with the same content is a duplicate, with other content refused; a lower one
  is kept as history and says nothing;
- a version that names another household is withdrawn under the old one and changed under the new;
- a newest version whose household is not known is parked, and what the record said before is taken back: its sender
  says that it was not so;
- a withdrawal of an unknown record is kept, so that an older version which comes late stays silent;
- a parked record says its newest version only.
"""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from services.intake import identity
from services.intake.departments import kind_of
from services.intake.draft import Draft
from services.intake.identity import Parked, ParkedRow, Target, Unknown, UnparkedRow, WakeRow
from services.intake.kind import About
from services.intake.record import Head, LinkRow, RecordRow, Refused, RejectionRow, RepeatRow, Sent
from services.intake.register import BesideRow, LeftRow, PersonsRow, Whereabouts, settled_in
from services.intake.rejection import Fault
from shared.clock import civil_date
from shared.contracts.data import Fact
from shared.domain.division import contains
from shared.messaging.room import ACCEPTED, DUPLICATE, PARKED, REJECTED, Decision, State


def refuse_record(refused: Refused, line: int) -> Decision:
    """A record that could not be read, or must not be taken: counted, with its place and its remedy."""
    return Decision(REJECTED, refused.fault.code, rows=(RejectionRow(refused, line),))


def arrive(state: State, sent: Sent, line: int, now: datetime, traceparent: str | None) -> Decision:
    """A record that came: accepted, a duplicate, rejected or parked."""
    draft = Draft(state, now, (sent.department, sent.record_id, sent.version), traceparent)
    head = draft.head(sent.key)
    known = draft.get(("version", sent.key, sent.version))
    if known == sent.content:
        return Decision(DUPLICATE, rows=(RepeatRow(sent, line),))
    fault = _fault(sent, head, known is not None, civil_date(now))
    if fault is not None:
        return refuse_record(Refused(sent.department, fault, sent.record_id, sent.origin), line)
    draft.put(("version", sent.key, sent.version), sent.content)
    if head is not None and sent.version < head.version:
        return _keep(draft, sent, line, head, is_history=True).finish(ACCEPTED, "history")
    if sent.op == "withdraw":
        _withdraw(draft, sent, head)
        return _keep(draft, sent, line, head).finish(ACCEPTED, "withdrawn")
    target = _settle(draft, sent, head)
    if isinstance(target, Unknown):
        _park(draft, sent, head, target)
        return _keep(draft, sent, line, head, outcome=PARKED).finish(PARKED, target.reason)
    if head is not None and head.is_parked:
        draft.rows.append(UnparkedRow(sent.department, sent.record_id))
    return _keep(draft, sent, line, head).finish(ACCEPTED, sent.flag)


def ask_again(
    state: State, parked: Parked, now: datetime, matched: UUID | None = None, traceparent: str | None = None
) -> Decision:
    """A parked record whose turn has come. `matched` is the household that a person has said it is about."""
    sent = parked.sent
    draft = Draft(state, now, (sent.department, sent.record_id, sent.version), traceparent)
    unknown = _release(draft, parked, matched)
    if unknown is None:
        return draft.finish(ACCEPTED, "released")
    return Decision(PARKED, unknown.reason, answer=unknown)


def _fault(sent: Sent, head: Head | None, is_known: bool, today: date) -> Fault | None:
    if is_known:
        return Fault("same_version_other_content", "version")
    ahead = sent.ahead_of(today)
    if ahead is not None or head is None:
        return ahead
    if not identity.is_one_place(sent.origin.county, head.county):
        return Fault("record_id_of_other_county", "record_id")
    if sent.kind is not None and head.kind and sent.kind.name != head.kind:
        return Fault("kind_changed", "kind")
    return None


def _keep(
    draft: Draft, sent: Sent, line: int, before: Head | None, *, outcome: str = ACCEPTED, is_history: bool = False
) -> Draft:
    """The version's own row; it is linked to the household that it is, or was, told of."""
    head = None if is_history else draft.head(sent.key)
    told = head if head and head.household else before if sent.op == "withdraw" else None
    household_id = told.household_id if told else None
    seat = draft.seat(household_id) if household_id else None
    kind = sent.kind.name if sent.kind else (before.kind if before else "")
    draft.rows.append(
        RecordRow(
            sent, line, kind, "parked" if outcome == PARKED else "accepted", is_history,
            household_id if seat else None, told.person_id if told and seat else None,
            seat.region if seat else sent.region, seat.grid if seat else None,
        )
    )  # fmt: skip
    return draft


# ── where a record is told ──────────────────────────────────────────────────────────────────────────────────────────


def _settle(draft: Draft, sent: Sent, head: Head | None, matched: UUID | None = None) -> Target | Unknown:
    """Tell a newest version of the household that it is about; nothing is touched where that is not known."""
    if sent.about == "register":
        return _register(draft, sent, head)
    if matched is not None:
        target: Target | Unknown = Target(matched, sent.named.person_id)
    else:
        target = identity.resolve(sent.named, sent.origin.county, draft.whereabouts, draft.seat)
    if isinstance(target, Target):
        _say(draft, sent, head, target)
    return target


def _say(draft: Draft, sent: Sent, head: Head | None, target: Target) -> None:
    old = head.household_id if head else None
    if head is not None and old is not None and old != target.household_id:
        _take_back(draft, sent, head)
    revision = head.revision + (old != target.household_id) if head else 0
    if sent.about == "beside":
        home = draft.home(target.household_id)
        assert home is not None
        draft.put_home(home.beside(sent.record_id, sent.told, sent.occurred_on))
        draft.rows.append(BesideRow(sent.record_id))
    else:
        word = "corrected" if old == target.household_id else "changed"
        draft.tell(word, _fact(draft, sent, target), revision)
    draft.put_head(sent.key, _head(sent, head, target, revision))


def _remember(draft: Draft, sent: Sent, target: Target) -> None:
    """For a household later in the batch that takes the person in: what was released a moment ago goes along too."""
    if sent.about == "person" and target.person_id is not None:
        others = [one for one in draft.get(("facts", target.person_id)) or () if one.key != sent.key]
        draft.put(("facts", target.person_id), (*others, sent))


def _fact(draft: Draft, sent: Sent, target: Target) -> Fact:
    assert sent.kind is not None and sent.occurred_on is not None
    return Fact(
        department=sent.department, kind=sent.kind.name, record_id=sent.record_id, version=sent.version,
        household_id=target.household_id, person_id=target.person_id, occurred_on=sent.occurred_on,
        known_at=draft.now, values=sent.told,
    )  # fmt: skip


def _head(sent: Sent, before: Head | None, target: Target | None, revision: int, *, is_parked: bool = False) -> Head:
    return Head(
        version=sent.version,
        content=sent.content,
        kind=sent.kind.name if sent.kind else (before.kind if before else ""),
        occurred=sent.occurred_on.toordinal() if sent.occurred_on else (before.occurred if before else 0),
        county=(before.county if before else "") or sent.origin.county,
        household=target.household_id.bytes if target else None,
        person=target.person_id.bytes if target and target.person_id else None,
        revision=revision,
        is_parked=is_parked,
    )


def _withdraw(draft: Draft, sent: Sent, head: Head | None) -> None:
    if head is not None and head.household is not None:
        _take_back(draft, sent, head)
    if head is not None and head.is_parked:
        draft.rows.append(UnparkedRow(sent.department, sent.record_id))
    draft.put_head(sent.key, _head(sent, head, None, head.revision if head else 0))


def _park(draft: Draft, sent: Sent, head: Head | None, unknown: Unknown) -> None:
    if head is not None and head.household is not None:
        _take_back(draft, sent, head)
    parked = Parked(sent, unknown.reason, unknown.awaits)
    draft.rows.append(ParkedRow(parked))
    if unknown.awaits is not None and sent.about != "register":
        draft.put(("awaiting", unknown.awaits), (*(draft.get(("awaiting", unknown.awaits)) or ()), parked))
    draft.put_head(sent.key, _head(sent, head, None, head.revision if head else 0, is_parked=True))


def _take_back(draft: Draft, sent: Sent, head: Head) -> None:
    """What the record said is no longer so under the household where it was told."""
    household_id = head.household_id
    assert household_id is not None
    match _about(sent.department, head.kind):
        case "register":
            _remove(draft, household_id, sent.record_id)
        case "beside":
            home = draft.home(household_id)
            assert home is not None
            draft.put_home(home.beside(sent.record_id, None, None))
            draft.rows.append(BesideRow(sent.record_id))
        case _:
            fact = Fact(
                department=sent.department, kind=head.kind, record_id=sent.record_id, version=sent.version,
                household_id=household_id, person_id=head.person_id, occurred_on=date.fromordinal(head.occurred),
                known_at=draft.now,
            )  # fmt: skip
            draft.tell("withdrawn", fact, head.revision)


def _about(department: str, kind: str) -> About:
    found = kind_of(department, kind)
    assert found is not None
    return found.about


# ── the register ────────────────────────────────────────────────────────────────────────────────────────────────────


def _register(draft: Draft, sent: Sent, head: Head | None) -> Target | Unknown:
    """A household as its record tells it: who joined, who left, and what had been waiting for it."""
    household_id = sent.named.household_id
    assert household_id is not None
    unknown = _not_ours(draft, sent, household_id)
    if unknown is not None:
        return unknown
    if head is not None and head.household_id not in (None, household_id):
        _take_back(draft, sent, head)
    before = draft.home(household_id)
    moved = _move_in(draft, sent, household_id)
    members = frozenset(sent.members)
    gone = tuple(
        one.person_id
        for one in (before.members if before else ())
        if one.person_id not in members and _is_at(draft, one.person_id, household_id)
    )
    _leave(draft, gone, household_id)
    draft.put_home(settled_in(household_id, sent.told, sent.members, before, sent.record_id))
    for person_id in sent.members:
        draft.put_whereabouts(person_id, Whereabouts(household_id))
    draft.rows.append(PersonsRow(household_id, sent.members, sent.told))
    target = Target(household_id, None)
    revision = head.revision + (head.household_id != household_id) if head else 0
    draft.put_head(sent.key, _head(sent, head, target, revision))
    _bring_along(draft, moved, household_id)
    _release_awaiting(draft, (household_id, *sent.members))
    draft.rows.append(WakeRow((household_id, *sent.members, *gone)))
    return target


def _not_ours(draft: Draft, sent: Sent, household_id: UUID) -> Unknown | None:
    """One county cannot write another's people: neither its household nor somebody who lives in one."""
    county, seat = sent.origin.county, draft.seat(household_id)
    if not contains(county, sent.told.region) or (seat and seat.is_active and not contains(county, seat.region)):
        return Unknown("region_not_yours", household_id)
    for person_id in sent.members:
        where = draft.whereabouts(person_id)
        if where is None or where.is_left or where.household_id == household_id:
            continue
        there = draft.seat(where.household_id)
        if there is not None and there.is_active and not contains(county, there.region):
            return Unknown("member_elsewhere", person_id)
    return None


def _move_in(draft: Draft, sent: Sent, household_id: UUID) -> dict[UUID, UUID]:
    """Take members out of the households where they were. Returns person → the household that they came from."""
    came_from = {
        person_id: where.household_id
        for person_id in sent.members
        if (where := draft.whereabouts(person_id)) is not None and where.household_id != household_id
    }
    for old in dict.fromkeys(came_from.values()):
        home = draft.home(old)
        if home is not None and home.status == "active":
            draft.put_home(home.without(person_id for person_id, source in came_from.items() if source == old))
    return came_from


def _is_at(draft: Draft, person_id: UUID, household_id: UUID) -> bool:
    where = draft.whereabouts(person_id)
    return where is None or where.household_id == household_id


def _leave(draft: Draft, person_ids: tuple[UUID, ...], household_id: UUID) -> None:
    if person_ids:
        draft.rows.append(LeftRow(person_ids))
    for person_id in person_ids:
        draft.put_whereabouts(person_id, Whereabouts(household_id, is_left=True))


def _remove(draft: Draft, household_id: UUID, record_id: str) -> None:
    """The record that speaks for a household is withdrawn, or names another one: it is no longer registered."""
    home = draft.home(household_id)
    if home is None or home.record_id != record_id or home.status != "active":
        return
    draft.put_home(replace(home, status="removed"))
    _leave(draft, tuple(one.person_id for one in home.members), household_id)


def _bring_along(draft: Draft, came_from: dict[UUID, UUID], household_id: UUID) -> None:
    """Facts about a person follow the person: withdrawn under the old household, changed under the new."""
    seat = draft.seat(household_id)
    assert seat is not None
    for person_id, old in came_from.items():
        for fact in draft.get(("facts", person_id)) or ():
            head = draft.head(fact.key)
            if head is None or head.household_id != old or head.person_id != person_id:
                continue
            _say(draft, fact, head, Target(household_id, person_id))
            draft.rows.append(_link(fact, Target(household_id, person_id), seat.region, seat.grid))


def _release_awaiting(draft: Draft, awaited: tuple[UUID, ...]) -> None:
    for one in awaited:
        for parked in draft.get(("awaiting", one)) or ():
            _release(draft, parked, None)


def _release(draft: Draft, parked: Parked, matched: UUID | None) -> Unknown | None:
    """Tell a parked record, if its household is known now. One that has been overtaken is parked no more."""
    sent = parked.sent
    head = draft.head(sent.key)
    if head is None or not head.is_parked or head.version != sent.version:
        return None
    target = _settle(draft, sent, head, matched)
    if isinstance(target, Unknown):
        return target
    _remember(draft, sent, target)
    seat = draft.seat(target.household_id)
    assert seat is not None
    draft.rows.append(UnparkedRow(sent.department, sent.record_id))
    draft.rows.append(_link(sent, target, seat.region, seat.grid))
    return None


def _link(sent: Sent, target: Target, region: str, grid: str) -> LinkRow:
    return LinkRow(sent.department, sent.record_id, sent.version, target.household_id, target.person_id, region, grid)
