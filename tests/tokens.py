"""Tokens and settings for tests: whoever is needed, signed by the session's own keys."""

from datetime import timedelta
from pathlib import Path

from shared.access.tokens import Issuer
from shared.settings import Settings

VILLAGE = "341221102201"
GRID = f"{VILLAGE}-03"
REGIONS = {
    "county": "341221",
    "township": "341221102",
    "village": VILLAGE,
    "grid_worker": VILLAGE,
    "group_leader": VILLAGE,
}


def bearer(keys: Path, role: str, **fields: str | None) -> dict[str, str]:
    """The Authorization header of a caller; place and grid are those of the tests' village unless said."""
    given: dict[str, str | None] = {"role": role, "region": REGIONS.get(role, "341221")}
    if role in ("grid_worker", "group_leader"):
        given["grid"] = GRID
    if role == "system":
        given["region"] = None
    token = Issuer((keys / "token.key").read_bytes()).issue(given | fields, timedelta(hours=1))
    return {"Authorization": f"Bearer {token}"}


def settings_of(service: str, kafka: str, database: str, keys: Path, **more: str) -> Settings:
    """A service's settings on the session's servers; its port is taken by `serving`."""
    return Settings.from_environment(
        service,
        {
            "SHOUWANG_KAFKA": kafka,
            "SHOUWANG_POSTGRES": database,
            "SHOUWANG_KEYS": str(keys),
            "SHOUWANG_DEMO": "1",
            "SHOUWANG_INSTANCE": f"{service}-0",
            **more,
        },
    )
