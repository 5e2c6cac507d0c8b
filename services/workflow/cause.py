"""What a warning does to a household's case: opens it, strengthens it, takes its cause away. Pure.

Nothing new is swallowed: a new concern or a higher level is verified with a clock of its own, at any stage, unless the
first look has not been taken yet. A case of which a person confirmed any difficulty is never closed
because its cause was withdrawn.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from services.workflow.case import Case, CaseFile, Move, Place
from services.workflow.household import Residence
from services.workflow.route import (
    APPEAL,
    BESIDE,
    FIRST_LOOK,
    JOURNEY,
    RELIEF,
    TELL,
    VERIFICATION,
    due_at,
    first_of,
    frozen,
    highest,
    is_higher,
    journey_due_at,
)
from services.workflow.stage import Ahead, Because, begun_again, joined, left, place_at, sent, told
from shared.contracts.clue import ClueReported
from shared.contracts.envelope import event_id
from shared.contracts.types import Hop
from shared.contracts.warning import WarningRaised, WarningState
from shared.domain.calendar import day_of
from shared.policy import Policy

CAUSE_WITHDRAWN = "cause_withdrawn"


def opened(
    event: WarningRaised, household_id: UUID, policy: Policy, because: Because, residence: Residence | None
) -> Move:
    """A case, and its first hop on its way: where the register says that the household lives, else the warning."""
    case = _case(event, household_id, policy, because.now, residence or Residence(event.region, event.grid))
    place = place_at(case, policy, Ahead(*_first(case), 1), because.now, cause_id=event.id)
    move = told("opened", CaseFile(case), place, because)
    move = move.then(sent(move.file, move.file.main, because))
    relieved = _relieved(move, policy, because, case.rounds) if case.is_green else move
    return replace(relieved, word="opened")


def _first(case: Case) -> tuple[Hop, str]:
    return first_of(case.route, case.route[0].hop)


def _relieved(move: Move, policy: Policy, because: Because, round_: int) -> Move:
    """The green channel beside the main way: a sudden blow is relieved first, and the procedure follows."""
    case = move.file.case
    aside = Ahead("township", RELIEF, round_, RELIEF, is_main=False)
    place = place_at(case, policy, aside, because.now, cause_id=because.cause_id, like=move.file.main)
    step = told("noted", move.file, place, replace(because, action="green_channel"))
    there = step.file.place(place.place_id)
    return move.then(step).then(sent(step.file, there, because))


def strengthened(event: WarningRaised, file: CaseFile, policy: Policy, because: Because) -> Move:
    """The household's open case hears of a warning again, with more, or of another warning.

    A tracked case's own warning is closed: another one is something new, whatever it is about. Each sudden blow is
    relieved, in a round of its own.
    """
    warning, case = event.data, file.case
    new = tuple(one for one in dict.fromkeys((*warning.concerns, *warning.new_concerns)) if one not in case.concerns)
    is_declared = warning.cause == "declaration" and case.cause != "declaration"
    is_another = case.state == "tracking" and warning.warning_id not in case.warning_ids
    has_more = bool(new) or is_higher(warning.level, case.level) or is_declared or is_another
    file = file.put(_case_after(case, warning, new, policy))
    move = _verified(event, file, policy, because, new) if has_more else _repeated(file, because)
    is_sudden = warning.is_green and (has_more or not case.is_green)
    if not is_sudden or any(one.branch == RELIEF for one in file.live):
        return move
    case = replace(move.file.case, rounds=move.file.case.rounds + 1)
    move = replace(move, file=move.file.put(case))
    return _relieved(move, policy, replace(because, action="strengthened"), case.rounds)


def _repeated(file: CaseFile, because: Because) -> Move:
    return replace(told("noted", file, file.main, replace(because, action="repeated", is_aside=True)), word="repeated")


def _verified(event: WarningRaised, file: CaseFile, policy: Policy, because: Because, new: tuple[str, ...]) -> Move:
    """What is new is looked at: with a first look that has not been taken yet, or in a round of its own."""
    warning, because = event.data, replace(because, action="strengthened")
    seen = _added(file.case, warning, new, because.now, policy)
    unvisited = _unvisited(file, FIRST_LOOK)
    if unvisited is not None:
        joint = joined(file, unvisited, seen)
        place = joint.place(unvisited.place_id)
        move = told("noted", joint, place, replace(because, is_aside=True), task=joint.task_of(place))
        return replace(move, word="merged")
    file = file.put(replace(file.case, rounds=seen.round))
    move = told("noted", file, seen, because)
    place = move.file.place(seen.place_id)
    return replace(move.then(sent(move.file, place, because)), word="verification")


def _case_after(case: Case, warning: WarningState, new: tuple[str, ...], policy: Policy) -> Case:
    level = highest(case.level, warning.level)
    # A graver level's journey is shorter; what pauses have added stays added.
    usual = journey_due_at(policy, case.level, case.clock_started_at)
    journey = case.journey_due_at + min(journey_due_at(policy, level, case.clock_started_at) - usual, timedelta())
    is_declared = warning.cause == "declaration" and case.cause != "declaration"
    return replace(
        case,
        level=level,
        cause="declaration" if is_declared else case.cause,
        clock_started_at=warning.clock_started_at if is_declared else case.clock_started_at,
        is_green=case.is_green or warning.is_green,
        concerns=(*case.concerns, *new),
        explanation=_explained(warning),
        warning_ids=tuple(dict.fromkeys((*case.warning_ids, warning.warning_id))),
        withdrawn_ids=tuple(one for one in case.withdrawn_ids if one != warning.warning_id),
        journey_due_at=journey,
        ends={**case.ends, JOURNEY: journey},
    )


def _added(case: Case, warning: WarningState, new: tuple[str, ...], now: datetime, policy: Policy) -> Place:
    """The first look at what is new, in a round of its own: joined to an unvisited one, or sent as a verification."""
    hop, step = _first(case)
    ahead = Ahead(hop, step, case.rounds + 1, VERIFICATION, is_main=False)
    bare = place_at(case, policy, ahead, now, cause_id=case.correlation_id)
    declared_at = warning.clock_started_at if warning.cause == "declaration" else None
    due = due_at(policy, case.route, hop, step, warning.level, now, {}, declared_at=declared_at)
    return replace(
        bare, level=warning.level, concerns=new or warning.concerns, warning_id=warning.warning_id, due_at=due
    )


def _unvisited(file: CaseFile, hop: str) -> Place | None:
    """The place at this hop where nobody has looked yet; the main one first."""
    found = [one for one in file.live if one.hop == hop and one.state in ("on_its_way", "open")]
    return min(found, key=lambda one: (not one.is_main, one.round), default=None)


def withdrawn(event: WarningRaised, file: CaseFile, because: Because) -> Move:
    """The warning was withdrawn: the case closes if nothing else holds it, an appeal neither, and nobody confirmed a
    difficulty."""
    warning_id, case = event.data.warning_id, file.case
    if warning_id not in case.live_warnings:
        return Move(file, word="unknown_warning")
    case = replace(case, withdrawn_ids=(*case.withdrawn_ids, warning_id))
    file, because = file.put(case), replace(because, reason_code=CAUSE_WITHDRAWN)
    if case.is_confirmed or case.live_warnings or is_heard_beside(file):
        noted = told("noted", file, file.main, replace(because, action=CAUSE_WITHDRAWN, is_aside=True))
        return replace(noted, word="noted")
    main = file.main
    for place in file.live:
        file = left(file, place, because.now, by=None, as_="closed")
    file = file.put(replace(case, state="closed", closed_at=because.now, closed_because=CAUSE_WITHDRAWN))
    # The fact is told of the place as it was; the file keeps it ended.
    move = told("closed", file, main, because)
    return replace(move, file=file, word="closed")


def weakened(event: WarningRaised, file: CaseFile, because: Because) -> Move:
    """Part of the warning's cause was corrected away: the case is told, and keeps its level, for a person to judge."""
    case = replace(file.case, explanation=_explained(event.data))
    noted = told("noted", file.put(case), file.main, replace(because, action="weakened", is_aside=True))
    return replace(noted, word="weakened")


