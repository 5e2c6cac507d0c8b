"""However much is known of one household, a warning of it stays a fact of bounded size and says what it leaves out."""

from typing import Any

import pytest

from services.screening.rules.finding import RECORDS_NAMED
from services.screening.subscribers import subscribers
from services.screening.warning import FINDINGS_TOLD
from shared.contracts.envelope import EVENT_BYTES_MAX
from shared.contracts.warning import WarningState
from shared.messaging.outbox import serialise
from shared.messaging.room import Emit, State
from shared.policy import load
from tests.services.screening.people import NOW, changed, household_id

H = household_id(1)
DATA_CHANGED = next(one for one in subscribers(load("regular-2026")) if one.topic == "data.changed")
DAY = "2026-11-20"


def last_told(records: list[dict[str, Any]]) -> Emit:
    """What is said after the last of these records, one household's."""
    state: State = {("digest", str(H)): None, ("homes",): {}}
    emits: list[Emit] = []
    for number, said in enumerate(records, 1):
        decision = DATA_CHANGED.decide(state, changed(H, number, said), NOW)
        state.update(decision.puts)
        emits += decision.emits
    return emits[-1]


@pytest.mark.parametrize(
    ("said", "weighs_most"),
    [
        ({"settlement": 100}, "R-0399"),
        ({"cost": 100, "year": 2026}, "R-0399"),
    ],
)
def test_a_sum_of_hundreds_names_the_last_hundred_and_tells_their_number(
    said: dict[str, Any], weighs_most: str
) -> None:
    told = last_told([said | {"day": DAY, "id": f"R-{number:04d}"} for number in range(400)])
    assert isinstance(told.data, WarningState)
    (finding,) = told.data.findings
    assert (finding.value, finding.records) == ("40000.00", 400)
    assert finding.record_ids == tuple(f"R-{number:04d}" for number in range(400 - RECORDS_NAMED, 400))
    assert finding.unless is not None
    assert finding.unless.record_id == finding.record_ids[-1] == weighs_most


def test_of_hundreds_of_findings_the_gravest_are_told_and_the_event_is_not_too_large() -> None:
    told = last_told([{"failed": 90_000, "day": DAY, "id": f"F-{number:04d}"} for number in range(300)])
    assert isinstance(told.data, WarningState)
    assert len(told.data.findings) == FINDINGS_TOLD
    assert "另有" in told.data.explanation.exact.zh
    assert len(serialise(told, "/screening", 1, NOW)) < EVENT_BYTES_MAX
