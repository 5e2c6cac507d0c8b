"""The OpenAPI documents of the five services, from the services as they are built."""

import importlib
from pathlib import Path
from typing import Any

from shared.postgres import SERVICES
from shared.service import Service
from shared.settings import Settings

Json = dict[str, Any]

NO_KAFKA = "127.0.0.1:1"
"""Building a service connects to PostgreSQL alone."""


async def built(name: str, postgres: str, keys: Path) -> Service:
    """A service with all its routes, that is not started. `postgres`: an administrator's DSN, migrated. To be closed.

    With a mail server named, so that every carrier is there.
    """
    told = {
        "SHOUWANG_KAFKA": NO_KAFKA,
        "SHOUWANG_POSTGRES": postgres,
        "SHOUWANG_KEYS": str(keys),
        "SHOUWANG_SMTP": "127.0.0.1:25",
        "SHOUWANG_DEMO": "1",
    }
    service: Service = await importlib.import_module(f"services.{name}.app").build(
        Settings.from_environment(name, told)
    )
    service.mount()
    return service


async def close(service: Service) -> None:
    for one in service.closers:
        await one()
    await service.worker.close()
    await service.api.close()


async def documents(postgres: str, keys: Path) -> dict[str, Json]:
    """Service → its document."""
    found = {}
    for name in SERVICES:
        service = await built(name, postgres, keys)
        try:
            found[name] = service.document()
        finally:
            await close(service)
    return found
