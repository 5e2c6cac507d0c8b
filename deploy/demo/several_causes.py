"""Stories with more than one cause: one warning, at the highest level found (domain.md §12 item 13)."""

from deploy.demo.covers import cover
from deploy.demo.desk import HOUSING, MEDICAL_INSURANCE, Desk, Intention, Level, Standing, Story, withdrawn
from deploy.demo.house_grades import Grade, house_grade
from deploy.demo.settlements import Verdict, patient, settled


def settlement_and_house(desk: Desk, standing: Standing, verdict: Verdict, grade: Grade, level: Level | None) -> Story:
    home, paid = settled(desk, standing, verdict)
    inspected = house_grade(desk, home, grade, desk.day())
    intention = Intention(home.household_no, level, "settlement and house", is_near=verdict == "near")
    return Story(((MEDICAL_INSURANCE, paid), (HOUSING, inspected)), (intention,))


def settlement_and_cover(desk: Desk, standing: Standing, verdict: Verdict, status: str, level: Level | None) -> Story:
    home, paid = settled(desk, standing, verdict)
    covered = cover(desk, home, patient(desk, home), status, desk.day())
    intention = Intention(home.household_no, level, "settlement and cover", is_near=verdict == "near")
    return Story(((MEDICAL_INSURANCE, covered), (MEDICAL_INSURANCE, paid)), (intention,))


def cover_and_house(desk: Desk, status: str, grade: Grade, level: Level | None) -> Story:
    home = desk.take("ordinary")
    covered = cover(desk, home, patient(desk, home), status, desk.day())
    inspected = house_grade(desk, home, grade, desk.day())
    intention = Intention(home.household_no, level, "cover and house")
    return Story(((HOUSING, inspected), (MEDICAL_INSURANCE, covered)), (intention,))


def house_withdrawn_settlement_stays(desk: Desk, standing: Standing) -> Story:
    """The red cause is withdrawn; the yellow one is still a reason."""
    home, paid = settled(desk, standing, "yellow")
    inspected = house_grade(desk, home, "D", desk.day())
    intention = Intention(home.household_no, "yellow", "one of two causes withdrawn")
    records = ((HOUSING, inspected), (MEDICAL_INSURANCE, paid), (HOUSING, withdrawn(inspected, 2)))
    return Story(records, (intention,))
