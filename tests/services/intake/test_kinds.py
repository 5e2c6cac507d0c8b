"""Every kind of every department, over both ways: valid, invalid, corrected, withdrawn, a lower version, a duplicate
and an unknown person; what was received is what came of it."""

from datetime import date
from decimal import Decimal

import pytest

from services.intake.departments import KINDS
from services.intake.departments.education import school_year
from services.intake.departments.medical_insurance import settlement, sums_differ
from services.intake.fields import Fields
from services.intake.kind import Kind
from services.intake.rejection import Wrong
from shared.contracts.data import Settlement
from tests.services.intake.county import SOUND, County, Record, household, household_no, member, number, record

ALL = [(code, kind) for code, kinds in KINDS.items() for kind in kinds]
CORRECTED: dict[str, Record] = {
    "household": {"group": 4},
    "income": {"wage_yuan": "100.00"},
    "monitoring": {"status": "monitored"},
    "project_failure": {"loss_yuan": "1.00"},
    "settlement": {"in_scope_self_paid_yuan": "1.00"},
    "cover": {"status": "paused"},
    "house_grade": {"grade": "D"},
    "enrolment": {"status": "dropped_out"},
    "cost": {"subsidy_yuan": "12000.00"},
    "supply": {"quality": "fail"},
    "allowance": {"change": "ended"},
    "employment": {"status": "returned"},
    "wage_arrears": {"yuan": "0.00"},
}
INVALID: dict[str, list[tuple[Record, str, str]]] = {
    "household": [({"group": 0}, "out_of_range", "data.group")],
    "income": [({"wage_yuan": "-1.00"}, "negative_sum", "data.wage_yuan")],
    "monitoring": [({"status": "watched"}, "not_one_of", "data.status")],
    "project_failure": [({"loss_yuan": None}, "missing", "data.loss_yuan")],
    "settlement": [({"setting": "hotel"}, "not_one_of", "data.setting")],
    "cover": [({"year": 1999}, "out_of_range", "data.year")],
    "house_grade": [({"grade": "E"}, "not_one_of", "data.grade")],
    "enrolment": [({"status": "truant"}, "not_one_of", "data.status"), ({"stage": 7}, "not_text", "data.stage")],
    "cost": [
        ({"school_year": "2025-2027"}, "not_a_school_year", "data.school_year"),
        ({"school_year": "去年"}, "not_a_school_year", "data.school_year"),
        ({"cost_yuan": 12000.5}, "not_money", "data.cost_yuan"),
        ({"subsidy_yuan": "-1.00"}, "negative_sum", "data.subsidy_yuan"),
    ],
    "supply": [
        ({"scope": "village"}, "place_wide_by_household", "data.scope"),
        ({"since": "2199-01-01"}, "date_in_future", "data.since"),
        ({"quality": "muddy"}, "not_one_of", "data.quality"),
    ],
    "allowance": [({"change": "begun"}, "not_one_of", "data.change"), ({"type": None}, "missing", "data.type")],
    "employment": [({"since": "三月"}, "not_a_date", "data.since")],
    "wage_arrears": [({"yuan": "-5.00"}, "negative_sum", "data.yuan")],
}


@pytest.mark.parametrize(("code", "kind"), ALL, ids=[kind.name for _, kind in ALL])
@pytest.mark.parametrize("channel", ["http", "kafka"])
async def test_every_kind_in_seven_ways_is_accounted_for(desk: County, channel: str, code: str, kind: Kind) -> None:
    id_no = number()
    no = await desk.home(id_no)
    sent = SOUND[kind.name](no, id_no)
    if kind.about == "register":
        no = sent["data"]["household_no"]
    corrected = sent | {"version": 3, "data": sent["data"] | CORRECTED[kind.name]}
    withdrawn = {"record_id": sent["record_id"], "version": 4, "op": "withdraw"}
    wrong = [_anew(sent, data) for data, _, _ in INVALID[kind.name]]
    stranger = _of_a_stranger(kind, household_no(), number())
    is_parked = kind.about != "register"

    account = await desk.send_by(
        channel, code, sent, sent, corrected, sent | {"version": 2}, withdrawn, stranger, *wrong
    )

    counts = {"accepted": 5 - is_parked, "duplicates": 1, "parked": int(is_parked), "rejected": len(wrong)}
    assert {name: account[name] for name in counts} == counts
    assert account["received"] == sum(counts.values())
    for one, (_, fault, field) in zip(wrong, INVALID[kind.name], strict=True):
        assert await desk.refused(one["record_id"]) == [(fault, field, channel)]
    assert await desk.kept(sent["record_id"]) == [
        (1, "accepted", False), (2, "accepted", True), (3, "accepted", False), (4, "accepted", False),
    ]  # fmt: skip
    assert (await desk.parked(stranger["record_id"]) is not None) == is_parked
    if kind.about in ("person", "household"):
        assert await desk.said(no, sent["record_id"]) == [("changed", 1), ("corrected", 3), ("withdrawn", 4)]
    await desk.is_conserved()


def test_every_kind_has_its_correction_and_its_fault() -> None:
    names = {kind.name for _, kind in ALL}
    assert names == set(CORRECTED) == set(INVALID) == set(SOUND)


