"""The ladder of supervision in the packages: what it says, and which ones are refused."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared.policy import Policy, PolicyError, load
from shared.policy.loader import PACKAGES
from shared.policy.package import read_package

NAME = "regular-2026"
SOUND = (PACKAGES / f"{NAME}.yaml").read_text("utf-8")
DUE = datetime.fromisoformat("2026-12-01T16:00:00+00:00")
DAY = timedelta(days=1)

both = pytest.mark.parametrize("policy", [load("regular-2026"), load("transition-2021-2025")])


@both
def test_the_ladder_of_the_domain(policy: Policy) -> None:
    told = [(one.step, one.after_days.value, one.lateness) for one in policy.ladder]
    assert told == [
        ("near", -1, "due"),
        ("passed", 0, "overdue"),
        ("urged", 1, "overdue"),
        ("supervised", 3, "supervised"),
        ("reported", 5, "supervised"),
    ]
    assert all(one.after_days.unit == "calendar_days" and one.after_days.source for one in policy.ladder)


@both
def test_each_step_has_its_own_instant(policy: Policy) -> None:
    at = [one.instant(DUE - 10 * DAY, DUE) - DUE for one in policy.ladder]
    assert at == [-DAY, 0 * DAY, DAY, 3 * DAY, 5 * DAY]


@pytest.mark.parametrize("hours", [1, 24, 48, 200])
def test_a_reminder_never_comes_before_half_of_the_limit(hours: int) -> None:
    limit = timedelta(hours=hours)
    assert load(NAME).ladder[0].instant(DUE - limit, DUE) == DUE - min(DAY, limit / 2)


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("{step: urged, when: after, value: 1,", "{step: urged, when: after, value: 3,", "give each step a later day"),
        ("{step: urged, when: after, value: 1,", "{step: urged, when: before, value: 1,", "give each step a later day"),
        ("{step: passed, when: after, value: 0,", "{step: passed, when: after, value: 0.5,", "write a whole number"),
        ("{step: near, when: before, value: 1,", "{step: near, when: sooner, value: 1,", "write one of before, after"),
        ("{step: near, when: before, value: 1,", "{step: near, when: before, value: 99,", "from 0 to 60"),
        ("{step: near, when: before,", "{step: nigh, when: before,", "write one of near, passed"),
        ("value: 5, unit: calendar_days, lateness", "value: 5, unit: hours, lateness", "write one of calendar_days"),
        ("5, unit: calendar_days, lateness: supervised", "5, unit: calendar_days, lateness: due", "keep to due"),
        ("{step: passed, when: after, value: 0,", "{step: passed, when: before, value: 0.0,", "whole number"),
        ("  ladder:\n", "  ladders:\n", "has no ladder; add ladder"),
        ("lateness: overdue, source: ladder-default", "lateness: overdue, source: hearsay", "name one of the sources"),
    ],
)  # fmt: skip
def test_a_ladder_that_cannot_be_climbed_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, wanted: str
) -> None:
    assert old in SOUND
    path = tmp_path / f"{NAME}.yaml"
    path.write_text(SOUND.replace(old, new), "utf-8")
    with pytest.raises(PolicyError) as caught:
        read_package(path)
    assert re.fullmatch(r"regular-2026\.yaml, line \d+: .+; .+\.", str(caught.value))
    assert re.search(wanted, str(caught.value))


def test_a_step_left_out_is_refused(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.yaml"
    path.write_text("\n".join(line for line in SOUND.splitlines() if "step: reported," not in line), "utf-8")
    with pytest.raises(PolicyError, match="does not have its steps in order; list near, passed, urged"):
        read_package(path)