def appealed(event: ClueReported, file: CaseFile, policy: Policy, because: Because) -> Move:
    """A refusal is appealed against: the case is taken up again by somebody at the county who took no part in it.

    `file` is that of a closed case, or of one whose refusal is just being told: whoever appeals has heard it.
    """
    now, case = because.now, file.case
    case = replace(
        case, rounds=case.rounds + 1, appeals=case.appeals + 1, appeal_until=None, closed_at=None, closed_because=None
    )
    case = begun_again(case, policy, now, "refused")
    ahead = Ahead("county", APPEAL, case.rounds)
    place = place_at(case, policy, ahead, now, cause_id=event.id)
    for telling in [one for one in file.live if one.is_main]:
        file = left(file, telling, now, by=None, as_="appealed")
    move = told("appealed", file.put(case), place, because)
    there = move.file.place(place.place_id)
    return replace(move.then(sent(move.file, there, because)), word="appealed")


def is_being_told(file: CaseFile) -> bool:
    """Whether a refusal was signed, and the village is to tell it: it may be appealed against from then on."""
    return file.case.result == "refused" and file.main.step == TELL


def may_be_appealed(case: Case, policy: Policy, now: datetime) -> bool:
    """Whether the package lets a refusal of this case be appealed against once more."""
    return case.appeals < policy.value("appeal.most", on=day_of(now)).value


