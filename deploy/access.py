"""Tokens at the shell: `./shouwang token`, and the one that its own calls carry.

Signed with the data's own key by the local issuer; for the demo's officer of that role and place unless one
is named.
"""

import getpass
import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from deploy.local.folder import DataFolder
from deploy.trouble import Trouble
from shared.access.roles import ONE_GRID
from shared.access.tokens import Issuer, TokenError
from shared.clock import machine_now

TOKEN_LIFE = timedelta(hours=12)
"""A working day of trying things out."""
CALL_LIFE = timedelta(minutes=5)
DEMO_COUNTY = "341221"
EVERYWHERE_IN_THE_PROVINCE = "34"


def token(data: Path | None, wanted: Mapping[str, str | None]) -> str:
    """A bearer token for `role, region, department, grid, capacity, officer`, None where left out."""
    officer = _officer(data, wanted)
    role, region = wanted["role"], wanted["region"] or DEMO_COUNTY
    is_of_one_grid = role in ONE_GRID
    grid = wanted["grid"] or officer.get("grid") if is_of_one_grid else wanted["grid"] or "*"
    if is_of_one_grid and not wanted["region"] and grid:
        region = grid.partition("-")[0]
    fields = {
        "role": role,
        "region": region,
        "department": wanted["department"],
        "grid": grid,
        "capacity": wanted["capacity"] or officer.get("capacity"),
        "officer_id": wanted["officer"] or officer.get("officer_id"),
    }
    return _issue(data, fields, TOKEN_LIFE)


def own_token(data: Path | None) -> str:
    """For the commands' own calls: a steward, named in the audit after the person at the shell."""
    who = re.sub("[^0-9A-Za-z-]", "-", getpass.getuser())[:30]
    fields = {"role": "steward", "region": EVERYWHERE_IN_THE_PROVINCE, "officer_id": f"shell-{who}"}
    return _issue(data, fields, CALL_LIFE)


def _issue(data: Path | None, fields: Mapping[str, str | None], life: timedelta) -> str:
    folder = DataFolder(data)
    key = Path(os.environ.get("SHOUWANG_KEYS") or folder.keys) / "token.key"
    try:
        return Issuer(key.read_bytes()).issue(fields, life, machine_now())
    except FileNotFoundError:
        raise Trouble(f"There is no {key}: start once with ./shouwang up, or set --data DIR.") from None
    except PermissionError:
        raise Trouble(f"{key} may not be read: call this as the user who started Shouwang.") from None
    except TokenError as error:
        raise Trouble(f"No such token: {error}.") from None


def _officer(data: Path | None, wanted: Mapping[str, str | None]) -> Mapping[str, Any]:
    """The demo's officer that the words fit best; empty where there is none."""
    officers = _demo_officers(data)
    if wanted["officer"]:
        return next((each for each in officers if each["officer_id"] == wanted["officer"]), {})
    return next((each for each in officers if _fits(each, wanted)), {})


def _fits(officer: Mapping[str, Any], wanted: Mapping[str, str | None]) -> bool:
    return (
        officer["role"] == wanted["role"]
        and str(officer["region"]).startswith(wanted["region"] or "")
        and wanted["grid"] in (None, officer["grid"])
        and wanted["capacity"] in (None, officer["capacity"])
        and (wanted["role"] != "department" or str(officer["office_id"]).endswith(f"-{wanted['department']}"))
    )


def _demo_officers(data: Path | None) -> Sequence[Mapping[str, Any]]:
    """Made again from the sample's few figures, so that a token needs no running service."""
    from deploy.demo.load import Sample
    from deploy.demo.township import officers_of

    try:
        sample = Sample(**json.loads((DataFolder(data).path / "sample.json").read_text("utf-8")))
    except OSError:
        return ()
    day = date.fromisoformat(sample.today)
    return tuple(officers_of(sample.seed, day, sample.households))
