"""乡村振兴: the register of households, their incomes and their monitoring, in the national form's words.

Words of the form travel in events, so only listed ones do: any other is kept in the vault and counts as not known.
A member without an ID number is a member; one with a wrong number is its sender's to mend.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, cast

from services.intake.fields import Fields
from services.intake.kind import Kind
from services.intake.rejection import Wrong
from shared.contracts.data import ProjectFailure
from shared.domain.identity import Identity, identify

RELATIONS = (
    "户主", "配偶", "之子", "之女", "之女婿", "之儿媳", "之父", "之母", "之岳父", "之岳母", "之公公", "之婆婆",
    "之祖父", "之祖母", "之孙子", "之孙女", "之外孙子", "之外孙女", "之曾孙子", "之曾孙女", "之兄弟姐妹",
    "之兄弟媳妇", "之叔伯", "之侄儿", "之侄女", "其他",
)  # fmt: skip
HEALTH = ("健康", "长期慢性病", "患有大病", "残疾")
LABOUR = ("技能劳动力", "普通劳动力", "弱劳动力或半劳动力", "丧失劳动力", "无劳动力")
SCHOOLING = (
    "学龄前", "学龄前儿童", "学前教育", "小学", "一年级", "二年级", "三年级", "四年级", "五年级", "六年级",
    "七年级", "八年级", "九年级", "普高一年级", "普高二年级", "普高三年级", "中职一年级", "中职二年级",
    "中职三年级", "高职高专一年级", "高职高专二年级", "高职高专三年级", "本科一年级", "本科二年级", "本科三年级",
    "本科四年级", "本科五年级", "硕士研究生", "博士研究生",
)  # fmt: skip
SEXES: dict[str, Literal["male", "female"]] = {"男": "male", "女": "female", "male": "male", "female": "female"}
CATEGORIES = ("脱贫不稳定户", "边缘易致贫户", "突发严重困难户", "防止返贫致贫对象")
STATUSES = ("none", "monitored", "eliminated")
GAINS = ("wage_yuan", "operating_yuan", "property_yuan", "transfer_yuan")
HEAD = "户主"

MEMBERS_MAX = 60
NEVER = date.max
"""Births are compared with the civil today later, with every other date of the record."""
_HOUSEHOLD_NO = re.compile(r"[0-9A-Za-z一-鿿][0-9A-Za-z一-鿿-]{0,63}")
VILLAGE = re.compile(r"[0-9]{9}(?!000)[0-9]{3}")


@dataclass(frozen=True, slots=True, repr=False)
class MemberForm:
    """One member as told. `number` is the normalised ID number, None for whoever has none."""

    name: str
    number: str | None
    relation: str
    sex: Literal["male", "female"] | None
    birth_year: int | None
    health: tuple[str, ...]
    labour: str | None
    schooling: str | None
    phone: str | None


@dataclass(frozen=True, slots=True, repr=False)
class HouseholdForm:
    """One household as told, its head first in `members`. `region` is its village."""

    household_no: str
    region: str
    group: int
    members: tuple[MemberForm, ...]
    poverty_history: Literal["none", "lifted_out"]
    lifted_out_year: int | None
    address: str | None


@dataclass(frozen=True, slots=True)
class IncomeForm:
    year: int
    net_yuan: Decimal


@dataclass(frozen=True, slots=True)
class MonitoringForm:
    status: Literal["none", "monitored", "eliminated"]
    category: str | None
    since: date | None


def household(data: Fields, occurred_on: date) -> HouseholdForm:
    """`region` comes from the record's subject and is put into `data` by the caller."""
    members = [_member(one) for one in data.objects("members", MEMBERS_MAX)]
    numbers = [one.number for one in members if one.number]
    if len(set(numbers)) < len(numbers):
        raise Wrong("member_twice", data.place("members"))
    region = data.values.get("region")
    if not isinstance(region, str) or not is_village_code(region):
        raise Wrong("not_a_village" if region else "missing", "subject.region")
    history, year = _poverty_history(data)
    return HouseholdForm(
        household_no=data.must("household_no", household_no(data, "household_no")),
        region=region,
        group=data.must_number("group", 1, 99),
        members=tuple(sorted(members, key=lambda one: one.relation != HEAD)),
        poverty_history=history,
        lifted_out_year=year,
        address=data.text("address"),
    )


