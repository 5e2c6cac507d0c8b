"""When a notice may ring: quiet hours, what rings all the same, and how long an unread red one waits.

At night only life safety and the green channel ring; everything else waits for the morning.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType

from shared.domain.concerns import BY_CODE
from shared.domain.dated import Dated, nearest
from shared.policy.reading import Field
from shared.policy.values import DATED, DATED_TOO, Frame, covering, dated, figures

FIGURES: Mapping[str, str] = {"quiet_from": "hour_of_day", "quiet_until": "hour_of_day", "unread_red": "hours"}
"""Every one of them is a must, in this unit."""


@dataclass(frozen=True, slots=True)
class NoticeRules:
    """Quiet from hour `quiet_from` until hour `quiet_until`, Asia/Shanghai; none where the two are the same."""

    quiet_from: int
    quiet_until: int
    rings_at_night: frozenset[str]
    unread_red: timedelta


@dataclass(frozen=True, slots=True)
class DatedNoticeRules:
    _figures: Mapping[str, tuple[Dated[Decimal], ...]]
    _rings: tuple[Dated[frozenset[str]], ...]

    def on(self, day: date | None = None) -> NoticeRules:
        """The rules of a day; falls back to the nearest ones that the package has."""
        at = {key: nearest(rows, day).value for key, rows in self._figures.items()}
        return NoticeRules(
            quiet_from=int(at["quiet_from"]),
            quiet_until=int(at["quiet_until"]),
            rings_at_night=nearest(self._rings, day).value,
            unread_red=timedelta(hours=int(at["unread_red"])),
        )


def read_notices(frame: Frame, place: Field) -> DatedNoticeRules:
    """Raises PolicyError for a missing figure, an hour that is none, a concern that is not on the list."""
    here = place.record(*FIGURES, "rings_at_night")
    rings = []
    for item in here["rings_at_night"].items():
        row = item.record("concerns", *DATED, optional=DATED_TOO)
        codes = frozenset(one.choice(*BY_CODE) for one in row["concerns"].items())
        rings.append(dated(frame, row, codes, "concerns"))
    return DatedNoticeRules(
        MappingProxyType({key: figures(frame, here[key], unit) for key, unit in FIGURES.items()}),
        covering(frame, here["rings_at_night"], rings),
    )
