"""What the departments sent: valid records, every kind of trouble in them, and sums that add up."""

from collections import Counter, defaultdict
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deploy.demo.desk import PREFIX
from deploy.demo.records import SITUATIONS
from deploy.demo.township import COUNTY, Township
from shared.domain.money import SignedYuan
from tests.deploy.demo.money import Yuan

Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Subject(Shape):
    id_no: Annotated[str, Field(pattern=r"^\d{17}[\dXx]$")] | None
    name: str | None
    household_no: Annotated[str, Field(pattern=r"^HB-[0-9A-Z]{10}$")] | None
    region: Annotated[str, Field(pattern=rf"^{COUNTY}\d{{6}}$")]


class Record(Shape):
    record_id: Annotated[str, Field(pattern=r"^(YB|ZJ|JY|SL|MZ|RS|XZ)-2026-\d{6}$")]
    version: Annotated[int, Field(ge=1, le=9)]
    op: Literal["upsert", "withdraw"]
    kind: str
    occurred_on: Day
    subject: Subject
    data: dict[str, Any]


class Settlement(Shape):
    setting: Literal["inpatient", "outpatient"]
    settled_on: Day | None = None
    total_yuan: SignedYuan
    reimbursed_yuan: SignedYuan
    self_paid_yuan: SignedYuan
    in_scope_self_paid_yuan: SignedYuan | None = None
    out_of_scope_yuan: SignedYuan | None = None
    basic_fund_yuan: SignedYuan | None = None
    major_illness_yuan: SignedYuan | None = None
    medical_aid_yuan: SignedYuan | None = None
    other_fund_yuan: SignedYuan | None = None
    account_yuan: SignedYuan | None = None
    cash_yuan: SignedYuan | None = None
    offsite: bool | None = None
    settlement_kind: Literal["direct", "manual"] | None = None
    disease: str | None = None
    reverses: str | None = None

    @model_validator(mode="after")
    def adds_up(self) -> "Settlement":
        assert self.total_yuan == self.reimbursed_yuan + self.self_paid_yuan
        if self.in_scope_self_paid_yuan is not None and self.out_of_scope_yuan is not None:
            assert self.self_paid_yuan == self.in_scope_self_paid_yuan + self.out_of_scope_yuan
        if self.cash_yuan is not None and self.account_yuan is not None:
            assert self.self_paid_yuan == self.cash_yuan + self.account_yuan
            funds = (self.basic_fund_yuan, self.major_illness_yuan, self.medical_aid_yuan, self.other_fund_yuan)
            assert self.reimbursed_yuan == sum((fund for fund in funds if fund is not None), Decimal(0))
        return self


class Cover(Shape):
    status: Literal["insured", "uninsured", "paused", "arrears", "employee", "resident", "elsewhere"]
    year: int


class HouseGrade(Shape):
    grade: Literal["A", "B", "C", "D"]
    cause: Annotated[str, Field(min_length=1, max_length=64)]
    inspected_on: Day


class Enrolment(Shape):
    status: Literal["enrolled", "suspected_dropout", "dropped_out", "not_enrolled"]
    stage: Literal["preschool", "primary", "junior", "senior"]
    school: Annotated[str, Field(min_length=2, max_length=64)] | None = None


class Cost(Shape):
    school_year: Annotated[str, Field(pattern=r"^20\d\d-20\d\d$")]
    cost_yuan: Yuan
    subsidy_yuan: Yuan | None = None


class Supply(Shape):
    status: Literal["normal", "interrupted", "restored"]
    since: Day | None = None
    quality: Literal["pass", "fail"] | None = None
    scope: Literal["household"]


class Allowance(Shape):
    type: Literal["subsistence", "temporary_relief"]
    change: Literal["granted", "ended", "adjusted"]
    monthly_yuan: Yuan | None = None


class Employment(Shape):
    status: Literal["employed", "returned", "unemployed"]
    since: Day | None = None
    place: str | None = None
    monthly_wage_yuan: Yuan | None = None


class WageArrears(Shape):
    yuan: Yuan


