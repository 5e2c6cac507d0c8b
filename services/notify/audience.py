"""Whom an occasion is told: from its hop, its office and the posts held today. Pure.

A grid's worker hears of his grid; his deputy where there is no worker; a grid without either falls to those who handle
at the village's office (method 6: a responsible person for every household). When a limit has passed the village's
leader hears it too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.notify.occasion import Occasion
from services.notify.post import Post

Part = Literal["worker", "deputy", "stand_in", "office", "leader"]
"""In what part a person is told; the wording is chosen by it."""

WITH_LEADER = frozenset({"passed"})
ADDRESSEES_MAX = 20
"""An office where more people handle the same queue has not said who handles it."""


@dataclass(frozen=True, slots=True)
class Addressee:
    officer_id: str
    part: Part


def audience_of(occasion: Occasion, posts: Iterable[Post], day: date) -> tuple[Addressee, ...]:
    """In this order, nobody twice; empty when nobody is there. `posts` are those of the office and of the village."""
    held = [one for one in posts if one.is_held_on(day)]
    asked = [one for one in held if one.officer_id != occasion.not_to]
    village = occasion.region
    if occasion.is_of_a_grid:
        found = _of_grid(occasion.office, asked) or _handlers(village, asked, "stand_in")
    elif occasion.hop == "village_group":
        found = _handlers(village, asked, "stand_in")
    else:
        found = _handlers(occasion.office, asked, "office")
    if occasion.step in WITH_LEADER:
        found = [*found, *_leaders(village, held)]
    once: dict[str, Addressee] = {}
    for one in found:
        once.setdefault(one.officer_id, one)
    return tuple(once.values())[:ADDRESSEES_MAX]


def is_stand_in(audience: Sequence[Addressee]) -> bool:
    """Nobody of the grid itself is among them."""
    return not any(one.part in ("worker", "deputy") for one in audience)


def _of_grid(grid: str, posts: Sequence[Post]) -> list[Addressee]:
    there = [one for one in posts if one.is_at(grid)]
    workers = [Addressee(one.officer_id, "worker") for one in there if one.post == "worker"]
    return workers or [Addressee(one.officer_id, "deputy") for one in there if one.post == "deputy"]


def _handlers(office: str, posts: Sequence[Post], part: Part) -> list[Addressee]:
    """Who handles there; where nobody is named for it, everybody there."""
    there = [one for one in posts if one.office_id == office]
    handling = [one for one in there if one.capacity in (None, "handler")]
    return [Addressee(one.officer_id, part) for one in handling or there]


def _leaders(village: str, posts: Sequence[Post]) -> list[Addressee]:
    """The village office's leader; where none is named, whoever approves there."""
    there = [one for one in posts if one.office_id == village]
    leading = [one for one in there if one.post == "leader"]
    approving = [one for one in there if one.capacity == "approver"]
    return [Addressee(one.officer_id, "leader") for one in leading or approving]
