"""Empty topics for tests that begin with an empty database: the broker lives for the whole session."""

from aiokafka.admin import AIOKafkaAdminClient

from shared.messaging import topics
from tests.until import until


async def renew(bootstrap: str) -> None:
    """Delete every topic of ours and make it again."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        there = set(topics.names()) & set(await admin.list_topics())
        if there:
            await admin.delete_topics(sorted(there))

            async def are_gone() -> bool:
                return not set(topics.names()) & set(await admin.list_topics())

            await until(are_gone, 20, "topics deleted")
    finally:
        await admin.close()
    await topics.create(bootstrap, 6, 1)
