"""Clues: what farmers and cadres reported of a household, as its digest holds them. Methods 1, 2 and 5. Pure.

A declaration is raised, never judged and never suppressed. A report is named by its clue: told again it is one report
more, withdrawn it is gone. Nothing that was told in words is here, and no channel's name leaves this room.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from services.screening.lines import Lines
from services.screening.rules.finding import RANK
from shared.contracts.clue import Clue
from shared.contracts.types import Level
from shared.domain.concerns import BY_CODE

Cause = Literal["declaration", "clue"]
Basis = Literal["given", "green", "table", "table_verified"]
"""Where a level comes from: whoever reported gave it, the green channel, or the policy package's table."""

GREEN = "green"


class ClueFact(msgspec.Struct, frozen=True, array_like=True):
    """One clue that stands. `reports`: how often it was told; `times`: the household's reports within the days
    of the package's `declaration.attached`, counted by intake.

    Without a `clue_id` it is several, folded into one.
    """

    clue_id: str
    cause: Cause
    channels: tuple[str, ...]
    concerns: tuple[str, ...]
    level: Level
    basis: Basis
    is_green: bool
    first_at: datetime
    last_at: datetime
    reports: int
    times: int


@dataclass(frozen=True, slots=True)
class Said:
    """What the standing clues say together, the declarations first. `clock_at`: the earliest declaration's receipt."""

    cause: Cause
    level: Level
    concerns: tuple[str, ...]
    clock_at: datetime | None
    declared: ClueFact | None
    reported: ClueFact | None
    reports: int
    times: int
    channels: int
    first_at: datetime
    last_at: datetime


def said(clues: Sequence[ClueFact]) -> Said:
    """Of at least one clue."""
    declared = _together([one for one in clues if one.cause == "declaration"])
    reported = _together([one for one in clues if one.cause == "clue"])
    whole = _together(clues)
    assert whole is not None, "a household without clues is not asked"
    concerns = dict.fromkeys(code for one in (declared, reported) if one is not None for code in one.concerns)
    return Said(
        cause="clue" if declared is None else "declaration",
        level=whole.level,
        concerns=tuple(concerns),
        clock_at=declared.first_at if declared is not None else None,
        declared=declared,
        reported=reported,
        reports=whole.reports,
        times=whole.times,
        channels=len(whole.channels),
        first_at=whole.first_at,
        last_at=whole.last_at,
    )


def fact_of(clue: Clue, lines: Lines) -> ClueFact:
    """A clue with its level as of the day on which it is applied: the table may change, what was told stands."""
    concerns = tuple(dict.fromkeys(_known(code) for code in clue.concerns)) or (OTHER,)
    level, basis = _level(clue, concerns, lines)
    return ClueFact(
        str(clue.clue_id), clue.cause, (clue.channel,), concerns, level, basis, clue.is_green,
        clue.reported_at, clue.reported_at, 1, max(clue.times, 1),
    )  # fmt: skip


OTHER = "other"


def _known(code: str) -> str:
    """A declaration never waits for a word that is not on the list."""
    return code if code in BY_CODE else OTHER


def _level(clue: Clue, concerns: Sequence[str], lines: Lines) -> tuple[Level, Basis]:
    if clue.is_green:
        return lines.clue[GREEN].value, "green"
    if clue.level is not None:
        return clue.level, "given"
    gravest = max((lines.clue[code] for code in concerns), key=lambda one: RANK[one.value])
    return gravest.value, "table_verified" if gravest.verified else "table"


CLUES_MAX = 16
"""So many reports stand one by one; older ones are folded, so that a digest stays small and nothing is swallowed."""


def added(clues: tuple[ClueFact, ...], new: ClueFact) -> tuple[ClueFact, ...]:
    """With this report; one of a known clue joins it."""
    before = next((one for one in clues if (one.clue_id, one.cause) == (new.clue_id, new.cause)), None)
    rest = tuple(one for one in clues if one is not before)
    joint = new if before is None else msgspec.structs.replace(_joined(before, new), clue_id=new.clue_id)
    return _folded((*rest, joint))


def without(clues: tuple[ClueFact, ...], clue_id: str) -> tuple[ClueFact, ...]:
    """Without this clue. One that was folded stays until people close the case: it cannot be told apart any more."""
    return tuple(one for one in clues if one.clue_id != clue_id)


def _folded(clues: tuple[ClueFact, ...]) -> tuple[ClueFact, ...]:
    """At most so many of each cause: the two oldest become one."""
    for cause in ("declaration", "clue"):
        ours = [one for one in clues if one.cause == cause]
        if len(ours) > CLUES_MAX:
            rest = tuple(one for one in clues if one is not ours[0] and one is not ours[1])
            return (_joined(ours[0], ours[1]), *rest)
    return clues


def _together(clues: Sequence[ClueFact]) -> ClueFact | None:
    whole: ClueFact | None = None
    for one in clues:
        whole = one if whole is None else _joined(whole, one)
    return whole


def _joined(one: ClueFact, other: ClueFact) -> ClueFact:
    """The higher level with its basis, all concerns and channels, the earliest and the latest receipt."""
    graver = other if RANK[other.level] > RANK[one.level] else one
    return ClueFact(
        "", one.cause,
        tuple(dict.fromkeys((*one.channels, *other.channels))), tuple(dict.fromkeys((*one.concerns, *other.concerns))),
        graver.level, graver.basis, one.is_green or other.is_green,
        min(one.first_at, other.first_at), max(one.last_at, other.last_at),
        one.reports + other.reports, max(one.times, other.times),
    )  # fmt: skip
