"""The measures themselves: what grew most, who told first, which generations count, what was read again."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from tests.chaos.faults import measures
from tests.chaos.faults.house import STABLE
from tests.chaos.faults.measures import Cost, Drain, Read

SINCE = datetime(2026, 11, 27, 10, tzinfo=UTC)


def test_growth_is_that_of_a_process_that_was_there_before() -> None:
    before = {("intake", 1): 100_000_000, ("notify", 2): 50_000_000, ("screening", 3): 80_000_000}
    peak = {("intake", 1): 110_000_000, ("notify", 2): 75_000_000, ("screening", 4): 300_000_000}
    assert Cost(before, peak).growth() == (25.0, 50.0, "notify")


def test_the_first_who_told_since_then_is_named(tmp_path: Path) -> None:
    def line(second: float, event: str, **more: str) -> str:
        return json.dumps({"event": event, "timestamp": (SINCE + timedelta(seconds=second)).isoformat(), **more})

    early, late = line(-5, "alarm.raised", name="facts_unsent"), line(33, "alarm.raised", name="facts_unsent")
    (tmp_path / "intake.log").write_text("\n".join([early, "Traceback", late, ""]))
    (tmp_path / "notify.log").write_text(
        line(12, "relay.trouble") + "\n" + line(31.5, "alarm.raised", name="facts_unsent")
    )
    house = SimpleNamespace(folder=tmp_path, ports=("intake", "notify", "console"))
    assert measures.told(house, SINCE, "facts_unsent") == "facts_unsent told by notify after 31.5 s"  # type: ignore[arg-type]
    assert measures.told(house, SINCE, "batch_late") == "batch_late told by nobody"  # type: ignore[arg-type]


def test_a_generation_counts_when_somebody_is_in_it() -> None:
    said = """[14:50:01,1] INFO [GroupCoordinator id=1] Stabilized group screening generation 2 with 2 members.
[14:50:02,1] INFO [GroupCoordinator id=1] Stabilized group hop.county generation 7 with 1 members.
[14:50:03,1] INFO [GroupCoordinator id=1] Stabilized group screening generation 3 with 0 members."""
    assert STABLE.findall(said) == ["screening", "hop.county"]


def test_what_is_read_again_is_what_no_new_place_of_a_log_stands_for() -> None:
    assert Read(520, 500).again(Read(100, 100)) == "20 of 400 records read again (5.0 %)"
    assert Read(100, 100).again(Read(100, 100)) == "0 of 0 records read again (0.0 %)"


def test_the_rate_of_a_drain_is_of_what_was_left_when_it_had_begun() -> None:
    assert Drain(9000, 1.5, 7000, 2.0).line().endswith("the first had gone after 1.5 s, the rest at 3,500/s")
    assert Drain(40, 0.3, 0, 0.0).line() == "40 facts had gathered, the first had gone after 0.3 s"
