"""What farmers and cadres report in a chaos run: of households that are registered, and of people whom nobody knows."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from deploy.demo.township import COUNTY, Township
from tests.chaos.calls import Calls, Sent

LEVELS = {
    "unsafe_house": "orange",
    "labour_loss": "orange",
    "living": "yellow",
    "isolation": "yellow",
    "debt": "yellow",
}
"""What a report of this concern is worth by itself."""
CLERK = {"role": "clerk", "region": COUNTY, "officer_id": "CHAOS-CLERK"}
CADRE = {"role": "county", "region": COUNTY, "officer_id": f"COUNTY-{COUNTY}-2", "capacity": "handler"}


@dataclass(frozen=True, slots=True)
class Filed:
    """`household_no` None: nobody whom the register knows. `clue_id` where the answer names it."""

    cause: str
    household_no: str | None
    level: str
    clue_id: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    filed: Filed
    body: dict[str, Any]

    async def file(self, calls: Calls) -> tuple[Filed, Sent]:
        path, who = ("/v1/declarations", CLERK) if self.filed.cause == "declaration" else ("/v1/clues", CADRE)
        sent = await calls.post("intake", path, json.dumps(self.body, ensure_ascii=False).encode(), who)
        answer = sent.answer or {}
        return Filed(self.filed.cause, self.filed.household_no, self.filed.level, answer.get("clue_id")), sent


def of_known(seed: int, township: Township, count: int) -> Sequence[Report]:
    """Each of another household of the register, by its number; half declarations, half clues."""
    chance = Random(f"{seed}:reports")
    homes = [one for one in township.register if one["kind"] == "household" and one["op"] == "upsert"]
    numbers: dict[str, str] = {one["subject"]["household_no"]: one["subject"]["region"] for one in homes}
    chosen = chance.sample(sorted(numbers), min(count, len(numbers)))
    return [
        _report(chance, "declaration" if at % 2 else "clue", at, numbers[no], no) for at, no in enumerate(chosen)
    ]  # fmt: skip


def of_strangers(seed: int, township: Township) -> Iterator[Report]:
    """Without end: people whom no register knows, each with a name and a phone of their own."""
    chance = Random(f"{seed}:strangers")
    regions = sorted({one["region"] for one in township.grids})
    number = 0
    while True:
        number += 1
        yield _report(chance, "declaration" if number % 2 else "clue", number, chance.choice(regions), None)


def _report(chance: Random, cause: str, number: int, region: str, household_no: str | None) -> Report:
    concern = chance.choice(sorted(LEVELS))
    name, phone = f"外乡人{number}", f"139{number:08d}"
    body: dict[str, Any]
    if cause == "declaration":
        who = {"household_no": household_no} if household_no else {"name": name}
        body = {
            "region": region, "difficulty": "家里过不下去了", "channel": "window", "phone": phone,
            "concerns": [concern], **who,
        }  # fmt: skip
        return Report(Filed(cause, household_no, LEVELS[concern]), body)
    level = chance.choice(("yellow", "orange", "red"))
    subject: dict[str, str] = {"household_no": household_no} if household_no else {"name": name, "phone": phone}
    body = {
        "region": region, "channel": "cadre_visit", "text": "入户时看到困难", "concern": [concern], "level": level,
        "subject": subject,
    }  # fmt: skip
    return Report(Filed(cause, household_no, level), body)
