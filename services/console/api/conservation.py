"""GET /v1/conservation at the console: all services' sums, and what must be equal at every boundary (design §5).

At a Kafka boundary: emitted (producer) = applied (consumer) + waiting + not yet read + still in the outbox. The sums
are read one service after the other, so a difference counts only when nothing is under way.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from services.console.console import Console
from services.console.neighbours import Neighbours
from shared import postgres
from shared.access.tokens import Caller
from shared.contracts.topics import TOPICS
from shared.messaging import conservation
from shared.service import Service
from shared.web.callers import allowed

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
    def is_settled(self) -> bool:
        return self.lag == 0 and self.outbox == 0

    def shown(self) -> dict[str, Any]:
        return {
            "topic": self.topic, "producer": self.producer, "consumer": self.consumer, "emitted": self.emitted,
            "applied": self.applied, "waiting": self.waiting, "lag": self.lag, "outbox": self.outbox,
            "difference": self.difference, "is_equal": self.difference == 0, "is_settled": self.is_settled,
        }  # fmt: skip


def routes(console: Console, service: Service) -> APIRouter:
    """Stands before the call of the same name that every service has, and contains what that one says."""
    routes = APIRouter()

    @routes.get("/v1/conservation")
    async def conserved(
        request: Request, caller: Annotated[Caller, Depends(allowed("conservation.read"))]
    ) -> dict[str, Any]:
        token = request.headers["authorization"].partition(" ")[2]
        return dict(await console.account(token))

    @routes.get("/v1/conservation/own", include_in_schema=False)
    async def own(caller: Annotated[Caller, Depends(allowed("conservation.read"))]) -> dict[str, Any]:
        return await _own(service)

    return routes


async def account(neighbours: Neighbours, service: Service, token: str) -> dict[str, Any]:
    """Every service's sums, those that are away named, and what must be equal: topics, reads, departments' records."""
    answers = await asyncio.gather(*(neighbours.get(one, "/v1/conservation", token) for one in OTHERS))
    sums: dict[str, Sums] = {"console": await _own(service)}
    away = [one for one, answer in zip(OTHERS, answers, strict=True) if not answer.is_fine]
    sums |= {one: answer.body for one, answer in zip(OTHERS, answers, strict=True) if answer.is_fine}
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


def boundaries(sums: Mapping[str, Sums]) -> list[Boundary]:
    """Pure: every topic of ours with each of its consumers."""
    return [
        Boundary(
            topic=topic.name, producer=topic.producer, consumer=consumer,
            emitted=_at(sums.get(topic.producer), "emitted", topic.name),
            applied=_at(sums.get(consumer), "applied", topic.name),
            waiting=_waiting(sums.get(consumer), topic.name), lag=_lag(sums.get(consumer), topic.name),
            outbox=_at(sums.get(topic.producer), "outbox", topic.name),
        )
        for topic in TOPICS for consumer in topic.consumers
    ]  # fmt: skip


async def _own(service: Service) -> dict[str, Any]:
    async with postgres.session(service.worker) as connection:
        sums = await conservation.sums(connection, service.name)
    return {**sums, "lag": await service.lag()}


def _at(sums: Sums | None, family: str, topic: str) -> int | None:
    return None if sums is None else int(sums.get(family, {}).get(topic, 0))


def _waiting(sums: Sums | None, topic: str) -> int | None:
    if sums is None:
        return None
    return sum(int(row["records"]) for row in sums.get("waiting", ()) if row["topic"] == topic)


def _lag(sums: Sums | None, topic: str) -> int | None:
    if sums is None:
        return None
    return sum(int(topics.get(topic, 0)) for topics in sums.get("lag", {}).values())
