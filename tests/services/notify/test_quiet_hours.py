"""Nothing rings between 21:00 and 07:00 in China, but life safety and the green channel."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.quiet_hours import rings_at
from shared.policy import NoticeRules, available, load

SHANGHAI = ZoneInfo("Asia/Shanghai")
RULES = load("regular-2026").notices.on()


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "rings"),
    [
        (at(25, 20, 59), at(25, 20, 59)),
        (at(25, 21), at(26, 7)),
        (at(25, 23, 59), at(26, 7)),
        (at(26, 0), at(26, 7)),
        (at(26, 6, 59), at(26, 7)),
        (at(26, 7), at(26, 7)),
        (at(26, 12), at(26, 12)),
    ],
)
def test_what_comes_in_the_quiet_hours_rings_at_seven(now: datetime, rings: datetime) -> None:
    assert rings_at(now, RULES, "orange", ["medical_burden"], False) == rings


@pytest.mark.parametrize(
    ("level", "concerns", "is_green", "at_once"),
    [
        ("red", ["accident"], False, True),
        ("red", ["medical_burden", "disaster"], False, True),
        ("red", ["schooling"], False, False),
        ("red", ["unsafe_house"], False, False),
        ("orange", ["accident"], False, False),
        (None, [], False, False),
        ("yellow", [], True, True),
        (None, [], True, True),
    ],
)
def test_only_life_safety_and_the_green_channel_ring_at_night(
    level: str | None, concerns: list[str], is_green: bool, at_once: bool
) -> None:
    now = at(26, 2)
    assert (rings_at(now, RULES, level, concerns, is_green) == now) is at_once


@given(st.datetimes(datetime(2021, 1, 1), datetime(2030, 1, 1)), st.integers(0, 23), st.integers(0, 23))
def test_it_rings_at_the_first_instant_that_is_not_quiet(naive: datetime, first: int, last: int) -> None:
    now = naive.replace(tzinfo=SHANGHAI)
    rules = NoticeRules(first, last, frozenset(), timedelta(hours=2))
    quiet = {(first + n) % 24 for n in range((last - first) % 24)}
    rings = rings_at(now, rules, "yellow", [], False)
    expected = now
    while expected.hour in quiet:
        expected = (expected + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    assert rings == expected


@pytest.mark.parametrize("name", available())
def test_both_packages_say_when_with_their_source(name: str) -> None:
    rules = load(name).notices.on()
    assert (rules.quiet_from, rules.quiet_until, rules.unread_red) == (21, 7, timedelta(hours=2))
