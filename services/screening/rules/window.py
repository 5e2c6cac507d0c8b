"""Windows of time that rules share, and what pruning keeps of words that supersede each other. Pure."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import TypeVar

Fact = TypeVar("Fact")

WORDS_KEPT = 4
"""Of words that supersede each other (a person's cover, a house's grade) this many newest ones stay, so that the
withdrawal of the newest lets the one before it speak again."""


def newest_words(facts: Iterable[Fact], about: Callable[[Fact], str], told_on: Callable[[Fact], date]) -> list[Fact]:
    """Of each thing that they are about the newest words, in the order of their days."""
    kept, seen = list[Fact](), dict[str, int]()
    for one in sorted(facts, key=told_on, reverse=True):
        seen[about(one)] = seen.get(about(one), 0) + 1
        if seen[about(one)] <= WORDS_KEPT:
            kept.append(one)
    return kept[::-1]


def window_start(today: date) -> date:
    """The first day that a year's window reads: 1 January, or the same day a year ago, whichever is earlier."""
    return min(date(today.year, 1, 1), year_before(today))


def year_before(day: date) -> date:
    """The same day a year earlier; 28 February for the leap day."""
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


def year_after(day: date) -> date:
    """The first day whose `year_before` is not before this one: a year later; 1 March for the leap day."""
    return date(day.year + 1, 3, 1) if (day.month, day.day) == (2, 29) else day.replace(year=day.year + 1)
