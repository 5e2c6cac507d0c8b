"""One real township of 临泉县, or a part of the county, with invented people: register, officers, departments'
records, answers.

Pure: the same seed and day give the same township, byte for byte. The villages and their codes are those
of the packaged division table; groups, grids and all people are invented.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random

from deploy.demo.answers import answers
from deploy.demo.county import CODE, COUNTY, MOST_IN_ONE_TOWNSHIP, SEED, Part, plan
from deploy.demo.desk import Intention, Record, Sent
from deploy.demo.officers import grids, officers, offices
from deploy.demo.people import Numbers
from deploy.demo.records import records as department_records
from deploy.demo.register import register_records, settle
from shared.domain.division import division

__all__ = ["CODE", "COUNTY", "SEED", "Township", "generate", "made", "officers_of"]

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
    """鲖城镇 with 120 to 5,000 households. Raises ValueError outside that, and for too many records for them."""
    if households > MOST_IN_ONE_TOWNSHIP:
        raise ValueError(f"one township has 120 to {MOST_IN_ONE_TOWNSHIP} households, not {households}")
    (part,) = plan(seed, households, records)
    return made(seed, today, part)


def made(seed: int, today: date, part: Part) -> Township:
    """One part of the plan: whatever it is about lies within it. Raises ValueError for too many records."""
    numbers = Numbers(Random(f"{seed}:numbers {part.index}"), COUNTY, _OTHER_COUNTIES, part.share)
    homes = settle(seed, part.places, numbers, today, part.first_household)
    register = register_records(seed, division(part.township).name, homes, today)
    sent, intentions = department_records(seed, homes, part, numbers, today)
    return Township(
        register=tuple(register),
        records=sent,
        offices=offices(part),
        grids=grids(part),
        officers=officers(seed, part, today),
        answers=tuple(answers(register, sent, today)),
        intentions=intentions,
    )


def officers_of(seed: int, today: date, households: int) -> Iterator[Record]:
    """Everybody with a post, part by part, without making a household."""
    for part in plan(seed, households, 0):
        yield from officers(seed, part, today)