async def test_what_stays_in_the_vault_is_in_no_event(desk: County) -> None:
    id_no = number()
    no = await desk.home(id_no)
    await desk.send("education", SOUND["enrolment"](no, id_no))
    await desk.send("human_resources", SOUND["employment"](no, id_no))
    told = "".join(str(one) for one in await desk.events("data.changed", desk.vault.household_id(no)))
    assert "primary" in told and "4200.00" in told
    assert "守望小学" not in told and "义乌" not in told and id_no not in told


async def test_a_type_that_nobody_knows_is_an_allowance_all_the_same(desk: County) -> None:
    id_no = number()
    no = await desk.home(id_no)
    for told in ("低保", "高龄津贴"):
        sent = record("allowance", {"id_no": id_no}, {"type": told, "change": "granted"})
        assert (await desk.send("civil_affairs", sent))["accepted"] == 1
    facts = [one["data"]["values"]["type"] for one in await desk.events("data.changed", desk.vault.household_id(no))]
    assert facts == ["subsistence", "other"]


def told_settlement(**data: object) -> Settlement:
    return settlement(Fields({"setting": "inpatient", **data}), date(2026, 10, 3))


def test_a_settlement_by_the_national_names_is_the_same_settlement() -> None:
    sums = {"medfee_sumamt": "48210.50", "fund_pay_sumamt": "21400.00", "psn_part_amt": "26810.50"}
    told = told_settlement(**sums, inscp_scp_amt="41810.50", fulamt_ownpay_amt="6400.00", hifp_pay="21400.00")
    assert told.in_scope_self_paid_yuan == Decimal("20410.50"), "of the costs in scope, what no fund has paid"
    assert (told.total_yuan, told.out_of_scope_yuan) == (Decimal("48210.50"), Decimal("6400.00"))


@pytest.mark.parametrize(
    ("in_scope", "told", "counted"),
    [
        ("9000.00", None, "1000.00"),
        ("8000.00", None, "0.00"),
        ("7999.99", None, None),
        ("9000.00", "300.00", "300.00"),
        (None, None, None),
    ],
)
def test_what_was_paid_in_scope_is_as_told_or_what_no_fund_has_paid(
    in_scope: str | None, told: str | None, counted: str | None
) -> None:
    sums = {"total_yuan": "10000.00", "reimbursed_yuan": "8000.00", "self_paid_yuan": "2000.00"}
    found = told_settlement(**sums, in_scope_yuan=in_scope, in_scope_self_paid_yuan=told)
    assert found.in_scope_self_paid_yuan == (None if counted is None else Decimal(counted))


@pytest.mark.parametrize(
    ("finer", "word"),
    [
        ({}, ""),
        ({"self_paid_yuan": "2000.01"}, "sums_differ"),
        ({"cash_yuan": "2000.00"}, ""),
        ({"cash_yuan": "1500.00", "account_yuan": "500.00"}, ""),
        ({"cash_yuan": "1500.00"}, "sums_differ"),
        ({"basic_fund_yuan": "7000.00", "major_illness_yuan": "1000.00", "cash_yuan": "2000.00"}, ""),
        ({"basic_fund_yuan": "7000.00", "major_illness_yuan": "999.99", "cash_yuan": "2000.00"}, "sums_differ"),
        ({"basic_fund_yuan": "7000.00"}, ""),
        ({"hifp_pay": "8000.00", "acct_pay": "0.00", "psn_cash_pay": "2000.00"}, ""),
        ({"hifp_pay": "8000.00", "acct_pay": "0.00", "psn_cash_pay": "1999.00"}, "sums_differ"),
    ],
)
def test_sums_that_do_not_add_up_are_flagged_never_refused(finer: dict[str, object], word: str) -> None:
    sums = {"total_yuan": "10000.00", "reimbursed_yuan": "8000.00", "self_paid_yuan": "2000.00"} | finer
    data = Fields({"setting": "inpatient", **sums})
    assert sums_differ(data, settlement(data, date(2026, 10, 3))) == word


def test_a_refund_by_the_national_names_takes_back_as_much() -> None:
    sums = {"medfee_sumamt": "-10000.00", "fund_pay_sumamt": "-8000.00", "psn_part_amt": "-2000.00"}
    assert told_settlement(**sums, inscp_scp_amt="-9000.00").in_scope_self_paid_yuan == Decimal("-1000.00")


@pytest.mark.parametrize("told", [2025, "2025", "2025-2026", "2025—2026", "2025 - 2026", "2025/2026学年", "2025学年度"])
def test_a_school_year_is_the_year_in_which_it_begins(told: int | str) -> None:
    assert school_year(Fields({"school_year": told}), "school_year", 2027) == 2025


@pytest.mark.parametrize(
    "told", ["2025-2027", "2025-2025", "25-26", "2025-2026-2027", "", None, 99, 2030, True, 2025.0]
)
def test_what_names_no_school_year_is_refused(told: object) -> None:
    with pytest.raises(Wrong):
        school_year(Fields({"school_year": told}), "school_year", 2027)


def _anew(sent: Record, data: Record) -> Record:
    """The same with something else in its data, as a record of its own."""
    fresh = record(sent["kind"], sent["subject"], sent["data"] | data)
    return fresh | {"occurred_on": sent["occurred_on"]}


def _of_a_stranger(kind: Kind, no: str, id_no: str) -> Record:
    """About a person, or a household, whom nobody has registered. The register's own record makes strangers known."""
    if kind.about == "register":
        return household(no, member(id_no))
    return SOUND[kind.name](no, id_no)
