"""Merge: two households are one from now on; what was reported, found and answered of the first goes on at the second.

Nothing is swallowed: of two warnings the open one goes on with the causes of both, the household's
own before the other's; the other ends and says where it goes on. Pure.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from services.screening.clue import added
from services.screening.facts import Facts
from services.screening.household import EMPTY, Digest, Spoken, pack
from services.screening.judging import NO_WORDS, because_of, day_of, judged
from services.screening.lines import lines_on
from services.screening.recheck import Recheck
from services.screening.warning import Heard, taken_up
from shared.contracts.household import HouseholdRegistered
from shared.messaging.room import Decision
from shared.policy import Policy


def merged(
    digests: Mapping[str, Digest], key: str, target: str, event: HouseholdRegistered, policy: Policy, now: datetime
) -> Decision:
    """Judge the household `target` with all that is known of `key` too. From now on `key`'s records are about it."""
    gone, other = digests[key], digests[target]
    joint, ended = joined(other, gone)
    heard: Heard = "reported" if ended is not None and ended is gone.spoken and gone.clues else "data"
    decision = judged(joint, target, event, policy, now, heard)
    if ended is not None:
        home = key if ended is gone.spoken else target
        because = because_of(digests[home], home, event, policy, lines_on(policy.name, day_of(now)), now, NO_WORDS)
        end = taken_up(digests[home], ended, because)
        decision = msgspec.structs.replace(
            decision, emits=(*end.emits, *decision.emits), rows=(*end.rows, *decision.rows)
        )
    return msgspec.structs.replace(
        decision,
        word="merged",
        merged={key: target},
        puts={**decision.puts, ("digest", key): EMPTY},
        digests={**decision.digests, key: pack(EMPTY)},
        rows=(*decision.rows, Recheck(UUID(key), None, event.region, event.grid)),
    )


def joined(other: Digest, gone: Digest) -> tuple[Digest, Spoken | None]:
    """The household's digest with what was known of the one merged into it; and which of two warnings ends."""
    kept, ended = other.spoken, gone.spoken
    if kept is None or (kept.hold is not None and ended is not None and ended.hold is None):
        kept, ended = ended, kept
    clues = other.clues
    for one in gone.clues:
        clues = added(clues, one)
    closed, whose = max(other.closed, gone.closed), other if kept is other.spoken else gone
    times = [at for at in (other.newest_at, gone.newest_at) if at is not None]
    joint = msgspec.structs.replace(
        other,
        facts=_facts(other.facts, gone.facts),
        spoken=kept,
        raised=closed + (whose.raised == whose.closed + 1),
        answered={**gone.answered, **other.answered},
        clues=clues,
        ended={**gone.ended, **other.ended},
        closed=closed,
        newest_at=max(times, default=None),
    )
    return joint, ended


def _facts(ours: Facts, theirs: Facts) -> Facts:
    """Of a record that both have, the household's own word stays."""
    found = dict(ours)
    for department, facts in theirs.items():
        mine = ours.get(department, ())
        known = {one.record_id for one in mine}
        found[department] = (*(one for one in facts if one.record_id not in known), *mine)
    return found
