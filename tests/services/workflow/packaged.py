"""What a form is asked with and what a room knows, their rules as the package in force has them."""

from datetime import date, timedelta
from typing import Any

from services.workflow.form import Asked
from services.workflow.outcome import Standing
from shared.policy import load

POLICY = load("regular-2026")


def asked_of(today: date, concerns: tuple[str, ...] = (), officers: tuple[str, ...] = (), **more: Any) -> Asked:
    rules: dict[str, Any] = {
        "visitors_least": int(POLICY.value("visit.visitors_least", on=today).value),
        "quorum": float(POLICY.value("review.quorum", on=today).value),
        "planned_within": timedelta(days=int(POLICY.value("planned.within", on=today).value)),
    }
    return Asked(today, concerns=concerns, officers=officers, **(rules | more))


def standing_of(step: str, today: date, **more: Any) -> Standing:
    rules: dict[str, Any] = {
        "notice_days": POLICY.limit("village_committee", "yellow", "notice", on=today).days,
        "majority": float(POLICY.value("review.majority", on=today).value),
    }
    return Standing(step, today, **(rules | more))
