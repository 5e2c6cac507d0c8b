"""A task's page: what is said of where a decided case is now."""

import pytest

from services.console.pages.task import next_hop

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
