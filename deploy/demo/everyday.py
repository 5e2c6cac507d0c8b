"""Most of what departments send means nothing: small settlements, cover and houses in order, water that is fit,
children at school, people at work, allowances that go on.
"""

from collections.abc import Iterator
from decimal import Decimal

from deploy.demo.allowances import ALLOWANCES
from deploy.demo.covers import cover
from deploy.demo.desk import HOUSING, MEDICAL_INSURANCE, Desk, Intention, Sent, Story
from deploy.demo.employments import EMPLOYMENTS, able
from deploy.demo.enrolments import ENROLMENTS, aged
from deploy.demo.house_grades import house_grade
from deploy.demo.matters import Matter, record_of
from deploy.demo.register import Household
from deploy.demo.settlements import patient, settlement
from deploy.demo.water_supplies import WATER_SUPPLIES

MOST_PER_HOUSEHOLD = 12  # × 150 yuan stays far under every line
_LARGEST = Decimal(150)
_WORDS: tuple[tuple[Matter, str], ...] = (
    (WATER_SUPPLIES, "fit"),
    (WATER_SUPPLIES, "fit"),
    (ALLOWANCES, "granted"),
    (ALLOWANCES, "relief_granted"),
    (ENROLMENTS, "enrolled"),
    (ENROLMENTS, "enrolled"),
    (EMPLOYMENTS, "at_work"),
)


def everyday(desk: Desk, homes: list[Household], count: int) -> list[Story]:
    """`count` records, one or two a household; more only where too few households are left."""
    used = homes[: max(-(-count // MOST_PER_HOUSEHOLD), min(len(homes), -(-count * 2 // 3)))]
    if count > len(used) * MOST_PER_HOUSEHOLD:
        raise ValueError(f"{count} everyday records are too many for {len(used)} households: ask for fewer records")
    shares = [count // len(used) + (1 if place < count % len(used) else 0) for place in range(len(used))]
    return [_story(desk, home, share) for home, share in zip(used, shares, strict=True) if share]


def _story(desk: Desk, home: Household, count: int) -> Story:
    first = desk.rng.random()
    records = []
    if first < 0.2:
        status = desk.rng.choice(("insured", "resident", "employee", "elsewhere"))
        records.append((MEDICAL_INSURANCE, cover(desk, home, patient(desk, home), status, desk.day())))
    elif first < 0.35:
        records.append((HOUSING, house_grade(desk, home, desk.rng.choice(("A", "B")), desk.day())))
    elif first < 0.8:
        records.extend(_in_order(desk, home))
    while len(records) < count:
        paid = desk.cents(Decimal(12), _LARGEST)
        records.append((MEDICAL_INSURANCE, settlement(desk, home, patient(desk, home), paid, desk.day())))
    return Story(tuple(records), (Intention(home.household_no, None, "everyday"),))


def _in_order(desk: Desk, home: Household) -> Iterator[Sent]:
    """A word of another department that is nobody's reason for anything; none where it does not fit the household."""
    matter, word = desk.rng.choice(_WORDS)
    person = None
    if matter is ENROLMENTS:
        person = next(iter(aged(desk, home, 8, 14)), None)
    elif matter is EMPLOYMENTS:
        person = next(iter(able(home)), None)
    if person is not None or matter in (WATER_SUPPLIES, ALLOWANCES):
        yield matter.department, record_of(desk, matter, home, person, *matter.say(desk, home, word))
