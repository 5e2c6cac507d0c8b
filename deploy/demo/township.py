"""One real township of 临泉县 with invented people: register, officers, departments' records, answers.

Pure: the same seed and day give the same township, byte for byte. The villages and their codes are those
of the packaged division table; groups, grids and all people are invented.
"""

from dataclasses import dataclass
from datetime import date
from random import Random

from deploy.demo.answers import answers
from deploy.demo.desk import Intention, Record, Sent
from deploy.demo.officers import grids, officers, offices
from deploy.demo.people import Numbers
from deploy.demo.records import records as department_records
from deploy.demo.register import Village, register_records, settle
from shared.domain.division import division, villages_of

CODE = "341221102"
COUNTY = "341221"
SEED = 20261001
LEAST_HOUSEHOLDS = 120
MOST_HOUSEHOLDS = 50_000

# Where people of this county marry from: the counties around it, of 阜阳, 亳州 and 六安
_OTHER_COUNTIES = (
    "341202", "341203", "341204", "341222", "341225", "341226", "341282", "341621", "341623", "341522"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Township:
    """`register` are records of `rural_revitalization`; `records` (department, record) in order of
    arrival.

    `answers` hold a `household` answer for everybody whom a record is about and an `account` for each
    department; `intentions` are what the generator meant, kept apart so that a test can hold the answers
    against them.
    """

    register: tuple[Record, ...]
    records: tuple[Sent, ...]
    offices: tuple[Record, ...]
    grids: tuple[Record, ...]
    officers: tuple[Record, ...]
    answers: tuple[Record, ...]
    intentions: tuple[Intention, ...]


def generate(seed: int, today: date, households: int = 3000, records: int = 1000) -> Township:
    """120 to 50,000 households. Raises ValueError outside that, and for too many records for them."""
    if not LEAST_HOUSEHOLDS <= households <= MOST_HOUSEHOLDS:
        raise ValueError(f"a sample has {LEAST_HOUSEHOLDS} to {MOST_HOUSEHOLDS} households, not {households}")
    township, county = division(CODE), division(COUNTY)
    numbers = Numbers(Random(f"{seed}:numbers"), COUNTY, _OTHER_COUNTIES)
    villages = tuple(Village(village.code, village.name) for village in villages_of(CODE))
    homes = settle(seed, villages, numbers, today, households)
    register = register_records(seed, township.name, homes, today)
    sent, intentions = department_records(seed, homes, villages, numbers, today, records)
    return Township(
        register=tuple(register),
        records=sent,
        offices=offices(township, county, homes),
        grids=grids(homes),
        officers=officers(seed, township, county, homes, today),
        answers=tuple(answers(register, sent, today)),
        intentions=intentions,
    )
