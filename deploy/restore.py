"""`./shouwang restore`: after PostgreSQL was put back to an earlier hour than Kafka, and before the services start.

The embedded servers are started for it and stopped again; servers of one's own must run.
"""

import asyncio
from pathlib import Path

import asyncpg
from aiokafka.errors import KafkaError

from deploy.local.addresses import Addresses
from deploy.local.folder import DataFolder
from deploy.local.interrupt import interruptible
from deploy.local.supervise import Supervisor, stop_left_over
from deploy.prepare import prepare_postgres
from deploy.say import say
from deploy.trouble import Trouble
from shared.messaging.restore import StillRunning, restore


def restored(data: Path | None) -> None:
    """On the data folder's servers, or those of SHOUWANG_KAFKA and SHOUWANG_POSTGRES. Raises Trouble."""
    folder, addresses = DataFolder(data), Addresses.of_environment()
    if addresses.kafka and addresses.postgres:
        _learn(addresses.kafka, addresses.postgres)
        return
    if not folder.is_ours():
        raise Trouble(f"There are no data in {folder.path}: name the folder that was put back with --data DIR.")
    from deploy.down import LEFT_OVER  # not before: the image has none of the embedded servers

    with folder.owned(), interruptible() as shield:
        left = stop_left_over(folder, LEFT_OVER)
        if left:
            say(f"Stopped what a killed supervisor had left running: {', '.join(left)}.")
        folder.prepare(is_fresh=False)
        supervisor = Supervisor(folder, say)
        try:
            kafka, admin_dsn = _start(folder, addresses, supervisor)
            asyncio.run(prepare_postgres(admin_dsn, folder.keys, is_demo=False, is_own=True))
            _learn(kafka, admin_dsn)
        finally:
            shield.close()
            supervisor.stop()


def _start(folder: DataFolder, addresses: Addresses, supervisor: Supervisor) -> tuple[str, str]:
    """The embedded servers of those that are not one's own: Kafka's address, the administrator's DSN."""
    from deploy.local.kafka import Kafka
    from deploy.local.postgres import Postgres

    bootstrap, admin_dsn = addresses.kafka, addresses.postgres
    if bootstrap is None:
        kafka = Kafka(folder.kafka, addresses.kafka_port)
        supervisor.launch(kafka)
        kafka.wait_ready()
        bootstrap = kafka.bootstrap
    if admin_dsn is None:
        postgres = Postgres(folder.postgres, addresses.postgres_port)
        supervisor.launch(postgres)
        postgres.wait_ready()
        admin_dsn = postgres.dsn
    return bootstrap, admin_dsn


def _learn(kafka: str, admin_dsn: str) -> None:
    try:
        found = asyncio.run(restore(kafka, admin_dsn))
    except StillRunning as running:
        raise Trouble(f"The group {running} has members: stop the services first (./shouwang down).") from running
    except (KafkaError, OSError, asyncpg.PostgresError) as error:
        raise Trouble(f"PostgreSQL or Kafka refuses ({error}): check that both run.") from error
    for service, number in found.items():
        say(f"  {service:<10} {number} facts in its topics that the database did not know")
    say("What had been read since then is read again. Now start: ./shouwang up")
