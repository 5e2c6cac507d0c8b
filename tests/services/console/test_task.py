"""A task's page: what is said of where a decided case is now."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.console.pages.task import next_hop, prepared
from services.console.told import Telling
from services.console.wording import Words
from shared.policy import load

PATH = [{"hop": "county", "state": "done"}, {"hop": "department", "state": "here"}]


@pytest.mark.parametrize(
    ("hop", "branch", "sent_to"),
    [
        ("county", "main", "department"),
        ("county", "announcement", ""),
        ("village_return", "result", ""),
        ("department", "medical_insurance", ""),
        ("village_committee", "main", "department"),
    ],
)
def test_only_a_decision_on_the_main_way_is_said_to_have_sent_the_case_on(hop: str, branch: str, sent_to: str) -> None:
    assert next_hop({"hop": hop, "branch": branch, "path": PATH}) == sent_to


def test_the_last_department_sends_the_case_to_the_township() -> None:
    path = [{"hop": "department", "state": "done"}, {"hop": "township_return", "state": "here"}]
    assert next_hop({"hop": "department", "branch": "housing", "path": path}) == "township_return"


def test_each_department_of_those_that_one_decision_asked_reads_with_what_it_was_asked() -> None:
    entered: dict[str, Any] = {
        "task_id": "t-entry", "at": "2026-11-25T02:00:00+00:00", "action": "enter", "officer_id": "co-1",
    }  # fmt: skip
    at = {"hop": "department", "step": "measure_plan", "round": 1}
    steps = [
        entered | at | {"event_id": f"e-{branch}", "word": "advanced", "from_hop": "county", "branch": branch}
        for branch in ("housing", "water")
    ]
    decisions = [entered | {"event_id": "e-housing", "form": {"national_no": "3412-0001"}}]
    telling = Telling(Words("zh-CN", load("regular-2026")), "exact", datetime(2026, 11, 26, tzinfo=UTC), {})
    for branch in ("housing", "water"):
        found = prepared(at | {"branch": branch, "history": steps, "decisions": decisions}, telling)
        assert found is not None and [value for _, value in found["told"]] == ["3412-0001"], branch
