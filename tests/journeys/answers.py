"""The sample's expected answers held against what the running house says."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.journeys.road import Road

LEVELS = ("red", "orange", "yellow")


@dataclass(frozen=True)
class Differences:
    """What the house says otherwise than the answers: each a line that a person can follow."""

    missed: list[str]
    too_many: list[str]
    other_level: list[str]

    def __str__(self) -> str:
        return "\n".join([*self.missed, *self.too_many, *self.other_level]) or "no difference"


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


async def open_warnings(road: Road) -> dict[str, str]:
    """Household number → level, of every open warning, page after page."""
    found: dict[str, str] = {}
    after: str | None = None
    while True:
        query = {"state": "open", "limit": "200"} | ({"after": after} if after else {})
        page = await road.get("screening", "/v1/warnings", road.county, **query)
        found |= {item["household_no"]: item["level"] for item in page["items"]}
        after = page["next"]
        if not after:
            return found


def compare(answers: list[dict[str, Any]], warned: dict[str, str]) -> Differences:
    expected = {one["household_no"]: one for one in answers if one["kind"] == "household"}
    missed, too_many, other = [], [], []
    for number, answer in expected.items():
        level = warned.get(number)
        if answer["expected"] == "warned" and level is None:
            missed.append(f"missed {number}: {answer['why']['en']} {answer['record_ids']}")
        elif answer["expected"] == "not_warned" and level is not None:
            too_many.append(f"warned {number} ({level}): {answer['why']['en']} {answer['record_ids']}")
        elif level is not None and level != answer["level"]:
            other.append(f"{number} is {level}, not {answer['level']}: {answer['why']['en']} {answer['record_ids']}")
    too_many += [f"warned {number}, whom no record is about" for number in warned if number not in expected]
    return Differences(missed, too_many, other)
