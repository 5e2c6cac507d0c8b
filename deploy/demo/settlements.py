"""Stories of settlements: over a line, just under it, corrected, taken back, refunded.

What counts is the household's in-scope self-paid sum; every trap of it is told here on
purpose.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

from deploy.demo.desk import (
    HEAVY_SHARE,
    LINE,
    MEDICAL_INSURANCE,
    PREFIX,
    CannotBeTold,
    Desk,
    Intention,
    Level,
    Record,
    Standing,
    Story,
    corrected,
    upsert,
    withdrawn,
)
from deploy.demo.income import CENT
from deploy.demo.people import Person
from deploy.demo.register import Household

Verdict = Literal["yellow", "orange", "near", "quiet", "half"]
_LEVEL: dict[Verdict, Level | None] = {
    "yellow": "yellow", "orange": "orange", "near": None, "quiet": None, "half": None
}  # fmt: skip
_DISEASES = (
    "慢性肾功能衰竭",
    "胃恶性肿瘤",
    "脑梗死",
    "股骨颈骨折",
    "冠状动脉粥样硬化性心脏病",
    "慢性阻塞性肺疾病",
)


@dataclass(frozen=True, slots=True)
class Paid:
    """What a patient paid: `in_scope` is None where the office sends `self_paid_yuan` alone."""

    in_scope: Decimal | None
    self_paid: Decimal


def settlement(desk: Desk, home: Household, person: Person, counted: Decimal, on: date) -> Record:
    """A settlement of which `counted` yuan are in scope; some more, out of scope, mean nothing."""
    out_of_scope = (counted * Decimal(desk.rng.choice((0, 0, 5, 15, 40))) / 100).quantize(CENT)
    return settlement_of(desk, home, person, Paid(counted, counted + out_of_scope), on)


def settlement_of(desk: Desk, home: Household, person: Person, paid: Paid, on: date) -> Record:
    data = _data(desk, paid)
    if desk.rng.random() < 0.8:
        data["settled_on"] = on.isoformat()
    return upsert(desk.number(PREFIX[MEDICAL_INSURANCE]), "settlement", on, desk.about_person(home, person), data)


def refund(desk: Desk, record: Record) -> Record:
    """The whole of a settlement given back: the same sums, negative."""
    data = {
        field: str(0 - Decimal(value)) if field.endswith("_yuan") else value for field, value in record["data"].items()
    }
    on = min(desk.today, date.fromisoformat(record["occurred_on"]) + timedelta(days=desk.rng.randint(1, 4)))
    data |= {"settled_on": on.isoformat(), "reverses": record["record_id"]}
    return upsert(desk.number(PREFIX[MEDICAL_INSURANCE]), "settlement", on, record["subject"], data)


def sum_for(desk: Desk, home: Household, standing: Standing, verdict: Verdict) -> Decimal:
    """A sum that means the verdict for this household, whatever else it holds."""
    line = LINE[standing]
    income = home.incomes[-1].net if home.incomes else None
    if verdict == "orange":
        least = max(line, _share(income or line, "0.255"))
        return desk.cents(least, least * Decimal("1.5"))
    if verdict == "yellow":
        most = line * Decimal("2.4")
        return desk.cents(line, most if income is None else min(most, _share(income, "0.24")))
    shares = {"near": ("0.9901", "0.99999"), "quiet": ("0.05", "0.6"), "half": ("0.55", "0.95")}
    least_share, most_share = shares[verdict]
    return desk.cents(_share(line, least_share), min(_share(line, most_share), line - CENT))


def fits(home: Household, standing: Standing, verdict: Verdict) -> bool:
    """Whether the income leaves room for the verdict: for yellow a quarter of it lies over the line."""
    if verdict == "orange":
        return bool(home.incomes)
    if verdict == "yellow" and home.incomes:
        return _share(home.incomes[-1].net, "0.24") >= LINE[standing] * Decimal("1.05")
    return True


def take(desk: Desk, standing: Standing, verdict: Verdict) -> Household:
    return desk.take(standing, lambda home: fits(home, standing, verdict))


def patient(desk: Desk, home: Household) -> Person:
    return desk.rng.choice(home.members)


def settled(desk: Desk, standing: Standing, verdict: Verdict) -> tuple[Household, Record]:
    """A household and its one settlement, the sum right for the verdict."""
    home = take(desk, standing, verdict)
    return home, settlement(desk, home, patient(desk, home), sum_for(desk, home, standing, verdict), desk.day())


def told(home: Household, verdict: Verdict, situation: str, *records: Record) -> Story:
    intention = Intention(home.household_no, _LEVEL[verdict], situation, is_near=verdict == "near")
    return Story(tuple((MEDICAL_INSURANCE, record) for record in records), (intention,))


def one(desk: Desk, standing: Standing, verdict: Verdict) -> Story:
    home, record = settled(desk, standing, verdict)
    return told(home, verdict, "one settlement", record)


def several(desk: Desk, standing: Standing, verdict: Verdict) -> Story:
    """No single settlement reaches the line; the household's sum does, or just does not."""
    home = take(desk, standing, verdict)
    parts = split(desk, sum_for(desk, home, standing, verdict), desk.rng.randint(2, 4), LINE[standing])
    days = desk.days(len(parts))
    records = [settlement(desk, home, patient(desk, home), part, day) for part, day in zip(parts, days, strict=True)]
    return told(home, verdict, "several settlements", *desk.rng.sample(records, len(records)))


