"""A household that is merged into another one goes on there: what was reported and found of it, and its warning."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.screening.clue import fact_of
from services.screening.household import EMPTY, Digest, Spoken
from services.screening.lines import lines_on
from services.screening.merge import joined
from services.screening.subscribers import subscribers
from services.screening.subscribers.digests import digest_at
from services.screening.warning import closed as answered_by
from shared.messaging.room import State
from shared.policy import load
from tests.services.screening.conftest import Room
from tests.services.screening.people import (
    NOW,
    TODAY,
    changed,
    closed,
    household_id,
    merged,
    paid,
    registered,
    reported,
)

P, H = household_id(1), household_id(2)
NEEDY = {"poverty_history": "lifted_out", "number": "H-2"}
PROVISIONAL = {"number": "P-1"}
DANGEROUS = {"house": "D", "day": "2026-10-01"}


async def rows(room: Room) -> set[tuple[Any, ...]]:
    return {tuple(one) for one in await room.pool.fetch("SELECT household_id, state, level FROM warnings")}


async def test_a_declaration_goes_on_with_its_warning_at_the_household_that_it_was_matched_to(room: Room) -> None:
    await room.work.process(
        [registered(P, 1, PROVISIONAL), reported(P, 1, concerns=("food",)), registered(H, 1, NEEDY)]
    )
    first = (await room.told())[-1].data.warning_id
    report = await room.work.process([merged(P, 2, H)])
    assert dict(report.words) == {"merged": 1}
    assert await room.kinds() == ["raised"], "its case goes there too: nothing new is told"
    assert await rows(room) == {(H, "open", "orange")}
    assert (await room.digest(P)) == EMPTY
    await room.work.process([changed(H, 1, DANGEROUS)])
    last = (await room.told())[-1]
    assert (last.type.split(".")[2], last.data.warning_id, last.partitionkey) == ("strengthened", first, str(H))
    assert (last.data.cause, last.data.level, last.data.household_no) == ("declaration", "red", "H-2")
    assert set(last.data.concerns) == {"food", "unsafe_house"}


async def test_what_is_told_under_the_old_key_is_about_the_new_household(room: Room) -> None:
    await room.work.process(
        [registered(P, 1, PROVISIONAL), reported(P, 1, concerns=("food",)), registered(H, 1, NEEDY)]
    )
    await room.work.process([merged(P, 2, H)])
    await room.work.process([reported(P, 2, number=2, cause="clue", concerns=("debt",)), registered(P, 3, PROVISIONAL)])
    assert await room.kinds() == ["raised", "strengthened"]
    assert set((await room.told())[-1].data.concerns) == {"food", "debt"}
    known = (await room.digest(H)).known
    assert known is not None and known.household_no == "H-2", "the old number is not the household's"
    await room.work.process([reported(P, 3, "withdrawn"), reported(P, 4, "withdrawn", number=2, cause="clue")])
    assert (await room.kinds())[-1] == "withdrawn" and await rows(room) == {(H, "withdrawn", "yellow")}


async def test_of_two_open_warnings_the_households_own_says_both_and_the_other_ends(room: Room) -> None:
    await room.work.process([registered(P, 1, PROVISIONAL), reported(P, 1, concerns=("food",))])
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, {"house": "C", "day": "2026-10-01"})])
    own = (await room.told())[-1].data.warning_id
    await room.work.process([merged(P, 2, H)])
    *_, ended, last = await room.told()
    assert (ended.type.split(".")[2], ended.partitionkey) == ("withdrawn", str(P))
    assert "合并" in ended.data.explanation.band.zh
    assert (last.type.split(".")[2], last.data.warning_id, last.data.cause) == ("strengthened", own, "declaration")
    assert last.data.new_concerns == ("food",) and len(last.data.findings) == 1
    assert await rows(room) == {(P, "withdrawn", "orange"), (H, "open", last.data.level)}


async def test_a_suppressed_warning_gives_way_to_what_was_declared(room: Room) -> None:
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, {"house": "C", "day": "2026-10-01"})])
    now = await room.pool.fetchval("SELECT civil.now()")
    end = closed(H, 1, (await room.told())[-1].data.warning_id)
    end.body.__dict__["time"] = now
    await room.work.process([end])
    assert (await room.kinds())[-1] == "suppressed"
    await room.work.process([registered(P, 1, PROVISIONAL), reported(P, 1, days=60, concerns=("food",))])
    await room.work.process([merged(P, 2, H)])
    assert (await room.kinds())[-1] == "withdrawn"
    assert await rows(room) == {(H, "closed", "yellow"), (H, "withdrawn", "yellow"), (H, "open", "orange")}


async def test_a_warning_that_ended_with_the_merge_and_is_raised_anew_is_the_households(room: Room) -> None:
    """A record that is told under the old key begins the warning that this key names."""
    await room.work.process([registered(P, 1, NEEDY | {"number": "P-1"}), changed(P, 1, paid(6000, id="A"))])
    await room.work.process([registered(H, 1, NEEDY), changed(H, 1, paid(6000, id="B"))])
    await room.work.process([merged(P, 2, H)])
    assert await rows(room) == {(P, "withdrawn", "yellow"), (H, "open", "yellow")}
    await room.work.process([changed(H, 2, paid(0, id="B", withdrawn=True), 2)])
    await room.work.process([changed(P, 2, paid(0, id="A", withdrawn=True), 2)])
    await room.work.process([changed(P, 3, paid(7000, id="C"))])
    assert (await room.kinds())[-2:] == ["withdrawn", "raised"]
    assert await rows(room) == {(H, "withdrawn", "yellow"), (H, "open", "yellow")}


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_read_in_any_order_a_merged_declaration_stands_at_the_household(room: Room, order: Any) -> None:
    parts = [
        [registered(P, 1, PROVISIONAL), merged(P, 2, H), registered(H, 1, NEEDY)],
        [reported(P, 1, concerns=("food",))],
        [changed(H, 1, DANGEROUS)],
    ]
    for index in order:
        await room.work.process(parts[index])
    assert {row for row in await rows(room) if row[1] == "open"} == {(H, "open", "red")}
    spoken = (await room.digest(H)).spoken
    assert spoken is not None and set(spoken.concerns) == {"food", "unsafe_house"} and spoken.cause == "declaration"
    assert await room.pool.fetchval("SELECT count(*) FROM waiting") == 0


async def test_a_closing_of_its_warning_is_understood_on_either_side_of_the_merge(room: Room) -> None:
    await room.work.process(
        [registered(P, 1, PROVISIONAL), reported(P, 1, concerns=("food",)), registered(H, 1, NEEDY)]
    )
    first = (await room.told())[-1].data.warning_id
    await room.work.process([closed(H, 1, first)])
    assert await rows(room) == {(P, "closed", "orange")}, "named by its id"
    await room.work.process([merged(P, 2, H)])
    assert not [row for row in await rows(room) if row[1] == "open"]
    assert (await room.digest(H)).spoken is None


def test_a_late_record_of_the_old_key_makes_nothing_older_that_the_household_was_known_by() -> None:
    """The two keys' records come by lines of their own: what they say together became so with the newest of them."""
    policy, later = load("regular-2026"), NOW + timedelta(days=2)
    [room] = [one for one in subscribers(policy) if one.topic == "data.changed"]
    state: State = {("digest", str(H)): EMPTY, ("homes",): {str(P): str(H)}}
    newest = changed(H, 1, paid(6000, id="NEW"))
    newest = msgspec.structs.replace(newest, body=newest.body.model_copy(update={"time": later}))
    for event in (newest, changed(P, 1, paid(6000, id="LATE"))):
        state.update(room.decide(state, event, later + timedelta(days=1)).puts)
    digest = digest_at(state, str(H))
    assert digest.spoken is not None and [word.at for word in digest.spoken.told.values()] == [later]
    assert not answered_by(digest, digest.spoken, NOW + timedelta(days=1)).answered, "nobody had seen both"


