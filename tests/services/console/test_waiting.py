"""/waiting without a browser: what was wrong with a reason is said at the one line that it was written for."""

import re
from collections import Counter
from typing import Any

import httpx

from shared.postgres import SERVICES
from tests.services.console.scene import COUNTY, Scene, household_id, says, signed_in

LINE: dict[str, Any] = {
    "id": "bGluZQ", "consumer": "c", "topic": "stage.advanced", "key": str(household_id(1)), "sequence": 3,
    "state": "failed", "type": None, "region": None, "cause": "decide: KeyError", "tries": 1,
    "since": "2026-11-24T02:00:00+00:00", "behind": 0,
}  # fmt: skip
LINES = {"items": [LINE], "next": None, "sums": {"failed": 1, "ahead": 0, "total": 1}}
"""The same line of the same topic, in each service that reads it: its id says nothing of the service."""


async def test_one_line_that_waits_in_several_services_is_wrong_in_one_alone(village: Scene) -> None:
    waits = {(name, "/v1/dead-letters/lines"): says(LINES) for name in SERVICES if name != "console"}
    village.neighbours.away.discard("screening")
    village.neighbours.answers = waits | village.neighbours.answers
    try:
        async with httpx.AsyncClient(base_url=village.console.url) as client:
            await signed_in(client, f"COUNTY-{COUNTY}-1")
            csrf = re.findall(r'name="csrf" value="([^"]+)"', (await client.get("/waiting")).text)[0]
            refused = await client.post(f"/waiting/workflow/{LINE['id']}/skip", data={"csrf": csrf, "reason": "嗯"})
    finally:
        village.neighbours.away.add("screening")
        for key in waits:
            village.neighbours.answers.pop(key)
    assert refused.status_code == 422 and refused.text.count('aria-invalid="true"') == 1
    ids = Counter(re.findall(r'\sid="([^"]*)"', refused.text))
    assert ids["wrong"] == 1 and [id_ for id_, number in ids.items() if number > 1] == []
