"""Stories of the water office about one household's water: cut off for long, or unfit to drink.

Told well to either side of seven days, so that it does not matter whether the first day is counted.
"""

from datetime import date

from deploy.demo.desk import WATER, Desk, Level, Record, Story
from deploy.demo.matters import Matter, record_of, told
from deploy.demo.register import Household

# Over seven days for a single household; unfit water at once
LEVEL: dict[str, Level | None] = {
    "off": "orange",
    "off_lately": None,
    "unfit": "orange",
    "fit": None,
    "restored": None,
}


def take(desk: Desk, words: tuple[str, ...]) -> tuple[Household, None]:
    return desk.take(desk.ordinary_or_lifted_out()), None


def say(desk: Desk, home: Household, word: str) -> tuple[date, Record]:
    if word in ("unfit", "fit"):
        quality = "fail" if word == "unfit" else "pass"
        on = desk.day()
        return on, {"status": "normal", "since": on.isoformat(), "quality": quality, "scope": "household"}
    least, most = {"off": (10, 60), "off_lately": (1, 5), "restored": (1, 9)}[word]
    on = desk.day(least, most)
    data = {"status": "restored" if word == "restored" else "interrupted", "scope": "household"}
    if desk.rng.random() < 0.8:
        data["since"] = on.isoformat()
    return on, data


WATER_SUPPLIES = Matter(WATER, "supply", LEVEL, take, say)


def told_late(desk: Desk) -> Story:
    """Reported yesterday, but the water has been away for weeks: its first day counts, not the report's."""
    home, _ = take(desk, ("off",))
    data = {"status": "interrupted", "since": desk.day(12, 40).isoformat(), "scope": "household"}
    record = record_of(desk, WATER_SUPPLIES, home, None, desk.day(1, 2), data)
    return told(WATER_SUPPLIES, home, "off", "told late", record)
