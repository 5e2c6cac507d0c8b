"""How much one address may ask without a token: farmers' calls are open to all, and so to whoever guesses.

Counted in this process, by the machine's clock, in a window that begins with the first call. A public telephone room or
a village's one line is an address too: the bounds leave room for a busy day, and none for a search.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Literal

from fastapi import Request

Kind = Literal["file", "ask", "object"]

WINDOW_SECONDS = 600.0
BOUNDS: dict[Kind, int] = {"file": 100, "ask": 300, "object": 30}
ADDRESSES_MAX = 10_000
"""So many are remembered; the one that was quiet longest is forgotten first."""


@dataclass(slots=True)
class Limit:
    """`now` is the machine's seconds."""

    now: Callable[[], float] = monotonic
    _seen: OrderedDict[tuple[Kind, str], tuple[float, int]] = field(default_factory=OrderedDict)

    def allows(self, kind: Kind, address: str) -> bool:
        """Whether this call is within bounds; it is counted either way."""
        since, calls = self._seen.pop((kind, address), (self.now(), 0))
        if self.now() - since >= WINDOW_SECONDS:
            since, calls = self.now(), 0
        self._seen[kind, address] = (since, calls + 1)
        while len(self._seen) > ADDRESSES_MAX:
            self._seen.popitem(last=False)
        return calls < BOUNDS[kind]


def address_of(request: Request) -> str:
    """Where a call came from. The server believes `X-Forwarded-For` of this machine's own neighbours (the console), and
    of those that FORWARDED_ALLOW_IPS names."""
    return request.client.host if request.client else ""
