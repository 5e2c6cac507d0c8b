"""Pace: who is late within a process, told while there is still time, each once.

A batch that outlasts its member's poll interval costs the group its partitions, and it is read again by another, who
may not be quicker; facts that Kafka does not take are waited for by everybody behind them. Neither loses anything, and
neither is seen in a count until it is long.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

PERIOD_SECONDS = 5.0
BATCH_SHARE = 0.25
"""Of the poll interval: 30 seconds of two minutes. A batch takes tens of milliseconds, and its one statement at most 10
seconds, so that there is time left to look."""
UNSENT_SECONDS = 30.0
"""A broker that was restarted is back within 15. With the look's own period it is told within 35."""


@dataclass(slots=True)
class Pace:
    """`batch_late` and `facts_unsent` are called once for each batch, and each time facts have stayed."""

    batch_late: Callable[[], None]
    facts_unsent: Callable[[], None]
    _batches: frozenset[tuple[str, float]] = frozenset()
    _is_unsent: bool = False

    def look(
        self, batches: Mapping[str, float | None], now: float, interval_seconds: float, unsent_seconds: float
    ) -> None:
        """`batches`: group → since when it has its batch in hand, on the clock of `now`; None where it has none."""
        limit = now - BATCH_SHARE * interval_seconds
        late = frozenset((group, since) for group, since in batches.items() if since is not None and since < limit)
        for _ in late - self._batches:
            self.batch_late()
        is_unsent = unsent_seconds > UNSENT_SECONDS
        if is_unsent and not self._is_unsent:
            self.facts_unsent()
        self._batches, self._is_unsent = late, is_unsent
