"""Stories about people whom the register does not know: their records are parked, and touch no household."""

from decimal import Decimal

from deploy.demo.desk import HOUSING, MEDICAL_INSURANCE, Desk, Record, Story, upsert
from deploy.demo.family import family
from deploy.demo.people import Numbers
from deploy.demo.register import Village


def by_id_no(desk: Desk, numbers: Numbers, village: Village, kind: str) -> Story:
    """Somebody of this township by the sender's word, with a sum or a state that would be warned of."""
    person = family(desk.rng, numbers, desk.today, ())[0]
    subject = {"id_no": person.id_no, "name": person.name, "household_no": None, "region": village.code}
    on = desk.day()
    data: Record = {"status": "uninsured", "year": on.year}
    if kind == "settlement":
        paid = desk.cents(Decimal(300), Decimal(30000))
        data = {
            "setting": "inpatient",
            "total_yuan": str(paid * 2),
            "reimbursed_yuan": str(paid),
            "self_paid_yuan": str(paid),
            "in_scope_self_paid_yuan": str(paid),
        }
    return Story(((MEDICAL_INSURANCE, upsert(desk.number("YB"), kind, on, subject, data)),), ())


def by_household_no(desk: Desk, village: Village) -> Story:
    """A household number that was never given out: no 0 is in the letters that ours are made of."""
    number = f"HB-{desk.rng.randrange(10**7):07d}000"
    subject = {"id_no": None, "name": None, "household_no": number, "region": village.code}
    on = desk.day()
    data = {"grade": "D", "cause": "年久失修", "inspected_on": on.isoformat()}
    return Story(((HOUSING, upsert(desk.number("ZJ"), "house_grade", on, subject, data)),), ())
