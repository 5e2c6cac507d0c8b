"""Stories with more than one cause: one warning, at the highest level found."""

from deploy.demo import allowances, enrolments, school_costs, wage_arrears, water_supplies
from deploy.demo.allowances import ALLOWANCES
from deploy.demo.covers import cover
from deploy.demo.desk import (
    CIVIL_AFFAIRS,
    EDUCATION,
    HOUSING,
    HUMAN_RESOURCES,
    MEDICAL_INSURANCE,
    WATER,
    Desk,
    Intention,
    Level,
    Sent,
    Standing,
    Story,
    withdrawn,
)
from deploy.demo.employments import able
from deploy.demo.house_grades import Grade, house_grade
from deploy.demo.matters import record_of
from deploy.demo.register import Household
from deploy.demo.school_costs import SCHOOL_COSTS
from deploy.demo.settlements import Verdict, patient, settled, settlement, sum_for
from deploy.demo.wage_arrears import WAGE_ARREARS
from deploy.demo.water_supplies import WATER_SUPPLIES


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


def school_and_water(desk: Desk) -> Story:
    """Red and orange of two departments: red."""
    home, child = enrolments.take(desk, ("dropped_out",))
    out = record_of(desk, enrolments.ENROLMENTS, home, child, *enrolments.say(desk, home, "dropped_out"))
    off = record_of(desk, WATER_SUPPLIES, home, None, *water_supplies.say(desk, home, "off"))
    return _both(home, "red", "school and water", (EDUCATION, out), (WATER, off))


def allowance_and_wages(desk: Desk) -> Story:
    """Two yellow causes stay yellow."""
    home, worker = wage_arrears.take(desk, ("over",))
    ended = record_of(desk, ALLOWANCES, home, None, *allowances.say(desk, home, "ended"))
    owed = record_of(desk, WAGE_ARREARS, home, worker, *wage_arrears.say(desk, home, "over"))
    return _both(home, "yellow", "allowance and wages", (CIVIL_AFFAIRS, ended), (HUMAN_RESOURCES, owed))


def water_and_near_cost(desk: Desk) -> Story:
    """Unfit water alone is the reason: what school costs stays under its line."""
    home, pupil = school_costs.take(desk, ("near",))
    cost = record_of(desk, SCHOOL_COSTS, home, pupil, *school_costs.say(desk, home, "near"))
    unfit = record_of(desk, WATER_SUPPLIES, home, None, *water_supplies.say(desk, home, "unfit"))
    return _both(home, "orange", "unfit water and a near cost", (EDUCATION, cost), (WATER, unfit))


def settlement_and_near_wages(desk: Desk, standing: Standing) -> Story:
    """Two sums just under two lines are not added up."""
    home = desk.take(standing, lambda home: bool(able(home)))
    paid = settlement(desk, home, patient(desk, home), sum_for(desk, home, standing, "near"), desk.day())
    worker = desk.rng.choice(able(home))
    owed = record_of(desk, WAGE_ARREARS, home, worker, *wage_arrears.say(desk, home, "near"))
    return _both(home, None, "settlement and wages, both near", (MEDICAL_INSURANCE, paid), (HUMAN_RESOURCES, owed))


def _both(home: Household, level: Level | None, situation: str, *records: Sent) -> Story:
    return Story(records, (Intention(home.household_no, level, situation, is_near="near" in situation),))
