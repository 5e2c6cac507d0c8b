"""Pre-check: what is known of a household, before anybody is asked to visit. Pure.

Reports are put in order and never silenced: a repeat strengthens, and what comes from a household
that is already monitored or helped goes on as a new risk to answer. A finding is held back for two reasons alone:
people have answered the very same a short while ago, or the register has removed the household. Whatever is more than
that speaks, and brings what was held back along.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from services.screening.clue import ClueFact
from services.screening.household import Answered, Digest, Known, Spoken, Word
from services.screening.rules.finding import RANK, Measured
from shared.contracts.warning import Words
from shared.domain.said_day import said_in_both

Reason = Literal["cool_down", "household_removed"]

MONITORED = ("monitored", "eliminated")
SURVIVORS = "labour_loss"
"""The death of an adult: whoever is left is looked at, whatever else is known."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a finding is held back, and the day on which it would speak again; None: not by time alone."""

    reason: Reason
    until: date | None


def says_nothing_new(spoken: Spoken | None, standing: Sequence[ClueFact], new: ClueFact) -> bool:
    """Whether a report brings no concern, level, declaration or way in that the open warning and the clues that stand
    do not have; where nothing speaks, any report is new."""
    if spoken is None or spoken.hold is not None:
        return False
    has_more = (
        any(code not in spoken.concerns for code in new.concerns)
        or RANK[new.level] > RANK[spoken.level]
        or (new.cause == "declaration" and spoken.cause != "declaration")
    )
    known = {channel for one in standing for channel in one.channels}
    return not has_more and known.issuperset(new.channels)


def is_new_risk(known: Known | None) -> bool:
    """Whether people watch this household already, or did: the report is a new risk, not a repetition of the old."""
    return known is not None and known.monitoring in MONITORED


# ── holding back ────────────────────────────────────────────────────────────────────────────────────────────────


def holds_of(found: Sequence[Measured], digest: Digest, cool_down: timedelta, today: date) -> Mapping[str, Hold]:
    """Why each finding is held back, by its key; empty when anything speaks, for then all of it is told. That the
    register removes a household takes away no warning that is open: people see to it."""
    holds: dict[str, Hold] = {}
    for one in found:
        hold = _hold(one, digest, cool_down, today)
        if hold is None:
            return {}
        holds[one.key] = hold
    spoken = digest.spoken
    is_open = spoken is not None and spoken.hold is None and bool(spoken.told)
    return {} if is_open and any(one.reason == "household_removed" for one in holds.values()) else holds


def _hold(one: Measured, digest: Digest, cool_down: timedelta, today: date) -> Hold | None:
    answered = digest.answered.get(one.key)
    if answered is not None and today < answered.on + cool_down and not is_new(answered, one):
        return Hold("cool_down", answered.on + cool_down)
    if digest.known is not None and digest.known.is_removed and not _always_speaks(one):
        return Hold("household_removed", None)
    return None


def is_new(answered: Answered, one: Measured) -> bool:
    """A higher amount, another word or a graver level; of what always speaks, any other record."""
    if is_more(answered.word.value, one.value) or RANK[one.level] > RANK[answered.word.level]:
        return True
    return _always_speaks(one) and answered.word.records != one.record_ids


def _always_speaks(one: Measured) -> bool:
    return one.level == "red" or one.concern == SURVIVORS


def is_more(before: str, value: str) -> bool:
    """A larger number; of words any other one."""
    try:
        return float(value) > float(before)
    except ValueError:
        return value != before


def word_of(one: Measured, before: Word | None, at: datetime) -> Word:
    """A finding as it is told. `at`: since when it is so bad; less, or told as before, it is so since then."""
    records = one.record_ids if _always_speaks(one) else ()
    if before is None or is_new(Answered(before, at.date()), one):
        return Word(one.value, one.level, records, at)
    if (before.value, before.level, before.records) == (one.value, one.level, records):
        return before
    return Word(one.value, one.level, records, before.at)


def still_answered(digest: Digest, cool_down: timedelta, today: date) -> Mapping[str, Answered]:
    return {key: one for key, one in digest.answered.items() if today < one.on + cool_down}


def first_of(holds: Mapping[str, Hold]) -> Hold:
    """The hold that ends first; one that time alone does not end comes last."""
    return min(holds.values(), key=lambda one: one.until or date.max)


def says(hold: Hold, cool_down: timedelta) -> Words:
    """Why, and the day of `until`."""
    match hold.reason:
        case "cool_down":
            assert hold.until is not None, "time ends a cool-down"
            until = said_in_both(hold.until)
            return Words(
                zh=f"同一情况已由人员核实办结，{cool_down.days} 天内没有新情况不重复预警；"
                f"{until[0]}起仍存在则再次预警。",
                en=f"People have answered the very same; without anything new it is not told again for {cool_down.days}"
                f" days, and from {until[1]} on it is if it still stands.",
            )
        case "household_removed":
            return Words(
                zh="该户已从户籍登记中注销或迁出，登记恢复前不预警。",
                en="The register has removed this household; it is not warned of until it is there again.",
            )