def household_no(fields: Fields, name: str) -> str | None:
    """A household number travels in events and key rows: letters, digits, dashes, and never an ID number."""
    found = fields.text(name)
    if found is None:
        return None
    found = unicodedata.normalize("NFKC", found)
    if not _HOUSEHOLD_NO.fullmatch(found) or isinstance(identify(found, NEVER), Identity):
        raise Wrong("household_no_form", fields.place(name))
    return found


def is_village_code(code: str) -> bool:
    """By its form alone: a village that is newer than the table of divisions is one all the same."""
    return VILLAGE.fullmatch(code) is not None


def income(data: Fields, occurred_on: date) -> IncomeForm:
    """Net = wage + operating + property + transfer − operating cost; a sum that is absent is nought."""
    year = data.must_number("year", 1990, occurred_on.year)
    gains = [data.gain(name) for name in GAINS]
    cost = data.gain("operating_cost_yuan") or Decimal(0)
    data.must_one(GAINS, gains)
    net = sum((gain or Decimal(0) for gain in gains), Decimal(0)) - cost
    if abs(net) >= Decimal(10) ** 12:
        raise Wrong("out_of_range", data.place("wage_yuan"))
    return IncomeForm(year, net)


def monitoring(data: Fields, occurred_on: date) -> MonitoringForm:
    status = cast(Any, data.must_choice("status", STATUSES))
    category = data.loose("category")
    return MonitoringForm(status, category if category in CATEGORIES else None, data.day("since"))


def project_failure(data: Fields, occurred_on: date) -> ProjectFailure:
    """A help project that failed: what the household lost with it."""
    return ProjectFailure(loss_yuan=data.must("loss_yuan", data.gain("loss_yuan")))


def _member(fields: Fields) -> MemberForm:
    person = _identity(fields)
    relation, health = fields.loose("relation"), fields.loose("health") or ""
    labour, schooling = fields.loose("labour"), fields.loose("schooling")
    words = re.split(r"[、,，;；/\s]+", health)
    return MemberForm(
        name=fields.must_text("name"),
        number=person.number if person else None,
        relation=relation if relation in RELATIONS else "其他",
        sex=SEXES.get(fields.loose("sex") or "") or (person.sex if person else None),
        birth_year=person.born_on.year if person else None,
        health=tuple(dict.fromkeys(word for word in words if word in HEALTH)),
        labour=labour if labour in LABOUR else None,
        schooling=schooling if schooling in SCHOOLING else None,
        phone=fields.text("phone"),
    )


def _identity(fields: Fields) -> Identity | None:
    """None for whoever has no number: a missing one never ends help."""
    told = fields.text("id_no")
    found = identify(told, NEVER) if told else None
    if found is None or isinstance(found, Identity):
        if found is not None:
            fields.days.append((fields.place("id_no"), found.born_on))
        return found
    if found.code in ("id_none", "id_missing"):
        return None
    raise Wrong(found.code, fields.place("id_no"))


def _poverty_history(data: Fields) -> tuple[Literal["none", "lifted_out"], int | None]:
    fields = data.object_or_word("poverty_history", "status")
    status = fields.choice("status", ("none", "lifted_out")) or "none"
    return cast(Any, status), fields.number("year", 1980, 2100) if status == "lifted_out" else None


KINDS = (
    Kind(
        "household", "register", household, ("household_no", "group", "poverty_history", "land", "house"),
        ("poverty_history", "land", "house"),
    ),
    Kind(
        "income", "beside", income,
        ("year", *GAINS, "operating_cost_yuan"),
    ),
    Kind("monitoring", "beside", monitoring, ("status", "category", "since"), ("category",)),
    Kind("project_failure", "household", project_failure, ("loss_yuan",)),
)  # fmt: skip
