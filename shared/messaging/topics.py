"""Topics as they lie in Kafka: made once, never compacted, ours never deleted."""

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError

from shared.contracts.topics import DEPARTMENT_RETENTION, DEPARTMENTS, TOPICS, department_topic

MESSAGE_BYTES_MAX = 1_048_576


def retentions() -> dict[str, str]:
    """Every topic's name with its retention in milliseconds; −1 is without end."""
    department_ms = str(int(DEPARTMENT_RETENTION.total_seconds() * 1000))
    return {topic.name: "-1" for topic in TOPICS} | {department_topic(code): department_ms for code in DEPARTMENTS}


async def create(bootstrap: str, partitions: int, replication: int) -> list[str]:
    """Make the topics that are missing. Returns their names. An existing topic is left as it is."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        there = set(await admin.list_topics())
        wanted = retentions()
        missing = [name for name in wanted if name not in there]
        for name in missing:
            configs = {
                "retention.ms": wanted[name],
                "cleanup.policy": "delete",
                "max.message.bytes": str(MESSAGE_BYTES_MAX),
                "min.insync.replicas": "2" if replication >= 3 else "1",
            }
            try:
                await admin.create_topics([NewTopic(name, partitions, replication, topic_configs=configs)])
            except TopicAlreadyExistsError:
                continue
        return missing
    finally:
        await admin.close()
