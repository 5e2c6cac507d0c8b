"""Pre-check: how a report stands to what is known of its household, before anybody is asked to visit. Pure.

It orders, it never silences (people's needs A3): a repeat strengthens, and what comes from a household that is already
monitored or helped goes on as a new risk to answer.
"""

from collections.abc import Sequence
from typing import Literal

from services.screening.clue import ClueFact
from services.screening.household import Known, Spoken
from services.screening.rules.finding import RANK

Checked = Literal["first", "new_concern", "higher", "declared", "new_channel", "repeat"]

MONITORED = ("monitored", "eliminated")


def checked(spoken: Spoken | None, standing: Sequence[ClueFact], new: ClueFact) -> Checked:
    """What is new in a report, held against the open warning and the clues that stand; the gravest word first."""
    if spoken is None:
        return "first"
    if any(code not in spoken.concerns for code in new.concerns):
        return "new_concern"
    if RANK[new.level] > RANK[spoken.level]:
        return "higher"
    if new.cause == "declaration" and spoken.cause != "declaration":
        return "declared"
    known = {channel for one in standing for channel in one.channels}
    return "repeat" if known.issuperset(new.channels) else "new_channel"


def is_new_risk(known: Known | None) -> bool:
    """Whether people watch this household already, or did: the report is a new risk, not a repetition of the old."""
    return known is not None and known.monitoring in MONITORED
