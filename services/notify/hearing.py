"""Who could hear of a batch of occasions, and how: posts around them, the wishes of those people, the quiet hours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from services.notify.contact import wishes_of
from services.notify.post import Roll, at_places
from services.notify.telling import Reach
from shared.clock import civil_date
from shared.policy import Policy


@dataclass(frozen=True, slots=True)
class Hearing:
    """`outgoing`: the carriers that leave the house and are set up here."""

    policy: Policy
    outgoing: frozenset[str] = frozenset()

    async def read_around(
        self, connection: asyncpg.Connection, places: Iterable[str], now: datetime
    ) -> tuple[Roll, Reach]:
        """The posts at these places, and how their people are reached."""
        roll = Roll(await at_places(connection, places))
        wishes = await wishes_of(connection, {one.officer_id for one in roll}) if self.outgoing else {}
        return roll, self.reach(now, wishes)

    def reach(self, now: datetime, wishes: Mapping[str, Sequence[str]] | None = None) -> Reach:
        return Reach(self.policy.notices.on(civil_date(now)), self.outgoing, wishes or {})