def is_heard_beside(file: CaseFile) -> bool:
    """Whether an earlier case's appeal is open beside this one's main way."""
    return any(one.step == APPEAL and not one.is_main for one in file.live)


def appealed_beside(event: ClueReported, file: CaseFile, earlier: Case, policy: Policy, because: Because) -> Move:
    """An earlier case's refusal is appealed against while another one is open: it is heard beside that one's main way,
    by somebody who took no part in either. A household has one open case."""
    case = replace(
        file.case,
        rounds=file.case.rounds + 1,
        refused_by=tuple(dict.fromkeys((*file.case.refused_by, *earlier.refused_by))),
    )
    ahead = Ahead("county", APPEAL, case.rounds, BESIDE, is_main=False)
    place = place_at(case, policy, ahead, because.now, cause_id=event.id)
    move = told("noted", file.put(case), place, replace(because, action="appealed"))
    there = move.file.place(place.place_id)
    return replace(move.then(sent(move.file, there, because)), word="appealed_beside")


def appealed_again(file: CaseFile, because: Because) -> Move:
    """The case is open and examined already: it is told, and goes on."""
    noted = told("noted", file, file.main, replace(because, action="appealed", is_aside=True))
    return replace(noted, word="noted")


def _case(event: WarningRaised, household_id: UUID, policy: Policy, now: datetime, residence: Residence) -> Case:
    warning: WarningState = event.data
    journey = journey_due_at(policy, warning.level, warning.clock_started_at)
    return Case(
        case_id=event_id(str(event.id), "case"),
        household_id=household_id,
        state="open",
        level=warning.level,
        cause=warning.cause,
        policy=policy.name,
        route=frozen(policy),
        concerns=warning.concerns,
        explanation=_explained(warning),
        warning_ids=(warning.warning_id,),
        withdrawn_ids=(),
        is_confirmed=False,
        is_green=warning.is_green,
        is_noticed=False,
        result=None,
        departments=(),
        declined=(),
        rounds=1,
        returned_by=(),
        refused_by=(),
        stood_back=(),
        pauses=0,
        appeals=0,
        appeal_until=None,
        ends={JOURNEY: journey},
        clock_started_at=warning.clock_started_at,
        journey_due_at=journey,
        opened_at=now,
        closed_at=None,
        closed_because=None,
        correlation_id=event.correlationid,
        region=residence.region,
        grid=residence.grid,
    )


def _explained(warning: WarningState) -> Mapping[str, Any]:
    return warning.explanation.model_dump(mode="json")
