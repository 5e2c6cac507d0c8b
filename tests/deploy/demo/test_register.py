"""The register's records: the shape of the contract, for every one of them."""

from collections import Counter
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from deploy.demo.township import Township
from shared.domain.division import division
from tests.deploy.demo.money import Yuan

Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Member(Strict):
    name: Annotated[str, Field(min_length=2, max_length=4)]
    id_no: Annotated[str, Field(pattern=r"^\d{17}[\dX]$")]
    relation: str
    sex: Literal["男", "女"]
    ethnic_group: Literal["汉族", "回族"]
    health: str
    labour: str
    education: str | None = None
    schooling: str | None = None
    phone: str | None = None


class PovertyHistory(Strict):
    status: Literal["none", "lifted_out"]
    year: Annotated[int, Field(ge=2014, le=2020)] | None = None


class HouseholdData(Strict):
    household_no: Annotated[str, Field(pattern=r"^HB-[A-Z2-7]{10}$")]
    group: Annotated[int, Field(ge=1, le=99)]
    members: Annotated[list[Member], Field(min_length=1, max_length=9)]
    poverty_history: PovertyHistory
    land: dict[str, str]
    house: dict[str, str]
    address: str


class IncomeData(BaseModel):
    model_config = ConfigDict(extra="forbid")
    year: int
    wage_yuan: Yuan
    operating_yuan: Yuan
    property_yuan: Yuan
    transfer_yuan: Yuan
    operating_cost_yuan: Yuan


class MonitoringData(Strict):
    status: Literal["monitored", "eliminated", "none"]
    category: Literal["脱贫不稳定户", "边缘易致贫户", "突发严重困难户"]
    since: Day


class Subject(Strict):
    id_no: str | None
    name: str | None
    household_no: str
    region: str


class Record(Strict):
    record_id: Annotated[str, Field(min_length=1, max_length=64)]
    version: Annotated[int, Field(ge=1)]
    op: Literal["upsert"]
    kind: Literal["household", "income", "monitoring"]
    occurred_on: Day
    subject: Subject
    data: dict[str, object]


_DATA: dict[str, type[BaseModel]] = {"household": HouseholdData, "income": IncomeData, "monitoring": MonitoringData}


def test_every_record_has_the_shape_of_the_contract(township: Township, other_township: Township) -> None:
    for each in (township, other_township):
        for raw in each.register:
            record = Record.model_validate(raw)
            _DATA[record.kind].model_validate(raw["data"])
            assert division(record.subject.region).level == "village"


def test_all_households_come_before_what_is_said_about_them(township: Township) -> None:
    kinds = list(dict.fromkeys(record["kind"] for record in township.register))
    assert kinds == ["household", "income", "monitoring"]
    assert Counter(record["kind"] for record in township.register)["household"] == 3000


def test_record_and_version_name_one_record(township: Township) -> None:
    names = [(record["record_id"], record["version"]) for record in township.register]
    assert len(set(names)) == len(names)


def test_some_are_lifted_out_a_few_monitored_and_some_incomes_unknown(township: Township) -> None:
    homes = [record["data"] for record in township.register if record["kind"] == "household"]
    lifted_out = [home for home in homes if home["poverty_history"]["status"] == "lifted_out"]
    monitored = Counter(r["data"]["status"] for r in township.register if r["kind"] == "monitoring")
    with_income = {r["subject"]["household_no"] for r in township.register if r["kind"] == "income"}
    assert 0.08 < len(lifted_out) / len(homes) < 0.16
    assert 20 < monitored["monitored"] < 100
    assert monitored["eliminated"] > 5
    assert 0.02 < 1 - len(with_income) / len(homes) < 0.07


def test_a_few_incomes_are_corrected_and_every_net_income_is_positive(township: Township) -> None:
    incomes = [record for record in township.register if record["kind"] == "income"]
    assert sum(record["version"] == 2 for record in incomes) > 10
    for record in incomes:
        data = IncomeData.model_validate(record["data"])
        gains = data.wage_yuan + data.operating_yuan + data.property_yuan + data.transfer_yuan
        assert gains - data.operating_cost_yuan > Decimal(500)


@pytest.mark.parametrize("field", ["area_m2", "distance_to_road_km"])
def test_houses_are_plain_houses(township: Township, field: str) -> None:
    most = {"area_m2": Decimal(400), "distance_to_road_km": Decimal(5)}[field]
    for record in township.register:
        if record["kind"] == "household":
            assert 0 < Decimal(record["data"]["house"][field]) <= most
