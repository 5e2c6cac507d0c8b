"""GET /v1/conservation at the console: all services' sums, and what must be equal at every boundary.

At a Kafka boundary: emitted (producer) = applied (consumer) + waiting + not yet read + still in the outbox. The sums
are read one service after the other, so a difference counts only when nothing is under way.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from services.console.console import Console
from services.console.neighbours import Neighbours
from shared.access.tokens import Caller, Issuer
from shared.contracts.topics import TOPICS
from shared.messaging import conservation
from shared.service import Loop, Service
from shared.web.callers import allowed

TOKEN_LASTS = timedelta(minutes=1)
OTHERS = ("intake", "screening", "workflow", "notify")

Sums = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Boundary:
    """One topic between its producer and one of its consumers; None where a service did not answer."""

    topic: str
    producer: str
    consumer: str
    emitted: int | None
    applied: int | None
    waiting: int | None
    lag: int | None
    outbox: int | None

    @property
    def difference(self) -> int | None:
        if None in (self.emitted, self.applied, self.waiting, self.lag, self.outbox):
            return None
        return self.emitted - self.applied - self.waiting - self.lag - self.outbox  # type: ignore[operator]

    @property
    def sent(self) -> int:
        """What Kafka has acknowledged."""
        return (self.emitted or 0) - (self.outbox or 0)

    @property
    def held(self) -> int:
        """What the consumer has, or has still to read."""
        return (self.applied or 0) + (self.waiting or 0) + (self.lag or 0)

    @property
    def is_settled(self) -> bool:
        return self.lag == 0 and self.outbox == 0

    def shown(self) -> dict[str, Any]:
        return {
            "topic": self.topic, "producer": self.producer, "consumer": self.consumer, "emitted": self.emitted,
            "applied": self.applied, "waiting": self.waiting, "lag": self.lag, "outbox": self.outbox,
            "difference": self.difference, "is_equal": self.difference == 0, "is_settled": self.is_settled,
        }  # fmt: skip


def routes(console: Console, _: Service) -> APIRouter:
    """Stands before the call of the same name that every service has, and contains what that one says."""
    routes = APIRouter()

    @routes.get("/v1/conservation")
    async def conserved(
        request: Request, caller: Annotated[Caller, Depends(allowed("conservation.read"))]
    ) -> dict[str, Any]:
        token = request.headers["authorization"].partition(" ")[2]
        return dict(await console.account(token))

    return routes


async def account(neighbours: Neighbours, service: Service, token: str) -> dict[str, Any]:
    """Every service's sums, those that are away named, and what must be equal: topics, reads, departments' records."""
    sums = await every_sum(neighbours, service, token)
    away = [one for one in OTHERS if one not in sums]
    found = boundaries(sums)
    reads = [{"service": name, **row} for name, one in sums.items() for row in one.get("read", ())]
    sent = list(sums.get("intake", {}).get("sent", ()))
    return {
        **sums["console"],
        "services": sums,
        "away": away,
        "boundaries": [one.shown() for one in found],
        "sent": sent,
        "reads": reads,
        "is_equal": not away
        and all(one.difference == 0 for one in found)
        and all(one["is_equal"] for one in (*reads, *sent)),
        "is_settled": not away and all(one.is_settled for one in found),
    }


async def every_sum(neighbours: Neighbours, service: Service, token: str) -> dict[str, Sums]:
    """Each service's own sums; one that is away is left out."""
    answers = await asyncio.gather(*(neighbours.get(one, "/v1/conservation", token) for one in OTHERS))
    sums: dict[str, Sums] = {"console": await service.conserved()}
    return sums | {one: answer.body for one, answer in zip(OTHERS, answers, strict=True) if answer.is_fine}


def differences(before: Sequence[Boundary], now: Sequence[Boundary]) -> dict[tuple[str, str], int]:
    """Pure: what is gone (or too much, below nought) for certain, however fast facts go by, from two looks.

    What was acknowledged at the first look must be held at the second; what was held at the first, with nothing left to
    read, must have been emitted by the second.
    """
    found: dict[tuple[str, str], int] = {}
    for first, second in zip(before, now, strict=True):
        if first.difference is None or second.difference is None:
            continue
        lost = first.sent - second.held
        more = first.held - (second.emitted or 0) if first.lag == 0 else 0
        found[second.consumer, second.topic] = lost if lost > 0 else -more if more > 0 else 0
    return found


def looking(neighbours: Neighbours, service: Service) -> Loop:
    """Looks at every boundary between services, by the system's own token, and raises the alarm."""
    watch, issuer = service.watch(), Issuer(service.keys.token_private)
    before: list[Boundary] = []

    async def loop() -> None:
        nonlocal before
        token = issuer.issue({"role": "system"}, TOKEN_LASTS)
        now = boundaries(await every_sum(neighbours, service, token))
        if before:  # one look alone is of several moments: what is under way between them would look lost
            watch.look(differences(before, now))
        before = now
        await asyncio.sleep(conservation.PERIOD_SECONDS)

    return loop


def boundaries(sums: Mapping[str, Sums]) -> list[Boundary]:
    """Pure: every topic of ours with each of its consumers."""
    found = [
        Boundary(
            topic=topic.name, producer=topic.producer, consumer=consumer,
            emitted=_at(sums.get(topic.producer), "emitted", topic.name),
            applied=_at(sums.get(consumer), "applied", topic.name),
            waiting=_waiting(sums.get(consumer), topic.name), lag=_lag(sums.get(consumer), topic.name),
            outbox=_at(sums.get(topic.producer), "outbox", topic.name),
        )
        for topic in TOPICS for consumer in topic.consumers
    ]  # fmt: skip
    return [_with_nothing_to_read(one) for one in found]


def _with_nothing_to_read(one: Boundary) -> Boundary:
    """A stopped hop's lag is not known by whoever was asked; where all that was sent is held, it is nought."""
    if one.lag is None and None not in (one.emitted, one.applied, one.waiting, one.outbox) and one.sent == one.held:
        return replace(one, lag=0)
    return one


def _at(sums: Sums | None, family: str, topic: str) -> int | None:
    return None if sums is None else int(sums.get(family, {}).get(topic, 0))


def _waiting(sums: Sums | None, topic: str) -> int | None:
    if sums is None:
        return None
    return sum(int(row["records"]) for row in sums.get("waiting", ()) if row["topic"] == topic)


def _lag(sums: Sums | None, topic: str) -> int | None:
    """None where no group of the asked process reads the topic: another one does, or it is just joining."""
    found = [int(topics[topic]) for topics in (sums or {}).get("lag", {}).values() if topic in topics]
    return sum(found) if found else None
