"""Bring PostgreSQL and Kafka to this code's state: roles, schemas, migrations, topics. Safe to repeat."""

import asyncio
import time
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.say import say
from deploy.trouble import Trouble, of_disk
from shared.crypto import KeyFileError, create_keys
from shared.messaging import topics
from shared.postgres import MigrationError, migrate
from shared.settings import Settings

COORDINATOR_SECONDS = 20.0
POLL_SECONDS = 0.1


def prepare() -> None:
    """Once before the services start, on servers of one's own. Raises Trouble."""
    settings = Settings.from_environment("console")
    try:
        create_keys(settings.keys)
    except KeyFileError as error:
        raise Trouble(str(error)) from error
    except OSError as error:
        raise of_disk(error) from error
    applied = asyncio.run(prepare_postgres(settings.postgres, settings.keys, settings.is_demo, is_own=False))
    made = asyncio.run(prepare_kafka(settings.kafka, settings))
    say(f"{len(applied)} migrations applied, {len(made)} topics made")


async def prepare_postgres(admin_dsn: str, keys: Path, is_demo: bool, is_own: bool) -> list[str]:
    """Migrate, and let a demo's clock be moved. Returns what was applied.

    `is_own`: the server is the data folder's, so the folder's word that it is a demo is enough. Somebody's
    server must be empty to become a demo, or be one. Raises Trouble.
    """
    where = urlsplit(admin_dsn).netloc.rpartition("@")[2]
    try:
        applied = await migrate(admin_dsn, keys)
        was_empty = any(name.startswith("civil:") for name in applied)
        if is_demo and not await _make_demo(admin_dsn, is_own or was_empty):
            raise Trouble(f"The database at {where} is no demo's: start with --no-demo, or take an empty one.")
        return applied
    except MigrationError as error:
        raise Trouble(f"The database cannot be brought up to date: {error}.") from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Trouble(f"PostgreSQL at {where} refuses ({error}): check that it runs, and SHOUWANG_POSTGRES.") from error


async def _make_demo(admin_dsn: str, may_become: bool) -> bool:
    connection = await asyncpg.connect(admin_dsn)
    try:
        if may_become:
            await connection.execute("UPDATE civil.clock SET is_demo = true WHERE NOT is_demo")
        return bool(await connection.fetchval("SELECT is_demo FROM civil.clock"))
    finally:
        await connection.close()


async def analyze(admin_dsn: str) -> None:
    """Statistics after a load: without them the first decisions of people take three times as long."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def prepare_kafka(bootstrap: str, settings: Settings) -> list[str]:
    """Make the topics with their partitions and replicas, and Kafka's own for groups. Raises Trouble. Returns what was
    made."""
    try:
        made = await topics.create(bootstrap, settings.partitions, settings.replication)
        await _await_coordinator(bootstrap)
        return made
    except (KafkaError, OSError) as error:
        raise Trouble(f"Kafka at {bootstrap} refuses ({error}): check that it runs, and SHOUWANG_KAFKA.") from error


async def _await_coordinator(bootstrap: str) -> None:
    """Kafka makes its offsets topic when first asked for a group; until then every group logs an error."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        until = time.monotonic() + COORDINATOR_SECONDS
        while True:
            try:
                await admin.find_coordinator("shouwang.start")
                return
            except KafkaError:
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(POLL_SECONDS)
    finally:
        await admin.close()
