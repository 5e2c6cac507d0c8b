"""Between topics no order is promised: whatever comes first, a household ends in the same warning."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.screening.household import EMPTY, Digest, Spoken, pack, unpack
from services.screening.subscribers import subscribers
from shared.messaging.room import Decision, Input, State
from shared.policy import load
from tests.drawn import HISTORIES
from tests.services.screening.people import NOW, changed, household_id, registered, reported

H = household_id(1)
SUBSCRIBERS = {one.topic: one for one in subscribers(load("regular-2026"))}
TOLD = ("raised", "strengthened", "repeated", "weakened", "withdrawn")
CHANNELS = ("window", "hotline", "cadre_visit")
CONCERNS = ("medical_burden", "food", "unsafe_house", "debt")


@st.composite
def clues(draw: Any) -> list[Input]:
    """Reports, repeats and withdrawals of up to four clues, in the order of their topic."""
    events: list[Input] = []
    for step in range(draw(st.integers(0, 7))):
        kind = draw(st.sampled_from(("reported", "reported", "repeated", "withdrawn", "appealed")))
        number = draw(st.integers(1, 4))
        told = {
            "number": number, "cause": "declaration" if number % 2 else "clue", "days": step, "times": step + 1,
            "channel": draw(st.sampled_from(CHANNELS)),
            "concerns": tuple(draw(st.lists(st.sampled_from(CONCERNS), max_size=2, unique=True))),
            "is_green": draw(st.integers(0, 9)) == 0,
        }  # fmt: skip
        events.append(reported(H, step + 1, kind, **told))
    return events


@st.composite
def records(draw: Any) -> list[Input]:
    events = []
    for step in range(draw(st.integers(0, 6))):
        day = date(2026, 9, 1) + timedelta(days=step)
        name = draw(st.sampled_from("ABC"))
        said: dict[str, Any] = {"settlement": draw(st.sampled_from((100, 3000, 6000, 12000)))}
        if name == "C":
            said = {"house": draw(st.sampled_from("BCD"))}
        said |= {"day": day.isoformat(), "id": name, "withdrawn": draw(st.integers(0, 3)) == 0}
        events.append(changed(H, step + 1, said, step + 1))
    return events


@st.composite
def interleaved(draw: Any, topics: list[list[Input]]) -> list[Input]:
    """Each topic in its own order, between them none."""
    left = [list(one) for one in topics if one]
    merged: list[Input] = []
    while left:
        chosen = draw(st.sampled_from(left))
        merged.append(chosen.pop(0))
        left = [one for one in left if one]
    return merged


def walked(events: list[Input]) -> tuple[Digest, list[Decision]]:
    """After each event the digest is written and read again, as by a restart."""
    digest, decisions = EMPTY, []
    for event in events:
        state: State = {("digest", str(H)): pack(digest), ("homes",): {}}
        decision = SUBSCRIBERS[event.topic].decide(state, event, NOW)
        digest = unpack(decision.digests.get(str(H), pack(digest)))
        decisions.append(decision)
    return digest, decisions


def outcome(digest: Digest) -> tuple[Any, ...]:
    spoken = digest.spoken
    if spoken is None:
        return ("not open", digest.answered)
    return spoken.level, set(spoken.concerns), spoken.told, spoken.cause, spoken.clock_at, spoken.is_provisional


@settings(max_examples=HISTORIES, deadline=None)
@given(clues(), records(), st.booleans(), st.data())
def test_any_order_between_the_topics_leads_to_the_same_warning(
    told: list[Input], sent: list[Input], is_registered: bool, data: st.DataObject
) -> None:
    known = [registered(H, 1, {"poverty_history": "lifted_out", "income": 20000})] if is_registered else []
    one, decisions = walked(data.draw(interleaved([told, sent, known])))
    other, _ = walked(data.draw(interleaved([told, sent, known])))
    assert outcome(one) == outcome(other)
    _check_held(one, told)
    _check_told(decisions)
    for decision in decisions:
        assert len(decision.emits) == (decision.word in TOLD)
        if decision.word == "repeated":
            assert decision.emits[0].type == "shouwang.warning.strengthened.v1"


def _check_held(digest: Digest, told: list[Input]) -> None:
    """The warning stands as long as a report does, whatever the records say, with all that it said."""
    standing: dict[str, set[str]] = {}
    receipts: dict[str, Any] = {}
    for event in told:
        clue, kind = event.body.data, event.type.split(".")[2]
        name = f"{clue.cause} {clue.clue_id}"
        if kind in ("reported", "repeated"):
            standing.setdefault(name, set()).update(clue.concerns or ("other",))
            receipts[name] = min(receipts.get(name, clue.reported_at), clue.reported_at)
        elif kind == "withdrawn":
            standing.pop(name, None)
            receipts.pop(name, None)
    assert {f"{one.cause} {one.clue_id}" for one in digest.clues} == standing.keys()
    if not standing:
        return
    spoken: Spoken | None = digest.spoken
    assert spoken is not None and set().union(*standing.values()) <= set(spoken.concerns)
    declared = [at for name, at in receipts.items() if name.startswith("declaration")]
    assert spoken.clock_at == min(declared, default=None)
    assert spoken.cause == ("declaration" if declared else "clue")


def _check_told(decisions: list[Decision]) -> None:
    """One warning at a time, in order: raised, then changes of it, then withdrawn; each report is told."""
    is_open = False
    for decision in decisions:
        for emit in decision.emits:
            kind = emit.type.split(".")[2]
            assert (kind == "raised") != is_open
            is_open = kind != "withdrawn"
