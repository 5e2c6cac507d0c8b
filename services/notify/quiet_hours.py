"""Quiet hours: when something may ring. Pure: at night only life safety and the green channel."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from shared.clock import SHANGHAI
from shared.policy import NoticeRules


def rings_at(now: datetime, rules: NoticeRules, level: str | None, concerns: Iterable[str], is_green: bool) -> datetime:
    """Now, or the end of the quiet hours in which now falls."""
    rings_always = is_green or (level == "red" and not rules.rings_at_night.isdisjoint(concerns))
    return now if rings_always else _morning(now, rules)


def _morning(now: datetime, rules: NoticeRules) -> datetime:
    local = now.astimezone(SHANGHAI)
    first, last = rules.quiet_from, rules.quiet_until
    is_over_midnight = first > last
    is_quiet = (local.hour >= first or local.hour < last) if is_over_midnight else first <= local.hour < last
    if not is_quiet:
        return now
    day = local.date() + timedelta(days=1 if is_over_midnight and local.hour >= first else 0)
    return datetime.combine(day, time(last), SHANGHAI)