def test_a_warning_that_was_raised_and_is_held_back_since_is_known_as_raised_after_the_merge() -> None:
    """So that a closing of its case that was on its way ends it."""
    held = Spoken("W", "yellow", False, ("living",), {}, NOW, "J", hold="cool_down")
    both, ended = joined(Digest(closed=2, raised=2), Digest(spoken=held, closed=0, raised=1))
    assert (both.spoken, ended, both.raised) == (held, None, both.closed + 1)
    both, _ = joined(Digest(closed=0, raised=1), Digest(spoken=held, closed=0, raised=0))
    assert both.raised == both.closed, "that one was never told"


@given(st.lists(st.integers(1, 30), unique=True), st.lists(st.integers(1, 30), unique=True))
def test_no_report_is_lost_when_two_are_joined(ours: list[int], theirs: list[int]) -> None:
    lines = lines_on("regular-2026", TODAY)

    def digest(numbers: list[int]) -> Digest:
        clues = tuple(fact_of(reported(H, 1, number=one).body.data, lines) for one in numbers[:16])
        return Digest(clues=clues)

    both, ended = joined(digest(ours), digest(theirs))
    assert ended is None
    assert {one.clue_id for one in both.clues if one.clue_id} <= {
        one.clue_id for one in (*digest(ours).clues, *digest(theirs).clues)
    }
    assert sum(one.reports for one in both.clues) == len(ours[:16]) + len(theirs[:16])
