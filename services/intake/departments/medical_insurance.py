"""医保: settlements and cover (method 3). A disease and the finer sums stay in the vault; what counts is what was paid.

`total = reimbursed + self-paid`, and `total = funds + account + cash` where the finer sums are told: what does not add
up is flagged, never refused. A refund is a settlement of its own with negative sums that names what it
takes back in `reverses`. The national platform's field names are taken as well as the contract's.
"""

from datetime import date
from decimal import Decimal
from typing import Any, cast

from services.intake.fields import Fields
from services.intake.kind import Kind
from shared.contracts.data import Cover, Settlement

SETTINGS = ("inpatient", "outpatient")
COVERS = ("insured", "uninsured", "paused", "arrears", "employee", "resident", "elsewhere")

FUNDS = ("basic_fund_yuan", "major_illness_yuan", "medical_aid_yuan", "other_fund_yuan")
FINER = (*FUNDS, "account_yuan", "cash_yuan", "advance_self_paid_yuan")
NATIONAL = {
    "medfee_sumamt": "total_yuan",
    "fund_pay_sumamt": "reimbursed_yuan",
    "psn_part_amt": "self_paid_yuan",
    "inscp_scp_amt": "in_scope_yuan",
    "fulamt_ownpay_amt": "out_of_scope_yuan",
    "preselfpay_amt": "advance_self_paid_yuan",
    "hifp_pay": "basic_fund_yuan",
    "hifmi_pay": "major_illness_yuan",
    "maf_pay": "medical_aid_yuan",
    "oth_pay": "other_fund_yuan",
    "acct_pay": "account_yuan",
    "psn_cash_pay": "cash_yuan",
}
"""The national platform's names of the sums."""


def settlement(data: Fields, occurred_on: date) -> Settlement:
    data = _by_our_names(data)
    for name in FINER:
        data.yuan(name)
    for name in ("admitted_on", "discharged_on"):
        data.day(name)
    return Settlement(
        setting=cast(Any, data.must_choice("setting", SETTINGS)),
        settled_on=data.day("settled_on") or occurred_on,
        total_yuan=data.must_yuan("total_yuan"),
        reimbursed_yuan=data.must_yuan("reimbursed_yuan"),
        self_paid_yuan=data.must_yuan("self_paid_yuan"),
        in_scope_self_paid_yuan=_in_scope_self_paid(data),
        out_of_scope_yuan=data.yuan("out_of_scope_yuan"),
        reverses=data.text("reverses"),
    )


def _by_our_names(data: Fields) -> Fields:
    """A sum that is told by both names counts by ours."""
    if NATIONAL.keys().isdisjoint(data.values):
        return data
    theirs = {NATIONAL[name]: one for name, one in data.values.items() if name in NATIONAL}
    others = {name: one for name, one in data.values.items() if name not in NATIONAL}
    return Fields(others | theirs | _ours(data), data.path, data.days)


def _ours(data: Fields) -> dict[str, Any]:
    return {name: one for name, one in data.values.items() if name not in NATIONAL and one is not None}


def _in_scope_self_paid(data: Fields) -> Decimal | None:
    """As told; else what of the costs in scope no fund has paid. None where that cannot be: more paid than in scope."""
    told, in_scope = data.yuan("in_scope_self_paid_yuan"), data.yuan("in_scope_yuan")
    if told is not None or in_scope is None:
        return told
    left = in_scope - data.must_yuan("reimbursed_yuan")
    return left if left == 0 or (left > 0) == (in_scope > 0) else None


def cover(data: Fields, occurred_on: date) -> Cover:
    """Next year's cover is paid for in autumn: a year ahead is no slip."""
    year = data.number("year", 2000, occurred_on.year + 1)
    return Cover(status=cast(Any, data.must_choice("status", COVERS)), year=year or occurred_on.year)


def sums_differ(data: Fields, values: Settlement) -> str:
    """`sums_differ` where a settlement's own sums do not add up: its sender's to look at. A fund or an account that is
    not told paid nothing; without any fund what was reimbursed stands for them, without cash nothing finer is told."""
    if values.total_yuan != values.reimbursed_yuan + values.self_paid_yuan:
        return "sums_differ"
    data = _by_our_names(data)
    cash = data.yuan("cash_yuan")
    if cash is None:
        return ""
    funds = [found for name in FUNDS if (found := data.yuan(name)) is not None] or [values.reimbursed_yuan]
    account = data.yuan("account_yuan") or Decimal(0)
    return "sums_differ" if values.total_yuan != sum(funds) + account + cash else ""


KINDS = (
    Kind(
        "settlement",
        "person",
        settlement,
        (
            "setting", "settled_on", "admitted_on", "discharged_on", "settlement_kind", "offsite", "reverses",
            "disease", "total_yuan", "reimbursed_yuan", "self_paid_yuan", "in_scope_self_paid_yuan",
            "out_of_scope_yuan", "in_scope_yuan", *FINER, *NATIONAL,
        ),
        ("settlement_kind", "offsite", "disease"),
        sums_differ,
        NATIONAL,
    ),
    Kind("cover", "person", cover, ("status", "year")),
)  # fmt: skip
