"""Whom an occasion is told: from its step, its hop and office, and the posts held today. Pure.

A grid's worker hears of his grid; his deputy where the worker is away or there is none; a grid without either falls to
those who handle at the village's office (method 6: a responsible person for every household). The ladder climbs: a day
before it the handler, on the day the office's leader too, then the leader alone, the supervising office, the city and
the province. Where nobody is, the leader of the next office up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.notify.occasion import Occasion
from services.notify.post import Post, Roll
from shared.domain.division import is_village_open

Part = Literal["worker", "deputy", "stand_in", "office", "leader", "supervisor", "superior", "head", "household"]
"""In what part a person is told; the wording is chosen by it."""

TO_THE_RESPONSIBLE = frozenset({"arrived", "reassigned", "near", "passed"})
"""The steps that whoever has the task is told of."""
SIGNED = frozenset({"sign"})
"""The steps of a hop that another person signs: they are for those who approve."""
ADDRESSEES_MAX = 20
"""An office where more people handle the same queue has not said who handles it."""
_DIGITS = (12, 9, 6, 4, 2)


@dataclass(frozen=True, slots=True)
class Addressee:
    officer_id: str
    part: Part


def audience_of(occasion: Occasion, roll: Roll, day: date) -> tuple[Addressee, ...]:
    """In this order, nobody twice; empty when nobody is there."""
    match occasion.step:
        case "passed":
            found = [*_responsible(occasion, roll, day), *_leaders(_led_by(occasion), roll, day)]
        case "urged":
            found = _leaders(_led_by(occasion), roll, day)
        case "supervised":
            above = _above(one_up(occasion.office), roll, day) or heads_of(occasion, roll, day)
            found = [*above, *_leaders(_led_by(occasion), roll, day)]
        case "reported":
            found = _superiors(occasion, roll, day)
        case "unmatched":
            found = _who_match(occasion, roll, day)
        case "match_overdue":
            found = [*_leaders(occasion.office, roll, day), *_who_match(occasion, roll, day)]
        case "unread":
            next_ = [*_deputies(occasion, roll, day), *_leaders(_led_by(occasion), roll, day)]
            found = [one for one in next_ if one.officer_id != occasion.not_to][:1]
        case _:
            found = _responsible(occasion, roll, day)
    return _once(found)


def heads_of(occasion: Occasion, roll: Roll, day: date) -> tuple[Addressee, ...]:
    """Whom an occasion without an audience falls to: the leader of the next office up that has anybody at all."""
    office = one_up(occasion.office)
    while office is not None:
        found = _leaders(office, roll, day, "head") or _handlers(office, roll.present(office, day), "head")
        if found:
            return _once(found)
        office = one_up(office)
    return ()


def one_up(office: str) -> str | None:
    """The supervising office: group and village → township; township → county; county, department → city → province."""
    digits = office.partition("-")[0]
    if not digits.isdigit() or len(digits) not in _DIGITS:
        return None
    at = _DIGITS.index(len(digits)) + 1
    return digits[: _DIGITS[at]] if at < len(_DIGITS) else None


def offices_above(region: str, office: str) -> set[str]:
    """Every place whose posts an occasion may need."""
    return {office, region, *(region[:length] for length in _DIGITS)}


def is_stand_in(audience: Sequence[Addressee]) -> bool:
    """Nobody of the grid itself is among them."""
    return not any(one.part in ("worker", "deputy") for one in audience)


def _responsible(occasion: Occasion, roll: Roll, day: date) -> list[Addressee]:
    village = [one for one in roll.present(occasion.region, day) if one.officer_id != occasion.not_to]
    if occasion.is_of_a_grid:
        there = [one for one in roll.present(occasion.office, day) if one.officer_id != occasion.not_to]
        return _of_grid(there) or _handlers(occasion.region, village, "stand_in")
    if occasion.hop == "village_group" and not is_village_open(occasion.region):
        return _handlers(occasion.region, village, "stand_in")
    there = [one for one in roll.present(occasion.office, day) if one.officer_id != occasion.not_to]
    if occasion.hop_step in SIGNED:
        return _signers(occasion.office, there)
    return _handlers(occasion.office, there, "office")


def _who_match(occasion: Occasion, roll: Roll, day: date) -> list[Addressee]:
    """Who says whose a report is: the county's handlers, and those of its village; where that is not known, of its
    township."""
    below = one_up(occasion.region) if is_village_open(occasion.region) else occasion.region
    there = roll.present(below, day) if below else []
    return [
        *_handlers(occasion.office, roll.present(occasion.office, day), "office"),
        *_handlers(below or "", there, "stand_in"),
    ]


def _of_grid(there: Sequence[Post]) -> list[Addressee]:
    workers = [
        Addressee(one.officer_id, "deputy" if one.stands_in_for else "worker") for one in there if one.post == "worker"
    ]
    return workers or [Addressee(one.officer_id, "deputy") for one in there if one.post == "deputy"]


def _handlers(office: str, posts: Sequence[Post], part: Part) -> list[Addressee]:
    """Who handles there; where nobody is named for it, everybody there."""
    there = [one for one in posts if one.office_id == office]
    handling = [one for one in there if one.capacity in (None, "handler")]
    return [Addressee(one.officer_id, part) for one in handling or there]


def _signers(office: str, posts: Sequence[Post]) -> list[Addressee]:
    """Who approves there; where nobody is named for it, its leader, and then everybody."""
    there = [one for one in posts if one.office_id == office]
    approving = [one for one in there if one.capacity == "approver"]
    leading = [one for one in there if one.post == "leader"]
    return [Addressee(one.officer_id, "office") for one in approving or leading or there]


def _led_by(occasion: Occasion) -> str:
    """The office whose leader answers for the place: a grid's is the village's."""
    is_village_s = occasion.hop == "village_group" and not is_village_open(occasion.region)
    return occasion.region if is_village_s else occasion.office


def _leaders(office: str, roll: Roll, day: date, part: Part = "leader") -> list[Addressee]:
    """The office's leader, or who stands in for him; where none is named, whoever approves there."""
    there = [one for one in roll.present(office, day) if one.office_id == office]
    leading = [one for one in there if one.post == "leader"]
    approving = [one for one in there if one.capacity == "approver"]
    return [Addressee(one.officer_id, part) for one in leading or approving]


def _above(office: str | None, roll: Roll, day: date) -> list[Addressee]:
    """The supervising office: its leader, or everybody who handles there."""
    if office is None:
        return []
    return _leaders(office, roll, day, "supervisor") or _handlers(office, roll.present(office, day), "supervisor")


def _superiors(occasion: Occasion, roll: Roll, day: date) -> list[Addressee]:
    """City and province; where neither sits here, the county, so that the report is somebody's."""
    for offices in ((occasion.region[:4], occasion.region[:2]), (occasion.region[:6],)):
        found = [
            addressee
            for office in offices
            for addressee in _leaders(office, roll, day, "superior")
            or _handlers(office, roll.present(office, day), "superior")
        ]
        if found:
            return found
    return []


def _deputies(occasion: Occasion, roll: Roll, day: date) -> list[Addressee]:
    """Who stands beside a grid's worker."""
    there = roll.present(occasion.office, day) if occasion.is_of_a_grid else []
    return [Addressee(one.officer_id, "deputy") for one in there if one.post == "deputy"]


def _once(found: Sequence[Addressee]) -> tuple[Addressee, ...]:
    once: dict[str, Addressee] = {}
    for one in found:
        once.setdefault(one.officer_id, one)
    return tuple(once.values())[:ADDRESSEES_MAX]