def income_unknown(desk: Desk) -> Story:
    """Without a known income no sum, however large, goes one level up."""
    home = desk.take("ordinary", lambda home: not home.incomes)
    record = settlement(desk, home, patient(desk, home), desk.cents(LINE["ordinary"] * 3, Decimal(60000)), desk.day())
    return told(home, "yellow", "income unknown", record)


def on_the_line(desk: Desk, standing: Standing) -> Story:
    home = take(desk, standing, "yellow")
    record = settlement(desk, home, patient(desk, home), LINE[standing].quantize(CENT), desk.day())
    return told(home, "yellow", "exactly on the line", record)


def at_a_quarter(desk: Desk, standing: Standing, verdict: Literal["yellow", "orange"]) -> Story:
    """A quarter of the yearly income to the cent is orange; up to 1 % less is yellow."""
    home = desk.take(standing, lambda home: bool(home.incomes) and fits(home, standing, "yellow"))
    quarter = home.incomes[-1].net * HEAVY_SHARE
    exact = quarter.quantize(CENT, ROUND_CEILING)
    under = desk.cents(quarter * Decimal("0.9901"), quarter.quantize(CENT, ROUND_FLOOR) - CENT)
    counted = exact if verdict == "orange" else under
    return told(
        home,
        verdict,
        "a quarter of the income",
        settlement(desk, home, patient(desk, home), counted, desk.day()),
    )


def in_scope_absent(desk: Desk, standing: Standing, verdict: Verdict) -> Story:
    """`in_scope_self_paid_yuan` is missing, so all that was self-paid counts."""
    home = take(desk, standing, verdict)
    paid = Paid(None, sum_for(desk, home, standing, verdict))
    record = settlement_of(desk, home, patient(desk, home), paid, desk.day())
    return told(home, verdict, "in-scope sum absent", record)


def mostly_out_of_scope(desk: Desk, standing: Standing, verdict: Literal["near", "quiet"]) -> Story:
    """The patient paid more than the line, in scope less: out-of-scope sums do not count."""
    home = take(desk, standing, verdict)
    in_scope = sum_for(desk, home, standing, verdict)
    paid = Paid(in_scope, in_scope + desk.cents(LINE[standing], LINE[standing] * 2))
    record = settlement_of(desk, home, patient(desk, home), paid, desk.day())
    return told(home, verdict, "mostly out of scope", record)


