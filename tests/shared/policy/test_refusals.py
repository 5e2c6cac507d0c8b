"""Packages that are not fit to be law: each is refused with file, line and remedy."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.policy import PolicyError
from shared.policy.loader import PACKAGES
from shared.policy.package import read_package

NAME = "regular-2026"
SOUND = (PACKAGES / f"{NAME}.yaml").read_text("utf-8")
SELF_PAID = "    - {value: 5000, unit: yuan, source: medical-5000, verified: false}\n"

Refused = Callable[[str], PolicyError]


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    def read(text: str) -> PolicyError:
        path = tmp_path / f"{NAME}.yaml"
        path.write_text(text, "utf-8")
        with pytest.raises(PolicyError) as caught:
            read_package(path)
        assert re.fullmatch(r"regular-2026\.yaml, line \d+: .+; .+\.", str(caught.value)), caught.value
        return caught.value

    return read


def _line(text: str, of: str) -> int:
    return text[: text.index(of)].count("\n") + 1


def test_the_sound_package_is_read(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.yaml").write_text(SOUND, "utf-8")
    assert read_package(tmp_path / f"{NAME}.yaml").name == NAME


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        # a value that is missing, negative, out of range, of another kind
        ("value: 5000,", "value: -5000,", r"monitored\[1\]\.value is '-5000'; write a number from 0\.01"),
        ("value: 5000,", "value: 0,", "write a number from"),
        ("value: 5000,", "value: 50000000,", "write a number from 0.01 to 10000000"),
        ("value: 5000,", "value: five,", "write a number"),
        ("value: 5000,", "value: 5e3,", "write a number"),
        ("value: 5000,", "value: null,", "has no value; write a number"),
        ("value: 0.25,", "value: 1.25,", "from 0.0001 to 1"),
        ("value: 12, unit: months", "value: 1.5, unit: months", "write a whole number"),
        ("{value: 5000, unit: yuan,", "{unit: yuan,", "has no value; add value"),
        # a value without unit, source or mark
        ("unit: yuan, source: medical-5000", "source: medical-5000", "has no unit; add unit"),
        ("unit: yuan, source: medical-5000", "unit: dollar, source: medical-5000", "write one of yuan"),
        ("unit: yuan, source: medical-5000", "unit: ratio, source: medical-5000", "write one of yuan"),
        (", source: medical-5000, verified: false", ", verified: false", "has no source; add source"),
        ("source: medical-5000, verified: false", "source: hearsay, verified: false", "name one of the sources"),
        ("source: medical-5000, verified: false", "source: medical-5000", "has no verified; add verified"),
        ("source: medical-5000, verified: false", "source: medical-5000, verified: yes", "write true or false"),
        # a rule that is never put in question
        ("{rule: water.quality,", "{rule: quality,", "write a rule as department.rule"),
        ("{rule: water.quality,", "{rule: water.supply_off,", "a second time; keep one of them"),
        ("unit: warnings,", "unit: households,", "write one of warnings"),
        # a name misspelt, twice, or left out
        ("  medical.self_paid.monitored:", "  medical.self_payed.monitored:", "has no medical.self_paid.monitored"),
        ("  medical.self_paid.others:", "  medical.self_paid.monitored:", "stands here twice"),
        ("values:\n", "walues:\n", "has no values; add values"),
        ("package: regular-2026", "package: regular-2027", "write regular-2026"),
        (
            "verified: false}\n  medical.self_paid.others",
            "verfied: false}\n  medical.self_paid.others",
            "has no verified",
        ),
        ("C: yellow, D: red", "C: yellow", "has no D; add D"),
        ("C: yellow, D: red", "C: amber, D: red", "write one of none, red, orange, yellow"),
        ("{at_threshold: yellow,", "{at_threshold: yellow, by_hand: red,", "is not known here; delete it"),
        # time
        ("valid_from: 2026-01-01", "valid_from: 2026-1-1", "write a date as 2026-01-31"),
        ("valid_from: 2026-01-01", "valid_from: 2026-02-30", "write a date as"),
        ("valid_to: null", "valid_to: 2025-12-31", "lies before valid_from"),
        (SELF_PAID, SELF_PAID + SELF_PAID.replace("5000, unit", "6000, unit"), "has two values from 2026-01-01 on"),
        (SELF_PAID, SELF_PAID.replace("source", "from: 2026-03-01, source"), "no value from 2026-01-01 to 2026-03-01"),
        (SELF_PAID, SELF_PAID.replace("source", "to: 2026-12-31, source"), "has no value from 2027-01-01 on"),
        (SELF_PAID, SELF_PAID.replace("source", "to: 2025-12-31, source"), "lies before from"),
        (SELF_PAID, "    []\n", "has no value; add one"),
        # income lines
        ('region: "34"', 'region: "3"', "2, 4 or 6 digits"),
        ("value: 8800,", "value: 88,", "from 100 to 1000000"),
        # categories, kinds
        ("monitoring: [monitored]", "monitoring: [watched]", "write one of none, monitored, eliminated"),
        ("within: at_risk, names: {zh: 边缘", "within: at_rist, names: {zh: 边缘", "a category that stands above"),
        ("{code: marginal,", "{code: lifted_out_unstable,", "a second time"),
        # limits
        ("value: 24, unit: hours", "value: 0, unit: hours", "write a whole number from 1 to 720"),
        ("value: 24, unit: hours", "value: -24, unit: hours", "write a whole number"),
        ("value: 24, unit: hours", "value: 24, unit: yuan", "write one of hours, calendar_days, working_days"),
        ("value: 24, unit: hours", "value: 24", "has no unit"),
        (
            "            orange:\n              - {value: 3, unit: calendar_days, source: first-look-default, "
            "verified: false}\n",
            "",
            "has no orange; add orange",
        ),
        # a window over what is kept
        (
            "value: 12, unit: months, source: medical-windows",
            "value: 13, unit: months, source: medical-windows",
            "is over 12 months; shorten it: no more is kept of a household",
        ),
        # a hop over the total, a way over the total
        (
            "value: 15, unit: calendar_days, source: yi-2023,",
            "value: 14, unit: calendar_days, source: yi-2023,",
            r"identification is over its limit: .*takes 15 days, over the 14 calendar_days .*; shorten its hops",
        ),
        (
            "value: 15, unit: calendar_days, source: yi-2023,",
            "value: 8, unit: calendar_days, source: yi-2023,",
            r"\(village_committee\) alone takes 9 days, over the 8 .*; shorten this hop",
        ),
        (
            "value: 7, unit: calendar_days, source: first-look-default",
            "value: 60, unit: calendar_days, source: first-look-default",
            r"\(village_group\) alone takes 60 days, over the 32 calendar_days of journey \(yellow\)",
        ),
        # ways
        ("next: [village_committee]", "next: [township]", r"\(village_committee\) cannot be reached"),
        ("next: [village_committee]", "next: [village]", "write one of village_group, village_committee"),
        ("next: [township_return]", "next: [county]", "comes back to itself: no way out; use returns_to"),
        ("next: [county]", "next: []", "no such way"),
        ("next: [department]", "next: []", "has no way out"),
        ("returns_to: [village_group]", "returns_to: []", "has return, but this hop returns to none"),
        ("next: []", "next: [village_return]", "comes back to itself|does not begin"),
        ("    - hop: township\n", "    - hop: county\n", "has county twice"),
        ("signs: true", "signs: perhaps", "write true or false"),
        ("          aside: true\n          names: {zh: 公告", "          names: {zh: 公告", "does not begin|way out"),
        ("    steps: [village_committee.visit,", "    steps: [village_committee.nap,", "write one of"),
        ("{code: education, zh: 教育部门", "{code: housing, zh: 教育部门", "has housing twice"),
        ("concerns: [unsafe_water]", "concerns: [unsafe_whisky]", "write one of"),
        # actions and reasons
        (
            "            - action: deliver\n              names: {zh: 已告知并落实，转入跟踪, en: Told and under way}\n"
            "              effect: ends\n",
            "",
            "has no way out; name a hop in next, or add an action that ends the case",
        ),
        ("{code: not_home, zh: 不在家", "{code: refused, zh: 不在家", "has refused twice"),
        ("effect: onward", "effect: sideways", "write one of onward, stays, returns, refuses, ends"),
        ("{zh: 初核, en: First look}", "{zh: 初核}", "has no en; add en"),
        ("{zh: 初核, en: First look}", '{zh: "", en: First look}', "is empty; write a text"),
        ("    journey:\n", "    trip:\n", "has no journey"),
        ("covers: [notice_close, village_committee,", "covers: [notice_open, village_committee,", "write one of"),
        # YAML itself
        ("values:\n", "values: [\n", "not YAML"),
        ("values:\n", "\tvalues:\n", "not YAML"),
        ("names: {zh: 常态化精准帮扶", "names: {zh: *nobody", "not YAML"),
    ],
)
def test_a_wrong_line_is_refused(refused: Refused, old: str, new: str, wanted: str) -> None:
    assert old in SOUND, "the planted fault has lost its place"
    if wanted == "no such way":
        wanted = "no way out|ordinary way on"
    assert re.search(wanted, str(refused(SOUND.replace(old, new, 1))))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("value: 5000,", "value: -5000,"),
        ("source: medical-5000, verified", "source: hearsay, verified"),
        ("value: 24, unit: hours", "value: 9999, unit: hours"),
        ("C: yellow, D: red", "C: amber, D: red"),
        ('region: "34"', 'region: "3"'),
    ],
)
def test_the_line_is_that_of_the_fault(refused: Refused, old: str, new: str) -> None:
    assert refused(SOUND.replace(old, new, 1)).line == _line(SOUND, old)


@pytest.mark.parametrize("content", [b"", b"[]", b"x", b"\xff\xfe", b"\x00", b"# only words\n"])
def test_what_is_no_package_at_all_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / f"{NAME}.yaml"
    path.write_bytes(content)
    with pytest.raises(PolicyError):
        read_package(path)


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.yaml"
    path.write_text(SOUND + "# x\n" * 300_000, "utf-8")
    with pytest.raises(PolicyError, match="over 1 MB"):
        read_package(path)


LINES = SOUND.splitlines(keepends=True)
SAYING = [n for n, line in enumerate(LINES) if line.strip() and not line.lstrip().startswith("#")]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(SAYING))
def test_any_line_left_out_gives_a_package_or_a_policy_error(tmp_path: Path, number: int) -> None:
    path = tmp_path / f"{NAME}.yaml"
    path.write_text("".join(LINES[:number] + LINES[number + 1 :]), "utf-8")
    try:
        read_package(path)
    except PolicyError as error:
        assert 1 <= error.line <= len(LINES)
