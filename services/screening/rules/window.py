"""Windows of time that rules share, and what pruning keeps of words that supersede each other. Pure."""

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import TypeVar

Word = TypeVar("Word")
"""A fact that supersedes the earlier ones about the same thing."""

WORDS_KEPT = 4
"""Of words that supersede each other (a person's cover, a house's grade) this many newest ones stay, so that the
withdrawal of the newest lets the one before it speak again."""

YEARS_KEPT = 4
"""Of sums that windows of a package count, pruning keeps so many years: more than any package reads."""


def newest_words(words: Iterable[Word], about: Callable[[Word], str], told_on: Callable[[Word], date]) -> list[Word]:
    """Of each thing that they are about the newest words, in the order of their days; of one day, as they came."""
    kept: list[Word] = []
    seen: dict[str, int] = {}
    for one in reversed(sorted(words, key=told_on)):
        of = about(one)
        seen[of] = seen.get(of, 0) + 1
        if seen[of] <= WORDS_KEPT:
            kept.append(one)
    return kept[::-1]


def last_words(words: Iterable[Word], about: Callable[[Word], str], told_on: Callable[[Word], date]) -> Iterator[Word]:
    """Of each thing that they are about the last word, by the day on which it was true; of one day, what came last."""
    last: dict[str, Word] = {}
    for one in words:
        known = last.get(of := about(one))
        if known is None or told_on(one) >= told_on(known):
            last[of] = one
    return iter(last.values())


@lru_cache(maxsize=4096)
def months_after(day: date, months: int) -> date:
    """The same day so many months later; the month's last one where it has no such day."""
    month = day.year * 12 + day.month - 1 + months
    year, month = month // 12, month % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def leaves_on(day: date, months: int) -> date:
    """The first day whose same day so many months before is not before this one: so a window of these months ends."""
    leaves = months_after(day, months)
    return leaves if months_after(leaves, -months) >= day else leaves + timedelta(days=1)


def first_within(today: date, months: int) -> date:
    """The earliest day that does not lie so many months back yet: `months_after` it is after today."""
    day = months_after(today, -months)
    while months_after(day, months) <= today:
        day += timedelta(days=1)
    return day
