"""The departments' desk: hands out households that no story has used yet, and writes their records.

A story is what happened to one household (seldom two): its records in the order in which they arrive, and
what its teller means to come of it. The figures are this sample's own; nothing of
screening or of the policy packages is read, so that the answers are a second opinion.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Literal

from deploy.demo.income import CENT
from deploy.demo.people import Person
from deploy.demo.register import Household

MEDICAL_INSURANCE = "medical_insurance"
HOUSING = "housing"
EDUCATION = "education"
WATER = "water"
CIVIL_AFFAIRS = "civil_affairs"
HUMAN_RESOURCES = "human_resources"
RURAL_REVITALIZATION = "rural_revitalization"
PREFIX = {
    MEDICAL_INSURANCE: "YB",
    HOUSING: "ZJ",
    EDUCATION: "JY",
    WATER: "SL",
    CIVIL_AFFAIRS: "MZ",
    HUMAN_RESOURCES: "RS",
    RURAL_REVITALIZATION: "XZ",
}
"""How each department's own record ids begin."""

Level = Literal["red", "orange", "yellow"]
Standing = Literal["ordinary", "lifted_out", "monitored"]
Record = dict[str, Any]
Sent = tuple[str, Record]

# Medical insurance: from this sum on, yuan, a household is warned of
LINE: dict[Standing, Decimal] = {
    "ordinary": Decimal(10000),
    "lifted_out": Decimal(5000),
    "monitored": Decimal(5000),
}
# From this share of the known yearly income on it is one level up
HEAVY_SHARE = Decimal("0.25")


@dataclass(frozen=True, slots=True)
class Intention:
    """What a story's teller means: no level, no warning. `is_near`: a sum within 1 % under a line."""

    household_no: str
    level: Level | None
    situation: str
    is_near: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    records: tuple[Sent, ...]
    intentions: tuple[Intention, ...]


class CannotBeTold(Exception):
    """Nobody is left whom this story fits, or the day of the year leaves no room for it."""


class Desk:
    """`take` gives a household once; the record builders only number and fill in."""

    def __init__(self, rng: Random, homes: Sequence[Household], today: date, first_record: int = 0) -> None:
        self.rng = rng
        self.today = today
        self._free: dict[Standing, list[Household]] = {"ordinary": [], "lifted_out": [], "monitored": []}
        for home in rng.sample(list(homes), len(homes)):
            standing = standing_of(home)
            if standing is not None:
                self._free[standing].append(home)
        self._numbered = first_record

    def take(self, standing: Standing, fits: Callable[[Household], bool] = lambda home: True) -> Household:
        """A household of this standing that no story has had. Raises CannotBeTold."""
        free = self._free[standing]
        for place, home in enumerate(free):
            if fits(home):
                return free.pop(place)
        raise CannotBeTold

    def left(self) -> list[Household]:
        """Everybody whom no story took, for records that mean nothing."""
        return [home for standing in ("ordinary", "lifted_out", "monitored") for home in self._free[standing]]

    def day(self, least: int = 5, most: int = 300) -> date:
        """A day that lies well inside the last twelve months."""
        return self.today - timedelta(days=self.rng.randint(least, most))

    def days(self, count: int) -> list[date]:
        """Different days, oldest first, all inside the last twelve months."""
        back = sorted(self.rng.sample(range(5, 300), count), reverse=True)
        return [self.today - timedelta(days=days) for days in back]

    def age(self, person: Person) -> int:
        """Full years today."""
        had_birthday = (self.today.month, self.today.day) >= (person.born_on.month, person.born_on.day)
        return self.today.year - person.born_on.year - (0 if had_birthday else 1)

    def cents(self, least: Decimal, most: Decimal) -> Decimal:
        """A sum from least to most, both included."""
        return Decimal(self.rng.randint(int(least / CENT), int(most / CENT))) * CENT

    def over(self, line: Decimal) -> Decimal:
        """A sum at or over a line."""
        return self.cents(line, line * Decimal("2.4"))

    def near(self, line: Decimal) -> Decimal:
        """A sum under a line, by less than 1 %."""
        return self.cents((line * Decimal("0.9901")).quantize(CENT), line - CENT)

    def ordinary_or_lifted_out(self) -> Standing:
        """What means the same for everybody; now and then it is a lifted-out household's."""
        return "lifted_out" if self.rng.random() < 0.15 else "ordinary"

    def number(self, prefix: str) -> str:
        """The sending department's own record id; it tells nothing of the story."""
        self._numbered += 1
        return f"{prefix}-{self.today.year}-{self._numbered:06d}"

    def about_person(self, home: Household, person: Person) -> Record:
        """A subject by ID number. Departments know the village or only the township; some write a small x."""
        region = home.village.code if self.rng.random() < 0.85 else f"{home.village.code[:9]}000"
        id_no = person.id_no.lower() if self.rng.random() < 0.3 else person.id_no
        return {"id_no": id_no, "name": person.name, "household_no": None, "region": region}

    def about_household(self, home: Household) -> Record:
        """A subject by household number, or by the head's ID number."""
        if self.rng.random() < 0.3:
            return self.about_person(home, home.head)
        return {"id_no": None, "name": None, "household_no": home.household_no, "region": home.village.code}


def standing_of(home: Household) -> Standing | None:
    """None where the risk was eliminated: whether the lower line still holds is not for a sample to say."""
    if home.monitoring is not None:
        return "monitored" if home.monitoring.status == "monitored" else None
    return "lifted_out" if home.lifted_out_year is not None else "ordinary"


def upsert(record_id: str, kind: str, on: date, subject: Record, data: Record) -> Record:
    return {
        "record_id": record_id,
        "version": 1,
        "op": "upsert",
        "kind": kind,
        "occurred_on": on.isoformat(),
        "subject": subject,
        "data": data,
    }


def corrected(record: Record, version: int, **data: Any) -> Record:
    """The same record in another version, some of its data other."""
    return record | {"version": version, "op": "upsert", "data": record["data"] | data}


def withdrawn(record: Record, version: int) -> Record:
    return record | {"version": version, "op": "withdraw", "data": {}}