def between_the_lines(desk: Desk) -> Story:
    """Enough for a lifted-out household, not for an ordinary one."""
    home = desk.take("ordinary")
    counted = desk.cents(LINE["lifted_out"], _share(LINE["ordinary"], "0.98"))
    record = settlement(desk, home, patient(desk, home), counted, desk.day())
    return told(home, "quiet", "between the two lines", record)


def over_the_new_year(desk: Desk, standing: Standing) -> Story:
    """Only the rolling twelve months reach the line, the calendar year alone does not."""
    earliest = desk.today - timedelta(days=350)
    new_year = date(desk.today.year, 1, 1)
    if earliest >= new_year or desk.today < new_year + timedelta(days=6):
        raise CannotBeTold  # in a year's last days and its first the two windows are the same
    home = take(desk, standing, "yellow")
    counted = min(sum_for(desk, home, standing, "yellow"), LINE[standing] * Decimal("1.5"))
    first, second = split(desk, counted, 2, LINE[standing])
    last_year = desk.today - timedelta(days=desk.rng.randint((desk.today - new_year).days + 1, 350))
    this_year = desk.today - timedelta(days=desk.rng.randint(5, min(300, (desk.today - new_year).days)))
    records = (
        settlement(desk, home, patient(desk, home), first, last_year),
        settlement(desk, home, patient(desk, home), second, this_year),
    )
    return told(home, "yellow", "over the new year", *records)


def long_ago(desk: Desk, standing: Standing) -> Story:
    """Over the line, but neither in this calendar year nor in the last twelve months."""
    home = take(desk, standing, "yellow")
    record = settlement(
        desk,
        home,
        patient(desk, home),
        sum_for(desk, home, standing, "yellow"),
        desk.day(least=400, most=700),
    )
    return told(home, "quiet", "long ago", record)


def corrected_later(desk: Desk, standing: Standing, verdict: Verdict, before: Verdict) -> Story:
    """A slip, then version 2: the later version alone counts."""
    home, first, second = _two_versions(desk, standing, before, verdict)
    return told(home, verdict, "corrected", first, second)


def lower_version_late(desk: Desk, standing: Standing, verdict: Verdict, before: Verdict) -> Story:
    """Version 2 comes first; version 1, late, is history and says nothing."""
    home, first, second = _two_versions(desk, standing, before, verdict)
    return told(home, verdict, "lower version late", second, first)


def same_version_other_content(desk: Desk, standing: Standing, verdict: Verdict, after: Verdict) -> Story:
    """The same version with other sums is refused; what came first stands."""
    home, first, other = _two_versions(desk, standing, verdict, after)
    return told(home, verdict, "same version, other content", first, other | {"version": 1})


def taken_back(desk: Desk, standing: Standing) -> Story:
    home, record = settled(desk, standing, "yellow")
    return told(home, "quiet", "withdrawn", record, withdrawn(record, 2))


def withdrawal_before_its_record(desk: Desk, standing: Standing) -> Story:
    home, record = settled(desk, standing, "yellow")
    return told(home, "quiet", "withdrawal first", withdrawn(record, 2), record)


def back_again(desk: Desk, standing: Standing) -> Story:
    """Withdrawn by mistake, then sent again as version 3."""
    home, record = settled(desk, standing, "yellow")
    return told(home, "yellow", "back after withdrawal", record, withdrawn(record, 2), corrected(record, 3))


def sent_twice(desk: Desk, standing: Standing, verdict: Literal["near", "half"]) -> Story:
    """Counted twice it would be over the line."""
    home, record = settled(desk, standing, verdict)
    return told(home, verdict, "sent twice", record, record)


def refunded(desk: Desk, standing: Standing) -> Story:
    home, record = settled(desk, standing, "yellow")
    return told(home, "quiet", "refunded", record, refund(desk, record))


