"""All contracts by the path at which each is committed, made from the code or read from git."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.contracts import asyncapi, openapi
from shared.contracts import schema

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "docs/contracts"
ASYNCAPI = f"{FOLDER}/asyncapi.json"
SCHEMAS = schema.FOLDER.relative_to(ROOT).as_posix()


async def made(postgres: str, keys: Path) -> dict[str, Json]:
    """Path → document, as the code says it now. `postgres`: an administrator's DSN on a migrated database."""
    services = await openapi.documents(postgres, keys)
    return {
        ASYNCAPI: asyncapi.document(),
        **{f"{FOLDER}/openapi/{name}.json": one for name, one in services.items()},
        **{f"{SCHEMAS}/{family}.v1.json": one for family, one in schema.schemas().items()},
    }


def texts(documents: Mapping[str, Any]) -> dict[str, str]:
    """Path → what the file holds."""
    return {name: schema.text(one) for name, one in documents.items()}


def committed(revision: str) -> dict[str, Json]:
    """Path → document, as a revision of git has it; empty where it has none. Raises CalledProcessError."""
    names = _git("ls-tree", "-r", "--name-only", revision, "--", FOLDER, SCHEMAS).splitlines()
    return {name: json.loads(_git("show", f"{revision}:{name}")) for name in names if name.endswith(".json")}


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout
