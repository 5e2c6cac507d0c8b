"""`./shouwang import`: a table goes to intake as any department's file does, with a bar while it is taken in.

The key of the call is made of the file, so that the same command goes on where it was broken off, and a file that was
taken in is not taken in twice.
"""

import hashlib
import time
import uuid
from pathlib import Path
from typing import Any

import httpx

from deploy.access import DEMO_COUNTY, token
from deploy.local.addresses import url_of
from deploy.local.folder import DataFolder
from deploy.progress import shown
from deploy.say import say
from deploy.trouble import Trouble

REGISTER = "rural_revitalization"
TIMEOUT_SECONDS = 600.0
"""Until the whole file has been read."""
LOOK_SECONDS = 0.3
REFUSALS_TOLD_MAX = 20
COUNTS = ("received", "accepted", "duplicates", "rejected", "parked")
_KEYS = uuid.UUID("3d0b3c52-6a1f-4f43-8a55-0d1c6f1f8a11")


def send_file(data: Path | None, file: Path, department: str, region: str | None) -> bool:
    """Whether every row was taken or waits for its household. Raises Trouble."""
    base = url_of("intake", DataFolder(data))
    headers = {"Authorization": f"Bearer {_token(data, department, region)}", "Accept-Language": "en"}
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Trouble(f"{file} cannot be read ({error.strerror}): check its name.") from error
    try:
        with httpx.Client(base_url=base, timeout=TIMEOUT_SECONDS, trust_env=False, headers=headers) as client:
            account = _taken(client, file.name, content, department)
    except httpx.TransportError as error:
        reason = str(error) or type(error).__name__
        raise Trouble(f"intake at {base} does not answer ({reason}): start it with ./shouwang up.") from error
    return _told(account)


def _token(data: Path | None, department: str, region: str | None) -> str:
    place = region or DEMO_COUNTY
    wanted = {"role": "department", "region": place, "department": department, "grid": None}
    return token(data, wanted | {"capacity": None, "officer": None})


def _taken(client: httpx.Client, name: str, content: bytes, department: str) -> dict[str, Any]:
    key = str(uuid.uuid5(_KEYS, hashlib.sha256(content).hexdigest()))
    answer = client.post(
        f"/v1/departments/{department}/files",
        files={"file": (name, content)},
        headers={"Idempotency-Key": key, "Prefer": "respond-async"},
    )
    account = _answered(answer)
    progress = shown()
    while account.get("state", "closed") == "open":
        progress("rows taken in", min(account["received"], account["rows"] - 1), account["rows"])
        time.sleep(LOOK_SECONDS)
        account = _answered(client.get(f"/v1/batches/{account['batch_id']}"))
    if account.get("state") == "interrupted":
        raise Trouble("It was broken off: the same command goes on where it stopped.")
    progress("rows taken in", account["rows"], account["rows"])
    return account


def _answered(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    if not answer.is_success:
        raise Trouble(f"intake refuses ({answer.status_code}): {found.get('detail', 'see its log.')}")
    return found


def _told(account: dict[str, Any]) -> bool:
    for note in account["notes"]:
        say(note["message"])
    for one in account["rejections"][:REFUSALS_TOLD_MAX]:
        place = " ".join(str(one[name]) for name in ("sheet", "row", "column", "heading") if one.get(name))
        say(f"{place}  {one['code']}: {one['message']}")
    counts = ", ".join(f"{account[name]} {name}" for name in COUNTS)
    say(f"{account['rows']} rows; {counts}.")
    if account["rejected"]:
        say(f"Every refused row with its reason: GET /v1/batches/{account['batch_id']}/rejections.xlsx")
    return not account["rejected"]