def refund_withdrawn(desk: Desk, standing: Standing) -> Story:
    """The refund was a mistake: without it the settlement counts again."""
    home, record = settled(desk, standing, "yellow")
    back = refund(desk, record)
    return told(home, "yellow", "refund withdrawn", record, back, withdrawn(back, 2))


def other_person(desk: Desk) -> Story:
    """Version 1 names somebody of one household, version 2 somebody of another: the sum moves with it."""
    wrong, right = take(desk, "ordinary", "yellow"), take(desk, "ordinary", "yellow")
    first = settlement(desk, wrong, patient(desk, wrong), sum_for(desk, right, "ordinary", "yellow"), desk.day())
    second = corrected(first, 2) | {"subject": desk.about_person(right, patient(desk, right))}
    intentions = (
        Intention(wrong.household_no, None, "named by mistake"),
        Intention(right.household_no, "yellow", "named at last"),
    )
    return Story(((MEDICAL_INSURANCE, first), (MEDICAL_INSURANCE, second)), intentions)


def split(desk: Desk, total: Decimal, count: int, line: Decimal) -> list[Decimal]:
    """`count` parts that add up to the cent, each under the line while the total is under twice of it."""
    weights = [desk.rng.uniform(0.85, 1.15) for _ in range(count)]
    parts = [(total * Decimal(weight / sum(weights))).quantize(CENT, ROUND_FLOOR) for weight in weights[1:]]
    parts.append(total - sum(parts))
    return parts if max(parts) < line else split(desk, total, count + 1, line)


def _two_versions(desk: Desk, standing: Standing, before: Verdict, after: Verdict) -> tuple[Household, Record, Record]:
    home = desk.take(standing, lambda home: fits(home, standing, before) and fits(home, standing, after))
    first = settlement(desk, home, patient(desk, home), sum_for(desk, home, standing, before), desk.day())
    counted = sum_for(desk, home, standing, after)
    return home, first, first | {"version": 2, "data": _data(desk, Paid(counted, counted))}


def _data(desk: Desk, paid: Paid) -> Record:
    """The sums of one settlement: total = reimbursed + self-paid, the finer ones too."""
    setting = "inpatient" if paid.self_paid >= 800 else desk.rng.choice(("inpatient", "outpatient", "outpatient"))
    reimbursed = (paid.self_paid * desk.cents(Decimal("0.8"), Decimal("2.4"))).quantize(CENT)
    data: Record = {
        "setting": setting,
        "total_yuan": str(paid.self_paid + reimbursed),
        "reimbursed_yuan": str(reimbursed),
        "self_paid_yuan": str(paid.self_paid),
    }
    if paid.in_scope is not None:
        data["in_scope_self_paid_yuan"] = str(paid.in_scope)
        data["out_of_scope_yuan"] = str(paid.self_paid - paid.in_scope)
    if desk.rng.random() < 0.5:
        data |= _finer_sums(desk, paid.self_paid, reimbursed)
    if setting == "inpatient" and desk.rng.random() < 0.15:
        data["disease"] = desk.rng.choice(_DISEASES)
    return data


def _finer_sums(desk: Desk, self_paid: Decimal, reimbursed: Decimal) -> Record:
    major = (reimbursed * desk.cents(Decimal(0), Decimal("0.15"))).quantize(CENT)
    aid = (reimbursed * desk.cents(Decimal(0), Decimal("0.05"))).quantize(CENT)
    account = (self_paid * desk.cents(Decimal(0), Decimal("0.2"))).quantize(CENT)
    return {
        "basic_fund_yuan": str(reimbursed - major - aid),
        "major_illness_yuan": str(major),
        "medical_aid_yuan": str(aid),
        "other_fund_yuan": "0.00",
        "account_yuan": str(account),
        "cash_yuan": str(self_paid - account),
        "offsite": desk.rng.random() < 0.2,
        "settlement_kind": "direct" if desk.rng.random() < 0.85 else "manual",
    }


def _share(amount: Decimal, share: str) -> Decimal:
    return (amount * Decimal(share)).quantize(CENT)
