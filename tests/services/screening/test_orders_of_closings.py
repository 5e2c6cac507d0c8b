"""People's closings among the topics: read again from their beginning in another order, a household ends alike."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.screening.household import EMPTY, Digest, pack, unpack
from services.screening.rules.finding import RANK
from services.screening.subscribers import subscribers
from services.screening.warning import warning_named
from shared.messaging.room import Input, State
from shared.policy import load
from tests.services.screening.people import NOW, changed, closed, household_id, registered, reported

H = household_id(1)
NEEDY = {"poverty_history": "lifted_out", "income": 20000}
SUBSCRIBERS = {one.topic: one for one in subscribers(load("regular-2026"))}
TOPICS = tuple(SUBSCRIBERS)
STEP = timedelta(hours=1)

records = st.tuples(
    st.just("data"),
    st.sampled_from("ABC"),
    st.sampled_from((100, 3000, 5500, 6000, 9000, 12000)),
    st.sampled_from("BCD"),
    st.booleans(),
)
clues = st.tuples(
    st.just("clue"), st.sampled_from(("declaration", "clue")), st.sampled_from(("food", "debt", "medical_burden"))
)
closings = st.tuples(st.just("close"))


def at(event: Input, when: datetime) -> Input:
    told: dict[str, Any] = {"time": when}
    if event.topic == "clue.reported":
        told["data"] = event.body.data.model_copy(update={"reported_at": when})
    return msgspec.structs.replace(event, body=event.body.model_copy(update=told))


def decided(digest: Digest, event: Input, now: datetime, household: UUID = H) -> Digest:
    """After each event the digest is written and read again, as by a restart."""
    state: State = {("digest", str(household)): pack(digest), ("homes",): {}}
    decision = SUBSCRIBERS[event.topic].decide(state, event, now)
    return unpack(decision.digests.get(str(household), pack(digest)))


def lived(steps: Sequence[tuple[Any, ...]], household: UUID = H) -> tuple[Digest, list[Input]]:
    """The days as they came: people close the warning that stands, each an hour after the other."""
    digest, events, numbers, versions = EMPTY, [], dict.fromkeys(TOPICS, 0), dict.fromkeys("ABC", 0)
    for hour, (kind, *told) in enumerate([("known",), *steps]):
        match kind:
            case "known":
                event = registered(household, 1, NEEDY)
            case "data":
                name, yuan, grade, is_withdrawn = told
                said: dict[str, Any] = {"house": grade} if name == "C" else {"settlement": yuan}
                said |= {"day": "2026-10-01", "id": name, "withdrawn": is_withdrawn}
                versions[name] += 1
                event = changed(household, numbers["data.changed"] + 1, said, versions[name])
            case "clue":
                number = numbers["clue.reported"] + 1
                event = reported(household, number, number=number, cause=told[0], concerns=(told[1],))
            case _:
                if digest.spoken is None or digest.spoken.hold is not None:
                    continue
                event = closed(household, numbers["stage.advanced"] + 1, UUID(digest.spoken.warning_id))
        numbers[event.topic] += 1
        events.append(at(event, NOW + hour * STEP))
        digest = decided(digest, events[-1], NOW + hour * STEP, household)
    return digest, events


def read_again(events: Sequence[Input], order: Sequence[str]) -> Digest:
    """A fresh database, topic by topic."""
    digest = EMPTY
    for topic in order:
        for event in events:
            if event.topic == topic:
                digest = decided(digest, event, NOW + 24 * STEP)
    return digest


def standing(digest: Digest, household: UUID = H) -> tuple[Any, ...]:
    """What is said of the household: its warning by id, what it says, whether it is held back; and how many people
    have closed. Not compared: when this database said it, what was answered of what is not found any more, and the id
    of what is held back, which nobody was told."""
    spoken = digest.spoken
    said = None
    if spoken is not None:
        words = {key: (word.value, word.level) for key, word in spoken.told.items()}
        said = (
            None if spoken.hold else spoken.warning_id,
            spoken.level,
            set(spoken.concerns),
            words,
            spoken.hold,
            spoken.cause,
        )
    return digest.known, digest.facts, digest.clues, _closings(digest, household), said


def _closings(digest: Digest, household: UUID) -> int:
    """How many of its warnings people have closed, with those that would be raised here as closed ones."""
    number = digest.closed
    while str(warning_named(household, number + 1)) in digest.ended:
        number += 1
    return number


EXACT = [
    order
    for order in permutations(TOPICS)
    if order.index("data.changed") > order.index("stage.advanced")
    and order.index("data.changed") > order.index("household.registered")
]
"""Who a household is and what people closed are known before its records are read again."""


@pytest.mark.parametrize("order", EXACT, ids=lambda order: "-".join(one[0] for one in order))
@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(records, closings), max_size=9))
def test_records_corrections_and_closings_end_alike(order: tuple[str, ...], steps: list[Any]) -> None:
    live, events = lived(steps)
    assert standing(read_again(events, order)) == standing(live)


@pytest.mark.parametrize("order", list(permutations(TOPICS)), ids=lambda order: "-".join(one[0] for one in order))
@settings(max_examples=15, deadline=None)
@given(st.lists(st.one_of(records, clues, closings), max_size=9))
def test_in_no_order_is_anything_kept_silent_that_stands(order: tuple[str, ...], steps: list[Any]) -> None:
    """Where records were read before a closing, what people answered of them cannot be told from what came after: it
    is said again, never left out."""
    live, events = lived(steps)
    again = read_again(events, order)
    assert (again.known, again.facts) == (live.known, live.facts)
    if live.spoken is not None and live.spoken.hold is None:
        assert again.spoken is not None and again.spoken.hold is None
        assert set(again.spoken.concerns) >= set(live.spoken.concerns)
        assert RANK[again.spoken.level] >= RANK[live.spoken.level]
