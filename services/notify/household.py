"""The farmer's own messages, in plain words: received, visit day, public notice, result, help. Pure.

The person is `household:<id>`: no name and no address; who may be written to is asked at the moment of sending. Result,
refusal and visit day are outside every cap and opt-out. No cause of the difficulty stands in any of
them: a letter is read by others too.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.notify import wording
from services.notify.carriers import CARRIERS, FIRST, email
from services.notify.dispatch import dispatched
from services.notify.notice import Notice, emitted, type_of
from services.notify.quiet_hours import rings_at
from services.notify.telling import Reach
from shared.contracts.clue import ClueReported
from shared.contracts.envelope import event_id
from shared.contracts.stage import StageAdvanced
from shared.messaging.room import Decision
from shared.policy import Names

PREFIX = "household:"
NO_LINK = None


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said. `about` tells apart several messages of one step: another visit day, another round, a case
    that goes its way once more."""

    step: str
    about: str | None = None
    day: date | None = None
    basis: Names | None = None


def person_of(household_id: UUID) -> str:
    return f"{PREFIX}{household_id}"


def message_of_stage(word: str, event: StageAdvanced, basis: Names | None) -> Message | None:
    """What a step of the case means to the household, or None."""
    data = event.data
    match word, data.action, data.result:
        case "noted", "plan_visit", _ if data.planned_on:
            return Message("visit_planned", data.planned_on.isoformat(), data.planned_on)
        case "noted", "post_notice", _ if data.notice_until:
            return Message("public_notice", data.notice_until.isoformat(), data.notice_until)
        case "advanced", _, "identified":
            return Message("identified", data.clock_started_at.isoformat())
        case "rejected", _, _:
            return Message("refused", f"{data.from_hop or data.hop}.{data.round}.{data.branch}", basis=basis)
        case "closed", _, "refused" if data.appeal_until:
            return Message("appealable", data.appeal_until.isoformat(), data.appeal_until)
        case "helped", _, _:
            return Message("helped", data.clock_started_at.isoformat())
    return None


def message_of_clue(word: str, event: ClueReported) -> Message | None:
    """A declaration is answered at once; a cadre's clue is not the household's own."""
    is_declared = event.data.cause == "declaration"
    return Message("received", str(event.data.clue_id)) if word == "reported" and is_declared else None


def answered(
    message: Message,
    event: StageAdvanced | ClueReported,
    told: frozenset[UUID],
    reach: Reach,
    now: datetime,
    traceparent: str | None = None,
) -> Decision:
    """The notice in the household's own list, with a letter where one can be sent; nothing when it was told before."""
    notice = _notice(message, event, now)
    if notice.notice_id in told:
        return Decision(word="told_already")
    rings = rings_at(now, reach.rules, event.data.level, event.data.concerns, event.data.is_green)
    out = [dispatched(notice, email.NAME, rings, now)] if email.NAME in reach.outgoing else []
    emit = emitted("sent", notice, notice.event_id, event.id, traceparent)
    return Decision(word="household_told", emits=(emit,), rows=(notice, *out))


def answer_id(message: Message, event: StageAdvanced | ClueReported) -> UUID:
    """Once per (case, step, person); before there is a case, per declaration."""
    case_id = _case_of(event)
    about = filter(None, (message.about,))
    return event_id(str(case_id or ""), "notice", message.step, *about, person_of(event.data.household_id))


def _case_of(event: StageAdvanced | ClueReported) -> UUID | None:
    return event.data.case_id if isinstance(event, StageAdvanced) else None


def _notice(message: Message, event: StageAdvanced | ClueReported, now: datetime) -> Notice:
    id_, place = answer_id(message, event), _place(event)
    told = wording.answer(message.step, message.day, message.basis)
    notice = Notice(
        notice_id=id_,
        occasion_id=event_id(str(id_), "occasion"),
        case_id=_case_of(event),
        household_id=event.data.household_id,
        officer_id=person_of(event.data.household_id),
        office=event.region,
        part="household",
        step=message.step,
        task_id=None,
        level=None,
        due_at=None,
        carrier=FIRST,
        state="sent",
        title_zh=told.title.zh,
        title_en=told.title.en,
        text_zh=told.text.zh,
        text_en=told.text.en,
        link=NO_LINK,
        created_at=now,
        read_at=None,
        event_id=event_id(str(event.id), type_of("sent"), id_),
        correlation_id=event.correlationid,
        region=event.region,
        grid=event.grid,
        about=message.about,
        **place,
    )
    return CARRIERS[FIRST](notice, now)


def _place(event: StageAdvanced | ClueReported) -> dict[str, Any]:
    """Where the case stands is no part of the message's sameness but of its account."""
    if isinstance(event, StageAdvanced):
        return {"hop": event.data.hop, "round": event.data.round, "branch": event.data.branch}
    return {"hop": None, "round": 1, "branch": "main"}
