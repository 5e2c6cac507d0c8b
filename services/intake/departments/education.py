"""教育: who goes to school, and what schooling costs (method 3). The school's name stays in the vault.

A school year is named by the year in which it begins: 2025, "2025-2026" and "2025—2026学年" are the same one.
"""

import re
from datetime import date
from typing import Any, cast

from services.intake.fields import Fields
from services.intake.kind import Kind
from shared.contracts.data import Enrolment, SchoolCost

STATUSES = ("enrolled", "suspected_dropout", "dropped_out", "not_enrolled")
STAGES = {
    "preschool": "preschool", "学龄前": "preschool", "学前教育": "preschool", "幼儿园": "preschool",
    "primary": "primary", "小学": "primary",
    "junior": "junior", "初中": "junior",
    "senior": "senior", "高中": "senior", "普通高中": "senior", "普高": "senior",
    "vocational": "vocational", "中职": "vocational", "中等职业": "vocational", "技校": "vocational",
    "higher": "higher", "高职高专": "higher", "大专": "higher", "本科": "higher", "研究生": "higher",
}  # fmt: skip
_SCHOOL_YEAR = re.compile(r"([0-9]{4})(?:\s*[-—–~/至]{1,2}\s*([0-9]{4}))?\s*(?:学年)?度?")


def enrolment(data: Fields, occurred_on: date) -> Enrolment:
    stage = data.text("stage")
    return Enrolment(
        status=cast(Any, data.must_choice("status", STATUSES)),
        stage=cast(Any, STAGES.get(stage, "other") if stage else None),
    )


def cost(data: Fields, occurred_on: date) -> SchoolCost:
    """Next year's fees are told in spring: a school year ahead is no slip."""
    return SchoolCost(
        school_year=school_year(data, "school_year", occurred_on.year + 1),
        cost_yuan=data.must("cost_yuan", data.gain("cost_yuan")),
        subsidy_yuan=data.gain("subsidy_yuan"),
    )


def school_year(data: Fields, name: str, most: int) -> int:
    """The year in which a school year begins."""
    return data.must_number_told(name, 2000, most, _first_year, "not_a_school_year")


def _first_year(text: str) -> int | None:
    found = _SCHOOL_YEAR.fullmatch(text)
    return int(found[1]) if found and (not found[2] or int(found[2]) == int(found[1]) + 1) else None


KINDS = (
    Kind("enrolment", "person", enrolment, ("status", "stage", "school"), ("stage", "school")),
    Kind("cost", "person", cost, ("school_year", "cost_yuan", "subsidy_yuan")),
)
