"""The naive way, for comparison: a message a transaction, published from the handler, as a tutorial would write it.

The same decoding, the same decision, the same tables and the same durability; an inbox row against repeats; the fact is
published before the commit. `python -m tests.benchmarks.naive`, with a service's environment.
"""

import asyncio
from typing import cast

import msgspec
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage

from services.screening.facts import replaced
from services.screening.household import unpack
from services.screening.judging import judged
from services.screening.subscribers.data_changed import _append
from services.screening.subscribers.digests import write_rows
from services.screening.subscribers.household_registered import known_of
from shared import postgres
from shared.contracts.household import HouseholdRegistered
from shared.contracts.topics import TOPIC
from shared.crypto import read_keys
from shared.messaging.outbox import serialise
from shared.messaging.room import Decided, Input, Unit
from shared.policy import load
from shared.settings import Settings

INBOX = "CREATE TABLE IF NOT EXISTS {}.inbox (event_id uuid PRIMARY KEY)"


async def main() -> None:
    settings = Settings.from_environment("screening")
    pool = await postgres.worker_pool(settings.postgres, "screening", read_keys(settings.keys).database)
    policy = load(settings.policy)
    broker = KafkaBroker(settings.kafka, enable_idempotence=True)

    async def handle(message: KafkaMessage, topic: str) -> None:
        event = TOPIC[topic].event.model_validate_json(message.body)
        key = event.partitionkey
        async with postgres.session(pool) as connection, connection.transaction():
            new = await connection.fetchval(
                "INSERT INTO inbox VALUES ($1) ON CONFLICT DO NOTHING RETURNING true", event.id
            )
            if not new:
                return
            await connection.execute("INSERT INTO keys (key) VALUES ($1) ON CONFLICT DO NOTHING", key)
            row = await connection.fetchrow("SELECT digest, emitted FROM keys WHERE key = $1 FOR UPDATE", key)
            assert row is not None
            digest = unpack(row["digest"])
            now = await connection.fetchval("SELECT civil.now()")
            if topic == "household.registered":
                digest = msgspec.structs.replace(digest, known=known_of(cast(HouseholdRegistered, event)))
            else:
                digest = msgspec.structs.replace(digest, facts=replaced(digest.facts, event.data))
            decision = judged(digest, key, event, policy, now)
            await connection.execute("UPDATE keys SET digest = $2 WHERE key = $1", key, decision.digests[key])
            if topic == "data.changed":
                await _append(Unit(connection, now, {}, {}), [event])  # type: ignore[list-item]
            await write_rows(connection, [Decided(Input(topic, key, None, event), decision)])
            for emit in decision.emits:
                await broker.publish(serialise(emit, "/screening", 1, now), "warning.raised", key=key.encode())

    for name in ("household.registered", "data.changed"):
        _subscribe(broker, name, handle)
    await FastStream(broker).run()


def _subscribe(broker: KafkaBroker, topic: str, handle) -> None:  # type: ignore[no-untyped-def]
    @broker.subscriber(
        topic, group_id=f"naive.{topic}", auto_offset_reset="earliest", ack_policy=AckPolicy.NACK_ON_ERROR
    )
    async def on_message(message: KafkaMessage) -> None:
        await handle(message, topic)


if __name__ == "__main__":
    asyncio.run(main())
