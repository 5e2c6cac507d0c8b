"""Facts held back on their way and sent late, by the tester: so that readers meet what is ahead of its turn.

A trigger of the tester's takes some rows out of the outboxes as they are written; he sends them himself later, as the
relay would have.
"""

from zlib import crc32

import asyncpg
from aiokafka import AIOKafkaProducer

from shared.messaging.relay import Row
from shared.postgres import SERVICES

TABLE = """
CREATE SCHEMA chaos;
CREATE TABLE chaos.held (id bigint GENERATED ALWAYS AS IDENTITY, topic text, key text, sequence bigint, event_id uuid,
    type text, source text, region text, value bytea, is_sent boolean NOT NULL DEFAULT false);
GRANT USAGE ON SCHEMA chaos TO PUBLIC;
GRANT INSERT ON chaos.held TO PUBLIC;
CREATE FUNCTION chaos.hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF random() < TG_ARGV[0]::float THEN
        INSERT INTO chaos.held (topic, key, sequence, event_id, type, source, region, value)
            VALUES (NEW.topic, NEW.key, NEW.sequence, NEW.event_id, NEW.type, NEW.source, NEW.region, NEW.value);
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;
"""


async def begin(admin_dsn: str, share: float) -> None:
    """From now on this share of all facts is held back."""
    admin = await asyncpg.connect(admin_dsn)
    await admin.execute(TABLE)
    for service in SERVICES:
        await admin.execute(
            f"CREATE TRIGGER hold BEFORE INSERT ON {service}.outbox FOR EACH ROW EXECUTE FUNCTION chaos.hold('{share}')"
        )
    await admin.close()


async def end(admin_dsn: str) -> None:
    admin = await asyncpg.connect(admin_dsn)
    for service in SERVICES:
        await admin.execute(f"DROP TRIGGER IF EXISTS hold ON {service}.outbox")
    await admin.close()


async def release(admin_dsn: str, bootstrap: str) -> int:
    """Send what is held, the newest first, so that it is out of order too. Returns how many."""
    admin = await asyncpg.connect(admin_dsn)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        rows = await admin.fetch("SELECT * FROM chaos.held WHERE NOT is_sent ORDER BY id DESC")
        for row in rows:
            said = Row(
                row["id"], row["topic"], row["key"], row["sequence"], str(row["event_id"]), row["type"],
                row["source"], row["region"], row["value"],
            )  # fmt: skip
            count = len(await producer.partitions_for(said.topic))
            await producer.send_and_wait(
                said.topic,
                said.value,
                key=said.key.encode(),
                partition=_partition(said.key, count),
                headers=said.headers(),
            )
        await admin.execute(
            "UPDATE chaos.held SET is_sent = true WHERE id = ANY ($1::bigint[])", [row["id"] for row in rows]
        )
        return len(rows)
    finally:
        await producer.stop()
        await admin.close()


async def held(admin_dsn: str) -> frozenset[tuple[str, str, int]]:
    """(topic, key, number) of every fact that was held back: these alone may stand out of order in a log."""
    admin = await asyncpg.connect(admin_dsn)
    rows = await admin.fetch("SELECT topic, key, sequence FROM chaos.held")
    await admin.close()
    return frozenset((row["topic"], row["key"], row["sequence"]) for row in rows)


async def remember(admin_dsn: str, sent: frozenset[tuple[str, str, int]]) -> None:
    """What was held and sent before the database was put back: it stands in the logs and in no table any more."""
    admin = await asyncpg.connect(admin_dsn)
    await admin.executemany(
        "INSERT INTO chaos.held (topic, key, sequence, is_sent) SELECT $1, $2, $3, true WHERE NOT EXISTS "
        "(SELECT FROM chaos.held WHERE topic = $1 AND key = $2 AND sequence = $3)",
        sorted(sent),
    )
    await admin.close()


def _partition(key: str, count: int) -> int:
    return crc32(key.encode()) % count
