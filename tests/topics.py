"""Empty topics for tests that begin with an empty database: the broker lives for the whole session."""

from aiokafka.admin import AIOKafkaAdminClient

from shared.messaging import topics
from tests.until import until


async def renew(bootstrap: str) -> None:
    """Delete every topic of ours and make it again. What a young broker lists at first is not all that it has."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()

    async def listed() -> set[str]:
        return set(topics.retentions()) & set(await admin.list_topics())

    async def are_all_there() -> bool:
        return await listed() == set(topics.retentions())

    async def are_gone() -> bool:
        return not await listed()

    try:
        await topics.create(bootstrap, 6, 1)
        await until(are_all_there, 20, "topics made")
        await admin.delete_topics(sorted(topics.retentions()))
        await until(are_gone, 20, "topics deleted")
        await topics.create(bootstrap, 6, 1)
        await until(are_all_there, 20, "topics made anew")
    finally:
        await admin.close()