class ProjectFailure(Shape):
    loss_yuan: Yuan


_KINDS: dict[str, tuple[str, type[BaseModel]]] = {
    "settlement": ("medical_insurance", Settlement),
    "cover": ("medical_insurance", Cover),
    "house_grade": ("housing", HouseGrade),
    "enrolment": ("education", Enrolment),
    "cost": ("education", Cost),
    "supply": ("water", Supply),
    "allowance": ("civil_affairs", Allowance),
    "employment": ("human_resources", Employment),
    "wage_arrears": ("human_resources", WageArrears),
    "project_failure": ("rural_revitalization", ProjectFailure),
}


def test_every_record_has_the_shape_of_the_contract_and_adds_up(sample: Township) -> None:
    assert len(sample.records) == 1000
    for department, raw in sample.records:
        record = Record.model_validate(raw)
        sender, shape = _KINDS[record.kind]
        assert department == sender
        assert record.record_id.startswith(PREFIX[department])
        assert record.subject.id_no or record.subject.household_no
        if record.op == "upsert":
            shape.model_validate(record.data)
        else:
            assert record.data == {}


def test_every_department_sends_each_of_its_kinds_often(sample: Township) -> None:
    kinds = Counter(record["kind"] for _, record in sample.records)
    assert set(kinds) == set(_KINDS)
    assert kinds.pop("project_failure") >= 5
    assert min(kinds.values()) > 40


def test_a_large_sample_tells_every_situation_and_a_small_one_most(sample: Township) -> None:
    told = Counter(intention.situation for intention in sample.intentions)
    assert len(told) > 80
    assert sum(count for name, count in told.items() if name != "everyday") > sum(s.times for s in SITUATIONS) * 0.75


def test_every_kind_of_trouble_is_among_the_records(sample: Township) -> None:
    chains: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _, record in sample.records:
        chains[record["record_id"]].append(record)
    found: Counter[str] = Counter()
    for chain in chains.values():
        for earlier, later in pairwise(chain):
            found["duplicate"] += earlier == later
            found["other content"] += earlier["version"] == later["version"] and earlier != later
            found["lower version"] += later["version"] < earlier["version"]
            found["correction"] += later["version"] > earlier["version"] and later["op"] == "upsert"
            found["withdrawal"] += later["op"] == "withdraw"
            found["other person"] += earlier["subject"] != later["subject"]
    found["refund"] = sum("reverses" in record["data"] for _, record in sample.records)
    found["in scope absent"] = sum(
        record["kind"] == "settlement" and record["op"] == "upsert" and "in_scope_self_paid_yuan" not in record["data"]
        for _, record in sample.records
    )
    found["small x"] = sum((record["subject"]["id_no"] or "").endswith("x") for _, record in sample.records)
    assert {name for name, count in found.items() if count >= 3} == {
        "duplicate", "other content", "lower version", "correction", "withdrawal", "other person", "refund",
        "in scope absent", "small x",
    }  # fmt: skip


def test_refunds_come_after_what_they_take_back(sample: Township) -> None:
    seen: set[str] = set()
    for _, record in sample.records:
        if "reverses" in record["data"]:
            assert record["data"]["reverses"] in seen
        seen.add(record["record_id"])


def test_some_people_and_some_household_numbers_are_unknown(sample: Township) -> None:
    known = {
        number
        for record in sample.register
        if record["kind"] == "household"
        for number in (record["data"]["household_no"], *[member["id_no"] for member in record["data"]["members"]])
    }
    unknown = Counter(
        "id_no" if record["subject"]["id_no"] else "household_no"
        for _, record in sample.records
        if (record["subject"]["id_no"] or record["subject"]["household_no"]).upper() not in known
    )
    assert unknown["id_no"] >= 20
    assert unknown["household_no"] >= 5


def test_stories_run_into_each_other(sample: Township) -> None:
    """Neighbours in the stream are about other people, and events do not come in the order of their days."""
    days = [record["occurred_on"] for _, record in sample.records]
    assert 300 < sum(earlier > later for earlier, later in pairwise(days)) < 700
