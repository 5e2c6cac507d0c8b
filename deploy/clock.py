"""`./shouwang clock advance`: a demo's time moves on, so that notices end and deadlines pass.

One row in PostgreSQL holds it, and every service reads its time there; the database refuses outside a demo.
"""

import asyncio
import os
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from deploy.local.folder import DataFolder
from deploy.local.postgres import Postgres
from deploy.say import say
from deploy.trouble import Trouble

UNITS = {"d": "days", "h": "hours", "m": "minutes"}
DAYS_MAX = 3660


def advance(data: Path | None, duration: str) -> None:
    step = parsed(duration)
    now = asyncio.run(_advance(_admin_dsn(DataFolder(data)), step))
    say(f"The demo's clock says {now}.")


def parsed(duration: str) -> timedelta:
    """`6d`, `12h`, `90m`; together as `1d12h`. Raises Trouble."""
    parts = re.findall(r"(\d{1,7})([dhm])", duration)
    step = sum((timedelta(**{UNITS[unit]: int(number)}) for number, unit in parts), timedelta())
    is_whole = "".join(number + unit for number, unit in parts) == duration
    if not is_whole or not timedelta() < step <= timedelta(days=DAYS_MAX):
        raise Trouble(f"{duration!r} is no duration: write days, hours or minutes as in 6d, 12h or 90m.")
    return step


def _admin_dsn(folder: DataFolder) -> str:
    given = os.environ.get("SHOUWANG_POSTGRES")
    if given:
        return given
    told = folder.environment().get("SHOUWANG_POSTGRES")
    if not told or not (folder.postgres / "password").exists():
        raise Trouble("No running demo is known here: start it with ./shouwang up, or set SHOUWANG_POSTGRES.")
    try:
        return Postgres(folder.postgres, urlsplit(told).port).dsn
    except PermissionError as error:
        raise Trouble("The clock is moved by the user who started Shouwang.") from error


async def _advance(dsn: str, step: timedelta) -> str:
    try:
        connection = await asyncpg.connect(dsn, timeout=10)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise Trouble(f"PostgreSQL does not answer ({error}): start it with ./shouwang up.") from error
    try:
        await connection.execute("SET timezone TO 'Asia/Shanghai'")
        now = await connection.fetchval("SELECT civil.advance($1)::text", step)
        return str(now)[:16]
    except asyncpg.InsufficientPrivilegeError as error:
        raise Trouble("The clock moves in a demo only, and these data are no demo's.") from error
    finally:
        await connection.close()
