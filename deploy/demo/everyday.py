"""Most of what departments send means nothing: small settlements, cover in order, sound houses."""

from decimal import Decimal

from deploy.demo.covers import cover
from deploy.demo.desk import HOUSING, MEDICAL_INSURANCE, Desk, Intention, Story
from deploy.demo.house_grades import house_grade
from deploy.demo.register import Household
from deploy.demo.settlements import patient, settlement

MOST_PER_HOUSEHOLD = 12  # × 150 yuan stays far under every line
_LARGEST = Decimal(150)


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
    if first < 0.25:
        status = desk.rng.choice(("insured", "resident", "employee", "elsewhere"))
        records.append((MEDICAL_INSURANCE, cover(desk, home, patient(desk, home), status, desk.day())))
    elif first < 0.45:
        records.append((HOUSING, house_grade(desk, home, desk.rng.choice(("A", "B")), desk.day())))
    while len(records) < count:
        paid = desk.cents(Decimal(12), _LARGEST)
        records.append((MEDICAL_INSURANCE, settlement(desk, home, patient(desk, home), paid, desk.day())))
    return Story(tuple(records), (Intention(home.household_no, None, "everyday"),))
