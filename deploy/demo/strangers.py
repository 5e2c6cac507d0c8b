"""Stories about people whom the register does not know: their records are parked, and touch no household."""

from decimal import Decimal

from deploy.demo.desk import (
    CIVIL_AFFAIRS,
    EDUCATION,
    HOUSING,
    HUMAN_RESOURCES,
    MEDICAL_INSURANCE,
    PREFIX,
    WATER,
    Desk,
    Record,
    Story,
    upsert,
)
from deploy.demo.family import family
from deploy.demo.people import Numbers
from deploy.demo.register import Village
from deploy.demo.school_costs import school_year

BY_ID_NO = (
    (MEDICAL_INSURANCE, "settlement"),
    (MEDICAL_INSURANCE, "settlement"),
    (MEDICAL_INSURANCE, "cover"),
    (EDUCATION, "cost"),
    (EDUCATION, "enrolment"),
    (HUMAN_RESOURCES, "employment"),
    (HUMAN_RESOURCES, "wage_arrears"),
)
BY_HOUSEHOLD_NO = ((HOUSING, "house_grade"), (WATER, "supply"), (CIVIL_AFFAIRS, "allowance"))


def by_id_no(desk: Desk, numbers: Numbers, village: Village, department: str, kind: str) -> Story:
    """Somebody of this township by the sender's word, with a sum or a state that would be warned of."""
    person = family(desk.rng, numbers, desk.today, ())[0]
    subject = {"id_no": person.id_no, "name": person.name, "household_no": None, "region": village.code}
    on = desk.day()
    record = upsert(desk.number(PREFIX[department]), kind, on, subject, _data(desk, kind))
    return Story(((department, record),), ())


def by_household_no(desk: Desk, village: Village, department: str, kind: str) -> Story:
    """A household number that was never given out: no 0 is in the letters that ours are made of."""
    number = f"HB-{desk.rng.randrange(10**7):07d}000"
    subject = {"id_no": None, "name": None, "household_no": number, "region": village.code}
    record = upsert(desk.number(PREFIX[department]), kind, desk.day(10, 60), subject, _data(desk, kind))
    return Story(((department, record),), ())


def _data(desk: Desk, kind: str) -> Record:
    paid = desk.cents(Decimal(300), Decimal(30000))
    year = school_year(desk.today)
    data: dict[str, Record] = {
        "settlement": {
            "setting": "inpatient",
            "total_yuan": str(paid * 2),
            "reimbursed_yuan": str(paid),
            "self_paid_yuan": str(paid),
            "in_scope_self_paid_yuan": str(paid),
        },
        "cover": {"status": "uninsured", "year": desk.today.year},
        "cost": {"school_year": f"{year}-{year + 1}", "cost_yuan": str(paid)},
        "enrolment": {"status": "dropped_out", "stage": "junior"},
        "employment": {"status": "returned"},
        "wage_arrears": {"yuan": str(paid)},
        "house_grade": {"grade": "D", "cause": "年久失修", "inspected_on": desk.today.isoformat()},
        "supply": {"status": "interrupted", "scope": "household"},
        "allowance": {"type": "subsistence", "change": "ended"},
    }
    return data[kind]
